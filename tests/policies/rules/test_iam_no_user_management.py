"""The rule iam-no-user-management: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import pytest

from tests.documents import MFA, allow, deny, document
from tests.policies.documents_under_test import (
    ADDRESS,
    ADMINISTRATOR,
    MANAGEMENT,
    READS,
    SELF_SERVICE,
    attachment,
    group_policy,
    managed,
    role_policy,
)
from tests.policies.rules.cases import Case, check, ids, on_documents, rows
from tests.policies.running import SECURITY

OWN = f"arn:aws:iam::{SECURITY}:user/${{aws:username}}"
CASES = [
    *on_documents("iam-no-user-management", role_policy),
    *rows(
        "iam-no-user-management",
        "pass",
        "",
        reads=role_policy(READS),
        roles=role_policy(MANAGEMENT),
        roles_in_the_security_account=group_policy(document(allow(["iam:CreateRole", "iam:PassRole"]))),
        self_service_in_the_security_account=group_policy(SELF_SERVICE),
        own_password=group_policy(document(allow("iam:ChangePassword", OWN))),
        denied_in_the_security_account=group_policy(document(allow("iam:*User*"), deny("iam:*"))),
        self_service=group_policy(SELF_SERVICE, account=None),
        denied=role_policy(
            document(
                allow("iam:*"),
                deny(
                    [
                        "iam:*User*",
                        "iam:*Group*",
                        "iam:*MFA*",
                        "iam:*Key*",
                        "iam:*Login*",
                        "iam:ChangePassword",
                        "iam:*Credential*",
                        "iam:*Certificate*",
                    ]
                ),
            )
        ),
    ),
    *rows(
        "iam-no-user-management",
        "fail",
        "allows managing users",
        everything=role_policy(document(allow("*"))),
        with_mfa=role_policy(document(allow("iam:CreateUser", **MFA, **ADDRESS))),
        keys=role_policy(document(allow("iam:*AccessKey*"))),
        groups=managed(document(allow("iam:AddUserToGroup"))),
        devices=role_policy(document(allow("iam:*MFADevice"))),
        in_the_security_account_as_far_as_anybody_knows=role_policy(
            document(allow("iam:CreateUser", f"arn:aws:iam::{SECURITY}:user/x")), account=None
        ),
        unknown_account=role_policy(document(allow("iam:CreateUser")), account=None),
        own_user_of_an_unknown_account=group_policy(document(allow("iam:UpdateLoginProfile", OWN)), account=None),
        group_of_an_unknown_account=group_policy(document(allow("iam:CreateUser")), account=None),
    ),
    *rows(
        "iam-no-user-management",
        "fail",
        "in the Security account",
        all_of_iam=group_policy(document(allow("iam:*"))),
        **{
            f"{action} {where}".replace(" ", "_"): group_policy(document(allow(f"iam:{action}", resource)))
            for action in (
                *("PutUserPolicy", "AttachUserPolicy", "UpdateLoginProfile", "CreateLoginProfile", "DeleteUserPolicy"),
                *("PutUserPermissionsBoundary", "UploadSSHPublicKey", "CreateServiceSpecificCredential", "TagUser"),
            )
            for where, resource in (("of others", "*"), ("of oneself", OWN))
        },
        **{
            f"{action}_of_others": group_policy(document(allow(f"iam:{action}", f"arn:aws:iam::{SECURITY}:user/*")))
            for action in ("CreateAccessKey", "DeactivateMFADevice", "EnableMFADevice", "ChangePassword")
        },
        group_policy=group_policy(document(allow("iam:PutGroupPolicy", f"arn:aws:iam::{SECURITY}:group/admins"))),
        membership=group_policy(document(allow("iam:AddUserToGroup"))),
        tags_of_devices=group_policy(document(allow("iam:TagMFADevice"))),
        version_of_a_named_policy=group_policy(
            document(allow("iam:CreatePolicyVersion", f"arn:aws:iam::{SECURITY}:policy/self-service"))
        ),
        by_a_program=role_policy(document(allow("iam:CreateAccessKey")), account=SECURITY),
        policies_by_a_program=role_policy(document(allow("iam:SetDefaultPolicyVersion")), account=SECURITY),
        managed=managed(document(allow("iam:CreateUser")), account=SECURITY),
    ),
    *rows(
        "iam-no-user-management",
        "fail",
        "which AWS maintains",
        attached=attachment(ADMINISTRATOR),
        attached_in_the_security_account=attachment(ADMINISTRATOR, to="group", account=SECURITY),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
