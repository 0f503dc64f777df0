"""The rule iam-assume-role-names-roles: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.documents import MFA, allow, document
from tests.policies.documents_under_test import ROLE, group_policy
from tests.policies.rules.cases import Case, check, grants, ids
from tests.policies.running import TARGET

CASES = [
    *grants(
        "iam-assume-role-names-roles",
        "does not name",
        {"wildcard": group_policy(document(allow("sts:AssumeRole", f"arn:aws:iam::{TARGET}:role/*", **MFA)))},
        {"two_names": group_policy(document(allow("sts:AssumeRole", [ROLE, ROLE + "2"])))},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
