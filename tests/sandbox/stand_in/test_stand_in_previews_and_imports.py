"""Previews, imports and secrets, over all resource types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.provider.experimental.provider import CheckRequest

from sandbox.aws.errors import RefusedError
from sandbox.aws.wire import UNKNOWN, property_values
from tests.sandbox.stand_in.driver import Driver, urn

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

MEMBERSHIP = "aws:iam/groupMembership:GroupMembership"
USER = "aws:iam/user:User"
ROLE = "aws:iam/role:Role"
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}]}'

# Type, the real provider's id, and the inputs of a program that manages what `_by_hand` made.
IMPORTS = [
    pytest.param(USER, "alice", {"name": "alice", "path": "/team/", "tags": {"a": "b"}}, id="user"),
    pytest.param("aws:iam/group:Group", "admins", {"name": "admins"}, id="group"),
    pytest.param(
        "aws:iam/policy:Policy",
        "arn:aws:iam::{account}:policy/managed",
        {"name": "managed", "policy": DOCUMENT, "description": "d"},
        id="policy",
    ),
    pytest.param(ROLE, "access", {"name": "access", "assumeRolePolicy": TRUST, "maxSessionDuration": 7200}, id="role"),
    pytest.param(
        "aws:iam/rolePolicy:RolePolicy",
        "access:inline",
        {"role": "access", "name": "inline", "policy": DOCUMENT},
        id="role-policy",
    ),
    pytest.param(
        "aws:iam/groupPolicy:GroupPolicy",
        "admins:inline",
        {"group": "admins", "name": "inline", "policy": DOCUMENT},
        id="group-policy",
    ),
    pytest.param(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "access/arn:aws:iam::{account}:policy/managed",
        {"role": "access", "policyArn": "arn:aws:iam::{account}:policy/managed"},
        id="role-attachment",
    ),
    pytest.param(
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "admins/arn:aws:iam::{account}:policy/managed",
        {"group": "admins", "policyArn": "arn:aws:iam::{account}:policy/managed"},
        id="group-attachment",
    ),
    pytest.param(
        "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive",
        "access",
        {"roleName": "access", "policyNames": ["inline"]},
        id="inline-exclusive",
    ),
    pytest.param(
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "access",
        {"roleName": "access", "policyArns": ["arn:aws:iam::{account}:policy/managed"]},
        id="attachments-exclusive",
    ),
]


@pytest.fixture
def _by_hand(iam: IAMClient) -> None:
    arn = iam.create_policy(PolicyName="managed", PolicyDocument=DOCUMENT, Description="d")["Policy"]["Arn"]
    iam.create_user(UserName="alice", Path="/team/", Tags=[{"Key": "a", "Value": "b"}])
    iam.create_group(GroupName="admins")
    iam.put_group_policy(GroupName="admins", PolicyName="inline", PolicyDocument=DOCUMENT)
    iam.attach_group_policy(GroupName="admins", PolicyArn=arn)
    iam.create_role(RoleName="access", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200)
    iam.put_role_policy(RoleName="access", PolicyName="inline", PolicyDocument=DOCUMENT)
    iam.attach_role_policy(RoleName="access", PolicyArn=arn)


def _in_state(value: Any) -> Any:
    """Return an input as comparable: a document whatever its words, tags without the bridge's own key."""
    match value:
        case str() if value.startswith("{"):
            return json.loads(value)
        case dict():
            return {key: each for key, each in value.items() if key != "__defaults"}
    return value


def _filled(value: Any, account_id: str) -> Any:
    match value:
        case str():
            return value.replace("{account}", account_id)
        case list():
            return [_filled(item, account_id) for item in value]
    return value


@pytest.mark.usefixtures("_by_hand")
@pytest.mark.parametrize(("type_name", "resource_id", "inputs"), IMPORTS)
def test_an_imported_resource_is_unchanged_in_the_next_preview(
    driver: Driver, type_name: str, resource_id: str, inputs: dict[str, Any]
) -> None:
    inputs = {key: _filled(value, driver.account_id) for key, value in inputs.items()}
    imported = driver.read(type_name, _filled(resource_id, driver.account_id))
    assert imported
    found = {key: _in_state(imported.inputs.get(key)) for key in inputs}
    assert found == {key: _in_state(value) for key, value in inputs.items()}
    assert imported.inputs.keys() <= {*inputs, "tagsAll", "__defaults"}
    assert not driver.diff(type_name, imported, **inputs).changes


@pytest.mark.parametrize(("type_name", "resource_id", "inputs"), IMPORTS)
def test_what_is_not_there_cannot_be_imported(
    driver: Driver, type_name: str, resource_id: str, inputs: dict[str, Any]
) -> None:
    del inputs
    assert driver.read(type_name, _filled(resource_id, driver.account_id)) is None


@pytest.mark.parametrize(
    ("type_name", "resource_id", "form"),
    [
        ("aws:iam/rolePolicy:RolePolicy", "access", "<role>:<policy>"),
        ("aws:iam/groupPolicy:GroupPolicy", "admins/inline", "<group>:<policy>"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "access", "<role>/<policy ARN>"),
    ],
)
def test_an_id_of_the_wrong_form_is_refused_with_the_right_one(
    driver: Driver, type_name: str, resource_id: str, form: str
) -> None:
    with pytest.raises(RefusedError, match=form):
        driver.read(type_name, resource_id)


@pytest.mark.usefixtures("_by_hand")
def test_a_new_force_destroy_is_a_change_after_an_import(driver: Driver) -> None:
    imported = driver.read(USER, "alice")
    assert imported
    inputs = {"name": "alice", "path": "/team/", "tags": {"a": "b"}, "forceDestroy": True}
    assert driver.diff(USER, imported, **inputs).diffs == ["forceDestroy"]


def test_an_import_leaves_out_what_equals_its_default(driver: Driver, iam: IAMClient) -> None:
    iam.create_role(RoleName="plain", AssumeRolePolicyDocument=TRUST)
    imported = driver.read(ROLE, "plain")
    assert imported
    assert imported.inputs.keys() == {"name", "assumeRolePolicy", "__defaults"}


def test_a_refresh_takes_in_what_changed_and_not_what_was_added(driver: Driver, iam: IAMClient) -> None:
    for name in ("alice", "bob", "eve"):
        iam.create_user(UserName=name)
    iam.create_group(GroupName="admins")
    membership = driver.create(MEMBERSHIP, name="m", group="admins", users=["bob", "alice"])
    iam.add_user_to_group(GroupName="admins", UserName="eve")
    iam.remove_user_from_group(GroupName="admins", UserName="bob")
    refreshed = driver.read(MEMBERSHIP, membership)
    assert refreshed
    assert (refreshed.inputs["users"], refreshed.outputs["users"]) == (["alice"], ["alice", "eve"])
    assert "__defaults" not in refreshed.inputs


def test_a_refresh_keeps_the_words_of_a_document(driver: Driver) -> None:
    words = DOCUMENT.replace(":", ": ").replace("iam: GetUser", "iam:GetUser")
    policy = driver.create("aws:iam/policy:Policy", name="p", policy=words)
    refreshed = driver.read("aws:iam/policy:Policy", policy)
    assert refreshed
    assert refreshed.inputs["policy"] == words
    assert refreshed.outputs["policy"] == (
        '{"Statement":[{"Action":"iam:GetUser","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}'
    )


@pytest.mark.parametrize(
    ("type_name", "inputs", "unknown"),
    [
        (USER, {"name": "alice"}, {"arn", "uniqueId"}),
        ("aws:iam/group:Group", {"name": "admins"}, {"arn", "uniqueId"}),
        ("aws:iam/policy:Policy", {"name": "p", "policy": DOCUMENT}, {"arn", "policyId", "attachmentCount"}),
        (
            ROLE,
            {"name": "access", "assumeRolePolicy": UNKNOWN},
            {"assumeRolePolicy", "arn", "createDate", "uniqueId", "inlinePolicies", "managedPolicyArns"},
        ),
        ("aws:iam/groupPolicy:GroupPolicy", {"group": UNKNOWN, "name": "p", "policy": DOCUMENT}, {"group"}),
    ],
)
def test_a_preview_knows_all_but_what_aws_decides_and_makes_nothing(
    driver: Driver, iam: IAMClient, type_name: str, inputs: dict[str, Any], unknown: set[str]
) -> None:
    preview = driver.preview_create(type_name, **inputs)
    assert preview.id is None
    assert {key for key, value in preview.outputs.items() if value == UNKNOWN} == unknown
    assert preview.outputs["name"] == inputs["name"]
    assert not any((iam.list_users()["Users"], iam.list_groups()["Groups"], iam.list_roles()["Roles"]))


def test_a_preview_of_an_update_knows_what_stays(driver: Driver, iam: IAMClient) -> None:
    role = driver.create(ROLE, name="access", assumeRolePolicy=TRUST, tags={"a": "1"}, description="old")
    preview = driver.preview_update(ROLE, role, name="access", assumeRolePolicy=TRUST, tags={"a": "2"})
    assert preview.outputs["tagsAll"] == {"a": "2"}
    assert {key: preview.outputs[key] for key in ("arn", "uniqueId", "createDate")} == {
        key: role.outputs[key] for key in ("arn", "uniqueId", "createDate")
    }
    assert "description" not in preview.outputs
    assert iam.get_role(RoleName="access")["Role"]["Description"] == "old"


def test_unknown_tags_leave_all_tags_unknown(driver: Driver) -> None:
    preview = driver.preview_create(USER, name="alice", tags={"a": UNKNOWN})
    assert preview.outputs["tagsAll"] == UNKNOWN


def test_a_secret_stays_secret(driver: Driver) -> None:
    secret = {"tags", "tagsAll"}
    inputs = {"name": "alice", "tags": {"a": "secret"}}
    assert driver.preview_create(USER, "tags", **inputs).secrets == secret
    user = driver.create(USER, "tags", **inputs)
    assert user.secrets == secret
    refreshed = driver.read(USER, user)
    assert refreshed
    assert refreshed.secrets == secret
    assert driver.preview_update(USER, user, name="alice", tags={"a": "other"}).secrets == secret
    assert driver.update(USER, user, name="alice", tags={"a": "other"}).secrets == secret


def test_a_wrong_secret_is_refused_without_its_value(driver: Driver) -> None:
    request = CheckRequest(urn(USER), {}, property_values({"name": "a", "path": "secret"}, {"path"}), b"")
    failures = driver.answer(driver.provider.check(request)).failures or []
    assert [(failure.property, "secret value" in failure.reason) for failure in failures] == [("path", True)]
    assert "'secret'" not in failures[0].reason


def test_what_is_not_secret_stays_readable(driver: Driver) -> None:
    assert driver.create(USER, name="alice", tags={"a": "b"}).secrets == set()
