"""The rule iam-trust-requires-mfa: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.documents import document
from tests.policies.documents_under_test import MFA_IF_EXISTS, role, trust
from tests.policies.rules.cases import OWN_ROLE, SERVICE, Case, as_object, check, ids, on_documents, rows
from tests.policies.running import ELSEWHERE, Made

CASES = [
    *on_documents("iam-trust-requires-mfa", role),
    *rows(
        "iam-trust-requires-mfa",
        "pass",
        "",
        bool_true=role(),
        as_an_object=as_object(role, trust()),
        young_mfa=role(trust(condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})),
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
        if_exists=role(trust(condition=MFA_IF_EXISTS)),
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
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
