"""The rule delegation-grants-match-trusts: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.policies.documents_under_test import (
    ADDRESS,
    GRANT,
    MANAGEMENT,
    MFA,
    READS,
    ROLE,
    allow,
    document,
    group_policy,
    role,
    role_policy,
    trust,
)
from tests.policies.rules.cases import SERVICE, Case, check, ids, on_role, rows
from tests.policies.running import ELSEWHERE, SECURITY, UNKNOWN, Made


def _members(*names: str) -> Made:
    return Made(
        type="aws:iam/groupMembership:GroupMembership",
        name="members",
        account=SECURITY,
        inputs={"group": "admins", "users": list(names)},
    )


CASES = [
    *rows(
        "delegation-grants-match-trusts",
        "pass",
        "",
        agree=(role(), role_policy(MANAGEMENT), group_policy(GRANT)),
        lone_trust=role(),
        lone_grant=group_policy(GRANT),
        members=(role(), group_policy(GRANT), _members("alice")),
        reads=(role(), group_policy(READS)),
        unknown_group=(role(), group_policy(GRANT, group=UNKNOWN), _members("bob")),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "no grant of this stack names",
        another_role=(role(), group_policy(document(allow("sts:AssumeRole", ROLE + "X", **MFA, **ADDRESS)))),
        another_account=(role(account=ELSEWHERE), group_policy(GRANT)),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "lets nobody of account",
        nobody=(role(trust(SERVICE)), group_policy(GRANT)),
        from_elsewhere=(role(), group_policy(GRANT, account=ELSEWHERE)),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "Use the same networks",
        networks=(role(), role_policy(MANAGEMENT), on_role(**MFA, IpAddress={"aws:SourceIp": "203.0.113.11"})),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "alice, who is not a member",
        not_a_member=(role(), group_policy(GRANT), _members()),
    ),
    *rows(
        "delegation-grants-match-trusts",
        "fail",
        "makes bob a member",
        not_trusted=(role(), group_policy(GRANT), _members("alice", "bob")),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
