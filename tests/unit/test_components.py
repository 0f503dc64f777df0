"""Both components: which resource goes to which account, under which parent, with which inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components import AdminGroup, AdminGroupArgs, CrossAccountAccess, CrossAccountAccessArgs
from sandbox.aws.replacement import REPLACEMENTS
from tests.unit.recording import PROVIDER, Recorded, RunPulumi

MakeProvider = Callable[[str], Any]

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.fixture
def admin_group(run_pulumi: RunPulumi, provider: MakeProvider) -> Callable[..., Recorded]:
    """Registers an AdminGroup with the given arguments changed."""

    def register(**changed: Any) -> Recorded:
        def program() -> None:
            args = {
                "provider": provider("security"),
                "partition": "aws",
                "account_id": "111111111111",
                "group_name": "IT-Admins",
                "admins": ["alice", "bob"],
                "tags": {"team": "it"},
            }
            group = AdminGroup("admins", AdminGroupArgs(**(args | changed)))
            pulumi.export("groupArn", group.group_arn)

        return run_pulumi(program)

    return register


@pytest.fixture
def access(run_pulumi: RunPulumi, provider: MakeProvider) -> Callable[..., Recorded]:
    """Registers a CrossAccountAccess with the given arguments changed."""

    def register(opts: pulumi.ResourceOptions | None = None, **changed: Any) -> Recorded:
        def program() -> None:
            args = {
                "security_provider": provider("security"),
                "target_provider": provider("preprod"),
                "partition": "aws",
                "security_account_id": "111111111111",
                "target_account_id": "222222222222",
                "target_name": "preprod",
                "admins": ["alice", "bob"],
                "group_name": "IT-Admins",
                "role_name": "TSU-IAM-ACCESS",
                "static_ips": ["203.0.113.10/32"],
                "managed_policy_arns": [READ_ONLY],
                "boundary_policy_arn": READ_ONLY,
                "tags": {"team": "it"},
            }
            component = CrossAccountAccess("access", CrossAccountAccessArgs(**(args | changed)), opts)
            pulumi.export("switchRoleLink", component.switch_role_link)
            pulumi.export("cliProfiles", component.cli_profiles)

        return run_pulumi(program)

    return register


def test_everything_of_the_admin_group_goes_to_the_security_account(admin_group: Callable[..., Recorded]) -> None:
    recorded = admin_group()
    children = [resource for resource in recorded.resources if resource.type.startswith("aws:")]
    assert {child.account for child in children} == {"security"}
    assert {child.parent.split("$")[-1] for child in children} == {"delegation:iam:AdminGroup::admins"}


def test_each_admin_is_a_user_who_can_be_removed_whatever_they_made(admin_group: Callable[..., Recorded]) -> None:
    users = admin_group(user_path="/it/").of("aws:iam/user:User")
    assert [(user.name, user.inputs["name"]) for user in users] == [("admins-alice", "alice"), ("admins-bob", "bob")]
    assert all(user.inputs["forceDestroy"] and user.inputs["path"] == "/it/" for user in users)


def test_users_that_exist_already_are_members_and_not_made(admin_group: Callable[..., Recorded]) -> None:
    recorded = admin_group(create_users=False)
    assert recorded.of("aws:iam/user:User") == []
    assert recorded.one("aws:iam/groupMembership:GroupMembership").inputs["users"] == ["alice", "bob"]


def test_membership_waits_for_the_users(admin_group: Callable[..., Recorded]) -> None:
    dependencies = admin_group().one("aws:iam/groupMembership:GroupMembership").dependencies
    assert {urn.rpartition("::")[2] for urn in dependencies} == {"admins-alice", "admins-bob", "admins-group"}


def test_self_service_is_attached_under_an_arn_known_at_preview(admin_group: Callable[..., Recorded]) -> None:
    attachment = admin_group().one("aws:iam/groupPolicyAttachment:GroupPolicyAttachment")
    assert attachment.inputs["policyArn"] == "arn:aws:iam::111111111111:policy/IT-Admins-self-service"
    assert "admins-self-service" in {urn.rpartition("::")[2] for urn in attachment.dependencies}


@pytest.mark.parametrize("protect", [True, False])
def test_protection_of_the_admin_group_covers_the_group_alone(
    admin_group: Callable[..., Recorded], protect: bool
) -> None:
    protected = {resource.type for resource in admin_group(protect=protect).resources if resource.protect}
    assert protected == ({"aws:iam/group:Group"} if protect else set())


@pytest.mark.parametrize(
    ("type_", "account"),
    [
        ("aws:iam/role:Role", "preprod"),
        ("aws:iam/rolePolicy:RolePolicy", "preprod"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "preprod"),
        ("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive", "preprod"),
        ("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", "preprod"),
        ("aws:iam/groupPolicy:GroupPolicy", "security"),
    ],
)
def test_each_resource_of_the_access_goes_to_its_account(
    access: Callable[..., Recorded], type_: str, account: str
) -> None:
    resource = access().one(type_)
    assert resource.account == account
    assert resource.parent.endswith("delegation:iam:CrossAccountAccess::access")


def test_the_access_makes_nothing_else(access: Callable[..., Recorded]) -> None:
    types = [resource.type for resource in access().resources if resource.account]
    assert sorted(type_.rpartition(":")[2] for type_ in types) == [
        "GroupPolicy",
        "Role",
        "RolePoliciesExclusive",
        "RolePolicy",
        "RolePolicyAttachment",
        "RolePolicyAttachmentsExclusive",
    ]


def test_role_carries_name_session_length_and_tags(access: Callable[..., Recorded]) -> None:
    inputs = access(max_session_hours=4).one("aws:iam/role:Role").inputs
    assert (inputs["name"], inputs["maxSessionDuration"], inputs["tags"]) == ("TSU-IAM-ACCESS", 14400, {"team": "it"})


def test_role_trusts_the_admins_of_the_security_account(access: Callable[..., Recorded]) -> None:
    (statement,) = access(user_path="/it/").one("aws:iam/role:Role").document("assumeRolePolicy")["Statement"]
    assert statement["Principal"] == {
        "AWS": ["arn:aws:iam::111111111111:user/it/alice", "arn:aws:iam::111111111111:user/it/bob"]
    }


def test_grant_names_exactly_the_access_role(access: Callable[..., Recorded]) -> None:
    grant = access(partition="aws-us-gov").one("aws:iam/groupPolicy:GroupPolicy")
    assert grant.inputs["group"] == "IT-Admins"
    assert grant.document()["Statement"][0]["Resource"] == "arn:aws-us-gov:iam::222222222222:role/TSU-IAM-ACCESS"


def test_grant_comes_last(access: Callable[..., Recorded]) -> None:
    dependencies = access().one("aws:iam/groupPolicy:GroupPolicy").dependencies
    assert {urn.rpartition("::")[2] for urn in dependencies} >= {"access-role", "access-role-management"}


@pytest.mark.parametrize(
    ("mode", "address_in_grant", "inline"),
    [
        ("grant", True, ["role-management"]),
        ("session", False, ["role-management", "session-addresses"]),
        ("both", True, ["role-management", "session-addresses"]),
    ],
)
def test_the_static_ips_are_tested_where_configured(
    access: Callable[..., Recorded], mode: str, address_in_grant: bool, inline: list[str]
) -> None:
    recorded = access(static_ip_at=mode)
    condition = recorded.one("aws:iam/groupPolicy:GroupPolicy").document()["Statement"][0]["Condition"]
    assert ("IpAddress" in condition) == address_in_grant
    assert [policy.inputs["name"] for policy in recorded.of("aws:iam/rolePolicy:RolePolicy")] == inline
    assert recorded.one("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive").inputs["policyNames"] == inline


def test_without_role_management_strange_inline_policies_are_still_removed(access: Callable[..., Recorded]) -> None:
    recorded = access(role_management=False)
    assert recorded.of("aws:iam/rolePolicy:RolePolicy") == []
    assert recorded.one("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive").inputs["policyNames"] == []


def test_attached_policies_are_the_exclusive_ones(access: Callable[..., Recorded]) -> None:
    arns = [READ_ONLY, "arn:aws:iam::aws:policy/SecurityAudit"]
    recorded = access(managed_policy_arns=arns)
    attached = recorded.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    exclusive = recorded.one("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive")
    assert [attachment.inputs["policyArn"] for attachment in attached] == exclusive.inputs["policyArns"] == arns


@pytest.mark.parametrize("protect", [True, False])
def test_protection_of_the_access_covers_the_role_alone(access: Callable[..., Recorded], protect: bool) -> None:
    protected = {resource.type for resource in access(protect=protect).resources if resource.protect}
    assert protected == ({"aws:iam/role:Role"} if protect else set())


@pytest.mark.parametrize(
    "type_", ["aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/groupPolicy:GroupPolicy"]
)
def test_what_is_named_in_the_access_is_made_before_the_old_goes(access: Callable[..., Recorded], type_: str) -> None:
    made = access(static_ip_at="both").of(type_)
    assert made
    assert {resource.delete_before_replace for resource in made} == {False}


@pytest.mark.parametrize("type_", ["aws:iam/policy:Policy", "aws:iam/groupMembership:GroupMembership"])
def test_what_is_named_in_the_admin_group_is_made_before_the_old_goes(
    admin_group: Callable[..., Recorded], type_: str
) -> None:
    assert admin_group().one(type_).delete_before_replace is False


def test_every_resource_that_the_provider_would_remove_first_is_told_otherwise(
    access: Callable[..., Recorded], admin_group: Callable[..., Recorded]
) -> None:
    first = {
        resource.name
        for resource in [*access().resources, *admin_group().resources]
        if resource.delete_before_replace is not False
        and (replacement := REPLACEMENTS.get(resource.type))
        and replacement.inputs
        and replacement.old_first({**resource.inputs, "__defaults": []})
    }
    assert first == set()


def test_a_description_taken_over_with_the_self_service_policy_stays(admin_group: Callable[..., Recorded]) -> None:
    assert admin_group().one("aws:iam/policy:Policy").ignore_changes == ["description"]


def test_a_callers_protection_reaches_every_child(access: Callable[..., Recorded]) -> None:
    recorded = access(pulumi.ResourceOptions(protect=True))
    assert [resource.name for resource in recorded.resources if resource.account and not resource.protect] == []


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "signin.aws.amazon.com"),
        ("aws-cn", "signin.amazonaws.cn"),
        ("aws-us-gov", "signin.amazonaws-us-gov.com"),
    ],
)
def test_switch_role_link_is_filled_in_for_the_partition(
    access: Callable[..., Recorded], partition: str, host: str
) -> None:
    assert access(partition=partition).outputs["switchRoleLink"] == (
        f"https://{host}/switchrole?account=222222222222&roleName=TSU-IAM-ACCESS&displayName=TSU-IAM-ACCESS+preprod"
    )


def test_a_partition_that_publishes_no_sign_in_address_has_no_link(access: Callable[..., Recorded]) -> None:
    assert access(partition="aws-iso").outputs["switchRoleLink"] is None


@pytest.mark.parametrize(
    ("variant", "lines"),
    [
        ("mfaInSession", {"source_profile = security-keys-mfa", "role_session_name = <your-user-name>"}),
        (
            "mfaSerial",
            {
                "mfa_serial = arn:aws:iam::111111111111:mfa/<your-device>",
                "role_session_name = <your-user-name>",
                "duration_seconds = 7200",
            },
        ),
    ],
)
def test_cli_profiles_name_role_device_and_session(
    access: Callable[..., Recorded], variant: str, lines: set[str]
) -> None:
    profile = access(max_session_hours=2).outputs["cliProfiles"][variant].splitlines()
    assert lines | {"[profile preprod]", "role_arn = arn:aws:iam::222222222222:role/TSU-IAM-ACCESS"} <= set(profile)


def test_mfa_in_session_comes_first(access: Callable[..., Recorded]) -> None:
    assert next(iter(access().outputs["cliProfiles"])) == "mfaInSession"


def test_each_provider_is_held_to_one_account_and_one_profile(access: Callable[..., Recorded]) -> None:
    providers = {resource.name: resource.inputs for resource in access().of(PROVIDER)}
    assert {name: inputs["profile"] for name, inputs in providers.items()} == {
        "security": "delegation-security",
        "preprod": "delegation-preprod",
    }
    assert {inputs["allowedAccountIds"] for inputs in providers.values()} == {'["111111111111"]'}
