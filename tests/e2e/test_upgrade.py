"""Stacks deployed before there were several groups and roles: the next update carries them over.

`one_group_one_role/` holds the states that such a program left; their accounts are made from them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stacks import ACCOUNTS, Stacks

STATES = Path(__file__).parent / "one_group_one_role"
CARRIED_OVER = {
    "security": {"aws:iam/group:Group", "aws:iam/user:User", "aws:iam/policy:Policy"},
    "preprod": {"aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/groupPolicy:GroupPolicy"},
    "production": {"aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/groupPolicy:GroupPolicy"},
}


def make(stacks: Stacks, resource: dict[str, Any]) -> None:
    """Make in its account what a resource of a state is there."""
    inputs = {key: value for key, value in resource["inputs"].items() if not key.startswith("__")}
    # The provider's name is that of its account's stack.
    iam = stacks.iam(resource["provider"].split("::")[3])
    match resource["type"].rpartition(":")[2]:
        case "User":
            iam.create_user(UserName=inputs["name"], Path=inputs["path"])
        case "Group":
            iam.create_group(GroupName=inputs["name"])
        case "Policy":
            iam.create_policy(
                PolicyName=inputs["name"], PolicyDocument=inputs["policy"], Description=inputs["description"]
            )
        case "GroupMembership":
            for user in inputs["users"]:
                iam.add_user_to_group(GroupName=inputs["group"], UserName=user)
        case "GroupPolicyAttachment":
            iam.attach_group_policy(GroupName=inputs["group"], PolicyArn=inputs["policyArn"])
        case "GroupPolicy":
            iam.put_group_policy(GroupName=inputs["group"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])
        case "Role":
            iam.create_role(
                RoleName=inputs["name"],
                AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
                Description=inputs["description"],
                MaxSessionDuration=int(inputs["maxSessionDuration"]),
            )
        case "RolePolicyAttachment":
            iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        case "RolePolicy":
            iam.put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])


@pytest.fixture(scope="module")
def before(stacks: Stacks) -> Stacks:
    """Stacks and accounts as the former program left them."""
    for stack in ACCOUNTS:
        file = STATES / f"{stack}.json"
        for resource in json.loads(file.read_text())["deployment"]["resources"]:
            if resource["type"].startswith("aws:"):
                make(stacks, resource)
        stacks.initialize(stack)
        stacks.workspace.run("stack", "import", "--stack", stack, "--file", str(file)).check()
    return stacks


@pytest.mark.parametrize("stack", ACCOUNTS)
def test_the_upgrade_makes_removes_and_replaces_nothing(before: Stacks, stack: str) -> None:
    ids = {role.arn for role in before.account(stack).roles}
    done = before.steps(stack)
    assert [(one["op"], one["urn"]) for one in done if one["op"] not in ("refresh", "same", "update")] == []
    assert {one["type"] for one in done if one["op"] in ("same", "update")} >= CARRIED_OVER[stack]
    assert {role.arn for role in before.account(stack).roles} == ids


@pytest.mark.parametrize("stack", ["security", "production"])
def test_nothing_is_left_to_upgrade_then(before: Stacks, stack: str) -> None:
    before.pulumi("preview", stack, "--refresh", "--expect-no-changes", judged=False).check()


def test_what_was_not_carried_over_stands_nowhere(before: Stacks) -> None:
    (group,) = before.account("security").groups
    assert sorted(group.inline) == [
        f"assume-TSU-IAM-ACCESS-in-{ACCOUNTS[stack]}" for stack in ("preprod", "production")
    ]
    assert len(group.members) == 2
