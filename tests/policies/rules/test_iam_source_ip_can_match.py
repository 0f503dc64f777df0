"""The rule iam-source-ip-can-match: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.documents import MFA
from tests.policies.documents_under_test import GRANT, READS, SESSION_DENY, group_policy, role, role_policy, trust
from tests.policies.rules.cases import Case, check, ids, on_role, rows

CASES = [
    *rows(
        "iam-source-ip-can-match",
        "pass",
        "",
        no_address=group_policy(READS),
        public=on_role(IpAddress={"aws:SourceIp": ["8.8.8.8", "2600::/32"]}),
    ),
    *rows(
        "iam-source-ip-can-match",
        "fail",
        "which no request to AWS comes from",
        documentation=group_policy(GRANT),
        private=on_role(IpAddress={"aws:SourceIp": ["8.8.8.8", "10.0.0.0/8"]}),
        shared=on_role(IpAddress={"aws:SourceIp": "100.64.1.1"}),
        denied=role_policy(SESSION_DENY),
        trust=role(trust(condition={**MFA, "IpAddress": {"aws:SourceIp": "fc00::1"}})),
    ),
    *rows(
        "iam-source-ip-can-match",
        "fail",
        "IPv4 addresses only",
        only_v4=on_role(IpAddress={"aws:SourceIp": "8.8.8.8"}),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
