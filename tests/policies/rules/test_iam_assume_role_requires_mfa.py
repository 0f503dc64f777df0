"""The rule iam-assume-role-requires-mfa: what passes, what fails, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import allow, document
from tests.policies.documents_under_test import MFA_IF_EXISTS, role_policy
from tests.policies.rules.cases import Case, check, grants, ids, on_role
from tests.policies.running import ELSEWHERE


def _elsewhere(**condition: Any) -> dict[str, Any]:
    return document(allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/x", **condition))


CASES = [
    *grants(
        "iam-assume-role-requires-mfa",
        "without MFA",
        {"if_exists": on_role(**MFA_IF_EXISTS), "session_without": role_policy(_elsewhere())},
        {"if_exists_in_a_session": role_policy(_elsewhere(**MFA_IF_EXISTS))},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
