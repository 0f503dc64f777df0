"""The rule iam-no-user-management: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.policies.documents_under_test import (
    ADDRESS,
    ADMINISTRATOR,
    MANAGEMENT,
    MFA,
    READS,
    SELF_SERVICE,
    allow,
    attachment,
    deny,
    document,
    group_policy,
    managed,
    role_policy,
)
from tests.policies.rules.cases import Case, check, ids, on_documents, rows
from tests.policies.running import SECURITY

CASES = [
    *on_documents("iam-no-user-management", role_policy),
    *rows(
        "iam-no-user-management",
        "pass",
        "",
        reads=role_policy(READS),
        roles=role_policy(MANAGEMENT),
        in_the_security_account=group_policy(document(allow("iam:*"))),
        self_service=group_policy(SELF_SERVICE, account=None),
        denied=role_policy(
            document(
                allow("iam:*"),
                deny(
                    [
                        "iam:*User*",
                        "iam:*Group*",
                        "iam:*MFA*",
                        "iam:*Key*",
                        "iam:*Login*",
                        "iam:ChangePassword",
                        "iam:*Credential*",
                        "iam:*Certificate*",
                    ]
                ),
            )
        ),
        names_of_the_security_account=role_policy(
            document(allow("iam:CreateUser", f"arn:aws:iam::{SECURITY}:user/x")), account=None
        ),
    ),
    *rows(
        "iam-no-user-management",
        "fail",
        "manages users",
        everything=role_policy(document(allow("*"))),
        with_mfa=role_policy(document(allow("iam:CreateUser", **MFA, **ADDRESS))),
        keys=role_policy(document(allow("iam:*AccessKey*"))),
        groups=managed(document(allow("iam:AddUserToGroup"))),
        devices=role_policy(document(allow("iam:*MFADevice"))),
        unknown_account=role_policy(document(allow("iam:CreateUser")), account=None),
        group_of_an_unknown_account=group_policy(document(allow("iam:CreateUser")), account=None),
    ),
    *rows("iam-no-user-management", "fail", "which AWS maintains", attached=attachment(ADMINISTRATOR)),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
