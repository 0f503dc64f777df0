"""The rule iam-assume-role-requires-mfa: what passes, what fails, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import MFA, allow, document
from tests.policies.documents_under_test import MFA_IF_EXISTS, ROLE, YOUNG, YOUNG_IF_EXISTS, group_policy, role_policy
from tests.policies.rules.cases import FORCE_MFA, Case, check, grants, ids, on_role, together
from tests.policies.running import ELSEWHERE


def _elsewhere(**condition: Any) -> dict[str, Any]:
    return document(allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/x", **condition))


CASES = [
    *grants(
        "iam-assume-role-requires-mfa",
        "without MFA",
        {
            "if_exists": on_role(**MFA_IF_EXISTS),
            "young_if_exists": on_role(**YOUNG_IF_EXISTS),
            "session_without": role_policy(_elsewhere()),
            "one_role_without": group_policy(
                document(
                    allow("sts:AssumeRole", ROLE, **MFA, **YOUNG),
                    allow("sts:AssumeRole", ROLE + "-2", **YOUNG_IF_EXISTS),
                )
            ),
        },
        {
            "if_exists_in_a_session": role_policy(_elsewhere(**MFA_IF_EXISTS)),
            "roles_of_two_ages": group_policy(
                document(allow("sts:AssumeRole", ROLE, **MFA), allow("sts:AssumeRole", ROLE + "-2", **MFA, **YOUNG))
            ),
        },
    ),
    *together("iam-assume-role-requires-mfa", "without MFA", on_role(), FORCE_MFA),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
