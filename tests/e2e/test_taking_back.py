"""Access taken back with `make`, on the real engine and local accounts, as an incident goes."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from configuration.times import moment, written
from tests.e2e.stacks import Stacks

pytestmark = pytest.mark.steps

ROLE = "TSU-IAM-ACCESS"
REVOCATION = "AWSRevokeOlderSessions"
NOTED = "# The office's addresses are in the pack too.\n"


@pytest.fixture(scope="module")
def stacks_with_carol(stacks: Stacks) -> Stacks:
    """The Security account and preprod, where carol has credentials and has made a role; production is no stack yet."""
    file = stacks.workspace.root / "Pulumi.yaml"
    file.write_text(file.read_text().replace("[alice, bob]", "[alice, bob, carol]"))
    with (stacks.workspace.root / "Pulumi.preprod.yaml").open("a") as opened:
        opened.write(NOTED)
    for stack in ("security", "preprod"):
        stacks.update(stack, judged=False)
    security = stacks.iam("security")
    security.create_login_profile(UserName="carol", Password="a first password")  # noqa: S106
    security.create_access_key(UserName="carol")
    device = security.create_virtual_mfa_device(VirtualMFADeviceName="carols-phone")["VirtualMFADevice"]
    security.enable_mfa_device(
        UserName="carol", SerialNumber=device["SerialNumber"], AuthenticationCode1="1" * 6, AuthenticationCode2="2" * 6
    )
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "sts:AssumeRole"}
    stacks.iam("preprod").create_role(
        RoleName="back-door",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
        PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess",
    )
    return stacks


def make(stacks: Stacks, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=stacks.workspace.root,
        env=stacks.workspace.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def file_of_preprod(stacks: Stacks) -> Path:
    return stacks.workspace.root / "Pulumi.preprod.yaml"


def access_role(stacks: Stacks) -> Any:
    (role,) = [role for role in stacks.account("preprod").roles if role.name == ROLE]
    return role


def test_a_revocation_made_in_the_console_is_named_by_the_preview_and_passes_the_policy_pack(
    stacks_with_carol: Stacks,
) -> None:
    an_hour_ago = {"DateLessThan": {"aws:TokenIssueTime": written(datetime.now(UTC) - timedelta(hours=1))}}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": an_hour_ago}
    stacks_with_carol.iam("preprod").put_role_policy(
        RoleName=ROLE,
        PolicyName=REVOCATION,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    done = make(stacks_with_carol, "preview", "STACK=preprod")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"revoked the sessions of role {ROLE} in the console" in done.stdout
    assert "[mandatory]" not in done.stdout
    assert f"{REVOCATION} stays on the role" in " ".join(done.stdout.split())


def test_nobody_is_offboarded_unasked(stacks_with_carol: Stacks) -> None:
    refused = make(stacks_with_carol, "offboard", "ADMIN=carol")
    assert refused.returncode != 0
    assert "There is no terminal to confirm on: use make offboard ADMIN=carol YES=1." in refused.stderr
    assert "carol" in (stacks_with_carol.workspace.root / "Pulumi.yaml").read_text()


def test_offboarding_takes_everything_back(stacks_with_carol: Stacks) -> None:
    done = make(stacks_with_carol, "offboard", "ADMIN=carol", "YES=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Not deployed before, so there is nothing to take back." in done.stdout
    assert "preprod: Role back-door, made on " in done.stdout
    assert "trusts arn:aws:iam::999999999999:root." in done.stdout

    security = stacks_with_carol.account("security")
    names = ["alice", "bob"]
    assert [arn.rpartition("/")[2] for arn in security.users] == names
    assert [arn.rpartition("/")[2] for arn in security.groups[0].members] == names
    role = access_role(stacks_with_carol)
    assert [arn.rpartition("/")[2] for arn in role.trust["Statement"][0]["Principal"]["AWS"]] == names
    # The configuration's time is later than the console's.
    assert sorted(role.inline) == ["revoked-sessions", "role-management"]
    assert "carol" not in (stacks_with_carol.workspace.root / "Pulumi.yaml").read_text()
    assert written(revoked_before(stacks_with_carol)) in file_of_preprod(stacks_with_carol).read_text()


def test_revoking_writes_a_later_time_and_deploys_it(stacks_with_carol: Stacks) -> None:
    file = file_of_preprod(stacks_with_carol)
    before = revoked_before(stacks_with_carol)
    done = make(stacks_with_carol, "revoke", "STACK=preprod", "YES=1")
    assert done.returncode == 0, done.stdout + done.stderr
    after = revoked_before(stacks_with_carol)
    assert before < after
    # Of the preview and of the update: the offboarding left nothing else to deploy.
    assert re.findall(r"^    . (\d+) (?:to )?(\w+)$", done.stdout, re.MULTILINE) == [("1", "update"), ("1", "updated")]
    assert f"  delegation:revokeSessionsBefore: {written(after)}\n" in file.read_text()
    assert NOTED in file.read_text()


def revoked_before(stacks: Stacks) -> datetime:
    (statement,) = access_role(stacks).inline["revoked-sessions"]["Statement"]
    return moment(statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"])
