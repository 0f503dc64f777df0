"""Both components: which resource goes to which account, under which parent, with which inputs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pulumi
import pytest

from components import (
    CrossAccountAccess,
    CrossAccountAccessArgs,
    TargetAccess,
    TargetRoles,
    UserGroups,
    UserGroupsPlan,
)
from sandbox.aws.replacement import REPLACEMENTS
from settings import parse
from tests.unit.recording import PROVIDER, Recorded, RunPulumi

MakeProvider = Callable[[str], Any]

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


GROUPS = {"IT-Admins": ["alice", "bob"]}
TWO_GROUPS = {"IT-Admins": ["alice", "bob"], "Auditors": ["carol", "alice"]}
ROLES: dict[str, Any] = {"TSU-IAM-ACCESS": {"groups": ["IT-Admins"], "roleManagement": {}}}
TWO_ROLES: dict[str, Any] = {
    **ROLES,
    "TSU-AUDIT": {"groups": ["Auditors", "IT-Admins"], "mfaMaxAgeHours": 1, "maxSessionHours": 4, "sessionName": True},
}


@pytest.fixture
def user_groups(run_pulumi: RunPulumi, provider: MakeProvider) -> Callable[..., Recorded]:
    """Registers UserGroups with the given arguments changed."""

    def register(**changed: Any) -> Recorded:
        def program() -> None:
            args = {"partition": "aws", "account_id": "111111111111", "members": GROUPS, "tags": {"team": "it"}}
            groups = UserGroups("admins", UserGroupsPlan(**(args | changed)), provider("security"))
            pulumi.export("groupArns", groups.group_arns)

        return run_pulumi(program)

    return register


@pytest.fixture
def access(run_pulumi: RunPulumi, provider: MakeProvider) -> Callable[..., Recorded]:
    """Registers a CrossAccountAccess: `groups` and `roles` of the configuration, and other arguments, changed."""

    def register(
        opts: pulumi.ResourceOptions | None = None,
        groups: dict[str, Any] = GROUPS,
        roles: dict[str, Any] = ROLES,
        kept: dict[str, Any] | None = None,
        **changed: Any,
    ) -> Recorded:
        settings = parse(
            "preprod",
            {
                "securityAccountId": "111111111111",
                "targetAccountId": "222222222222",
                "staticIps": ["203.0.113.10"],
                "groups": groups,
                "roles": roles,
            },
        )

        def program() -> None:
            args = {
                "partition": "aws",
                "security_account_id": "111111111111",
                "target_account_id": "222222222222",
                "target_name": "preprod",
                "members": settings.members,
                "roles": settings.access_roles,
                "static_ips": settings.cidrs,
                "tags": {"team": "it"},
            }
            plan = TargetAccess(**(args | changed))
            CrossAccountAccess(
                "access",
                CrossAccountAccessArgs(
                    access=plan,
                    security_provider=provider("security"),
                    target_provider=provider("preprod"),
                    kept_policies=kept or {},
                ),
                opts,
            )
            pulumi.export("switchRoleLinks", {role: plan.switch_role_link(role) for role in plan.roles})
            pulumi.export("cliProfiles", {role: plan.cli_profiles(role) for role in plan.roles})

        return run_pulumi(program)

    return register


def targets(count: int, ips: tuple[str, ...] = ("203.0.113.10/32",), **roles: Any) -> list[TargetRoles]:
    """So many target accounts with the same roles."""
    settings = parse(
        "preprod",
        {
            "securityAccountId": "111111111111",
            "targetAccountId": "222222222222",
            "staticIps": ["203.0.113.10"],
            "groups": TWO_GROUPS,
            "roles": roles or TWO_ROLES,
        },
    )
    return [
        TargetRoles(
            partition="aws",
            target_account_id=f"{number:012}",
            members=settings.members,
            roles=settings.access_roles,
            static_ips=ips,
        )
        for number in range(1, count + 1)
    ]


def with_fields(**fields: Any) -> dict[str, Any]:
    """The one role with fields changed."""
    return {"TSU-IAM-ACCESS": ROLES["TSU-IAM-ACCESS"] | fields}


def test_everything_of_the_admin_group_goes_to_the_security_account(user_groups: Callable[..., Recorded]) -> None:
    recorded = user_groups()
    children = [resource for resource in recorded.resources if resource.type.startswith("aws:")]
    assert {child.account for child in children} == {"security"}
    assert {child.parent.split("$")[-1] for child in children} == {"delegation:iam:AdminGroup::admins"}


def test_each_admin_is_a_user_who_can_be_removed_whatever_they_made(user_groups: Callable[..., Recorded]) -> None:
    users = user_groups(user_path="/it/").of("aws:iam/user:User")
    assert [(user.name, user.inputs["name"]) for user in users] == [("admins-alice", "alice"), ("admins-bob", "bob")]
    assert all(user.inputs["forceDestroy"] and user.inputs["path"] == "/it/" for user in users)


def test_users_that_exist_already_are_members_and_not_made(user_groups: Callable[..., Recorded]) -> None:
    recorded = user_groups(create_users=False)
    assert recorded.of("aws:iam/user:User") == []
    assert recorded.one("aws:iam/groupMembership:GroupMembership").inputs["users"] == ["alice", "bob"]


def test_membership_waits_for_the_users(user_groups: Callable[..., Recorded]) -> None:
    dependencies = user_groups().one("aws:iam/groupMembership:GroupMembership").dependencies
    assert {urn.rpartition("::")[2] for urn in dependencies} == {"admins-alice", "admins-bob", "admins-IT-Admins"}


def test_self_service_is_attached_under_an_arn_known_at_preview(user_groups: Callable[..., Recorded]) -> None:
    attachment = user_groups().one("aws:iam/groupPolicyAttachment:GroupPolicyAttachment")
    assert attachment.inputs["policyArn"] == "arn:aws:iam::111111111111:policy/IT-Admins-self-service"
    assert "admins-IT-Admins-self-service" in {urn.rpartition("::")[2] for urn in attachment.dependencies}


def test_packed_grants_are_policies_of_each_group_attached_under_arns_known_at_preview(
    user_groups: Callable[..., Recorded],
) -> None:
    recorded = user_groups(members=TWO_GROUPS, targets=targets(2))
    made = {policy.inputs["name"]: policy.document() for policy in recorded.of("aws:iam/policy:Policy")}
    assert sorted(made) == [
        "Auditors-grants-1",
        "Auditors-self-service",
        "IT-Admins-grants-1",
        "IT-Admins-self-service",
    ]
    attached = {one.inputs["policyArn"] for one in recorded.of("aws:iam/groupPolicyAttachment:GroupPolicyAttachment")}
    assert attached == {f"arn:aws:iam::111111111111:policy/{name}" for name in made}
    accounts = ("000000000001", "000000000002")
    assert {
        group: {statement["Sid"]: statement["Resource"] for statement in made[f"{group}-grants-1"]["Statement"]}
        for group in TWO_GROUPS
    } == {
        "IT-Admins": {
            "AssumeAccessRole": [f"arn:aws:iam::{account}:role/TSU-IAM-ACCESS" for account in accounts],
            "AssumeAccessRoleWithMfaOf1Hours": [f"arn:aws:iam::{account}:role/TSU-AUDIT" for account in accounts],
        },
        "Auditors": {
            "AssumeAccessRoleWithMfaOf1Hours": [f"arn:aws:iam::{account}:role/TSU-AUDIT" for account in accounts]
        },
    }


def test_roles_that_move_between_packed_policies_are_in_the_new_one_before_they_leave_the_old(
    user_groups: Callable[..., Recorded],
) -> None:
    placed = {"IT-Admins": {f"arn:aws:iam::{number:012}:role/TSU-IAM-ACCESS": 1 for number in range(1, 131)}}
    recorded = user_groups(targets=targets(130, **ROLES), placed=placed)
    written = {policy.name: policy for policy in recorded.of("aws:iam/policy:Policy")}
    waits_for = {urn.rpartition("::")[2] for urn in written["admins-IT-Admins-grants-1"].dependencies}
    assert waits_for == {"admins-IT-Admins-grants-2-attachment"}
    assert written["admins-IT-Admins-grants-2"].dependencies == []


def test_no_packed_grant_without_targets(user_groups: Callable[..., Recorded]) -> None:
    assert [policy.inputs["name"] for policy in user_groups().of("aws:iam/policy:Policy")] == ["IT-Admins-self-service"]


def test_with_packed_grants_the_access_is_the_roles_alone(access: Callable[..., Recorded]) -> None:
    recorded = access(packed=True)
    assert recorded.of("aws:iam/groupPolicy:GroupPolicy") == []
    assert recorded.one("aws:iam/role:Role").inputs["name"] == "TSU-IAM-ACCESS"


@pytest.mark.parametrize("protect", [True, False])
def test_protection_of_the_admin_group_covers_the_group_alone(
    user_groups: Callable[..., Recorded], protect: bool
) -> None:
    protected = {resource.type for resource in user_groups(protect=protect).resources if resource.protect}
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
    inputs = access(roles=with_fields(maxSessionHours=4)).one("aws:iam/role:Role").inputs
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
    assert {urn.rpartition("::")[2] for urn in dependencies} >= {
        "access-TSU-IAM-ACCESS",
        "access-TSU-IAM-ACCESS-role-management",
    }


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
    recorded = access(roles={"TSU-IAM-ACCESS": {"groups": ["IT-Admins"]}})
    assert recorded.of("aws:iam/rolePolicy:RolePolicy") == []
    assert recorded.one("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive").inputs["policyNames"] == []


def test_attached_policies_are_the_exclusive_ones(access: Callable[..., Recorded]) -> None:
    arns = [READ_ONLY, "arn:aws:iam::aws:policy/SecurityAudit"]
    recorded = access(roles=with_fields(managedPolicyArns=arns))
    attached = recorded.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    exclusive = recorded.one("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive")
    assert {attachment.inputs["policyArn"] for attachment in attached} == set(arns)
    assert exclusive.inputs["policyArns"] == arns


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
    user_groups: Callable[..., Recorded], type_: str
) -> None:
    assert user_groups().one(type_).delete_before_replace is False


def test_every_resource_that_the_provider_would_remove_first_is_told_otherwise(
    access: Callable[..., Recorded], user_groups: Callable[..., Recorded]
) -> None:
    first = {
        resource.name
        for resource in [*access().resources, *user_groups().resources]
        if resource.delete_before_replace is not False
        and (replacement := REPLACEMENTS.get(resource.type))
        and replacement.inputs
        and replacement.old_first({**resource.inputs, "__defaults": []})
    }
    assert first == set()


def test_a_description_taken_over_with_the_self_service_policy_stays(user_groups: Callable[..., Recorded]) -> None:
    assert user_groups().one("aws:iam/policy:Policy").ignore_changes == ["description"]


def test_each_group_has_its_members_and_its_self_service(user_groups: Callable[..., Recorded]) -> None:
    recorded = user_groups(members=TWO_GROUPS, last_days={"carol": date(2027, 1, 31)})
    assert [user.inputs["name"] for user in recorded.of("aws:iam/user:User")] == ["alice", "bob", "carol"]
    memberships = recorded.of("aws:iam/groupMembership:GroupMembership")
    assert {one.inputs["name"]: one.inputs["users"] for one in memberships} == {
        "Auditors-members": ["carol", "alice"],
        "IT-Admins-members": ["alice", "bob"],
    }
    documents = {one.inputs["name"]: one.inputs["policy"] for one in recorded.of("aws:iam/policy:Policy")}
    assert {name: "2027-02-01T00:00:00Z" in text for name, text in documents.items()} == {
        "Auditors-self-service": True,
        "IT-Admins-self-service": False,
    }


def test_one_component_makes_all_roles_and_a_grant_for_each_group(access: Callable[..., Recorded]) -> None:
    recorded = access(groups=TWO_GROUPS, roles=TWO_ROLES)
    roles = {role.inputs["name"]: role for role in recorded.of("aws:iam/role:Role")}
    trusted = {
        name: [arn.rpartition("/")[2] for arn in role.document("assumeRolePolicy")["Statement"][0]["Principal"]["AWS"]]
        for name, role in roles.items()
    }
    assert trusted == {"TSU-IAM-ACCESS": ["alice", "bob"], "TSU-AUDIT": ["carol", "alice", "bob"]}
    assert {name: role.inputs["maxSessionDuration"] for name, role in roles.items()} == {
        "TSU-IAM-ACCESS": 3600,
        "TSU-AUDIT": 14400,
    }
    grants = {grant.inputs["group"]: grant for grant in recorded.of("aws:iam/groupPolicy:GroupPolicy")}
    prefix = "arn:aws:iam::222222222222:role/"
    assert {
        group: (grant.inputs["name"], [one["Resource"] for one in grant.document()["Statement"]])
        for group, grant in grants.items()
    } == {
        "IT-Admins": ("assume-roles-in-222222222222", [f"{prefix}TSU-IAM-ACCESS", f"{prefix}TSU-AUDIT"]),
        "Auditors": ("assume-TSU-AUDIT-in-222222222222", [f"{prefix}TSU-AUDIT"]),
    }
    for group, dependencies in (
        ("Auditors", {"access-TSU-AUDIT"}),
        ("IT-Admins", {f"access-{name}" for name in ROLES}),
    ):
        assert {urn.rpartition("::")[2] for urn in grants[group].dependencies} >= dependencies


def test_role_management_of_one_role_keeps_off_every_access_role(access: Callable[..., Recorded]) -> None:
    policy = access(groups=TWO_GROUPS, roles=TWO_ROLES).one("aws:iam/rolePolicy:RolePolicy").document()
    (deny,) = [one for one in policy["Statement"] if one["Sid"] == "NeverTheseRoles"]
    assert {arn.rpartition("/")[2] for arn in deny["Resource"]} >= {"TSU-IAM-ACCESS", "TSU-AUDIT"}


def test_revoked_sessions_are_denied_on_each_role(access: Callable[..., Recorded]) -> None:
    recorded = access(groups=TWO_GROUPS, roles=TWO_ROLES, revoke_sessions_before=datetime(2026, 11, 25, 10, tzinfo=UTC))
    revoked = [one for one in recorded.of("aws:iam/rolePolicy:RolePolicy") if one.inputs["name"] == "revoked-sessions"]
    assert len(revoked) == 2
    assert all("2026-11-25T10:00:00Z" in one.inputs["policy"] for one in revoked)
    exclusive = recorded.of("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive")
    assert [one.inputs["policyNames"] for one in exclusive] == [
        ["revoked-sessions"],
        ["role-management", "revoked-sessions"],
    ]


def test_kept_policies_are_kept_on_their_role_alone(access: Callable[..., Recorded]) -> None:
    recorded = access(groups=TWO_GROUPS, roles=TWO_ROLES, kept={"TSU-AUDIT": ["AWSRevokeOlderSessions"]})
    exclusive = recorded.of("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive")
    assert [one.inputs["policyNames"] for one in exclusive] == [["AWSRevokeOlderSessions"], ["role-management"]]


def test_profiles_of_several_roles_have_names_of_their_own(access: Callable[..., Recorded]) -> None:
    profiles = access(groups=TWO_GROUPS, roles=TWO_ROLES).outputs["cliProfiles"]
    assert {role: re.findall(r"\[profile (.*)\]", texts["mfaSerial"]) for role, texts in profiles.items()} == {
        "TSU-IAM-ACCESS": ["preprod-TSU-IAM-ACCESS"],
        "TSU-AUDIT": ["preprod-TSU-AUDIT"],
    }


def former(recorded: Recorded) -> dict[str, list[str]]:
    """Former names of the resources that have one, by name."""
    return {one.name: list(one.aliases) for one in recorded.resources if one.aliases}


# As the states of stacks have them that were deployed before there were several groups and roles.
CARRIED_OVER_GROUP = {
    "admins-IT-Admins": ["admins-group"],
    "admins-IT-Admins-membership": ["admins-membership"],
    "admins-IT-Admins-self-service": ["admins-self-service"],
    "admins-IT-Admins-self-service-attachment": ["admins-self-service-attachment"],
}
CARRIED_OVER_ROLE = {
    "access-TSU-IAM-ACCESS": ["access-role"],
    "access-TSU-IAM-ACCESS-ReadOnlyAccess": ["access-ReadOnlyAccess"],
    "access-TSU-IAM-ACCESS-role-management": ["access-role-management"],
    "access-TSU-IAM-ACCESS-session-addresses": ["access-session-addresses"],
    "access-TSU-IAM-ACCESS-managed-policies": ["access-managed-policies"],
    "access-TSU-IAM-ACCESS-inline-policies": ["access-inline-policies"],
    "access-grant-IT-Admins": ["access-grant"],
}


@pytest.mark.parametrize("members", [GROUPS, TWO_GROUPS], ids=["one-group", "two-groups"])
def test_the_group_that_there_was_has_its_former_names(user_groups: Callable[..., Recorded], members: Any) -> None:
    assert former(user_groups(members=members)) == CARRIED_OVER_GROUP


@pytest.mark.parametrize(("groups", "roles"), [(GROUPS, ROLES), (TWO_GROUPS, TWO_ROLES)], ids=["one-role", "two-roles"])
def test_the_role_and_the_grant_that_there_were_have_their_former_names(
    access: Callable[..., Recorded], groups: Any, roles: Any
) -> None:
    assert former(access(groups=groups, roles=roles, static_ip_at="both")) == CARRIED_OVER_ROLE


def test_one_group_and_role_of_another_name_have_their_former_names(access: Callable[..., Recorded]) -> None:
    found = former(access(groups={"G": ["alice"]}, roles={"R": {"groups": ["G"]}}))
    assert found["access-R"] == ["access-role"]
    assert found["access-grant-G"] == ["access-grant"]


def test_of_several_of_other_names_none_takes_over(access: Callable[..., Recorded]) -> None:
    roles = {"R": {"groups": ["G", "H"]}, "S": {"groups": ["G"]}}
    assert former(access(groups={"G": ["alice"], "H": ["bob"]}, roles=roles)) == {}


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
    assert access(partition=partition).outputs["switchRoleLinks"]["TSU-IAM-ACCESS"] == (
        f"https://{host}/switchrole?account=222222222222&roleName=TSU-IAM-ACCESS&displayName=TSU-IAM-ACCESS+preprod"
    )


def test_a_partition_that_publishes_no_sign_in_address_has_no_link(access: Callable[..., Recorded]) -> None:
    assert access(partition="aws-iso").outputs["switchRoleLinks"]["TSU-IAM-ACCESS"] is None


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
    profile = (
        access(roles=with_fields(maxSessionHours=2)).outputs["cliProfiles"]["TSU-IAM-ACCESS"][variant].splitlines()
    )
    assert lines | {"[profile preprod]", "role_arn = arn:aws:iam::222222222222:role/TSU-IAM-ACCESS"} <= set(profile)


def test_a_cli_profile_says_when_to_begin_again_where_mfa_may_be_of_some_age_only(
    access: Callable[..., Recorded],
) -> None:
    ages = {"OLD": {}, "ONE": {"mfaMaxAgeHours": 1}, "TWO": {"mfaMaxAgeHours": 2}}
    roles = {name: {"groups": ["Auditors"], **fields} for name, fields in ages.items()}
    profiles = access(groups=TWO_GROUPS, roles=roles).outputs["cliProfiles"]
    said = {
        name: re.findall(r"^# 3\..*$|^#    In.*$", texts["mfaInSession"], re.MULTILINE)
        for name, texts in profiles.items()
    }
    console = "#    In the console sign out and in again."
    assert said == {
        "OLD": [],
        "ONE": ["# 3. The role takes MFA that is up to 1 hour old: then begin at 1 again.", console],
        "TWO": ["# 3. The role takes MFA that is up to 2 hours old: then begin at 1 again.", console],
    }
    assert not any("# 3." in texts["mfaSerial"] for texts in profiles.values())


def test_mfa_in_session_comes_first(access: Callable[..., Recorded]) -> None:
    assert next(iter(access().outputs["cliProfiles"]["TSU-IAM-ACCESS"])) == "mfaInSession"


def test_each_provider_is_held_to_one_account_and_one_profile(access: Callable[..., Recorded]) -> None:
    providers = {resource.name: resource.inputs for resource in access().of(PROVIDER)}
    assert {name: inputs["profile"] for name, inputs in providers.items()} == {
        "security": "delegation-security",
        "preprod": "delegation-preprod",
    }
    assert {inputs["allowedAccountIds"] for inputs in providers.values()} == {'["111111111111"]'}
