"""The rule iam-permissions-on-groups-only: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.policies.documents_under_test import GRANT, READ_ONLY, READS, attachment, group_policy, role_policy
from tests.policies.rules.cases import Case, check, ids, rows
from tests.policies.running import SECURITY, UNKNOWN, Made

CASES = [
    *rows(
        "iam-permissions-on-groups-only",
        "pass",
        "",
        group=group_policy(GRANT),
        role=role_policy(READS),
        nobody=Made(
            type="aws:iam/policyAttachment:PolicyAttachment",
            inputs={"policyArn": READ_ONLY, "groups": ["x"], "users": []},
        ),
        none=Made(
            type="aws:iam/userPoliciesExclusive:UserPoliciesExclusive", inputs={"userName": "x", "policyNames": []}
        ),
        user=Made(type="aws:iam/user:User", account=SECURITY, inputs={"name": "x"}),
    ),
    *rows(
        "iam-permissions-on-groups-only",
        "fail",
        "puts permissions on",
        inline=Made(type="aws:iam/userPolicy:UserPolicy", inputs={"user": "x", "policy": READS}),
        unknown=Made(type="aws:iam/userPolicy:UserPolicy", inputs={"user": UNKNOWN, "policy": UNKNOWN}),
        missing=Made(type="aws:iam/userPolicy:UserPolicy", inputs={}),
        attached=attachment(READ_ONLY, to="user"),
        native=Made(type="aws-native:iam:User", inputs={"managedPolicyArns": [READ_ONLY]}),
        among_others=Made(
            type="aws:iam/policyAttachment:PolicyAttachment", inputs={"policyArn": READ_ONLY, "users": ["x"]}
        ),
    ),
    *(
        Case(
            "iam-permissions-on-groups-only",
            outcome,
            outcome,
            (Made(type="aws:iam/policyAttachment:PolicyAttachment", inputs={"policyArn": READ_ONLY, "users": users}),),
            "cannot be verified",
        )
        for outcome, users in (("unknown", UNKNOWN), ("malformed", "x"))
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
