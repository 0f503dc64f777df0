"""The rule delegation-exemptions-used: what is exempt is said, and what does not count exempts nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.policies.documents_under_test import role, trust
from tests.policies.rules.all_cases import CASES
from tests.policies.rules.cases import Case
from tests.policies.running import BY_NAME, CONFIG, judge

FAILING = {name: next(case for case in rows if case.outcome == "fail") for name, rows in CASES.items()}
EXEMPTABLE = [rule.name for rule in BY_NAME.values() if rule.mandatory]


def exempting(policy: str, case: Case, **exemption: str) -> dict[str, Any]:
    settings = CONFIG.get(policy, {}) if case.settings is None else case.settings
    return {**CONFIG, policy: {**settings, "exempt": [exemption]}}


@pytest.mark.parametrize("policy", EXEMPTABLE)
def test_an_exempt_resource_is_not_refused_but_said(policy: str) -> None:
    case = FAILING[policy]
    of = judge(*case.made, of=[policy])
    config = exempting(policy, case, resource=str(of[0].urn), reason="on trial", until="2999-12-31")
    found = judge(*case.made, config=config, of=[policy, "delegation-exemptions-used"])
    assert [one for one in found if one.policy == policy and one.urn == of[0].urn] == []
    (said,) = [one for one in found if one.policy == "delegation-exemptions-used"]
    assert said.urn == of[0].urn
    assert f"Exempt from {policy} until 2999-12-31, for: on trial." in said.message
    assert of[0].message in said.message


@pytest.mark.parametrize("policy", EXEMPTABLE)
@pytest.mark.parametrize(
    ("exemption", "says"),
    [
        ({"resource": "x", "until": "2999-12-31"}, "it has no reason"),
        ({"resource": "x", "until": "2999-12-31", "reason": " "}, "it has no reason"),
        ({"resource": "x", "reason": "on trial"}, "it has no until"),
        ({"resource": "x", "reason": "on trial", "until": "2026-01-31"}, "it ended on 2026-01-31"),
        ({"resource": "x", "reason": "on trial", "until": "soon"}, "no day in the form"),
        *(
            ({"resource": pattern, "reason": "on trial", "until": "2999-12-31"}, "for more than it says")
            for pattern in ("*", "urn:*", "*e*")
        ),
        ({"reason": "on trial", "until": "2999-12-31"}, "it has no resource"),
    ],
    ids=["no reason", "blank reason", "no day", "past", "no date", "everything", "every URN", "every e", "no resource"],
)
def test_an_exemption_that_does_not_count_is_a_violation_and_exempts_nothing(
    policy: str, exemption: dict[str, str], says: str
) -> None:
    case = FAILING[policy]
    before = judge(*case.made, of=[policy])
    found = judge(*case.made, config=exempting(policy, case, **exemption), of=[policy])
    assert any(says in one.message for one in found)
    assert {one.message for one in before} <= {one.message for one in found}


def test_an_exemption_counts_through_its_last_day(monkeypatch: pytest.MonkeyPatch) -> None:
    case = FAILING["iam-trust-requires-mfa"]
    settings = exempting(case.policy, case, resource="role", reason="on trial", until="2027-01-31")
    monkeypatch.setattr("delegation_pack.exemptions.today", lambda: date(2027, 1, 31))
    assert not judge(*case.made, config=settings, of=[case.policy])
    monkeypatch.setattr("delegation_pack.exemptions.today", lambda: date(2027, 2, 1))
    assert judge(*case.made, config=settings, of=[case.policy])


def test_an_exemption_is_for_one_policy_and_one_resource() -> None:
    case = FAILING["iam-trust-requires-mfa"]
    other = role(trust(condition={}), name="other")
    for resource in ("role", "urn:pulumi:stack::project::aws:iam/role:Role::ro*"):
        settings = exempting(case.policy, case, resource=resource, reason="on trial", until="2999-12-31")
        found = judge(*case.made, other, config=settings, of=[case.policy])
        assert {one.urn for one in found} == {other.urn}
