"""The rule iam-users-in-security-account-only: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.policies.documents_under_test import role
from tests.policies.rules.cases import Case, check, ids, rows
from tests.policies.running import SECURITY, TARGET, Made

CASES = [
    *rows(
        "iam-users-in-security-account-only",
        "pass",
        "",
        user=Made(type="aws:iam/user:User", account=SECURITY, inputs={}),
        role=role(),
    ),
    *rows(
        "iam-users-in-security-account-only",
        "fail",
        f"in account {TARGET}",
        user=Made(type="aws:iam/user:User", inputs={}),
        keys=Made(type="aws:iam/accessKey:AccessKey", inputs={"user": "x"}),
        device=Made(type="aws:iam/virtualMfaDevice:VirtualMfaDevice", inputs={}),
    ),
    *rows(
        "iam-users-in-security-account-only",
        "unknown",
        "does not say the account",
        account=Made(type="aws:iam/user:User", account=None, inputs={}),
    ),
    Case(
        "iam-users-in-security-account-only",
        "missing",
        "no configuration",
        (Made(type="aws:iam/user:User", inputs={}),),
        "securityAccountId",
        {},
    ),
    Case(
        "iam-users-in-security-account-only",
        "malformed",
        "no account id",
        (Made(type="aws:iam/user:User", inputs={}),),
        "securityAccountId",
        {"securityAccountId": "1"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
