"""What is wrong with a resource's inputs before the first call."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.sandbox.stand_in.driver import Driver

USER = "aws:iam/user:User"
GROUP = "aws:iam/group:Group"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
MEMBERSHIP = "aws:iam/groupMembership:GroupMembership"
GROUP_POLICY = "aws:iam/groupPolicy:GroupPolicy"
TRUST: dict[str, Any] = {"assumeRolePolicy": "{}"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@pytest.fixture
def driver() -> Driver:
    """A provider that has no account: a check needs none."""
    return Driver("", {})


@pytest.mark.parametrize(
    ("type_name", "inputs", "problem"),
    [
        pytest.param(GROUP, {"name": "IT Admins"}, "name: 'IT Admins' must hold", id="space"),
        pytest.param(GROUP, {"name": "g" * 129}, "name: .*129 characters.*128", id="long-group"),
        pytest.param(USER, {"name": "ä"}, "name: 'ä' must hold", id="letter"),
        pytest.param(USER, {"name": "alice\n"}, "name: 'alice", id="line-end"),
        pytest.param(USER, {"name": "u" * 65}, "name: .*65 characters.*64", id="long-user"),
        pytest.param(ROLE, {"name": "r" * 65, **TRUST}, "name: .*65 characters.*64", id="long-role"),
        pytest.param(ROLE, {"name": "a/b", **TRUST}, "name: 'a/b' must hold", id="slash"),
        pytest.param(POLICY, {"name": "p" * 129, "policy": "{}"}, "name: .*129 characters", id="long-policy"),
        pytest.param(GROUP_POLICY, {"group": "g", "name": "a b", "policy": "{}"}, "name: 'a b'", id="inline-name"),
        pytest.param(USER, {"name": "a", "path": "team"}, "path: 'team' must begin", id="path"),
        pytest.param(USER, {"name": "a", "path": "/a b/"}, "path: ", id="path-space"),
        pytest.param(USER, {"name": "a", "path": f"/{'a' * 511}/"}, "path: ", id="long-path"),
        pytest.param(ROLE, {"name": "a"}, "assumeRolePolicy: missing required", id="missing"),
        pytest.param(ROLE, {"name": "a", "assumeRolePolicy": "{"}, "assumeRolePolicy: .*not JSON", id="json"),
        pytest.param(POLICY, {"name": "a", "policy": "[]"}, "policy: .*not a JSON object", id="json-list"),
        pytest.param(POLICY, {"name": "a", "policy": '{"a":1,"a":2}'}, "policy: .*twice", id="duplicate-key"),
        pytest.param(ROLE, {"name": "a", **TRUST, "maxSessionDuration": 3599}, "maxSessionDuration: ", id="short"),
        pytest.param(ROLE, {"name": "a", **TRUST, "maxSessionDuration": 43201}, "maxSessionDuration: ", id="long"),
        pytest.param(ROLE, {"name": "a", **TRUST, "maxSessionDuration": "1 h"}, "not of the type integer", id="type"),
        pytest.param(ROLE, {"name": "a", **TRUST, "description": "d" * 1001}, "description: .*1001", id="description"),
        pytest.param(ROLE, {"name": "a", **TRUST, "permissionsBoundary": "x"}, "permissionsBoundary: ", id="boundary"),
        pytest.param(ROLE, {"name": "a", **TRUST, "managedPolicyArns": []}, "managedPolicyArns.*real", id="deprecated"),
        pytest.param(ROLE, {"namePrefix": "a", **TRUST}, "namePrefix.*real plugin", id="name-prefix"),
        pytest.param(USER, {"name": "a", "permissionsBoundary": "x"}, "permissionsBoundary.*real", id="user-boundary"),
        pytest.param(USER, {"name": "a", "color": "red"}, "color: .* has no input color", id="no-such-input"),
        pytest.param(ATTACHMENT, {"role": "a", "policyArn": "ReadOnlyAccess"}, "policyArn: ", id="policy-arn"),
        pytest.param(MEMBERSHIP, {"group": "g", "users": "alice"}, "users: .*array", id="users"),
        pytest.param(USER, {"name": "a", "tags": {"aws:a": "b"}}, "tags: .*aws:", id="aws-tag"),
        pytest.param(USER, {"name": "a", "tags": {"A": "1", "a": "2"}}, "tags: .*case only", id="tag-case"),
        pytest.param(USER, {"name": "a", "tags": {"k": "v" * 257}}, "tags: .*too long", id="long-tag"),
        pytest.param(USER, {"name": "a", "tags": {"k": "a;b"}}, "tags: .*characters other", id="tag-character"),
        pytest.param(USER, {"name": "a", "tags": {str(n): "" for n in range(51)}}, "tags: .*51", id="many-tags"),
    ],
)
def test_a_wrong_input_is_named(driver: Driver, type_name: str, inputs: dict[str, Any], problem: str) -> None:
    _, problems = driver.check(type_name, **inputs)
    assert re.search(problem, problems), problems


@pytest.mark.parametrize(
    ("type_name", "inputs"),
    [
        pytest.param(USER, {"name": "a.b+c=d,e@f_g-h", "path": "/team/x/"}, id="user"),
        pytest.param(USER, {"name": "u" * 64, "tags": {"Cost Center": "a:b/c=d+e-f@g"}}, id="tags"),
        pytest.param(ROLE, {"name": "r", **TRUST, "maxSessionDuration": 43200}, id="role"),
        pytest.param(ROLE, {"name": UNKNOWN, "assumeRolePolicy": UNKNOWN, "tags": {"a": UNKNOWN}}, id="unknown"),
        pytest.param(MEMBERSHIP, {"group": UNKNOWN, "users": [UNKNOWN]}, id="unknown-member"),
    ],
)
def test_right_and_unknown_inputs_pass(driver: Driver, type_name: str, inputs: dict[str, Any]) -> None:
    _, problems = driver.check(type_name, **inputs)
    assert problems == ""


def test_missing_inputs_get_their_defaults(driver: Driver) -> None:
    inputs, _ = driver.check(ROLE, name="a", **TRUST)
    assert inputs == {
        "name": "a",
        "path": "/",
        "forceDetachPolicies": False,
        "maxSessionDuration": 3600,
        "assumeRolePolicy": "{}",
        "tagsAll": {},
        "__defaults": ["forceDetachPolicies", "maxSessionDuration", "path"],
    }


def test_a_document_may_come_as_an_object(driver: Driver) -> None:
    inputs, problems = driver.check(POLICY, name="a", policy={"Version": "2012-10-17", "Statement": [{"a": 1}]})
    assert (inputs["policy"], problems) == ('{"Version":"2012-10-17","Statement":[{"a":1}]}', "")


def test_a_name_that_is_not_given_is_made_and_then_kept(driver: Driver) -> None:
    first, _ = driver.check(USER)
    assert re.fullmatch("logical-[0-9a-f]{7}", first["name"])
    again, _ = driver.check(USER, first)
    assert again["name"] == first["name"]
