"""The rule iam-access-role-users-only: what passes, what fails, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import MFA, document
from tests.policies.documents_under_test import ALICE, role, trust
from tests.policies.rules.cases import OWN_ROLE, SERVICE, Case, check, ids, on_documents, rows
from tests.policies.running import ELSEWHERE, TARGET, Made

RULE = "iam-access-role-users-only"
USERS = trust()["Statement"][0]
SAML = f"arn:aws:iam::{TARGET}:saml-provider/office"
GITHUB = f"arn:aws:iam::{TARGET}:oidc-provider/token.actions.githubusercontent.com"
VENDOR = {"account": ELSEWHERE, "externalId": "abc-123", "reason": "scans the account"}


def beside(principal: Any, action: str | list[str] = "sts:AssumeRole", **condition: Any) -> Made:
    """An access role with one more statement in its trust."""
    more = {"Effect": "Allow", "Principal": principal, "Action": action}
    return role(document(USERS, more | ({"Condition": condition} if condition else {})))


CASES = [
    *on_documents(RULE, role),
    *rows(
        RULE,
        "pass",
        "",
        users=role(),
        more_users=beside({"AWS": ALICE}, **MFA),
        sessions_named_and_tagged=beside({"AWS": ALICE}, ["sts:TagSession", "sts:SetSourceIdentity"]),
        tags_for_everybody_open_nothing=beside("*", "sts:TagSession"),
        every_action_for_users=beside({"AWS": ALICE}, "sts:*", **MFA),
        no_users=role(trust(SERVICE, {})),
        a_service_and_a_provider_without_users=role(
            document(
                trust(SERVICE, {})["Statement"][0],
                trust({"Federated": GITHUB}, {}, Action="sts:AssumeRoleWithWebIdentity")["Statement"][0],
            )
        ),
        denied=role(
            document(
                USERS,
                trust(SERVICE, {})["Statement"][0],
                {**trust(SERVICE, {})["Statement"][0], "Effect": "Deny"},
            )
        ),
    ),
    *rows(
        RULE,
        "fail",
        "but also through an identity provider",
        google=beside({"Federated": "accounts.google.com"}, "sts:AssumeRoleWithWebIdentity"),
        github_bound=beside(
            {"Federated": GITHUB},
            "sts:AssumeRoleWithWebIdentity",
            StringEquals={"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"},
        ),
        cognito=beside({"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity"),
        saml=beside(
            {"Federated": SAML},
            "sts:AssumeRoleWithSAML",
            StringEquals={"SAML:aud": "https://signin.aws.amazon.com/saml"},
        ),
        every_action=beside({"Federated": SAML}, "sts:*"),
        everybody=beside("*", "sts:AssumeRoleWithWebIdentity"),
        everybody_of_aws=beside({"AWS": "*"}, "sts:assumerolewith*", **MFA),
        every_provider=beside({"Federated": "*"}, "sts:AssumeRoleWithSAML"),
        all_but_one=role(
            document(
                USERS, {"Effect": "Allow", "NotPrincipal": {"AWS": ALICE}, "Action": "sts:AssumeRoleWithWebIdentity"}
            )
        ),
        users_with_an_external_id=role(
            document(
                {**USERS, "Condition": {**MFA, "StringEquals": {"sts:ExternalId": "x"}}},
                {"Effect": "Allow", "Principal": {"Federated": SAML}, "Action": "sts:AssumeRoleWithSAML"},
            )
        ),
    ),
    *rows(
        RULE,
        "fail",
        "but also by a service of AWS",
        service=beside(SERVICE),
        in_one_statement=role(trust({"AWS": [ALICE], **SERVICE})),
        service_with_another_action=beside(SERVICE, "sts:*"),
    ),
    *rows(
        RULE,
        "fail",
        "but also by a role",
        own_role=beside(OWN_ROLE, **MFA),
        session=beside({"AWS": f"arn:aws:sts::{TARGET}:assumed-role/app/x"}),
        deleted_role=beside({"AWS": "AROAEXAMPLEEXAMPLE123"}),
        own_account=beside({"AWS": TARGET}, **MFA),
    ),
    *rows(
        RULE,
        "fail",
        "is not an action as of",
        action_newer_than_the_table=beside({"AWS": ALICE}, "sts:AssumeRoleWithSomethingNew"),
    ),
    *rows(
        RULE,
        "fail",
        "which opens no session as far as AWS says",
        canonical_user=beside({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}),
        federated_user=beside({"AWS": f"arn:aws:sts::{TARGET}:federated-user/bob"}),
    ),
    Case(
        RULE,
        "pass",
        "a vendor's role",
        (role(trust({"AWS": ELSEWHERE}, {"StringEquals": {"sts:ExternalId": "abc-123"}})),),
        "",
        {"vendors": [VENDOR]},
    ),
    Case(
        RULE,
        "fail",
        "a vendor beside users",
        (beside({"AWS": ELSEWHERE}, StringEquals={"sts:ExternalId": "abc-123"}),),
        "but also by a role",
        {"vendors": [VENDOR]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
