"""What the operator's commands do on the real engine and local accounts.

tests/e2e/test_documented_commands.py runs each of them by `make`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from operations import import_plan
from tests.e2e.inside import called
from tests.e2e.stacks import Stacks
from tests.workspaces import open_workspace

pytestmark = pytest.mark.steps

GROUPS = {"IT-Admins": ["alice", "bob"], "Auditors": ["bob", {"name": "dave", "until": "2099-12-31"}]}
ROLES = {
    "TSU-IAM-ACCESS": {"groups": ["IT-Admins"], "roleManagement": {}},
    "TSU-AUDIT": {"groups": ["Auditors"], "mfaMaxAgeHours": 1, "sessionName": True},
}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ANYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
REVOKED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": ["*"],
                "Resource": ["*"],
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-11-25T10:00:00.000Z"}},
            }
        ],
    }
)
"""As the console writes it."""
USER = "arn:aws:iam::111111111111:user/"


@pytest.fixture(scope="module")
def by_hand() -> Iterator[Stacks]:
    """Accounts in which somebody made users, two groups and two access roles by hand."""
    with open_workspace() as workspace:
        stacks = Stacks(workspace)
        stacks.share(groups=GROUPS, roles=ROLES)
        security, preprod = stacks.iam("security"), stacks.iam("preprod")
        security.create_group(GroupName="IT-Admins")
        security.create_group(GroupName="Auditors")
        for group, name in (("IT-Admins", "alice"), ("IT-Admins", "carol"), ("Auditors", "dave"), ("Auditors", "erin")):
            security.create_user(UserName=name)
            security.add_user_to_group(GroupName=group, UserName=name)
        self_service = security.create_policy(
            PolicyName="IT-Admins-self-service", PolicyDocument=ANYTHING, Description="By hand"
        )["Policy"]
        security.attach_group_policy(GroupName="IT-Admins", PolicyArn=self_service["Arn"])
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": [USER + "alice", USER + "carol"]},
            "Action": "sts:AssumeRole",
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        preprod.create_role(RoleName="TSU-IAM-ACCESS", AssumeRolePolicyDocument=trust)
        for arn in (READ_ONLY, ADMINISTRATOR):
            preprod.attach_role_policy(RoleName="TSU-IAM-ACCESS", PolicyArn=arn)
        for name in ("role-management", "by-hand"):
            preprod.put_role_policy(RoleName="TSU-IAM-ACCESS", PolicyName=name, PolicyDocument=ANYTHING)
        audit = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Principal": {"AWS": USER + "erin"}}]})
        preprod.create_role(RoleName="TSU-AUDIT", AssumeRolePolicyDocument=audit)
        for name, document in (("by-hand", ANYTHING), ("AWSRevokeOlderSessions", REVOKED)):
            preprod.put_role_policy(RoleName="TSU-AUDIT", PolicyName=name, PolicyDocument=document)
        yield stacks


def up(stacks: Stacks, stack: str) -> dict[str, str]:
    """Deploy as `make up` does, without its preview; return what was done, by the name of each resource."""
    return {one["urn"].rpartition("::")[2]: one["op"] for one in stacks.steps(stack) if one["op"] != "refresh"}


def take_over(stacks: Stacks, stack: str) -> str:
    """Plan and import a stack; return what the plan said."""
    stacks.initialize(stack)
    planned = called(stacks.workspace, import_plan.main, "--stack", stack)
    # The command is the one that the plan prints.
    command = planned[planned.index("pulumi import") :].split("make preview")[0]
    words = command.replace("\\\n", " ").split()
    stacks.workspace.run(*words[1:], "--yes").check()
    return " ".join(planned.split())


def test_users_and_group_are_taken_over_and_the_stranger_leaves_with_the_second_up(by_hand: Stacks) -> None:
    iam = by_hand.iam("security")
    before = iam.get_group(GroupName="IT-Admins")["Group"]["GroupId"], iam.get_user(UserName="alice")["User"]["UserId"]
    told = take_over(by_hand, "security")
    assert "Membership of group IT-Admins loses carol with the second `make up`" in told
    assert "Membership of group Auditors loses erin with the second `make up`" in told
    assert all(f"User {name}" in told for name in ("alice", "dave"))
    assert all(f"Group {name}" in told for name in GROUPS)

    members, done = [], []
    for _ in range(2):
        done.append(up(by_hand, "security"))
        groups = {group.name: group.members for group in by_hand.account("security").groups}
        members.append({name: {arn.removeprefix(USER) for arn in found} for name, found in groups.items()})
    # The user's update is force_destroy, which IAM does not keep.
    names = ("admins-IT-Admins", "admins-alice", "admins-Auditors", "admins-bob")
    assert [done[0][name] for name in names] == ["same", "update", "same", "create"]
    assert members == [
        {"IT-Admins": {"alice", "bob", "carol"}, "Auditors": {"bob", "dave", "erin"}},
        {"IT-Admins": {"alice", "bob"}, "Auditors": {"bob", "dave"}},
    ]
    after = iam.get_group(GroupName="IT-Admins")["Group"]["GroupId"], iam.get_user(UserName="alice")["User"]["UserId"]
    assert after == before


def test_a_self_service_policy_is_taken_over_with_its_own_description(by_hand: Stacks) -> None:
    iam, arn = by_hand.iam("security"), "arn:aws:iam::111111111111:policy/IT-Admins-self-service"
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (policy["Description"], policy["DefaultVersionId"], policy["AttachmentCount"]) == ("By hand", "v2", 1)


def test_the_roles_are_taken_over_and_lose_what_the_plan_said(by_hand: Stacks) -> None:
    iam = by_hand.iam("preprod")
    before = [iam.get_role(RoleName=name)["Role"]["RoleId"] for name in ROLES]
    told = take_over(by_hand, "preprod")
    assert f"no longer lets in {USER}carol." in told
    assert "lose by-hand with the first `make up`." in told
    assert f"lose {ADMINISTRATOR} with the first `make up`." in told
    assert f"Role TSU-AUDIT no longer lets in {USER}erin." in told
    assert "Policies of role TSU-AUDIT lose by-hand with the first `make up`." in told
    assert "lose AWSRevokeOlderSessions" not in told

    up(by_hand, "preprod")
    roles = {role.name: role for role in by_hand.account("preprod").roles}
    assert {name: (role.attached, sorted(role.inline)) for name, role in roles.items()} == {
        "TSU-IAM-ACCESS": ((READ_ONLY,), ["role-management"]),
        "TSU-AUDIT": ((READ_ONLY,), ["AWSRevokeOlderSessions"]),
    }
    assert {name: role.trust["Statement"][0]["Principal"]["AWS"] for name, role in roles.items()} == {
        "TSU-IAM-ACCESS": [USER + "alice", USER + "bob"],
        "TSU-AUDIT": [USER + "bob", USER + "dave"],
    }
    assert [iam.get_role(RoleName=name)["Role"]["RoleId"] for name in ROLES] == before


def test_nothing_is_left_to_take_over_then(by_hand: Stacks) -> None:
    told = called(by_hand.workspace, import_plan.main, "--stack", "preprod")
    assert told == "Nothing that stack preprod would create exists by hand: deploy it with make up STACK=preprod.\n"
