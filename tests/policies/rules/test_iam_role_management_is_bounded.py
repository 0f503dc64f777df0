"""The rule iam-role-management-is-bounded: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.documents import MFA, allow, deny, document
from tests.policies.documents_under_test import (
    ADDRESS,
    ADMINISTRATOR,
    BOUNDED,
    MANAGEMENT,
    READ_ONLY,
    READS,
    ROLE,
    group_policy,
    managed,
    role,
    role_policy,
    trust,
)
from tests.policies.rules.cases import SERVICE, Case, app, attached_to, changing, check, ids, role_management
from tests.policies.running import ELSEWHERE, TARGET, Made

OWN_BOUNDARY = f"arn:aws:iam::{TARGET}:policy/boundary"


OWN_BOUNDED: dict[str, Any] = {"StringEquals": {"iam:PermissionsBoundary": OWN_BOUNDARY}}


NEW_BOUNDARY = allow(["iam:DeletePolicy", "iam:CreatePolicy"], **MFA, **ADDRESS)


CLOSED = document(allow("*"), deny(["account:*", "iam:*", "organizations:*", "sts:Assume*"]))


def _beside(
    *statements: dict[str, Any], managing: Mapping[str, Any] = MANAGEMENT, of: str = "ACCESS"
) -> tuple[Made, ...]:
    """Role management, and a second inline policy of a role."""
    return role(), role_policy(managing), role_policy(document(*statements), name="second", role=of)


def _attached_beside(arn: str, *more: Made) -> tuple[Made, ...]:
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    attached = Made(type=kind, name="attached", inputs={"role": "ACCESS", "policyArn": arn})
    return role(), role_policy(MANAGEMENT), attached, *more


def _inline_beside() -> Made:
    both = [
        {"name": str(i), "policy": json.dumps(one)}
        for i, one in enumerate([MANAGEMENT, document(allow("iam:PassRole"))])
    ]
    return role(inlinePolicies=both)


def _group_beside() -> tuple[Made, ...]:
    managing = group_policy(changing(**BOUNDED), account=TARGET)
    return managing, group_policy(document(allow("iam:PassRole")), name="second", account=TARGET)


PASSING = [allow("iam:PassRole"), allow("sts:AssumeRole", f"arn:aws:iam::{TARGET}:role/*")]
CASES = [
    *role_management(
        "iam-role-management-is-bounded",
        "",
        {
            "own_boundary": (role_policy(changing(**OWN_BOUNDED)), managed(CLOSED, name="boundary")),
            "own_account": (
                role_policy(
                    changing(
                        StringEquals={"iam:PermissionsBoundary": "arn:aws:iam::${aws:PrincipalAccount}:policy/boundary"}
                    )
                ),
                managed(CLOSED, name="boundary"),
            ),
            "denies_other_boundaries": role_policy(
                document(deny("iam:CreateRole", StringNotEquals=OWN_BOUNDED["StringEquals"]))
            ),
            "passing_roles_only": role_policy(document(allow("iam:PassRole", f"arn:aws:iam::{TARGET}:role/app"))),
            "passing_roles_beside_reads": _beside(allow("iam:PassRole"), managing=READS),
            "passing_roles_is_of_another_role": _beside(allow("iam:PassRole"), of="another"),
            "passing_roles_denied_beside": _beside(
                allow("iam:PassRole"), managing=document(*MANAGEMENT["Statement"], deny("iam:PassRole"))
            ),
            "reads_beside": _beside(allow("s3:*")),
            "read_only_beside": _attached_beside(READ_ONLY),
            "boundary_made_but_not_deleted": (
                role_policy(document(*changing(**OWN_BOUNDED)["Statement"], allow("iam:CreatePolicy"))),
                managed(CLOSED, name="boundary"),
            ),
            "boundary_denied_to_be_deleted": (
                role_policy(
                    document(
                        *changing(**OWN_BOUNDED)["Statement"], NEW_BOUNDARY, deny("iam:DeletePolicy", OWN_BOUNDARY)
                    )
                ),
                managed(CLOSED, name="boundary"),
            ),
            "policies_made_and_deleted_under_a_boundary_of_AWS": role_policy(
                document(*changing(**BOUNDED)["Statement"], NEW_BOUNDARY)
            ),
            "assumes_elsewhere": role_policy(
                document(*changing(**BOUNDED)["Statement"], allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/x"))
            ),
            "assumes_own_roles_without_managing": role_policy(document(allow("sts:AssumeRole", ROLE))),
            "narrow_boundary_without_a_Deny": (
                role_policy(changing(**OWN_BOUNDED)),
                managed(document(allow("s3:*")), name="boundary"),
            ),
            "versions_of_a_policy_that_is_no_boundary": (
                role_policy(changing(**OWN_BOUNDED)),
                role_policy(
                    document(allow("iam:CreatePolicyVersion", f"arn:aws:iam::{TARGET}:policy/app")),
                    name="second",
                    role="another",
                ),
                managed(CLOSED, name="boundary"),
            ),
            "passing_roles_of_a_program": app(SERVICE, content=document(*changing(**BOUNDED)["Statement"], *PASSING)),
            "passing_roles_of_a_program_beside": app(
                SERVICE,
                role_policy(document(*PASSING), role="APP", name="second"),
                attached_to("APP", "arn:aws:iam::aws:policy/AWSLambda_FullAccess"),
                content=changing(**BOUNDED),
            ),
            "no_access_role": (role(trust(SERVICE)), role_policy(changing(**BOUNDED))),
        },
        {
            "any_boundary": role_policy(changing(StringLike={"iam:PermissionsBoundary": "*"})),
            "if_exists": role_policy(changing(StringEqualsIfExists={"iam:PermissionsBoundary": READ_ONLY})),
            "administrator": role_policy(changing(StringEquals={"iam:PermissionsBoundary": ADMINISTRATOR})),
            "removes_it": role_policy(changing("iam:DeleteRolePermissionsBoundary", **BOUNDED)),
            "passes_roles": role_policy(document(*changing(**BOUNDED)["Statement"], allow("iam:PassRole"))),
            "policy_versions": role_policy(document(allow("iam:CreatePolicyVersion"))),
            "boundary_of_AWS_that_passes_roles": role_policy(
                changing(StringEquals={"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AWSLambda_FullAccess"})
            ),
            "boundary_of_AWS_newer_than_the_table": role_policy(
                changing(StringEquals={"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/QuantumReadOnlyAccess"})
            ),
            "boundary_that_nobody_can_see": role_policy(changing(**OWN_BOUNDED)),
            "own_boundary_passes_roles": (
                role_policy(changing(**OWN_BOUNDED)),
                managed(document(allow(["s3:*", "iam:PassRole"])), name="boundary"),
            ),
            "own_boundary_leaves_the_organization": (
                role_policy(changing(**OWN_BOUNDED)),
                managed(document(allow("*"), deny(["iam:*", "sts:*", "account:*"])), name="boundary"),
            ),
            "boundary_by_its_own_word": managed(
                document(allow("*"), deny("iam:CreateRole", **OWN_BOUNDED)), name="boundary"
            ),
            "providers_beside": _beside(allow(["iam:UpdateSAMLProvider", "iam:CreateOpenIDConnectProvider"])),
            "organizations_beside": _beside(allow("organizations:LeaveOrganization")),
            "own_boundary_leaves_iam": (
                role_policy(changing(StringEquals={"iam:PermissionsBoundary": f"arn:aws:iam::{TARGET}:policy/b"})),
                managed(document(allow("*")), name="b"),
            ),
            "passes_roles_beside": _beside(allow("iam:PassRole")),
            "instance_profiles_beside": _beside(allow("iam:AddRoleToInstanceProfile")),
            "policy_versions_beside": _beside(allow("iam:CreatePolicyVersion", f"arn:aws:iam::{TARGET}:policy/x")),
            "inline_of_the_role_beside": _inline_beside(),
            "of_a_group_beside": _group_beside(),
            "of_a_role_that_the_stack_does_not_make_beside": _beside(allow("iam:PassRole"))[1:],
            "managed_beside": _attached_beside(
                f"arn:aws:iam::{TARGET}:policy/managed", managed(document(allow("iam:PassRole")))
            ),
            "of_AWS_beside": _attached_beside("arn:aws:iam::aws:policy/AWSLambda_FullAccess"),
            "managed_role_management_without_a_deny": (
                role(managedPolicyArns=[f"arn:aws:iam::{TARGET}:policy/managed"]),
                managed(changing(**BOUNDED, **MFA, **ADDRESS)),
            ),
            "own_boundary_anew": role_policy(document(*changing(**OWN_BOUNDED)["Statement"], NEW_BOUNDARY)),
            "own_boundary_anew_beside": _beside(
                NEW_BOUNDARY,
                managing=document(*changing(**OWN_BOUNDED)["Statement"], *MANAGEMENT["Statement"][1:]),
            ),
            "own_boundary_changed_by_another_role": (
                role_policy(changing(**OWN_BOUNDED)),
                managed(CLOSED, name="boundary"),
                role_policy(
                    document(allow("iam:SetDefaultPolicyVersion", OWN_BOUNDARY)), name="second", role="another"
                ),
            ),
            "assumes_own_roles": role_policy(
                document(*changing(**BOUNDED)["Statement"], allow("sts:AssumeRole", f"arn:aws:iam::{TARGET}:role/*"))
            ),
            "own_boundary_anew_by_a_program": app(
                SERVICE, content=document(*changing(**OWN_BOUNDED)["Statement"], NEW_BOUNDARY)
            ),
            "policy_versions_beside_by_a_program": app(
                SERVICE,
                role_policy(document(allow("iam:CreatePolicyVersion", OWN_BOUNDARY)), role="APP", name="second"),
                content=changing(**BOUNDED),
            ),
            "no_deny_of_a_hop": (role(), role_policy(document(*MANAGEMENT["Statement"][::2]))),
            "no_deny_of_itself": (role(), role_policy(document(*MANAGEMENT["Statement"][:2]))),
        },
    ),
]


SEEN = Case(
    "iam-role-management-is-bounded",
    "pass",
    "boundary that the configuration names",
    (role_policy(changing(**OWN_BOUNDED)),),
    "",
    {"boundaryPolicyArns": [OWN_BOUNDARY]},
)


@pytest.mark.parametrize("case", [*CASES, SEEN], ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
