"""Every resource that can carry a document is judged, and none is refused for a safe one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.documents import MFA, allow, deny, document
from tests.policies.documents_under_test import (
    ADDRESS,
    ALICE,
    BOUNDED,
    CHANGES,
    READ_ONLY,
    READS,
    SELF_SERVICE,
    managed,
    role,
    trust,
)
from tests.policies.rules.cases import SERVICE
from tests.policies.running import CONFIG, ELSEWHERE, TARGET, Made, refused

OPEN = document(allow("*"))
ELSEWHERE_GRANT = document(allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/ACCESS", **MFA, **ADDRESS))
MANAGEMENT = document(
    allow(CHANGES, f"arn:aws:iam::{TARGET}:role/*", **BOUNDED, **MFA, **ADDRESS), deny("sts:AssumeRole")
)
DOCUMENTS = {
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam:RolePolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
    "aws-native:iam:RolePolicy": "policyDocument",
    "aws-native:iam:GroupPolicy": "policyDocument",
    "aws-native:iam:ManagedPolicy": "policyDocument",
}
LISTS = {
    "aws:iam/role:Role": ("inlinePolicies", "policy"),
    "aws-native:iam:Role": ("policies", "policyDocument"),
    "aws-native:iam:Group": ("policies", "policyDocument"),
}
ATTACHED: dict[str, dict[str, Any]] = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"policyArn": ""},
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": {"policyArn": ""},
    "aws:iam/policyAttachment:PolicyAttachment": {"policyArn": "", "groups": ["x"]},
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": {"policyArns": []},
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive": {"policyArns": []},
    "aws:iam/role:Role": {"assumeRolePolicy": trust(), "managedPolicyArns": []},
    "aws-native:iam:Role": {"assumeRolePolicyDocument": trust(), "managedPolicyArns": []},
    "aws-native:iam:Group": {"managedPolicyArns": []},
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": {"managedPolicyArn": ""},
    "aws:ssoadmin/managedPolicyAttachmentsExclusive:ManagedPolicyAttachmentsExclusive": {"managedPolicyArns": []},
}
ON_DOCUMENTS = {
    "iam-assume-role-requires-mfa",
    "iam-assume-role-requires-source-ip",
    "iam-assume-role-names-roles",
    "iam-role-management-requires-mfa",
    "iam-role-management-requires-source-ip",
    "iam-role-management-is-bounded",
    "iam-no-user-management",
    "iam-mfa-devices-own-only",
}
ON_PEOPLE = {*ON_DOCUMENTS, "iam-people-rights-are-listed"}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def carriers(content: Any, trusted: Any = SERVICE) -> dict[str, Made]:
    """Every type of resource with the document, under either spelling."""
    found = {}
    for spell in (str, snake):
        for type_, key in DOCUMENTS.items():
            found[f"{type_} {spell(key)}"] = Made(type=type_, inputs={spell(key): content})
        for type_, (key, inner) in LISTS.items():
            trusts = {"assumeRolePolicy" if type_.startswith("aws:") else "assumeRolePolicyDocument": trust(trusted)}
            inputs = {**trusts, spell(key): [{"name": "x", spell(inner): content}]}
            found[f"{type_} {spell(key)}"] = Made(type=type_, inputs=inputs)
    return found


@pytest.mark.parametrize("key", carriers({}))
@pytest.mark.parametrize("as_text", [True, False], ids=["text", "object"])
def test_an_open_document_is_refused_by_every_policy_on_documents(key: str, as_text: bool) -> None:
    made = carriers(json.dumps(OPEN) if as_text else OPEN, trusted=[ALICE])[key]
    assert {one.policy for one in refused(made)} >= ON_DOCUMENTS


@pytest.mark.parametrize("key", carriers({}))
@pytest.mark.parametrize("content", [ELSEWHERE_GRANT, MANAGEMENT, READS], ids=["grant", "management", "reads"])
@pytest.mark.parametrize("account", [TARGET, None], ids=["known account", "no provider"])
def test_a_safe_document_is_not_refused_on_any_resource(key: str, content: Any, account: str | None) -> None:
    made = carriers(content)[key]
    assert refused(Made(type=made.type, inputs=made.inputs, account=account)) == []


@pytest.mark.parametrize("type_", ATTACHED)
@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:iam::aws:policy/AdministratorAccess", ON_PEOPLE),
        ("arn:aws-us-gov:iam::aws:policy/AdministratorAccess", ON_PEOPLE),
        (READ_ONLY, set()),
        ("arn:aws:iam::aws:policy/SecurityAudit", set()),
        ("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", set()),
        (f"arn:aws:iam::{TARGET}:policy/AdministratorAccess", {"iam-attached-policies-are-known"}),
    ],
)
def test_attached_policies_of_aws_are_judged_by_what_they_allow(type_: str, arn: str, expected: set[str]) -> None:
    inputs = {
        key: arn if value == "" else [arn] if value == [] and "olicyArns" in key else value
        for key, value in ATTACHED[type_].items()
    }
    assert {one.policy for one in refused(Made(type=type_, inputs=inputs))} == expected


@pytest.mark.parametrize(
    "made",
    [
        role(trust({"AWS": f"arn:aws:iam::{TARGET}:user/alice"})),
        managed(SELF_SERVICE, account=None),
        role(trust({"Service": "ec2.amazonaws.com"}, {})),
    ],
    ids=["trust of the own account's user", "self-service", "service"],
)
def test_nothing_is_refused_for_what_the_stack_and_the_configuration_do_not_say(made: Made) -> None:
    assert refused(made, config={}) == []


@pytest.mark.parametrize("content", [ELSEWHERE_GRANT, MANAGEMENT], ids=["grant", "management"])
def test_without_configuration_only_the_networks_are_missed(content: Any) -> None:
    made = Made(type="aws:iam/rolePolicy:RolePolicy", account=None, inputs={"role": "x", "policy": content})
    found = refused(made, config={})
    assert {one.policy.removeprefix("iam-").rpartition("-requires-")[2] for one in found} == {"source-ip"}
    assert all("allowedCidrs is not in the policy's configuration" in one.message for one in found)


def test_other_resources_and_empty_lists_are_let_be() -> None:
    bucket = Made(type="aws:s3/bucketPolicy:BucketPolicy", inputs={"policy": "anything"})
    queue = Made(type="aws:iam/role:Role", name="empty", inputs={"assumeRolePolicy": trust(), "inlinePolicies": [{}]})
    assert refused(bucket, queue, config=CONFIG) == []
