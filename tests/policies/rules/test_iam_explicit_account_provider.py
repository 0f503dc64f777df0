"""The rule iam-explicit-account-provider: what passes, what fails, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policies.documents_under_test import role
from tests.policies.rules.cases import Case, check, ids, rows
from tests.policies.running import SECURITY, TARGET, UNKNOWN, Made


def _provided(**provider: Any) -> Made:
    return Made(type="aws:s3/bucket:Bucket", inputs={}, provider=provider)


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


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
