"""The rule iam-role-management-requires-mfa: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.documents import MFA, allow, document
from tests.policies.documents_under_test import MFA_IF_EXISTS, group_policy, role_policy
from tests.policies.rules.cases import FORCE_MFA, Case, changing, check, ids, role_management, together
from tests.policies.running import TARGET

CASES = [
    *role_management(
        "iam-role-management-requires-mfa",
        "without MFA",
        {"if_exists_in_a_session": role_policy(changing(**MFA_IF_EXISTS)), "bool": group_policy(changing(**MFA))},
        {
            "if_exists_of_a_user": group_policy(changing(**MFA_IF_EXISTS), account=TARGET),
            "tags": role_policy(changing("iam:TagRole")),
        },
    ),
    *together(
        "iam-role-management-requires-mfa", "without MFA", group_policy(document(allow("iam:CreateRole"))), FORCE_MFA
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
