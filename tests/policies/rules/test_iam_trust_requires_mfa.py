"""The rule iam-trust-requires-mfa: what passes, what fails, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import MFA, document
from tests.policies.documents_under_test import ALICE, MFA_IF_EXISTS, YOUNG, YOUNG_IF_EXISTS, role, trust
from tests.policies.rules.cases import OWN_ROLE, SERVICE, Case, as_object, chained, check, ids, on_documents, rows
from tests.policies.running import ELSEWHERE, SECURITY, TARGET, Made

VENDOR = {"account": ELSEWHERE, "externalId": "abc-123", "reason": "scans"}
OURSELVES = VENDOR | {"account": TARGET}
OWN_ACCOUNT = {"AWS": f"arn:aws:iam::{TARGET}:root"}


def _vendor(outcome: str, id_: str, condition: Any, *, principal: Any = ELSEWHERE) -> Case:
    made = role(trust({"AWS": principal}, condition))
    return Case("iam-trust-requires-mfa", outcome, id_, (made,), "without MFA", {"vendors": [VENDOR, OURSELVES]})


CASES = [
    *on_documents("iam-trust-requires-mfa", role),
    *rows(
        "iam-trust-requires-mfa",
        "pass",
        "",
        bool_true=role(),
        as_an_object=as_object(role, trust()),
        young_mfa=role(trust(condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})),
        young_mfa_and_own_name=role(
            trust(condition={**MFA, **YOUNG, "StringEquals": {"sts:RoleSessionName": "${aws:username}"}})
        ),
        deny_without_mfa=role(
            document(
                {**trust(condition={})["Statement"][0]},
                {
                    **trust(condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})["Statement"][0],
                    "Effect": "Deny",
                },
            )
        ),
        service=role(trust(SERVICE, {})),
        own_role=role(trust(OWN_ROLE, {})),
        own_account_for_a_service=role(trust(OWN_ACCOUNT, {"StringEquals": {"aws:SourceAccount": TARGET}})),
        own_account_for_saml=role(
            trust(OWN_ACCOUNT, {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}})
        ),
        identity_provider=role(
            trust(
                {"Federated": "arn:aws:iam::222222222222:oidc-provider/x"}, {}, Action="sts:AssumeRoleWithWebIdentity"
            )
        ),
    ),
    *rows(
        "iam-trust-requires-mfa",
        "fail",
        "without MFA",
        no_condition=role(trust(condition={})),
        own_account=role(trust(OWN_ACCOUNT, {})),
        if_exists=role(trust(condition=MFA_IF_EXISTS)),
        young_if_exists=role(trust(condition=YOUNG_IF_EXISTS)),
        own_name=role(trust(condition={"StringEquals": {"sts:RoleSessionName": "${aws:username}"}})),
        present=role(trust(condition={"Null": {"aws:MultiFactorAuthPresent": "false"}})),
        another_account=role(trust({"AWS": ELSEWHERE}, {})),
        own_role_of_an_unknown_account=role(trust(OWN_ROLE, {}), account=None),
        everybody=role(trust("*", {})),
        second_spelling=Made(
            type="aws:iam/role:Role",
            inputs={
                "assumeRolePolicy": trust(),
                "assume_role_policy": trust(condition={}),
            },
        ),
        native=Made(type="aws-native:iam:Role", inputs={"assumeRolePolicyDocument": trust(condition={})}),
    ),
    _vendor("pass", "vendor", {"StringEquals": {"sts:ExternalId": "abc-123"}}),
    _vendor("fail", "vendor without its id", {}),
    _vendor("fail", "vendor with another id", {"StringEquals": {"sts:ExternalId": "abc-124"}}),
    _vendor("fail", "vendor with any id", {"StringLike": {"sts:ExternalId": "*"}}),
    _vendor("fail", "vendor with its id if at all", {"StringEqualsIfExists": {"sts:ExternalId": "abc-123"}}),
    _vendor("fail", "somebody else with the id", {"StringEquals": {"sts:ExternalId": "abc-123"}}, principal=SECURITY),
    _vendor(
        "fail",
        "the own account as vendor",
        {"StringEquals": {"sts:ExternalId": "abc-123"}},
        principal=f"arn:aws:iam::{TARGET}:user/alice",
    ),
    _vendor("fail", "and a user", {"StringEquals": {"sts:ExternalId": "abc-123"}}, principal=[ELSEWHERE, ALICE]),
    *chained("iam-trust-requires-mfa", "without MFA"),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
