"""The rule iam-attached-policies-are-known: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.policies.documents_under_test import READ_ONLY, READS, attachment, managed, role
from tests.policies.rules.cases import Case, attached_from_stack, check, ids, rows
from tests.policies.running import TARGET, UNKNOWN, Made

RULE = "iam-attached-policies-are-known"
OWN = f"arn:aws:iam::{TARGET}:policy/managed"
BY_NAME = Made(
    type="aws:ssoadmin/customerManagedPolicyAttachment:CustomerManagedPolicyAttachment",
    inputs={"customerManagedPolicyReference": {"name": "managed", "path": "/"}},
)

CASES = [
    *rows(
        RULE,
        "pass",
        "",
        of_AWS=attachment(READ_ONLY),
        of_AWS_in_another_partition=attachment(READ_ONLY.replace("arn:aws:", "arn:aws-cn:")),
        of_the_stack=(managed(READS), attachment(OWN)),
        of_the_stack_before_it_is_made=attached_from_stack(),
        of_the_stack_by_name=(managed(READS), BY_NAME),
        unknown=attachment(UNKNOWN),
        no_attachment=role(),
    ),
    *rows(
        RULE,
        "fail",
        "this stack does not make it",
        elsewhere=attachment(OWN),
        to_a_group=attachment(OWN, to="group"),
        with_the_role=role(managedPolicyArns=[READ_ONLY, OWN]),
        of_another_account=(managed(READS, account="333333333333"), attachment(OWN)),
        by_name=BY_NAME,
    ),
    *rows(
        RULE,
        "fail",
        "not among the policies that AWS maintains",
        newer_than_the_table=attachment("arn:aws:iam::aws:policy/QuantumFullAccess"),
    ),
    Case(RULE, "pass", "named", (attachment(OWN),), "", {"policyArns": [OWN]}),
    Case(RULE, "fail", "another is named", (attachment(OWN),), "cannot be verified", {"policyArns": [OWN + "2"]}),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
