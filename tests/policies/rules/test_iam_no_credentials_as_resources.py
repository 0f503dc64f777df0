"""The rule iam-no-credentials-as-resources: what it refuses."""

from __future__ import annotations

import pytest

from tests.policies.documents_under_test import group_policy, role
from tests.policies.rules.cases import Case, check, ids, rows
from tests.policies.running import SECURITY, UNKNOWN, Made

POLICY = "iam-no-credentials-as-resources"
SAYS = "is a user's credential, or contains one"


def credential(name: str, module: str = "", account: str | None = SECURITY, user: str = "alice") -> Made:
    inner = f"/{name[:1].lower()}{name[1:]}" if not module else ""
    return Made(type=f"{module or 'aws:iam'}{inner}:{name}", account=account, inputs={"user": user})


CASES = [
    *rows(
        POLICY,
        "pass",
        "",
        user=Made(type="aws:iam/user:User", account=SECURITY, inputs={"name": "alice"}),
        role=role(),
        grant=group_policy({}),
        server_certificate=credential("ServerCertificate"),
        key_of_another_service=Made(type="aws:ec2/keyPair:KeyPair", inputs={}),
    ),
    *rows(
        POLICY,
        "fail",
        SAYS,
        access_key=credential("AccessKey"),
        password=credential("UserLoginProfile"),
        device=credential("VirtualMfaDevice"),
        ssh_key=credential("SshKey"),
        of_a_service=credential("ServiceSpecificCredential"),
        certificate=credential("SigningCertificate"),
        without_file=credential("AccessKey", "aws:iam"),
        of_aws_native=credential("VirtualMfaDevice", "aws-native:iam"),
        of_another_provider=credential("IamAccessKey", "aws:index/iamAccessKey"),
        password_of_a_user=Made(
            type="aws-native:iam:User", account=SECURITY, inputs={"loginProfile": {"password": "secret"}}
        ),
        in_a_target=credential("AccessKey", account="222222222222"),
        in_an_unknown_account=credential("AccessKey", account=None),
    ),
    Case(
        POLICY,
        "unknown",
        "password",
        (Made(type="aws-native:iam:User", account=SECURITY, inputs={"login_profile": UNKNOWN}),),
        SAYS,
    ),
    Case(POLICY, "unknown", "user", (credential("AccessKey", user=UNKNOWN),), SAYS),
    Case(POLICY, "missing", "user", (Made(type="aws:iam/accessKey:AccessKey", inputs={}),), SAYS),
    Case(POLICY, "malformed", "user", (Made(type="aws:iam/accessKey:AccessKey", inputs={"user": 3}),), SAYS),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
