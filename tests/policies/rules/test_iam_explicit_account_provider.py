"""The rule iam-explicit-account-provider: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.policies.documents_under_test import ALICE, role, trust
from tests.policies.rules.cases import SERVICE, Case, check, ids, rows
from tests.policies.running import SECURITY, TARGET, UNKNOWN, Made


def _provided(type_: str = "aws:s3/bucket:Bucket", inputs: Any = None, **provider: Any) -> Made:
    return Made(type=type_, inputs=inputs or {}, provider=provider)


def _trusting(principal: Any) -> dict[str, Any]:
    return {"name": "x", "assumeRolePolicy": json.dumps(trust(principal))}


POLICY = "iam-explicit-account-provider"
NOT_TIED = {
    "user": _provided("aws:iam/user:User"),
    "group": _provided("aws:iam/group:Group"),
    "membership": _provided("aws:iam/groupMembership:GroupMembership"),
    "rights of a group": _provided("aws:iam/groupPolicy:GroupPolicy"),
    "attachment to a user": _provided("aws:iam/userPolicyAttachment:UserPolicyAttachment"),
    "keys": _provided("aws:iam/accessKey:AccessKey"),
    "of aws-native": _provided("aws-native:iam:Group"),
    "role that users enter": _provided("aws:iam/role:Role", _trusting({"AWS": [ALICE]})),
    "role whose trust is not known": _provided("aws:iam/role:Role", {"assumeRolePolicy": UNKNOWN}),
    "role without trust": _provided("aws:iam/role:Role"),
}
"""What the defaults refuse as well."""


CASES = [
    *rows(
        "iam-explicit-account-provider",
        "pass",
        "",
        one=role(),
        plain_list=_provided(allowedAccountIds=[TARGET]),
        snake_case=_provided(allowed_account_ids=[TARGET]),
        component=Made(type="delegation:iam:AdminGroup", inputs={}, account=None),
        another_package=Made(type="random:index/randomId:RandomId", inputs={}, provider={}),
    ),
    *rows(
        "iam-explicit-account-provider",
        "fail",
        "may act in 2 accounts",
        two=_provided(allowedAccountIds=f'["{TARGET}", "{SECURITY}"]'),
    ),
    *rows(
        "iam-explicit-account-provider",
        "missing",
        "whatever account",
        none=_provided(),
        empty=_provided(allowedAccountIds="[]"),
    ),
    *rows(
        "iam-explicit-account-provider",
        "unknown",
        "not known",
        unknown=_provided(allowedAccountIds=UNKNOWN),
        one_unknown=_provided(allowedAccountIds=[UNKNOWN]),
    ),
    *rows(
        "iam-explicit-account-provider",
        "malformed",
        "cannot be verified",
        no_list=_provided(allowedAccountIds="x"),
        no_id=_provided(allowedAccountIds='["1"]'),
    ),
]


CASES += [
    *(Case(POLICY, "fail", name, (made,), "whatever account", {}) for name, made in NOT_TIED.items()),
    Case(POLICY, "pass", "bucket", (_provided(),), settings={}),
    Case(POLICY, "pass", "role of a service", (_provided("aws:iam/role:Role", _trusting(SERVICE)),), settings={}),
    Case(POLICY, "pass", "rights of a role", (_provided("aws:iam/rolePolicy:RolePolicy"),), settings={}),
    Case(POLICY, "malformed", "no such choice", (_provided(),), "it must be one of", {"resources": "none"}),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
