"""The rule iam-mfa-devices-own-only: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import json

import pytest

from components import documents
from tests.documents import MFA, allow, deny, document
from tests.policies.documents_under_test import (
    ADMINISTRATOR,
    READS,
    SELF_SERVICE,
    attachment,
    group_policy,
    managed,
    role_policy,
)
from tests.policies.rules.cases import FORCE_MFA, Case, check, ids, on_documents, rows, together
from tests.policies.running import ELSEWHERE, NETWORK, SECURITY, TARGET, judge

CASES = [
    *on_documents("iam-mfa-devices-own-only", group_policy),
    *rows(
        "iam-mfa-devices-own-only",
        "pass",
        "",
        self_service=group_policy(SELF_SERVICE),
        with_a_last_day=group_policy(
            document(
                *SELF_SERVICE["Statement"],
                deny(
                    "sts:AssumeRole",
                    StringEqualsIgnoreCase={"aws:username": ["dave"]},
                    DateGreaterThanEquals={"aws:CurrentTime": "2027-02-01T00:00:00Z"},
                ),
            )
        ),
        managed=managed(SELF_SERVICE, account=SECURITY),
        reads=group_policy(READS),
        unknown_account=group_policy(SELF_SERVICE, account=None),
        users_of_another_account=role_policy(
            document(allow("iam:EnableMFADevice", f"arn:aws:iam::{ELSEWHERE}:user/*"))
        ),
    ),
    *rows(
        "iam-mfa-devices-own-only",
        "fail",
        "for somebody else",
        any_user=group_policy(document(allow("iam:EnableMFADevice", **MFA))),
        role=role_policy(
            document(allow("iam:EnableMFADevice", f"arn:aws:iam::{TARGET}:user/${{aws:PrincipalTag/user}}", **MFA))
        ),
    ),
    *rows(
        "iam-mfa-devices-own-only",
        "fail",
        "with plain access keys",
        own=group_policy(document(allow("iam:EnableMFADevice", f"arn:aws:iam::{SECURITY}:user/${{aws:username}}"))),
        not_false=group_policy(document(*SELF_SERVICE["Statement"][:3])),
    ),
    *rows(
        "iam-mfa-devices-own-only",
        "fail",
        "removing MFA devices without MFA",
        removal=group_policy(
            document(allow("iam:DeactivateMFADevice", f"arn:aws:iam::{SECURITY}:user/${{aws:username}}"))
        ),
    ),
    *together(
        "iam-mfa-devices-own-only",
        "removing MFA devices without MFA",
        group_policy(document(allow("iam:DeactivateMFADevice", f"arn:aws:iam::{SECURITY}:user/${{aws:username}}"))),
        FORCE_MFA,
    ),
    *rows(
        "iam-mfa-devices-own-only",
        "fail",
        "which AWS maintains",
        attached=attachment(ADMINISTRATOR, to="group", account=SECURITY),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("static_ips", "refused"),
    [
        pytest.param([NETWORK], False, id="bound"),
        pytest.param([], True, id="unbound"),
        pytest.param(["8.8.8.0/24"], True, id="elsewhere"),
    ],
)
def test_lasting_credentials_are_made_from_the_allowed_networks_only(static_ips: list[str], refused: bool) -> None:
    policy = "iam-mfa-devices-own-only"
    text = documents.self_service(partition="aws", account_id=SECURITY, user_path="/", static_ips=static_ips)
    made = managed(json.loads(text), account=SECURITY)
    found = judge(made, config={policy: {"allowedCidrs": [NETWORK]}})
    assert [one.policy for one in found if "devices from outside" in one.message] == ([policy] if refused else [])
    assert judge(made, of=[policy]) == []
