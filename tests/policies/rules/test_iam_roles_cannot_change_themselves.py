"""The rule iam-roles-cannot-change-themselves: what passes, what fails, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import allow, deny, document
from tests.policies.documents_under_test import MANAGEMENT, READ_ONLY, ROLE, managed, role, role_policy
from tests.policies.rules.cases import Case, check, ids, rows
from tests.policies.running import ELSEWHERE, TARGET, UNKNOWN, Made

RULE = "iam-roles-cannot-change-themselves"
OWN = f"arn:aws:iam::{TARGET}:policy/own"
BOUND: dict[str, Any] = {"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}


def having(*statements: dict[str, Any], arn: str = OWN, outputs: Any = None) -> tuple[Made, ...]:
    """A role with an attached policy of one's own that allows this."""
    policy = managed(document(*statements), name="own")
    made = Made(
        type=policy.type, name=policy.name, inputs=policy.inputs, outputs=outputs or {**policy.inputs, "arn": OWN}
    )
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    attached = Made(
        type=kind, name="attached", inputs={"role": "ACCESS", "policyArn": arn}, sources={"policyArn": [made]}
    )
    return role(), made, attached


def bound_by(*statements: dict[str, Any], sources: bool = True) -> tuple[Made, ...]:
    """A role whose boundary is not known before the update, and its document."""
    boundary = managed(document(allow("s3:*")), name="own")
    bound = role(permissionsBoundary=UNKNOWN)
    tied = {"permissionsBoundary": [boundary]} if sources else {}
    made = Made(type=bound.type, name=bound.name, inputs=bound.inputs, sources=tied)
    return boundary, made, role_policy(document(*statements))


CASES = [
    *rows(
        RULE,
        "pass",
        "",
        role_management=(role(), role_policy(MANAGEMENT)),
        version_of_another_policy=having(allow("iam:CreatePolicyVersion", OWN + "-2")),
        policy_of_another_account=having(allow("iam:CreatePolicyVersion", OWN.replace(TARGET, ELSEWHERE))),
        another_role=(role(), role_policy(document(allow("iam:PutRolePolicy", ROLE + "2")))),
        deleting_a_version=having(allow("iam:DeletePolicyVersion", OWN)),
        denied=having(allow("iam:*", OWN), deny("iam:CreatePolicyVersion"), deny("iam:SetDefault*")),
        denied_beside=(*having(allow("iam:CreatePolicyVersion", OWN)), role_policy(document(deny("iam:*")))),
        bound_in_another_way=(role(), role_policy(document(allow("iam:PutRolePolicy", **BOUND)))),
        bound_in_another_way_before_it_is_made=bound_by(allow("iam:PutRolePolicy", **BOUND)),
    ),
    *rows(
        RULE,
        "fail",
        "give itself more than it has",
        version_of_its_policy=having(allow("iam:CreatePolicyVersion", OWN)),
        its_policy_before_it_is_made=having(
            allow("iam:SetDefaultPolicyVersion", OWN), arn=UNKNOWN, outputs={"name": "own", "policy": UNKNOWN}
        ),
        all_of_iam_on_its_policy=having(allow("iam:*", OWN)),
        from_another_document=(
            *having(allow("s3:*")),
            role_policy(document(allow("iam:CreatePolicyVersion", f"arn:aws:iam::{TARGET}:policy/o*"))),
        ),
        inline_policy=(role(), role_policy(document(allow("iam:PutRolePolicy", ROLE)))),
        attachment=(role(), role_policy(document(allow("iam:AttachRolePolicy", f"arn:aws:iam::{TARGET}:role/*")))),
        loses_its_Deny=(role(), role_policy(document(allow("iam:DeleteRolePolicy", ROLE)))),
        boundary=(
            role(permissionsBoundary=READ_ONLY),
            role_policy(document(allow("iam:DeleteRolePermissionsBoundary", ROLE))),
        ),
        within_its_boundary=(
            role(permissionsBoundary=READ_ONLY),
            role_policy(document(allow("iam:PutRolePolicy", **BOUND))),
        ),
        version_of_its_boundary=(
            role(permissionsBoundary=OWN),
            role_policy(document(allow("iam:CreatePolicyVersion", OWN))),
        ),
        version_of_its_boundary_before_it_is_made=bound_by(allow("iam:CreatePolicyVersion", OWN)),
        within_its_boundary_before_it_is_made=bound_by(
            allow("iam:PutRolePolicy", StringEquals={"iam:PermissionsBoundary": OWN})
        ),
        within_a_boundary_that_nobody_knows=bound_by(allow("iam:PutRolePolicy", **BOUND), sources=False),
        of_a_role_that_the_stack_does_not_make=role_policy(document(allow("iam:PutRolePolicy", ROLE))),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
