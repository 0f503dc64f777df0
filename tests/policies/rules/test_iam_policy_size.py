"""The rule iam-policy-size: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import json

import pytest

from tests.documents import allow, document
from tests.policies.documents_under_test import ALICE, GRANT, attachment, group_policy, managed, role, trust
from tests.policies.rules.cases import Case, check, ids, on_documents, rows
from tests.policies.running import SECURITY, Made

HALF = document(*(allow(f"s3:Get{i:03}", f"arn:aws:s3:::bucket-{i:03}") for i in range(40)))


LONG = document(*(allow(f"s3:Get{i:04}", f"arn:aws:s3:::bucket-{i:04}") for i in range(90)))


def _attached(count: int, to: str = "group") -> tuple[Made, ...]:
    """So many managed policies of the stack, attached to one group or role."""
    return tuple(
        one
        for number in range(count)
        for one in (
            managed(GRANT, name=f"grants-{number}", account=SECURITY),
            attachment(f"arn:aws:iam::{SECURITY}:policy/grants-{number}", to=to, account=SECURITY, name=f"a{number}"),
        )
    )


CASES = [
    *on_documents("iam-policy-size", group_policy),
    *rows(
        "iam-policy-size",
        "pass",
        "",
        grant=group_policy(GRANT),
        two_groups=(group_policy(HALF, name="a", group="a"), group_policy(HALF, name="b", group="b")),
        ten_attached=_attached(10),
        eleven_on_a_role=_attached(11, to="role"),
        white_space=group_policy(json.dumps(GRANT, indent=200)),
    ),
    *rows(
        "iam-policy-size",
        "fail",
        "too many",
        group=group_policy(LONG),
        trust=role(trust({"AWS": [f"{ALICE}{i}" for i in range(60)]})),
        managed=managed(LONG),
        together=(group_policy(HALF, name="a"), group_policy(HALF, name="b")),
    ),
    *rows("iam-policy-size", "fail", "has 11 managed policies attached", eleven_attached=_attached(11)),
    Case(
        "iam-policy-size",
        "pass",
        "raised quota",
        (role(trust({"AWS": [f"{ALICE}{i}" for i in range(60)]})),),
        "",
        {"trustPolicyQuota": 4096.0},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
