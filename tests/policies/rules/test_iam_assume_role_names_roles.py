"""The rule iam-assume-role-names-roles: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.documents import MFA, allow, document
from tests.policies.documents_under_test import ROLE, group_policy, managed, role_policy
from tests.policies.rules.cases import Case, check, grants, ids, rows
from tests.policies.running import SECURITY, TARGET

PROTECTED = f"arn:aws:iam::{TARGET}:role/OrganizationAccountAccessRole"
BOOTSTRAP = f"arn:aws:iam::{TARGET}:role/delegation-deploy"

CASES = [
    *grants(
        "iam-assume-role-names-roles",
        "does not name",
        {"wildcard": group_policy(document(allow("sts:AssumeRole", f"arn:aws:iam::{TARGET}:role/*", **MFA)))},
        {"two_names": group_policy(document(allow("sts:AssumeRole", [ROLE, ROLE + "2"])))},
    ),
    *rows(
        "iam-assume-role-names-roles",
        "fail",
        "OrganizationAccountAccessRole, which is protected",
        protected=group_policy(document(allow("sts:AssumeRole", [ROLE, PROTECTED], **MFA))),
        protected_alone_on_a_role=role_policy(document(allow("sts:AssumeRole", PROTECTED)), account=SECURITY),
        protected_below_a_path=group_policy(document(allow("sts:AssumeRole", PROTECTED.replace("role/", "role/org/")))),
        managed=managed(document(allow("sts:AssumeRole", PROTECTED)), account=SECURITY),
    ),
    *(
        Case(
            "iam-assume-role-names-roles",
            outcome,
            f"{outcome} with protected roles {roles}",
            (group_policy(document(allow("sts:AssumeRole", [ROLE, BOOTSTRAP]))),),
            "delegation-*, which is protected",
            settings={"protectedRoles": roles},
        )
        for outcome, roles in (("fail", ["delegation-*"]), ("pass", ["delegation-?"]), ("pass", []))
    ),
    Case(
        "iam-assume-role-names-roles",
        "fail",
        "protected whatever the configuration",
        (group_policy(document(allow("sts:AssumeRole", PROTECTED))),),
        "which is protected",
        settings={"protectedRoles": []},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
