"""The rule iam-trust-names-users-only: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.documents import MFA, document
from tests.policies.documents_under_test import ALICE, role, trust
from tests.policies.rules.cases import OWN_ROLE, SERVICE, Case, chained, check, ids, on_documents, rows
from tests.policies.running import ELSEWHERE, SECURITY, TARGET

OWN_ACCOUNT = {"AWS": f"arn:aws:iam::{TARGET}:root"}

CASES = [
    *on_documents("iam-trust-names-users-only", role),
    *rows(
        "iam-trust-names-users-only",
        "pass",
        "",
        user=role(),
        users=role(trust({"AWS": [ALICE, f"arn:aws:iam::{SECURITY}:user/staff/bob"]})),
        service=role(trust(SERVICE, {})),
        own_role=role(trust(OWN_ROLE, {})),
        own_account_for_a_service=role(trust(OWN_ACCOUNT, {"StringEquals": {"aws:SourceAccount": TARGET}})),
        own_account_for_saml=role(
            trust(OWN_ACCOUNT, {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}})
        ),
        account_denied=role(
            document(
                trust({"AWS": ELSEWHERE})["Statement"][0],
                {**trust("*", {})["Statement"][0], "Effect": "Deny"},
            )
        ),
    ),
    *rows(
        "iam-trust-names-users-only",
        "fail",
        "which is everybody",
        wildcard=role(trust("*")),
        all_aws=role(trust({"AWS": "*"})),
        all_but_one=role(
            document({"Effect": "Allow", "NotPrincipal": {"AWS": ALICE}, "Action": "sts:*", "Condition": MFA})
        ),
    ),
    *rows(
        "iam-trust-names-users-only",
        "fail",
        "a whole account",
        root=role(trust({"AWS": f"arn:aws:iam::{SECURITY}:root"})),
        account_id=role(trust({"AWS": [ALICE, SECURITY]})),
    ),
    *rows(
        "iam-trust-names-users-only",
        "fail",
        "a user of another account",
        foreign=role(trust({"AWS": ALICE.replace(SECURITY, ELSEWHERE)})),
    ),
    *rows(
        "iam-trust-names-users-only",
        "fail",
        "a role of another account",
        foreign_role=role(trust({"AWS": f"arn:aws:iam::{SECURITY}:role/x"})),
    ),
    *rows(
        "iam-trust-names-users-only",
        "fail",
        "does not say whom it admits",
        canonical_user=role(trust({"CanonicalUser": "79a59df9" * 8})),
        federated_user=role(trust({"AWS": f"arn:aws:sts::{ELSEWHERE}:federated-user/bob"}, {})),
        federated_user_of_the_own_account=role(trust({"AWS": f"arn:aws:sts::{TARGET}:federated-user/bob"})),
    ),
    *rows("iam-trust-names-users-only", "fail", "was deleted", unique_id=role(trust({"AWS": "AIDAEXAMPLEEXAMPLE123"}))),
    Case(
        "iam-trust-names-users-only",
        "fail",
        "not an admin",
        (role(),),
        "not one of adminUsers",
        {"securityAccountId": SECURITY, "adminUsers": ["bob"]},
    ),
    Case(
        "iam-trust-names-users-only",
        "pass",
        "an admin",
        (role(),),
        "",
        {"securityAccountId": SECURITY, "adminUsers": ["alice"]},
    ),
    *(
        Case("iam-trust-names-users-only", "fail", f"no configuration, {whose}", (one,), "cannot be verified", {})
        for whose, one in {
            "a foreign user": role(),
            "a foreign user beside an own one": role(trust({"AWS": [f"arn:aws:iam::{TARGET}:user/alice", ALICE]})),
            "a role of an unknown account": role(account=None),
        }.items()
    ),
    Case(
        "iam-trust-names-users-only",
        "pass",
        "no configuration, a user of the own account",
        (role(trust({"AWS": f"arn:aws:iam::{TARGET}:user/alice"})),),
        "",
        {},
    ),
    Case(
        "iam-trust-names-users-only",
        "fail",
        "no configuration, an admin elsewhere",
        (role(),),
        "cannot be verified",
        {"adminUsers": ["alice"]},
    ),
    *chained("iam-trust-names-users-only", "a role of another account"),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
