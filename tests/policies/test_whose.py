"""Whose a role is: what lets people in, or may, is asked for what people are asked for; what programs alone enter is
not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.documents import MFA, allow, deny, document, trusting
from tests.policies.documents_under_test import (
    ALICE,
    BOUNDED,
    CHANGES,
    ROLE,
    attachment,
    managed,
    role,
    role_policy,
    trust,
)
from tests.policies.rules.cases import POWER_USER, SERVICE, attached_to, changing
from tests.policies.running import CONFIG, ELSEWHERE, SECURITY, TARGET, UNKNOWN, Made, Violation, judge

ASKED = {
    "iam-assume-role-names-roles",
    "iam-assume-role-requires-mfa",
    "iam-assume-role-requires-source-ip",
    "iam-people-rights-are-listed",
    "iam-role-management-requires-mfa",
    "iam-role-management-requires-source-ip",
}
"""The policies that ask people only."""
OPEN = document(
    allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/x*"),
    allow("iam:PassRole"),
    *changing(CHANGES, **BOUNDED)["Statement"],
)
"""What each of them refuses to people, and a program may have."""
ROOT = {"AWS": f"arn:aws:iam::{TARGET}:root"}
APP, NEXT, FAR = (f"arn:aws:iam::{TARGET}:role/{name}" for name in ("APP", "NEXT", "of-another-stack"))
IDENTITY_CENTER = {
    "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{TARGET}:role/aws-reserved/sso.amazonaws.com/*"},
    "StringEquals": {"aws:PrincipalAccount": TARGET},
}
VENDOR = {"account": ELSEWHERE, "externalId": "abc-123", "reason": "scans"}
PIPELINE = {"provider": "idp.example.com", "claim": "sub", "values": ["deploy"], "reason": "our own issuer"}
LIKE_A_PROGRAM = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{TARGET}:role/APP*"}}


def oidc(
    provider: str, account: str = TARGET, operator: str = "StringEquals", **claims: str | list[str]
) -> dict[str, Any]:
    """A statement that lets in whom a web identity provider vouches for."""
    condition: dict[str, Any] = {operator: {f"{provider}:{claim}": value for claim, value in claims.items()}}
    named = {"Federated": f"arn:aws:iam::{account}:oidc-provider/{provider}"}
    return trusting(named, **condition) | {"Action": "sts:AssumeRoleWithWebIdentity"}


def enters(principal: Any, **condition: Any) -> dict[str, Any]:
    return trusting(principal, **condition)


GITHUB = "token.actions.githubusercontent.com"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
CIRCLE = "oidc.circleci.com/org/0f1e2d3c"
PEOPLES: dict[str, Any] = {
    "users": enters([ALICE]),
    "users with MFA": enters([ALICE], **MFA),
    "the account": enters(ROOT),
    "the account by its id": enters({"AWS": TARGET}),
    "the account's root user": enters(ROOT, ArnEquals={"aws:PrincipalArn": f"arn:aws:iam::{TARGET}:root"}),
    "roles of Identity Center": enters(ROOT, **IDENTITY_CENTER),
    "roles of Identity Center, of any account": enters({"AWS": "*"}, ArnLike=IDENTITY_CENTER["ArnLike"]),
    "roles whose names begin like a program's": enters(ROOT, **LIKE_A_PROGRAM),
    "sessions by the role's id": enters(ROOT, StringLike={"aws:userid": "AROAABCDEFGHIJKLMNOP:*"}),
    "roles by a tag": enters(ROOT, StringEquals={"aws:PrincipalTag/team": "x"}, **LIKE_A_PROGRAM),
    "everybody but one": {"Effect": "Allow", "NotPrincipal": {"AWS": [ALICE]}, "Action": "sts:AssumeRole"},
    "a role's id": enters({"AWS": "AROAABCDEFGHIJKLMNOP"}),
    "a session": enters({"AWS": f"arn:aws:sts::{TARGET}:assumed-role/APP/alice"}),
    "a federated user": enters({"AWS": f"arn:aws:sts::{TARGET}:federated-user/alice"}),
    "a canonical user": enters({"CanonicalUser": "0" * 64}),
    "a service and the account": enters({**SERVICE, **ROOT}),
    "a service and, beside it, the account": [enters(SERVICE), enters(ROOT, **IDENTITY_CENTER)],
    "a role that the stack does not make": enters({"AWS": FAR}),
    "a role that the stack does not make, by a condition": enters(ROOT, ArnEquals={"aws:PrincipalArn": FAR}),
    "a program's role and another": enters(ROOT, ArnEquals={"aws:PrincipalArn": [NEXT, FAR]}),
    "an access role": enters({"AWS": ROLE}),
    "an access role, by a condition": enters(ROOT, ArnEquals={"aws:PrincipalArn": ROLE}),
    "members of a chat's channel": enters({"Service": "chatbot.amazonaws.com"}),
    "members of a chat's channel, in another case": enters({"Service": "Chatbot.amazonaws.com"}),
    "users of a directory": enters({"Service": "ds.amazonaws.com"}),
    "users of a streaming instance": enters({"Service": "appstream.amazonaws.com"}),
    "holders of certificates": enters({"Service": ["lambda.amazonaws.com", "rolesanywhere.amazonaws.com"]}),
    "any service": enters({"Service": "*"}),
    "any service, by a condition": enters({"AWS": "*"}, Bool={"aws:PrincipalIsAWSService": "true"}),
    "any service, by what it is called for": enters("*", StringEquals={"aws:SourceAccount": TARGET}),
    "all but a program's role": enters(ROOT, ArnNotEquals={"aws:PrincipalArn": NEXT}),
    "a program's role below a path": enters({"AWS": NEXT.replace("NEXT", "path/NEXT")}),
    "a program's role of another partition": enters({"AWS": NEXT.replace(":aws:", ":aws-cn:")}),
    "sessions of any role": enters(ROOT, StringEquals={"aws:PrincipalType": "AssumedRole"}),
    "sessions of a workflow": enters(ROOT, StringLike={f"{GITHUB}:sub": "repo:acme/shop:*"}),
    "an action that nobody knows": enters(SERVICE) | {"Action": ["sts:AssumeRole", "sts:AssumeRoleSomehow"]},
    "SAML": enters({"Federated": f"arn:aws:iam::{TARGET}:saml-provider/office"})
    | {"Action": "sts:AssumeRoleWithSAML", "Condition": {"StringEquals": {"SAML:aud": "https://x"}}},
    "any provider": enters({"Federated": "*"}) | {"Action": "sts:AssumeRoleWithWebIdentity"},
    "everybody by web identity": enters("*", StringLike={f"{GITHUB}:sub": "repo:acme/shop:*"})
    | {"Action": "sts:AssumeRoleWithWebIdentity"},
    "Google": enters({"Federated": "accounts.google.com"}, StringEquals={"accounts.google.com:aud": "x"})
    | {"Action": "sts:AssumeRoleWithWebIdentity"},
    "Cognito": enters(
        {"Federated": "cognito-identity.amazonaws.com"}, StringEquals={"cognito-identity.amazonaws.com:aud": "eu:1"}
    )
    | {"Action": "sts:AssumeRoleWithWebIdentity"},
    "Auth0": oidc("acme.auth0.com/", aud="x", sub="auth0|1"),
    "Okta": oidc("acme.okta.com", aud="x", sub="00u1"),
    "a provider that nobody knows": oidc("idp.example.com", sub="deploy"),
    "a user of GitLab": oidc("gitlab.com", sub="1234567"),
    "GitHub without a subject": oidc(GITHUB, aud="sts.amazonaws.com"),
    "GitHub of any owner": oidc(GITHUB, operator="StringLike", sub="repo:*"),
    "GitHub of all but one owner": oidc(GITHUB, operator="StringNotLike", sub="repo:mallory/*"),
    "GitHub, if there is a subject": oidc(GITHUB, operator="ForAllValues:StringLike", sub="repo:acme/shop:*"),
    "a name that begins like GitHub's": oidc(f"{GITHUB}.example.com", sub="repo:acme/shop:ref:x"),
    "a project or a user of GitLab": oidc("gitlab.com", operator="StringLike", sub=["project_path:acme/*", "12345"]),
    "GitHub in another account": oidc(GITHUB, account=ELSEWHERE, sub="repo:acme/shop:ref:refs/heads/main"),
    "GitHub and a user of GitLab": [oidc(GITHUB, sub="repo:acme/shop:ref:x"), oidc("gitlab.com", sub="1234567")],
    "GitHub and SAML in one": enters(
        {"Federated": [f"arn:aws:iam::{TARGET}:oidc-provider/{GITHUB}", f"arn:aws:iam::{TARGET}:saml-provider/x"]}
    )
    | {
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"],
        "Condition": {"StringEquals": {f"{GITHUB}:sub": "repo:acme/shop:ref:x", "SAML:aud": "x"}},
    },
    "an undeclared vendor": enters({"AWS": ELSEWHERE}, StringEquals={"sts:ExternalId": "other"}),
    "a vendor without its external id": enters({"AWS": ELSEWHERE}),
    "what is declared of the role's own account": enters({"AWS": TARGET}, StringEquals={"sts:ExternalId": "own"}),
    "what is declared of the Security account": enters({"AWS": SECURITY}, StringEquals={"sts:ExternalId": "own"}),
    "more than the declared pipeline": oidc("idp2.example.com", operator="StringLike", sub="deploy*"),
}
PROGRAMS: dict[str, Any] = {
    "a service": enters(SERVICE),
    "services": enters({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}),
    "a service, all actions": enters(SERVICE) | {"Action": "sts:*"},
    "nobody, for no session has that key": enters(ROOT, StringEquals={"SAML:aud": "https://x"}),
    "a service for the account": enters(ROOT, StringEquals={"aws:SourceAccount": TARGET}),
    "itself denied to users": [enters(SERVICE), enters({"AWS": "*"}) | {"Effect": "Deny"}],
    "a program's role": enters({"AWS": NEXT}),
    "a program's role, by a condition": enters(ROOT, ArnEquals={"aws:PrincipalArn": NEXT}),
    "each other": enters({"AWS": [NEXT, APP]}),
    "GitHub": oidc(GITHUB, operator="StringLike", sub="repo:acme/shop:*"),
    "GitHub and a service": [oidc(GITHUB, sub="repo:acme/shop:ref:x"), enters(SERVICE)],
    "GitLab": oidc("gitlab.com", operator="StringLike", sub="project_path:acme/shop:*"),
    "Terraform Cloud": oidc("app.terraform.io", sub="organization:acme:project:x:workspace:y:run_phase:apply"),
    "Buildkite": oidc("agent.buildkite.com", operator="StringLike", sub="organization:acme:pipeline:*"),
    "Bitbucket": oidc(BITBUCKET, operator="StringLike", sub="{0f1e}:*"),
    "CircleCI": oidc(CIRCLE, operator="StringLike", sub="org/0f1e2d3c/project/*"),
    "EKS": oidc(EKS, sub="system:serviceaccount:kube-system:dns"),
    "a declared vendor": enters({"AWS": ELSEWHERE}, StringEquals={"sts:ExternalId": "abc-123"}),
    "a declared pipeline": oidc("idp2.example.com", sub="deploy"),
}
DECLARED = {
    "securityAccountId": SECURITY,
    "vendors": [VENDOR, *({**VENDOR, "account": one, "externalId": "own"} for one in (TARGET, SECURITY))],
    "pipelines": [{**PIPELINE, "provider": "idp2.example.com"}],
}
SETTINGS = {name: {**CONFIG.get(name, {}), **DECLARED} for name in ASKED}


def statements(trusts: Any) -> dict[str, Any]:
    return document(*(trusts if isinstance(trusts, list) else [trusts]))


def called(name: str, trusts: Any, account: str = TARGET) -> Made:
    made = role(statements(trusts), name=name.lower(), account=account)
    return replace(made, inputs={**made.inputs, "name": name})


def first(trusts: Any) -> Made:
    """The role APP, which somebody enters."""
    return called("APP", trusts)


BESIDE = (role(), called("NEXT", enters(SERVICE)))
"""An access role and a program's."""
CARRIED: dict[str, Any] = {
    "a policy of its own": lambda made: (made, role_policy(OPEN, role="APP")),
    "inline": lambda made: (replace(made, inputs={**made.inputs, "inlinePolicies": [{"name": "x", "policy": OPEN}]}),),
    "a managed policy": lambda made: (
        made,
        managed(OPEN, name="open"),
        attached_to("APP", f"arn:aws:iam::{TARGET}:policy/open"),
    ),
    "as aws-native": lambda made: (
        Made(
            type="aws-native:iam:Role",
            name=made.name,
            inputs={
                "roleName": "APP",
                "assumeRolePolicyDocument": json.loads(made.inputs["assumeRolePolicy"]),
                "policies": [{"policyName": "x", "policyDocument": OPEN}],
            },
        ),
    ),
    "as aws-native, a policy of its own": lambda made: (
        Made(
            type="aws-native:iam:Role",
            name=made.name,
            inputs={"roleName": "APP", "assumeRolePolicyDocument": json.loads(made.inputs["assumeRolePolicy"])},
        ),
        Made(
            type="aws-native:iam:RolePolicy",
            name="own",
            inputs={"roleName": "APP", "policyName": "x", "policyDocument": OPEN},
        ),
    ),
}


def found(*made: Made, config: Mapping[str, Mapping[str, Any]] = SETTINGS) -> list[Violation]:
    return judge(*made, config={**CONFIG, **config}, of=ASKED)


def policies(violations: list[Violation]) -> set[str]:
    return {one.policy for one in violations}


@cache
def found_of_people(whose: str, carried: str) -> list[Violation]:
    return found(*BESIDE, *CARRIED[carried](first(PEOPLES[whose])))


@pytest.mark.parametrize("carried", CARRIED)
@pytest.mark.parametrize("whose", PEOPLES)
def test_what_people_may_enter_is_asked(whose: str, carried: str) -> None:
    assert policies(found_of_people(whose, carried)) == ASKED


@pytest.mark.parametrize("carried", CARRIED)
@pytest.mark.parametrize("whose", PROGRAMS)
def test_what_programs_alone_enter_is_not_asked(whose: str, carried: str) -> None:
    assert found(*BESIDE, *CARRIED[carried](first(PROGRAMS[whose]))) == []


HANGING = {
    "a role that the stack does not make",
    "a role that the stack does not make, by a condition",
    "a program's role and another",
    "a program's role below a path",
    "a program's role of another partition",
    "an access role",
    "an access role, by a condition",
}
"""What only the stack shows to be people's: that nobody there makes a role, or who enters that."""


@pytest.mark.parametrize("carried", ["a policy of its own", "inline", "as aws-native, a policy of its own"])
@pytest.mark.parametrize("whose", sorted(PEOPLES.keys() - HANGING))
def test_before_it_is_made_what_people_enter_by_its_own_trust_is_refused(whose: str, carried: str) -> None:
    violations = found_of_people(whose, carried)
    assert policies([one for one in violations if one.before]) == ASKED
    assert [one for one in violations if not one.before and one.policy != "iam-people-rights-are-listed"] == []


def of(made: Made, policy: Made, *sources: Made) -> tuple[Made, ...]:
    """A policy of a role whose name is not known before the update, and where that comes from."""
    inputs = {**policy.inputs, "role": UNKNOWN}
    return made, *sources, replace(policy, inputs=inputs, sources={"role": [made, *sources]})


PROGRAM, PEOPLE = first(PROGRAMS["a service"]), role()
REFERENCE = Made(type="pulumi:pulumi:StackReference", name="other", inputs={"name": "org/other/prod"}, account=None)
UNNAMED = replace(PROGRAM, inputs={key: value for key, value in PROGRAM.inputs.items() if key != "name"})
FILE = Made(type="aws:s3/bucket:Bucket", name="names", inputs={})
POLICY = role_policy(OPEN)
ATTACHED = attachment(f"arn:aws:iam::{TARGET}:policy/open")
UNCLEAR: dict[str, tuple[Made, ...]] = {
    "nothing that anybody knows": (PROGRAM, replace(POLICY, inputs={**POLICY.inputs, "role": UNKNOWN})),
    "another stack's output": of(REFERENCE, POLICY),
    "another stack's output beside a program's": of(PROGRAM, POLICY, REFERENCE),
    "something else beside a program's": of(PROGRAM, POLICY, FILE),
    "a people's role's beside a program's": of(PROGRAM, POLICY, PEOPLE),
    "a name that is none of the program's": (
        UNNAMED,
        replace(POLICY, inputs={**POLICY.inputs, "role": "elsewhere"}, sources={"role": [UNNAMED]}),
    ),
    "a policy that an unknown role has, too": (
        managed(OPEN, name="open"),
        attached_to("APP", f"arn:aws:iam::{TARGET}:policy/open"),
        *of(PROGRAM, ATTACHED, REFERENCE),
    ),
    "a policy that roles have of which one is unknown": (
        PROGRAM,
        Made(
            type="aws-native:iam:ManagedPolicy",
            name="open",
            inputs={"managedPolicyName": "open", "policyDocument": OPEN, "roles": ["APP", UNKNOWN]},
        ),
    ),
    "the output of a program's role of another name, once known": (
        PROGRAM,
        replace(POLICY, inputs={**POLICY.inputs, "role": "ACCESS"}, sources={"role": [PROGRAM]}),
    ),
}


@pytest.mark.parametrize("whence", UNCLEAR)
def test_a_name_that_may_be_anybody_s_is_people_s(whence: str) -> None:
    assert policies(found(*UNCLEAR[whence])) == ASKED


NOT_MADE_YET = replace(PROGRAM, outputs=PROGRAM.inputs)
BORROWED: dict[str, Made] = {
    "a group": attachment(f"arn:aws:iam::{TARGET}:policy/open", to="group"),
    "a role of another account": attachment(f"arn:aws:iam::{SECURITY}:policy/open", account=SECURITY),
    "a role under another provider": replace(
        attachment(f"arn:aws:iam::{SECURITY}:policy/open"), provider={"region": "us-east-1"}, provider_name="other"
    ),
}


@pytest.mark.parametrize("made", [PROGRAM, NOT_MADE_YET], ids=["exists", "not made yet"])
@pytest.mark.parametrize("whose", BORROWED)
def test_what_borrows_the_name_of_a_program_s_role_is_not_the_role(whose: str, made: Made) -> None:
    to = BORROWED[whose]
    of = "group" if "group" in to.inputs else "role"
    name = "APP" if made is PROGRAM else UNKNOWN
    borrowing = replace(to, inputs={**to.inputs, of: name}, sources={of: [made]})
    policy = replace(
        managed(OPEN, name="open", account=to.account), provider=to.provider, provider_name=to.provider_name
    )
    assert "iam-assume-role-requires-mfa" in policies(found(made, policy, borrowing))


@pytest.mark.parametrize("whose", ["a group", "a role of another account"])
def test_what_a_role_is_denied_is_not_denied_to_what_borrows_its_name(whose: str) -> None:
    to = BORROWED[whose]
    of = "group" if "group" in to.inputs else "role"
    denied = role_policy(document(deny("*", BoolIfExists={"aws:MultiFactorAuthPresent": "false"})), role="APP")
    people, policy = first(PEOPLES["users with MFA"]), managed(OPEN, name="open", account=to.account)
    settings = {name: {**of_rule, "together": True} for name, of_rule in SETTINGS.items()}
    own = attached_to("APP", f"arn:aws:iam::{TARGET}:policy/open")
    borrowing = replace(to, inputs={**to.inputs, of: "APP"}, sources={of: [people]})
    missing_mfa = "iam-assume-role-requires-mfa"
    assert missing_mfa not in policies(found(people, denied, managed(OPEN, name="open"), own, config=settings))
    assert missing_mfa in policies(found(people, denied, policy, borrowing, config=settings))


@pytest.mark.parametrize("made", [PROGRAM, UNNAMED], ids=["named", "not named yet"])
def test_a_name_that_comes_from_a_program_s_role_alone_is_the_program_s(made: Made) -> None:
    assert found(*of(made, POLICY)) == []


def test_a_policy_on_a_role_that_the_run_has_not_shown_is_refused_before_it_is_made() -> None:
    violations = found(role_policy(OPEN, role="APP"), PROGRAM)
    assert policies([one for one in violations if one.before]) == ASKED


def test_the_stack_says_nothing_a_second_time() -> None:
    texts = [(one.policy, one.message, one.urn) for one in found(PEOPLE, POLICY)]
    assert len(texts) == len(set(texts))


def test_a_program_s_role_of_the_same_name_does_not_hide_an_access_role() -> None:
    decoy = role(trust(SERVICE, {}), name="decoy")
    for order in ((decoy, PEOPLE), (PEOPLE, decoy)):
        assert policies([one for one in found(*order, POLICY) if one.before]) == ASKED
    assert policies(found(decoy, POLICY, PEOPLE)) == ASKED


def test_a_chain_of_roles_that_begins_with_people_is_people_s() -> None:
    middle = called("MIDDLE", enters({"AWS": ROLE}))
    last = first(enters({"AWS": f"arn:aws:iam::{TARGET}:role/MIDDLE"}))
    assert policies(found(PEOPLE, middle, last, role_policy(OPEN, role="APP"))) == ASKED


def _under(provider: str, *made: Made) -> tuple[Made, ...]:
    """Resources of a provider that says no account."""
    return tuple(
        replace(one, provider={"region": "us-east-1"}, provider_name=provider, name=f"{one.name}-{provider}")
        for one in made
    )


def test_roles_of_equal_names_under_two_providers_are_two() -> None:
    program, people = _under("one", PROGRAM), _under("two", first(PEOPLES["users"]))
    policy = role_policy(OPEN, role="APP")
    assert found(*program, waiting(*_under("one", policy), *program)) == []
    for provider in ("one", "two"):
        assert policies(found(*program, *people, *_under(provider, policy))) == ASKED
    assert policies(found(*program, waiting(*_under("two", policy), *program))) == ASKED


def test_a_managed_policy_is_people_s_where_its_role_may_be_theirs_under_another_provider() -> None:
    program, people = _under("one", PROGRAM), _under("two", first(PEOPLES["users"]))
    (attached,) = _under("one", attached_to("APP", f"arn:aws:iam::{TARGET}:policy/open"))
    more = managed(OPEN, name="open"), waiting(attached, *program)
    assert found(*program, *more) == []
    assert policies(found(*program, *people, *more)) == ASKED


@pytest.mark.parametrize("to", ["users", "groups"])
def test_what_is_attached_to_a_program_s_role_and_to_others_is_refused_before_it_is_made(to: str) -> None:
    inputs = {"name": "x", "policyArn": POWER_USER, "roles": ["APP"]}
    several = Made(type="aws:iam/policyAttachment:PolicyAttachment", name="several", inputs=inputs)
    assert found(PROGRAM, several) == []
    assert any(one.before for one in found(PROGRAM, replace(several, inputs={**inputs, to: ["x"]})))


def test_roles_of_equal_names_in_two_accounts_are_two() -> None:
    policy = role_policy(document(allow("sts:AssumeRole"), allow("iam:PassRole")), role="APP")
    elsewhere = replace(called("APP", PEOPLES["users"], SECURITY), name="elsewhere")
    assert found(PROGRAM, elsewhere, role_policy(OPEN, role="APP")) == []
    of_people = ASKED - {"iam-role-management-requires-mfa", "iam-role-management-requires-source-ip"}
    assert policies(found(PROGRAM, elsewhere, replace(policy, account=SECURITY))) == of_people


def test_a_role_of_that_name_elsewhere_is_not_the_one_that_enters() -> None:
    here = first(enters({"AWS": f"arn:aws:iam::{TARGET}:role/NEXT"}))
    there = called("NEXT", enters(SERVICE), ELSEWHERE)
    assert policies(found(there, here, role_policy(OPEN, role="APP"))) == ASKED


def test_a_role_with_two_trust_policies_is_people_s_if_one_lets_them_in() -> None:
    twice = replace(PROGRAM, inputs={**PROGRAM.inputs, "assume_role_policy": json.dumps(statements(PEOPLES["users"]))})
    assert policies(found(twice, role_policy(OPEN, role="APP"))) == ASKED


@pytest.mark.parametrize("content", [UNKNOWN, "{", None], ids=["unknown", "malformed", "missing"])
def test_a_role_whose_trust_cannot_be_read_is_people_s(content: Any) -> None:
    made = replace(PROGRAM, inputs={"name": "APP", **({} if content is None else {"assumeRolePolicy": content})})
    violations = found(made, role_policy(OPEN, role="APP"))
    assert policies([one for one in violations if one.before]) == ASKED


def test_users_beside_a_role_in_an_account_that_nobody_names_are_asked_for_before_it_is_made() -> None:
    both = [enters([ALICE]), enters({"AWS": NEXT})]
    violations = judge(*_under("default", first(both)))
    assert "iam-trust-requires-mfa" in {one.policy for one in violations if one.before}
    assert any("a role of another account" in one.message for one in violations if not one.before)


def planned(made: Made) -> Made:
    """What AWS has not made yet, and may refuse to make."""
    return replace(made, outputs=made.inputs)


def waiting(made: Made, *roles: Made) -> Made:
    return replace(made, sources={"parent": list(roles)})


def test_a_role_that_is_not_there_yet_is_meant_by_what_waits_for_it() -> None:
    decoy, policy = planned(PROGRAM), role_policy(OPEN, role="APP")
    assert found(decoy, waiting(policy, decoy)) == []
    assert policies(found(decoy, policy)) == ASKED


def test_a_role_that_is_not_there_yet_enters_what_waits_for_it() -> None:
    decoy, last, policy = planned(called("NEXT", enters(SERVICE))), first(enters({"AWS": NEXT})), role_policy(OPEN)
    policy = replace(policy, inputs={**policy.inputs, "role": "APP"})
    assert found(decoy, waiting(last, decoy), policy) == []
    assert policies(found(decoy, last, policy)) == ASKED


@pytest.mark.parametrize("name", ["app", "APP", "App"])
def test_case_does_not_tell_names_apart(name: str) -> None:
    people = first(PEOPLES["users"])
    assert found(PROGRAM, role_policy(OPEN, role=name)) == []
    assert policies(found(people, called(name.swapcase(), enters(SERVICE)), role_policy(OPEN, role=name))) == ASKED


def test_a_role_whose_name_the_provider_makes_of_a_prefix_is_found() -> None:
    name = "APP-202611300911223344550000001a"[: len("APP-") + 26]
    made = replace(PROGRAM, inputs={**UNNAMED.inputs, "namePrefix": "APP-"}, outputs={**PROGRAM.inputs, "name": name})
    exists = replace(made, outputs={**(made.outputs or {}), "arn": f"{APP}-x"})
    assert found(exists, role_policy(OPEN, role=name)) == []
    for other in ("APP-IAM-ACCESS", name[:-1], f"X{name}"):
        assert policies([one for one in found(exists, role_policy(OPEN, role=other)) if one.before]) == ASKED


def test_all_but_a_program_s_role_may_be_denied() -> None:
    denied = enters({"AWS": "*"}, ArnNotEquals={"aws:PrincipalArn": NEXT}) | {"Effect": "Deny"}
    trusts = [enters(ROOT), denied]
    assert found(*BESIDE, first(trusts), role_policy(OPEN, role="APP")) == []
    assert policies(found(role(), first(trusts), role_policy(OPEN, role="APP"))) == ASKED
