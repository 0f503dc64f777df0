"""Packed grants: there and back, one account more and less, and the wrong order of it; nobody is ever shut out."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from operations import new_target, targets
from tests.e2e.stacks import ACCOUNTS, Stacks

pytestmark = pytest.mark.steps

PREPROD, STAGING = (f"arn:aws:iam::{account}:role/TSU-IAM-ACCESS" for account in ("222222222222", "444444444444"))
MANY = {f"t{number}": str(number) for number in range(500000000000, 500000000130)}
ROLES_OF_MANY = [f"arn:aws:iam::{account}:role/TSU-IAM-ACCESS" for account in MANY.values()]
GROUP = "IT-Admins"
PACKED = "arn:aws:iam::111111111111:policy/IT-Admins-grants-{}"
INLINE = "assume-TSU-IAM-ACCESS-in-222222222222"


def documents(iam: Any) -> dict[str, Any]:
    """The group's documents, by the name of an inline policy or the ARN of a managed one."""
    details = iam.get_account_authorization_details(Filter=["Group", "LocalManagedPolicy"])
    (group,) = (one for one in details["GroupDetailList"] if one["GroupName"] == GROUP)
    attached = {policy["PolicyArn"] for policy in group["AttachedManagedPolicies"]}
    return {
        **{
            policy["Arn"]: version["Document"]
            for policy in details["Policies"]
            for version in policy["PolicyVersionList"]
            if policy["Arn"] in attached and version["IsDefaultVersion"]
        },
        **{policy["PolicyName"]: policy["PolicyDocument"] for policy in group["GroupPolicyList"]},
    }


def granted(iam: Any) -> set[str]:
    """The roles that the group's documents grant."""
    statements = [one for document in documents(iam).values() for one in document["Statement"]]
    named = [one["Resource"] for one in statements if one["Effect"] == "Allow" and one["Action"] == "sts:AssumeRole"]
    return {arn for one in named for arn in ([one] if isinstance(one, str) else one)}


@contextmanager
def never_shut_out(stacks: Stacks, *roles: str) -> Iterator[None]:
    """Look at the group all the while: there is a grant on each role at every moment."""
    iam, ended = stacks.iam("security"), threading.Event()

    def missing() -> set[str]:
        found = set[str]()
        while not ended.wait(0.04):
            # The local server puts together what it answers while others change it: what is missing is missing twice.
            found.update(set(roles) - granted(iam) and set(roles) - granted(iam))
        return found

    with ThreadPoolExecutor() as threads:
        watch = threads.submit(missing)
        try:
            yield
        finally:
            ended.set()
    assert watch.result() == set()


def declare(stacks: Stacks, **accounts: str) -> None:
    """Let the stack security know of targets, and the policy pack, too."""
    stacks.configure("security", targets=accounts)
    file = stacks.workspace.root / "policypacks/delegation/config/security.json"
    config = json.loads(file.read_text())
    config["iam-assume-role-names-roles"]["targetAccounts"] = list(accounts.values())
    file.write_text(json.dumps(config))


def test_a_grant_that_does_not_fit_is_refused_before_anything_is_made(stacks: Stacks) -> None:
    stacks.update("security", judged=False)
    iam = stacks.iam("security")
    statement = {"Effect": "Deny", "Action": "s3:*", "Resource": ["arn:aws:s3:::" + "x" * 4900]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_group_policy(GroupName=GROUP, PolicyName="full", PolicyDocument=document)
    for run in (("preview", "preprod"), ("up", "preprod", "--skip-preview")):
        refused = stacks.pulumi(*run, judged=False)
        assert refused.returncode != 0
        assert f"error: The grant {INLINE} does not fit on group {GROUP}: " in refused.output
        assert "delegation:grants to packed" in refused.output
    assert stacks.account("preprod").roles == ()
    iam.delete_group_policy(GroupName=GROUP, PolicyName="full")
    stacks.update("preprod", judged=False)
    assert INLINE in documents(iam)


def test_a_role_without_a_grant_is_noticed(stacks: Stacks) -> None:
    with pytest.raises(AssertionError), never_shut_out(stacks, STAGING):
        time.sleep(1)


def test_a_target_does_not_leave_its_grant_before_the_packed_one_is_there(stacks: Stacks) -> None:
    stacks.configure("preprod", grants="packed")
    refused = stacks.pulumi("up", "preprod", "--skip-preview", judged=False)
    assert refused.returncode != 0
    assert f"error: The packed grants of group {GROUP} do not cover {PREPROD} as configured." in refused.output
    assert INLINE in documents(stacks.iam("security"))


def test_security_adds_the_packed_grant_and_the_target_leaves_its_own(stacks: Stacks) -> None:
    stacks.configure("security", grants="packed")
    declare(stacks, preprod="222222222222")
    with never_shut_out(stacks, PREPROD):
        stacks.update("security")
        assert documents(stacks.iam("security")).keys() >= {PACKED.format(1), INLINE}
        stacks.update("preprod", "--refresh")
    assert documents(stacks.iam("security")).keys() == {
        PACKED.format(1),
        "arn:aws:iam::111111111111:policy/IT-Admins-self-service",
    }
    assert [role.name for role in stacks.account("preprod").roles] == ["TSU-IAM-ACCESS"]


def test_one_more_account_changes_the_policy_in_place(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    root = stacks.workspace.root
    monkeypatch.chdir(root)
    monkeypatch.setitem(ACCOUNTS, "staging", "444444444444")
    new_target.write(root, "staging", "444444444444")
    stacks.configure("staging", grants="packed")
    assert list(targets.disagreements(root, "staging")) == []

    early = stacks.pulumi("up", "staging", "--skip-preview", judged=False)
    assert f"error: The packed grants of group {GROUP} do not cover {STAGING}" in early.output
    with never_shut_out(stacks, PREPROD):
        up = stacks.update("security")
    assert "1 updated" in up.output
    stacks.update("staging")
    assert granted(stacks.iam("security")) == {PREPROD, STAGING}
    assert stacks.pulumi("preview", "security", "--refresh", "--expect-no-changes").returncode == 0


def test_an_account_goes_after_its_stack_and_many_come(stacks: Stacks) -> None:
    stacks.pulumi("destroy", "staging", "--skip-preview").check()
    for file in ("Pulumi.staging.yaml", "policypacks/delegation/config/staging.json"):
        (stacks.workspace.root / file).unlink()
    declare(stacks, preprod="222222222222", **MANY)
    assert list(targets.disagreements(stacks.workspace.root, "preprod")) == []
    with never_shut_out(stacks, PREPROD):
        up = stacks.update("security")
    assert f"Group {GROUP} loses {STAGING}, which no other grant names." in up.output
    assert granted(stacks.iam("security")) == {PREPROD, *ROLES_OF_MANY}
    assert {PACKED.format(1), PACKED.format(2)} < documents(stacks.iam("security")).keys()


def test_roles_that_have_to_move_are_in_the_next_policy_first(stacks: Stacks) -> None:
    roles = {PREPROD, *ROLES_OF_MANY}
    addresses = ["203.0.113.10", *(f"198.51.100.{number}" for number in range(1, 30))]
    file = stacks.workspace.root / "policypacks/delegation/config/security.json"
    file.write_text(file.read_text().replace('["203.0.113.10/32"]', json.dumps([f"{one}/32" for one in addresses])))
    before = documents(stacks.iam("security"))[PACKED.format(1)]["Statement"][0]["Resource"]
    stacks.configure("security", staticIps=addresses)
    with never_shut_out(stacks, *roles):
        stacks.update("security")
    after = documents(stacks.iam("security"))[PACKED.format(1)]["Statement"][0]["Resource"]
    assert set(after) < set(before)
    assert granted(stacks.iam("security")) == roles


def test_security_keeps_the_packed_grants_until_the_targets_have_their_own(stacks: Stacks) -> None:
    stacks.configure("security", staticIps=["203.0.113.10"])
    declare(stacks, preprod="222222222222")
    stacks.update("security")
    stacks.configure("security", grants=None, targets=None)
    refused = stacks.pulumi("up", "security", "--skip-preview", judged=False)
    assert refused.returncode != 0
    assert f"error: Group {GROUP} would lose {PREPROD}, which its packed grants alone name." in refused.output
    assert granted(stacks.iam("security")) == {PREPROD}

    stacks.configure("preprod", grants=None)
    with never_shut_out(stacks, PREPROD):
        stacks.update("preprod")
        stacks.update("security")
    assert documents(stacks.iam("security")).keys() == {
        INLINE,
        "arn:aws:iam::111111111111:policy/IT-Admins-self-service",
    }
