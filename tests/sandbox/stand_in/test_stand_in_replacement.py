"""What replaces a resource, and whether the provider asks for the old one to go first."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.replacement import REPLACEMENTS
from sandbox.aws.resources import RESOURCES
from tests.sandbox.stand_in.driver import Driver, Result

ARN = "arn:aws:iam::aws:policy/ReadOnlyAccess"
INPUTS: dict[str, dict[str, Any]] = {
    "aws:iam/user:User": {"name": "n", "path": "/p/"},
    "aws:iam/group:Group": {"name": "n", "path": "/p/"},
    "aws:iam/groupMembership:GroupMembership": {"name": "n", "group": "g", "users": ["u"]},
    "aws:iam/groupPolicy:GroupPolicy": {"name": "n", "group": "g", "policy": "{}"},
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": {"group": "g", "policyArn": ARN},
    "aws:iam/policy:Policy": {"name": "n", "path": "/p/", "description": "d", "policy": "{}"},
    "aws:iam/role:Role": {"name": "n", "path": "/p/", "assumeRolePolicy": "{}"},
    "aws:iam/rolePolicy:RolePolicy": {"name": "n", "role": "r", "policy": "{}"},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"role": "r", "policyArn": ARN},
    "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive": {"roleName": "r", "policyNames": ["p"]},
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": {"roleName": "r", "policyArns": [ARN]},
}
"""One resource of each type, every input that could replace it given."""

REPLACED = [
    ("aws:iam/groupMembership:GroupMembership", "name", "old first"),
    ("aws:iam/groupMembership:GroupMembership", "group", "old first"),
    ("aws:iam/groupPolicy:GroupPolicy", "name", "old first"),
    ("aws:iam/groupPolicy:GroupPolicy", "group", "old first"),
    ("aws:iam/groupPolicyAttachment:GroupPolicyAttachment", "group", "new first"),
    ("aws:iam/groupPolicyAttachment:GroupPolicyAttachment", "policyArn", "new first"),
    ("aws:iam/policy:Policy", "name", "old first"),
    ("aws:iam/policy:Policy", "path", "old first"),
    ("aws:iam/policy:Policy", "description", "old first"),
    ("aws:iam/role:Role", "name", "old first"),
    ("aws:iam/role:Role", "path", "old first"),
    ("aws:iam/rolePolicy:RolePolicy", "name", "old first"),
    ("aws:iam/rolePolicy:RolePolicy", "role", "old first"),
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "role", "new first"),
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn", "new first"),
    ("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive", "roleName", "new first"),
    ("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", "roleName", "new first"),
]
OTHER = {"path": "/other/", "policyArn": "arn:aws:iam::aws:policy/ViewOnlyAccess"}


def made(type_name: str) -> Result:
    return Result("id", INPUTS[type_name], set(), INPUTS[type_name])


@pytest.fixture
def driver() -> Driver:
    """A provider that has no account: a comparison needs none."""
    return Driver("", {})


@pytest.mark.parametrize(("type_name", "changed", "order"), REPLACED)
def test_a_change_that_replaces(driver: Driver, type_name: str, changed: str, order: str) -> None:
    inputs = {**INPUTS[type_name], changed: OTHER.get(changed, "other")}
    difference = driver.diff(type_name, made(type_name), **inputs)
    assert difference.replaces == [changed]
    assert difference.delete_before_replace == (order == "old first")


@pytest.mark.parametrize("type_name", INPUTS)
def test_nothing_else_replaces(driver: Driver, type_name: str) -> None:
    replacing = {changed for name, changed, _ in REPLACED if name == type_name}
    for changed, value in INPUTS[type_name].items():
        other = (
            '{"Version":"2012-10-17"}'
            if value == "{}"
            else OTHER.get(changed, ["other"] if value != str(value) else "o")
        )
        difference = driver.diff(type_name, made(type_name), **{**INPUTS[type_name], changed: other})
        assert difference.changes
        assert bool(difference.replaces) == (changed in replacing)


def test_a_name_that_the_bridge_made_itself_lets_the_new_one_come_first(driver: Driver) -> None:
    named = driver.check("aws:iam/role:Role", assumeRolePolicy="{}", path="/p/")[0]
    difference = driver.diff(
        "aws:iam/role:Role", Result("id", named, set(), named), assumeRolePolicy="{}", path="/other/"
    )
    assert (difference.replaces, difference.delete_before_replace) == (["path"], False)


def test_every_type_has_a_row_with_its_source() -> None:
    assert REPLACEMENTS.keys() == RESOURCES.keys()
    assert all(row.source.endswith(".go") and ".go: " in row.order.value for row in REPLACEMENTS.values())
