"""What stands in the accounts after each thing an operator does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from operations.errors import OperationError
from operations.stack import ask
from sandbox.inventory import Role
from tests.e2e.inside import inside
from tests.e2e.stacks import Stacks
from tests.policies.analyzing import analyze, mandatory

pytestmark = pytest.mark.steps

S3 = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
NOBODY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}'
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINS = ["alice", "bob", "carol"]
BOTH_GROUPS = {"IT-Admins": ADMINS, "Cloud-Admins": ADMINS}
ALICE, BOB, CAROL = (f"arn:aws:iam::111111111111:user/{name}" for name in ("alice", "bob", "carol"))
TARGETS = ("preprod", "production")
STACKS = ("security", *TARGETS)
KINDS = STACKS[:2]
"""One stack of each kind: production is what preprod is, in another account."""


@pytest.fixture(scope="module")
def deployed(stacks: Stacks) -> Stacks:
    """Three stacks, deployed in order; their previews are what `make demo` and documents run."""
    for stack in STACKS:
        # The others are judged by their second update.
        stacks.update(stack, judged=stack not in KINDS)
    return stacks


def trusted(stacks: Stacks, stack: str) -> list[str]:
    """Return the users whom the access role of a target account trusts."""
    (role,) = stacks.account(stack).roles
    return role.trust["Statement"][0]["Principal"]["AWS"]  # type: ignore[no-any-return]


def access_role(stacks: Stacks) -> Role:
    """Return the role TSU-IAM-ACCESS in preprod."""
    (role,) = [role for role in stacks.account("preprod").roles if role.name == "TSU-IAM-ACCESS"]
    return role


def changed(preview: str) -> set[str]:
    """Return the names of the resources that a preview's text says to change."""
    return set(re.findall(r"^ *~ +aws:iam:\S+ (\S+) +update", preview, re.MULTILINE))


def made_first(update: str) -> dict[str, bool]:
    """Return, by the name of each replaced resource in an update's text, whether the new one is made first."""
    found: dict[str, bool] = {}
    for sign, name in re.findall(r"^ *(\+\+|--) aws:iam:\S+ (\S+)", update, re.MULTILINE):
        found.setdefault(name, sign == "++")
    return found


def test_security_account_holds_users_group_membership_and_self_service(deployed: Stacks) -> None:
    account = deployed.account("security")
    (group,) = account.groups
    assert account.users == (ALICE, BOB) == group.members
    assert group.attached == ("arn:aws:iam::111111111111:policy/IT-Admins-self-service",)
    assert account.roles == ()


@pytest.mark.parametrize(("stack", "account_id"), [("preprod", "222222222222"), ("production", "333333333333")])
def test_target_account_holds_the_access_role_alone(deployed: Stacks, stack: str, account_id: str) -> None:
    account = deployed.account(stack)
    (role,) = account.roles
    assert role.arn == f"arn:aws:iam::{account_id}:role/TSU-IAM-ACCESS"
    assert (role.attached, list(role.inline)) == ((READ_ONLY,), ["role-management"])
    assert (account.users, account.groups) == ((), ())


def test_the_group_holds_one_grant_per_target(deployed: Stacks) -> None:
    (group,) = deployed.account("security").groups
    assert {policy["Statement"][0]["Resource"] for policy in group.inline.values()} == {
        "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS",
        "arn:aws:iam::333333333333:role/TSU-IAM-ACCESS",
    }


@pytest.mark.parametrize("stack", KINDS)
def test_the_pack_refuses_nothing_of_the_program_s_own_stacks(deployed: Stacks, tmp_path: Path, stack: str) -> None:
    state = deployed.workspace.run("stack", "export", "--stack", stack).check().json()
    config = deployed.workspace.root / f"policypacks/delegation/config/{stack}.json"
    assert mandatory(analyze(deployed.workspace, tmp_path, state, config)) == set()


@pytest.mark.parametrize("stack", KINDS)
def test_a_second_up_changes_nothing_and_nothing_is_refused(deployed: Stacks, stack: str) -> None:
    result = deployed.pulumi("up", stack, "--refresh", "--skip-preview", "--expect-no-changes")
    assert result.returncode == 0, result.output
    assert "[mandatory]" not in result.output


def test_policies_attached_by_hand_are_seen_by_refresh(deployed: Stacks) -> None:
    iam = deployed.iam("production")
    iam.attach_role_policy(RoleName="TSU-IAM-ACCESS", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.put_role_policy(RoleName="TSU-IAM-ACCESS", PolicyName="by-hand", PolicyDocument=S3)
    seen = deployed.pulumi("preview", "production", "--refresh", "--expect-no-changes")
    assert seen.returncode != 0
    assert {"access-TSU-IAM-ACCESS-managed-policies", "access-TSU-IAM-ACCESS-inline-policies"} <= changed(seen.output)


def test_an_update_removes_them_and_lets_a_new_admin_in(deployed: Stacks) -> None:
    deployed.share(groups={"IT-Admins": ADMINS})
    # A target whose role will be renamed: nothing of it may be protected by then.
    deployed.configure("production", protect=False)
    deployed.update("security")
    deployed.update("production", "--refresh")
    (role,) = deployed.account("production").roles
    assert (role.attached, list(role.inline)) == ((READ_ONLY,), ["role-management"])
    assert (
        trusted(deployed, "production") == list(deployed.account("security").groups[0].members) == [ALICE, BOB, CAROL]
    )


def test_a_role_deleted_by_hand_is_noticed_and_made_again_with_the_new_admin(deployed: Stacks) -> None:
    iam = deployed.iam("preprod")
    iam.detach_role_policy(RoleName="TSU-IAM-ACCESS", PolicyArn=READ_ONLY)
    iam.delete_role_policy(RoleName="TSU-IAM-ACCESS", PolicyName="role-management")
    iam.delete_role(RoleName="TSU-IAM-ACCESS")
    deployed.configure("preprod", staticIpAt="both")
    deployed.update("preprod", "--refresh")
    (role,) = deployed.account("preprod").roles
    assert (role.attached, sorted(role.inline)) == ((READ_ONLY,), ["role-management", "session-addresses"])
    assert trusted(deployed, "preprod") == [ALICE, BOB, CAROL]


def test_an_admin_who_is_not_in_the_live_group_is_named(deployed: Stacks) -> None:
    with deployed.sharing(groups={"IT-Admins": ["alice", "mallory"]}):
        preview, up = (
            deployed.pulumi("preview", "preprod"),
            deployed.pulumi("up", "preprod", "--skip-preview", judged=False),
        )
    sentence = "Not in group IT-Admins of the Security account: arn:aws:iam::111111111111:user/mallory."
    assert "warning: " + sentence in preview.output
    assert "error: " + sentence in up.output
    assert up.returncode != 0
    assert trusted(deployed, "preprod") == [ALICE, BOB, CAROL]


def test_a_revocation_made_in_the_console_is_kept_and_named_while_the_address_condition_moves(deployed: Stacks) -> None:
    revoked = {"DateLessThan": {"aws:TokenIssueTime": "2025-11-25T10:00:00.000Z"}}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": revoked}
    deployed.iam("preprod").put_role_policy(
        RoleName="TSU-IAM-ACCESS",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    deployed.configure("preprod", staticIpAt="grant")
    for options in ((), ("--expect-no-changes",)):
        up = deployed.update("preprod", "--refresh", *options)
        assert "revoked the sessions of role TSU-IAM-ACCESS in the console, those issued before 2025-11-25" in up.output
        (role,) = deployed.account("preprod").roles
        assert sorted(role.inline) == ["AWSRevokeOlderSessions", "role-management"]


ADDED = {"groups": ["IT-Admins"], "managedPolicyArns": ["arn:aws:iam::aws:policy/SecurityAudit"], "mfaMaxAgeHours": 1}
FORMER = {"groups": ["IT-Admins"], "roleManagement": {}}


def test_a_new_role_whose_name_is_taken_costs_nobody_the_access(deployed: Stacks) -> None:
    iam = deployed.iam("preprod")
    before = iam.get_role(RoleName="TSU-IAM-ACCESS")["Role"]["RoleId"]
    iam.create_role(RoleName="CLOUD-ACCESS", AssumeRolePolicyDocument=NOBODY)
    with deployed.sharing(roles={"TSU-IAM-ACCESS": FORMER, "CLOUD-ACCESS": ADDED}):
        stopped = deployed.pulumi("up", "preprod", "--refresh", "--skip-preview", judged=False)
    assert "EntityAlreadyExists" in stopped.output
    assert access_role(deployed).attached == (READ_ONLY,)
    assert sorted(access_role(deployed).inline) == ["AWSRevokeOlderSessions", "role-management"]
    (group,) = deployed.account("security").groups
    assert "assume-TSU-IAM-ACCESS-in-222222222222" in group.inline

    # What the console revoked is left to a later time of the configuration.
    deployed.configure("preprod", revokeSessionsBefore="2025-11-25T11:00:00Z")
    deployed.update("preprod", "--refresh")
    iam.delete_role(RoleName="CLOUD-ACCESS")
    assert sorted(access_role(deployed).inline) == ["revoked-sessions", "role-management"]
    assert "2025-11-25T11:00:00Z" in json.dumps(access_role(deployed).inline["revoked-sessions"])
    assert iam.get_role(RoleName="TSU-IAM-ACCESS")["Role"]["RoleId"] == before


def test_a_role_is_renamed_by_adding_first(deployed: Stacks) -> None:
    before = deployed.iam("preprod").get_role(RoleName="TSU-IAM-ACCESS")["Role"]["RoleId"]
    deployed.share(roles={"TSU-IAM-ACCESS": FORMER, "CLOUD-ACCESS": ADDED})
    deployed.configure("preprod", revokeSessionsBefore=None)
    update = deployed.update("preprod", "--refresh")
    assert made_first(update.output) == {"access-grant-IT-Admins": True}
    assert {role.name: (role.attached, sorted(role.inline)) for role in deployed.account("preprod").roles} == {
        "TSU-IAM-ACCESS": ((READ_ONLY,), ["role-management"]),
        "CLOUD-ACCESS": (("arn:aws:iam::aws:policy/SecurityAudit",), []),
    }
    assert deployed.iam("preprod").get_role(RoleName="TSU-IAM-ACCESS")["Role"]["RoleId"] == before
    (group,) = deployed.account("security").groups
    assert sorted(group.inline) == ["assume-TSU-IAM-ACCESS-in-333333333333", "assume-roles-in-222222222222"]


def test_a_new_group_whose_name_is_taken_costs_nobody_the_access(deployed: Stacks) -> None:
    iam = deployed.iam("security")
    iam.create_group(GroupName="Cloud-Admins")
    with deployed.sharing(groups=BOTH_GROUPS):
        stopped = deployed.pulumi("up", "security", "--refresh", "--skip-preview", judged=False)
    assert "EntityAlreadyExists" in stopped.output
    (group,) = [group for group in deployed.account("security").groups if group.name == "IT-Admins"]
    assert (group.members, len(group.inline), len(group.attached)) == ((ALICE, BOB, CAROL), 2, 1)
    iam.delete_group(GroupName="Cloud-Admins")


def test_the_former_role_is_removed_while_a_group_is_renamed_by_adding_first(deployed: Stacks) -> None:
    deployed.share(groups=BOTH_GROUPS, roles={"CLOUD-ACCESS": ADDED | {"groups": ["IT-Admins", "Cloud-Admins"]}})
    for stack in STACKS:
        deployed.update(stack, "--refresh", judged=stack in KINDS)
    assert [role.name for stack in TARGETS for role in deployed.account(stack).roles] == ["CLOUD-ACCESS"] * 2
    grants = [f"assume-CLOUD-ACCESS-in-{account}" for account in ("222222222222", "333333333333")]
    assert {group.name: sorted(group.inline) for group in deployed.account("security").groups} == {
        "IT-Admins": grants,
        "Cloud-Admins": grants,
    }


def test_the_former_group_and_an_admin_are_removed_from_everywhere(deployed: Stacks) -> None:
    # Whoever leaves may have made access keys and enrolled a device by then.
    deployed.iam("security").create_access_key(UserName="carol")
    deployed.share(
        groups={"Cloud-Admins": ["alice", "bob"]}, roles={"CLOUD-ACCESS": ADDED | {"groups": ["Cloud-Admins"]}}
    )
    # In another order `make up` stops here, where AWS would refuse when the members are gone already.
    named = r"  IT-Admins: assume-CLOUD-ACCESS-in-222222222222 \(make up STACK=preprod\), assume-"
    with inside(deployed.workspace), pytest.raises(OperationError, match=named):
        ask("up", "security", Path())
    for stack in (*TARGETS, "security"):
        deployed.update(stack, "--refresh", judged=stack in KINDS)
    account = deployed.account("security")
    (group,) = account.groups
    assert (group.name, group.members, len(group.inline)) == ("Cloud-Admins", (ALICE, BOB), 2)
    assert account.users == (ALICE, BOB)
    assert trusted(deployed, "preprod") == trusted(deployed, "production") == [ALICE, BOB]


def test_destroying_security_first_is_refused(deployed: Stacks) -> None:
    refused = pytest.raises(OperationError, match=r"\(make destroy STACK=production\)")
    with inside(deployed.workspace), refused:
        ask("destroy", "security", Path())
