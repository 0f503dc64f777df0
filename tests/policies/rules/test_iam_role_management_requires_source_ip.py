"""The rule iam-role-management-requires-source-ip: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.documents import allow, document
from tests.policies.documents_under_test import ADDRESS, SESSION_DENY, group_policy, role, role_policy
from tests.policies.rules.cases import Case, changing, check, ids, role_management, together
from tests.policies.running import NETWORK

_LACKING = role_policy(changing())


CASES = [
    *role_management(
        "iam-role-management-requires-source-ip",
        f"from outside {NETWORK}",
        {"address": role_policy(changing(**ADDRESS))},
        {"a_VPC": role_policy(changing(IpAddress={"aws:VpcSourceIp": NETWORK}))},
    ),
    *together(
        "iam-role-management-requires-source-ip",
        f"from outside {NETWORK}",
        group_policy(document(allow("iam:CreateRole"))),
        SESSION_DENY,
        allowedCidrs=[NETWORK],
    ),
    *[
        Case("iam-role-management-requires-source-ip", outcome, key, made, says, settings)
        for key, outcome, says, made, settings in (
            (
                "session, denied",
                "pass",
                "",
                (role(), _LACKING, role_policy(SESSION_DENY, name="deny")),
                {"mode": "session", "allowedCidrs": [NETWORK]},
            ),
            (
                "session, not denied",
                "fail",
                "from outside",
                (role(), _LACKING),
                {"mode": "session", "allowedCidrs": [NETWORK]},
            ),
            ("no networks configured", "missing", "allowedCidrs is not in", (_LACKING,), {}),
        )
    ],
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
