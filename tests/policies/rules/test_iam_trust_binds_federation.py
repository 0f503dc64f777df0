"""The rule iam-trust-binds-federation: what passes, what fails, and what cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.documents import document
from tests.policies.documents_under_test import role, trust
from tests.policies.rules.cases import OWN_ROLE, SERVICE, Case, check, ids, on_documents, rows
from tests.policies.running import ELSEWHERE, TARGET, Made, judge

RULE = "iam-trust-binds-federation"
GITHUB, EKS = "token.actions.githubusercontent.com", "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D"
DUAL_STACK = "oidc-eks.eu-west-1.api.aws/id/EXAMPLED539D"
COGNITO, GOOGLE = "cognito-identity.amazonaws.com", "accounts.google.com"
POOL = "eu-west-1:12345678-dead-beef-cafe-123456790ab"


def web(url: str, *, builtin: bool = False, action: str = "sts:AssumeRoleWithWebIdentity", **condition: Any) -> Made:
    """A role that the callers of a provider enter."""
    provider = url if builtin else f"arn:aws:iam::{TARGET}:oidc-provider/{url}"
    return role(trust({"Federated": provider}, condition, Action=action))


def saml(**condition: Any) -> Made:
    provider = f"arn:aws:iam::{TARGET}:saml-provider/office"
    return role(trust({"Federated": provider}, condition, Action="sts:AssumeRoleWithSAML"))


def _two(one: Made, other: Made) -> Made:
    statements = [json.loads(made.inputs["assumeRolePolicy"])["Statement"][0] for made in (one, other)]
    return role(document(*statements))


def sub(url: str, value: Any, operator: str = "StringLike") -> dict[str, Any]:
    return {operator: {f"{url}:sub": value}}


AUD = {f"{GITHUB}:aud": "sts.amazonaws.com"}
BOUND = web(GITHUB, StringEquals=AUD, **sub(GITHUB, "repo:acme/app:*"))
AUTHENTICATED: dict[str, Any] = {"ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"}}
GUESTS: dict[str, Any] = {"ForAnyValue:StringLike": {f"{COGNITO}:amr": "unauthenticated"}}

PIPELINE = {"provider": "id.example.com", "claim": "sub", "values": ["team-*"], "reason": "our own provider"}

CASES = [
    *on_documents(RULE, role),
    *rows(
        RULE,
        "pass",
        "",
        users=role(),
        service=role(trust(SERVICE, {})),
        own_role=role(trust(OWN_ROLE, {})),
        github=BOUND,
        github_exactly=web(GITHUB, **sub(GITHUB, ["repo:acme/app:ref:refs/heads/main"], "StringEquals")),
        github_organization=web(GITHUB, **sub(GITHUB, "repo:acme/*")),
        github_owner=web(GITHUB, **sub(GITHUB, "repository_owner_id:4711:environment:*")),
        github_with_ids=web(GITHUB, **sub(GITHUB, "repo:acme@123/app@456:*")),
        key_in_another_case=web(GITHUB, StringLike={f"{GITHUB.upper()}:SUB": "repo:acme/*"}),
        gitlab=web("gitlab.com", **sub("gitlab.com", "project_path:acme/app:ref_type:branch:ref:main")),
        terraform=web("app.terraform.io", **sub("app.terraform.io", "organization:acme:project:*:workspace:*")),
        service_account=web(EKS, StringEquals={f"{EKS}:sub": "system:serviceaccount:kube-system:ebs"}),
        namespace_of_another_cluster=web("k8s.example.com", **sub("k8s.example.com", "system:serviceaccount:apps:*")),
        namespace=web(EKS, **sub(EKS, "system:serviceaccount:apps:*")),
        google=web(GOOGLE, builtin=True, StringEquals={f"{GOOGLE}:aud": "66677788899900pro0"}),
        identity_pool=web(COGNITO, builtin=True, StringEquals={f"{COGNITO}:aud": POOL}, **AUTHENTICATED),
        saml=saml(StringEquals={"SAML:aud": "https://signin.aws.amazon.com/saml"}),
        saml_attribute=saml(StringEquals={"SAML:aud": "x", "SAML:edupersonorgdn": "acme"}),
        okta=web("acme.okta.com", StringEquals={"acme.okta.com:aud": "0oa1"}),
        another_provider=web("id.example.com", **sub("id.example.com", "org:acme:*")),
        another_action=web(GITHUB, action="sts:TagSession"),
        unbound_is_denied=role(
            document(
                trust({"Federated": GOOGLE}, {}, Action="sts:AssumeRoleWithWebIdentity")["Statement"][0],
                {
                    **trust("*", {}, Action="sts:*")["Statement"][0],
                    "Effect": "Deny",
                    "Condition": {"StringNotEquals": {f"{GOOGLE}:sub": "117"}},
                },
            )
        ),
    ),
    *rows(
        RULE,
        "fail",
        "vouches for, in statement 1",
        github_without_sub=web(GITHUB, StringEquals=AUD),
        github_unconditional=web(GITHUB),
        github_any_repository=web(GITHUB, **sub(GITHUB, "repo:*")),
        github_beginning_of_a_name=web(GITHUB, **sub(GITHUB, "repo:acme*")),
        github_environment_of_anybody=web(GITHUB, **sub(GITHUB, "environment:production", "StringEquals")),
        github_workflow_for_anybody=web(GITHUB, **sub(GITHUB, "job_workflow_ref:acme/app/.github/workflows/x.yml@*")),
        github_any_owner=web(GITHUB, **sub(GITHUB, "repo:*/app:*")),
        github_one_of_two_is_open=web(GITHUB, **sub(GITHUB, ["repo:acme/*", "*:ref:refs/heads/main"])),
        github_if_exists=web(GITHUB, **sub(GITHUB, "repo:acme/*", "StringLikeIfExists")),
        github_all_but_one=web(GITHUB, **sub(GITHUB, "repo:evil/*", "StringNotLike")),
        github_for_all_values=web(GITHUB, **sub(GITHUB, "repo:acme/*", "ForAllValues:StringLike")),
        github_enterprise=web(f"{GITHUB}/acme", StringEquals={f"{GITHUB}/acme:aud": "sts.amazonaws.com"}),
        key_of_another_provider=web(GITHUB, **sub("gitlab.com", "repo:acme/*", "StringLikeIfExists")),
        gitlab=web("gitlab.com", StringEquals={"gitlab.com:aud": "https://gitlab.com"}),
        any_service_account=web(EKS, StringEquals={f"{EKS}:aud": "sts.amazonaws.com"}),
        any_service_account_of_another_cluster=web(
            "k8s.example.com", **sub("k8s.example.com", "system:serviceaccount:*")
        ),
        any_service_account_by_another_address=web(DUAL_STACK, **sub(DUAL_STACK, "system:serviceaccount:*")),
        any_namespace=web(EKS, **sub(EKS, "system:serviceaccount:*:ebs")),
        google=web(GOOGLE, builtin=True),
        any_pool=web(COGNITO, builtin=True, **AUTHENTICATED),
        guests=web(
            COGNITO,
            builtin=True,
            StringEquals={f"{COGNITO}:aud": POOL},
            **GUESTS,
        ),
        pool_with_guests=web(COGNITO, builtin=True, StringEquals={f"{COGNITO}:aud": POOL}),
        saml=saml(),
        another_provider=web("id.example.com", StringEquals={"id.example.com:aud": "me"}),
        every_action=web(GITHUB, action="sts:*"),
        any_user=role(trust({"Federated": "*"}, {}, Action="sts:AssumeRoleWithWebIdentity")),
        everybody=role(trust("*", {}, Action="sts:AssumeRoleWithWebIdentity")),
        any_provider_but_for_mfa=role(trust("*", {}, Action="sts:*")),
    ),
    *rows(
        RULE,
        "fail",
        "a provider of another account",
        saml_of_another_account=role(
            trust(
                {"Federated": f"arn:aws:iam::{ELSEWHERE}:saml-provider/office"},
                {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
                Action="sts:AssumeRoleWithSAML",
            )
        ),
        github_of_another_account=role(
            trust(
                {"Federated": f"arn:aws:iam::{ELSEWHERE}:oidc-provider/{GITHUB}"},
                sub(GITHUB, "repo:acme/*"),
                Action="sts:AssumeRoleWithWebIdentity",
            )
        ),
    ),
    *rows(RULE, "fail", "in statement 2", one_of_two=_two(BOUND, web(GOOGLE, builtin=True))),
    Case(
        RULE,
        "pass",
        "declared",
        (web("id.example.com", **sub("id.example.com", "team-*")),),
        "",
        {"pipelines": [PIPELINE]},
    ),
    Case(
        RULE,
        "fail",
        "more than declared",
        (web("id.example.com", **sub("id.example.com", ["team-*", "*"])),),
        "vouches for",
        {"pipelines": [PIPELINE]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)


def test_a_declared_pipeline_is_reported() -> None:
    made = web("id.example.com", **sub("id.example.com", "team-*"))
    reports = [one for one in judge(made, config={RULE: {"pipelines": [PIPELINE]}}) if "Declared" in one.message]
    assert [one.policy for one in reports] == ["delegation-exemptions-used"]
    assert "team-* of id.example.com, in statement 1: our own provider." in reports[0].message


def test_a_vendor_with_its_external_id_is_reported() -> None:
    vendor = {"account": ELSEWHERE, "externalId": "abc-123", "reason": "scans the account."}
    settings = {name: {"vendors": [vendor]} for name in ("iam-trust-names-users-only", "iam-trust-requires-mfa")}
    made = role(trust({"AWS": ELSEWHERE}, {"StringEquals": {"sts:ExternalId": "abc-123"}}))
    trusts = [one for one in judge(made, config=settings) if "trust" in one.policy or "exemptions" in one.policy]
    assert [one.policy for one in trusts] == ["delegation-exemptions-used"]
    assert f"trusts {ELSEWHERE} with its external id, in statement 1: scans the account." in trusts[0].message
