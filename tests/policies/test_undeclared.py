"""What the engine shows of a stack although the program no longer declares it, as after a refresh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from delegation_pack.rules import RULES
from delegation_pack.sdk import UNDECLARED, policies
from pulumi_policy import StackValidationArgs, StackValidationPolicy

from tests.documents import MFA, allow, document
from tests.policies.documents_under_test import (
    ADDRESS,
    GRANT,
    ROLE,
    SESSION_DENY,
    group_policy,
    managed,
    role,
    role_policy,
)
from tests.policies.running import CONFIG, SECURITY, in_stack, refused

OPEN = document(allow("sts:AssumeRole", ROLE, **ADDRESS))
ELSEWHERE = document(allow("sts:AssumeRole", "arn:aws:iam::999999999999:role/X", **MFA, **ADDRESS))
GONE = replace(role(name="gone"), inputs={**role().inputs, "name": "GONE"})


def test_a_removed_role_misses_no_grant() -> None:
    assert refused(role(), group_policy(GRANT), undeclared=[GONE]) == []


def test_a_removed_grant_is_missed() -> None:
    kept = group_policy(ELSEWHERE, name="kept")
    (found,) = refused(role(), kept, undeclared=[group_policy(GRANT)])
    assert found.policy == "delegation-grants-match-trusts"
    assert "no grant of this stack names" in found.message


def test_a_removed_denial_does_not_count() -> None:
    config = CONFIG | {
        "iam-assume-role-requires-source-ip": CONFIG["iam-assume-role-requires-source-ip"] | {"mode": "session"}
    }
    stack = (role(), group_policy(document(allow("sts:AssumeRole", ROLE, **MFA))))
    assert refused(*stack, role_policy(SESSION_DENY), config=config) == []
    assert [one.policy for one in refused(*stack, undeclared=[role_policy(SESSION_DENY)], config=config)] == [
        "iam-assume-role-requires-source-ip"
    ]


def test_a_document_that_may_stay_is_judged_and_the_finding_says_what_it_hangs_on() -> None:
    (found,) = refused(role(), group_policy(GRANT), undeclared=[managed(OPEN, account=SECURITY)])
    assert found.policy == "iam-assume-role-requires-mfa"
    assert found.message.endswith(UNDECLARED)


def test_where_nothing_was_judged_by_itself_all_counts() -> None:
    shown = [in_stack(one) for one in (role(), group_policy(ELSEWHERE))]
    found: list[str] = []

    def report(message: str, *_: Any) -> None:
        found.append(message)

    for policy in policies(RULES):
        if isinstance(policy, StackValidationPolicy):
            policy.validate(StackValidationArgs(shown, CONFIG.get(policy.name, {})), report)
    assert any("no grant of this stack names" in text for text in found)
    assert not any(UNDECLARED in text for text in found)
