"""All rules: each has its rows, says what to do, and keeps what it found when it breaks."""

from __future__ import annotations

import pytest
from delegation_pack.sdk import in_lines

from tests.policies.documents_under_test import MFA_IF_EXISTS, role, trust
from tests.policies.rules.all_cases import CASES
from tests.policies.running import BY_NAME, judge


@pytest.mark.parametrize("policy", [name for name in BY_NAME if name in CASES])
def test_each_policy_has_every_kind_of_row(policy: str) -> None:
    outcomes = {case.outcome for case in CASES[policy]}
    # What these cannot read, or do not, is refused by the policies on documents.
    reading_only = policy in (
        *("delegation-grants-match-trusts", "delegation-types-are-judged", "iam-source-ip-can-match"),
        *("iam-attached-policies-are-known", "iam-roles-cannot-change-themselves"),
    )
    wanted = {"pass", "fail"} | (set() if reading_only else {"missing", "unknown", "malformed"})
    # Whatever is on a user is refused, the missing and the unknown too.
    if policy == "iam-permissions-on-groups-only":
        wanted -= {"missing"}
    assert outcomes >= wanted


def test_an_error_in_a_policy_is_a_violation_and_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("delegation_pack.rules.iam_trust_requires_mfa.decide", breaks)
    messages = [one.message for one in judge(role()) if one.policy == "iam-trust-requires-mfa"]
    assert messages == ["Role 'role' cannot be verified: ZeroDivisionError: by nothing."]


def test_what_is_wrong_the_request_the_reason_and_the_fix_have_a_line_each() -> None:
    (text,) = [
        one.message
        for one in judge(role(trust(condition=MFA_IF_EXISTS), name="ops"))
        if one.policy == "iam-trust-requires-mfa"
    ]
    assert [line.split()[:4] for line in in_lines(text).splitlines()] == [
        ["Role", "'ops'", "can", "be"],
        ["statement", "1", "allows", "sts:AssumeRole"],
        ["because", "BoolIfExists", "is", "true"],
        ["Require", "it", "with", "Bool"],
    ]


@pytest.mark.parametrize("name", BY_NAME)
def test_each_policy_says_what_to_do_and_where_to_read_more(name: str) -> None:
    rule = BY_NAME[name]
    assert rule.description.endswith(".")
    assert rule.severity in ("low", "medium", "high", "critical")
    assert rule.remediation.endswith(".")
    assert rule.url == f"docs/policies.md#{name}"
    assert all(one["description"].endswith(".") for one in rule.properties.values())
