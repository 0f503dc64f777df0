"""The rule iam-people-rights-are-listed: what passes, what fails, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents import allow, deny, document
from tests.policies.documents_under_test import (
    BOUNDED,
    CHANGES,
    GRANT,
    MANAGEMENT,
    READ_ONLY,
    READS,
    ROLE,
    SELF_SERVICE,
    attachment,
    group_policy,
    managed,
    role,
    role_policy,
    trust,
)
from tests.policies.rules.cases import SERVICE, Case, app, attached_to, changing, check, ids, on_documents, rows
from tests.policies.running import ELSEWHERE, SECURITY, TARGET, UNKNOWN, Made

RULE = "iam-people-rights-are-listed"
OF_PASSING = f"arn:aws:iam::{TARGET}:policy/passing"
LAMBDA = "arn:aws:iam::aws:policy/AWSLambda_FullAccess"
PASSING = document(allow("iam:PassRole", f"arn:aws:iam::{TARGET}:role/app"))
VENDOR = {"account": ELSEWHERE, "externalId": "abc-123", "reason": "scans"}
SAML = {"Federated": f"arn:aws:iam::{TARGET}:saml-provider/office"}

_ENTERED_BY_SAML = role(trust(SAML, {"StringEquals": {"SAML:sub": "x"}}, Action="sts:AssumeRoleWithSAML"))


def on_group(action: str | list[str], resource: str | list[str] = "*", **condition: Any) -> Made:
    return group_policy(document(allow(action, resource, **condition)))


def _managed_of(*holders: Made) -> tuple[Made, ...]:
    return managed(PASSING, name="passing"), *holders


def _renamed() -> tuple[Made, ...]:
    """A policy on a role elsewhere, whose name is made of an output of a program's role."""
    program, of_access = app(SERVICE, content=PASSING)[0], role_policy(PASSING, role="ACCESS")
    tied = Made(type=of_access.type, name=of_access.name, inputs=of_access.inputs, sources={"role": [program]})
    return program, tied


def _made_twice(*order: int) -> tuple[Made, ...]:
    """An access role and a program's that is the same one to AWS, and what is attached to it by its name."""
    roles = role(name="access"), role(trust(SERVICE, {}), name="program")
    return (*(roles[i] for i in order), role_policy(PASSING))


def _of_several(**to: Any) -> Made:
    inputs = {"name": "several", "policyArn": LAMBDA, **to}
    return Made(type="aws:iam/policyAttachment:PolicyAttachment", name="several", inputs=inputs)


_BOUNDED = changing(CHANGES, **BOUNDED)
CASES = [
    *on_documents(RULE, group_policy),
    *on_documents(RULE, managed),
    *rows(
        RULE,
        "pass",
        "",
        self_service=group_policy(SELF_SERVICE),
        grant=group_policy(GRANT),
        reads=group_policy(READS),
        read_only=(role(), attachment(READ_ONLY), attachment(READ_ONLY, to="group", name="second")),
        role_management=(role(), role_policy(MANAGEMENT)),
        users=on_group("iam:CreateUser"),
        service_linked_roles=on_group("iam:CreateServiceLinkedRole"),
        tags_of_a_session=on_group(["sts:TagSession", "sts:SetSourceIdentity", "sts:GetSessionToken"]),
        own_role_of_the_stack=(
            on_group("sts:AssumeRole", f"arn:aws:iam::{SECURITY}:role/ACCESS"),
            role(account=SECURITY),
        ),
        newer_reading=on_group(["iam:GetSomethingNew", "sso:DescribeSomethingNew"]),
        other_resources=on_group("*", "arn:aws:s3:::bucket/*"),
        identities_of_another_account=on_group("iam:CreatePolicyVersion", f"arn:aws:iam::{ELSEWHERE}:policy/*"),
        denied=group_policy(document(allow("iam:PassRole"), deny("iam:*"))),
        program=app(SERVICE, content=PASSING),
        program_that_changes_its_policies=(
            *app(SERVICE, content=document(allow("iam:CreatePolicyVersion", f"arn:aws:iam::{TARGET}:policy/app"))),
            role(),
            managed(READS, name="reading"),
            attached_to("ACCESS", f"arn:aws:iam::{TARGET}:policy/reading"),
        ),
        program_entered_by_a_program=(
            *app(SERVICE, content=PASSING),
            *(
                Made(type=one.type, name=f"{one.name}-2", inputs={**one.inputs, key: "NEXT"})
                for one, key in zip(
                    app({"AWS": f"arn:aws:iam::{TARGET}:role/APP"}, content=PASSING), ("name", "role"), strict=True
                )
            ),
        ),
        managed_of_a_program=(*app(SERVICE, content=READS), *_managed_of(attached_to("APP", OF_PASSING))),
        of_aws_to_a_program=(*app(SERVICE, content=READS), attached_to("APP", LAMBDA)),
        of_aws_to_a_program_with_others=(*app(SERVICE, content=READS), _of_several(roles=["APP"])),
        only_a_boundary=(managed(PASSING, name="b"), role(permissionsBoundary=f"arn:aws:iam::{TARGET}:policy/b")),
    ),
    *rows(
        RULE,
        "fail",
        "lets people change who may do what",
        passes_roles=on_group("iam:PassRole", f"arn:aws:iam::{SECURITY}:role/app"),
        saml_provider=on_group("iam:UpdateSAMLProvider"),
        web_identity=on_group("iam:CreateOpenIDConnectProvider"),
        version_of_a_named_policy=on_group("iam:CreatePolicyVersion", f"arn:aws:iam::{SECURITY}:policy/self-service"),
        policy_made=on_group("iam:CreatePolicy"),
        password_policy=on_group("iam:UpdateAccountPasswordPolicy"),
        root_sessions=on_group("iam:EnableOrganizationsRootSessions"),
        delegation_request=on_group("iam:AcceptDelegationRequest"),
        tags=on_group("iam:TagRole"),
        root=on_group("sts:AssumeRoot"),
        federation_token=on_group("sts:GetFederationToken"),
        organization=on_group("organizations:DetachPolicy"),
        account=on_group("account:EnableRegion"),
        identity_center=on_group("sso:CreateAccountAssignment"),
        directory=on_group("sso-directory:AddMemberToGroup"),
        identity_store=on_group("identitystore:CreateGroupMembership"),
        one_group_of_the_identity_store=on_group(
            "identitystore:CreateGroupMembership", "arn:aws:identitystore:::group/1"
        ),
        roles_anywhere=on_group("rolesanywhere:UpdateTrustAnchor"),
        identity_pool=on_group("cognito-identity:SetIdentityPoolRoles"),
        pod_identity=on_group("eks-auth:AssumeRoleForPodIdentity"),
        everything=on_group("*"),
        all_of_iam=on_group("iam:*"),
        all_but=group_policy(document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
        with_mfa=on_group("iam:PassRole", Bool={"aws:MultiFactorAuthPresent": "true"}),
        access_role=(role(), role_policy(PASSING)),
        inline=role(inlinePolicies=[{"name": "x", "policy": PASSING}]),
        role_that_the_stack_does_not_make=role_policy(PASSING),
        role_entered_by_an_access_role=app({"AWS": ROLE}, role(), content=PASSING),
        role_entered_through_two=(
            *app({"AWS": f"arn:aws:iam::{TARGET}:role/NEXT"}, content=PASSING),
            role(),
            *(
                Made(type=one.type, name="next", inputs={**one.inputs, "name": "NEXT"})
                for one in app({"AWS": ROLE}, content=PASSING)[:1]
            ),
        ),
        role_entered_by_one_elsewhere=app({"AWS": f"arn:aws:iam::{TARGET}:role/of-another-stack"}, content=PASSING),
        role_made_twice=_made_twice(0, 1),
        role_made_twice_the_other_way_round=_made_twice(1, 0),
        role_elsewhere_whose_name_comes_from_a_program_s=_renamed(),
        role_of_a_web_identity_that_is_a_person_s=app({"Federated": "accounts.google.com"}, content=PASSING),
        role_entered_with_saml=(
            role(trust(SAML, {}, Action="sts:AssumeRoleWithSAML")),
            role_policy(PASSING),
        ),
        managed_of_an_access_role=(role(), *_managed_of(attached_to("ACCESS", OF_PASSING))),
        managed_of_nobody=managed(PASSING),
        permission_set=Made(
            type="aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", inputs={"inlinePolicy": PASSING}
        ),
    ),
    *rows(
        RULE,
        "fail",
        "assume a role of the same account",
        any_own_role=on_group("sts:AssumeRole", f"arn:aws:iam::{SECURITY}:role/*"),
        own_role_of_another_stack=on_group("sts:AssumeRole", f"arn:aws:iam::{SECURITY}:role/delegation-deploy"),
        hop_of_an_access_role=(
            role(),
            role_policy(document(allow("sts:AssumeRole", f"arn:aws:iam::{TARGET}:role/delegation-deploy"))),
        ),
        managed_hop=managed(document(allow("sts:*", f"arn:aws:iam::{TARGET}:role/x"))),
    ),
    *rows(
        RULE,
        "fail",
        "is not an action as of",
        newer_than_the_table=on_group("iam:CreateSomethingNew"),
        newer_with_a_wildcard=on_group("identitystore:CreateSomething*"),
        of_an_access_role=(role(), role_policy(document(allow("STS:AssumeSomethingNew")))),
    ),
    *rows(
        RULE,
        "fail",
        "which AWS maintains",
        of_aws_to_a_group=attachment(LAMBDA, to="group"),
        of_aws_to_an_access_role=(role(), attached_to("ACCESS", LAMBDA)),
        of_aws_to_a_group_among_others=(*app(SERVICE, content=READS), _of_several(roles=["APP"], groups=["admins"])),
    ),
    *rows(
        RULE,
        "fail",
        "change a policy that people have",
        version_by_a_program=(
            *app(SERVICE, content=document(allow("iam:CreatePolicyVersion", f"arn:aws:iam::{TARGET}:policy/reading"))),
            role(),
            managed(READS, name="reading"),
            attached_to("ACCESS", f"arn:aws:iam::{TARGET}:policy/reading"),
        ),
    ),
    *rows(
        RULE,
        "fail",
        "change a role that people enter",
        without_a_boundary=app(SERVICE, role(), content=changing("iam:UpdateRole")),
        tags_of_one_with_a_boundary=app(
            SERVICE, role(permissionsBoundary=READ_ONLY), content=changing(["iam:TagRole", "iam:DeleteRole"])
        ),
        with_its_boundary=app(SERVICE, role(permissionsBoundary=READ_ONLY), content=_BOUNDED),
        with_a_boundary_that_is_not_known=app(SERVICE, role(permissionsBoundary=UNKNOWN), content=_BOUNDED),
    ),
    *rows(
        RULE,
        "pass",
        "",
        program_that_changes_roles_with_another_boundary=app(
            SERVICE, role(permissionsBoundary=READ_ONLY + "2"), content=_BOUNDED
        ),
        program_that_tags_roles_with_a_boundary_which_no_request_says=app(
            SERVICE, role(permissionsBoundary=READ_ONLY), content=changing("iam:TagRole", **BOUNDED)
        ),
        program_that_is_denied_to=app(
            SERVICE,
            role(permissionsBoundary=READ_ONLY),
            content=document(*_BOUNDED["Statement"], deny("iam:*", ROLE)),
        ),
    ),
    *rows(
        RULE,
        "fail",
        "change an identity provider that lets people in",
        of_saml=app(SERVICE, _ENTERED_BY_SAML, content=document(allow("iam:UpdateSAMLProvider"))),
        of_saml_by_name=app(SERVICE, _ENTERED_BY_SAML, content=document(allow("iam:*SAML*", SAML["Federated"]))),
    ),
    *rows(
        RULE,
        "pass",
        "",
        program_that_changes_another_provider=app(
            SERVICE, _ENTERED_BY_SAML, content=document(allow("iam:*SAML*", SAML["Federated"] + "2"))
        ),
        program_that_changes_providers_of_another_type=app(
            SERVICE, _ENTERED_BY_SAML, content=document(allow("iam:UpdateOpenIDConnectProviderThumbprint"))
        ),
        program_that_changes_providers_of_nobody=app(SERVICE, content=document(allow("iam:UpdateSAMLProvider"))),
    ),
    Case(
        RULE,
        "pass",
        "a vendor's role",
        app({"AWS": ELSEWHERE}, content=PASSING, condition={"StringEquals": {"sts:ExternalId": "abc-123"}}),
        "",
        {"vendors": [VENDOR]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
