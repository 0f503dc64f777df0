"""Deploys one stack of the delegation: the Security account's groups, or the access to one target account."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pulumi
import pulumi_aws as aws
from delegation_pack.facts import PARTITIONS

from components import (
    CrossAccountAccess,
    CrossAccountAccessArgs,
    QuotaExceededError,
    TargetAccess,
    TargetRoles,
    UserGroups,
    UserGroupsPlan,
)
from interrupts import ALREADY_EXPLAINED, end_quietly
from live_grants import (
    SecurityAccount,
    check_nobody_is_shut_out,
    check_packed,
    packed_now,
    refuse_what_does_not_fit,
)
from live_group import LiveGroupError, check_users_are_members, warn_of_unlisted_members
from live_role import LiveRoleError, kept_revocations
from providers import account_provider
from settings import Settings, SettingsError, load


def deploy() -> None:
    """Register the stack's resources and export its outputs."""
    settings = load()
    for warning in settings.warnings(datetime.now(UTC).date()):
        pulumi.log.warn(warning)
    if settings.target_account_id is None:
        deploy_groups(settings)
    else:
        deploy_access(settings, settings.target_account_id)


def security_provider(settings: Settings) -> aws.Provider:
    """Return the provider of the Security account."""
    return account_provider("security", account_id=settings.security_account_id, region=settings.region)


def deploy_groups(settings: Settings) -> None:
    """Register the groups of the Security account."""
    packed = settings.grants == "packed"
    # Before AWS is asked for anything: what the configuration alone decides is refused without.
    plan = UserGroupsPlan(
        partition=settings.partition,
        account_id=settings.security_account_id,
        members=settings.members,
        last_days=settings.last_days,
        user_path=settings.user_path,
        static_ips=settings.cidrs,
        targets=[target_roles(settings.target(stack)) for stack in settings.targets] if packed else [],
        create_users=settings.create_users,
        protect=settings.protect,
        tags=settings.tags,
    )
    account = SecurityAccount(settings.region)
    live = {group: packed_now(group, account) for group in plan.members}
    plan = replace(plan, placed={group: now.placed for group, now in live.items()})
    security = security_provider(settings)
    for group, members in plan.members.items():
        warn_of_unlisted_members(group, plan.arns(members), security)
        check_nobody_is_shut_out(live[group], plan.granted[group], account, packed=packed)
    groups = UserGroups("admins", plan, security)
    pulumi.export("groupArns", groups.group_arns)
    pulumi.export("users", plan.user_arns)
    pulumi.export("documentSizes", groups.document_sizes)
    if packed:
        pulumi.export("packedGrants", plan.packed_sizes)


def target_roles(settings: Settings) -> TargetRoles:
    """Return the access roles of a target as its grants see them."""
    return TargetRoles(
        partition=settings.partition,
        target_account_id=settings.target_account_id or "",
        members=settings.members,
        roles=settings.access_roles,
        static_ips=settings.cidrs,
        static_ip_at=settings.static_ip_at,
    )


def deploy_access(settings: Settings, target_account_id: str) -> None:
    """Register the access to one target account."""
    # Before there are providers, for they call AWS: what the configuration alone decides is refused without.
    access = TargetAccess(
        partition=settings.partition,
        security_account_id=settings.security_account_id,
        target_account_id=target_account_id,
        target_name=settings.stack,
        members=settings.members,
        user_path=settings.user_path,
        roles=settings.access_roles,
        static_ips=settings.cidrs,
        static_ip_at=settings.static_ip_at,
        packed=settings.grants == "packed",
        revoke_sessions_before=settings.revoke_sessions_before,
        trust_policy_quota=settings.trust_policy_quota,
        protect=settings.protect,
        tags=settings.tags,
    )
    security = security_provider(settings)
    target = account_provider(settings.stack, account_id=target_account_id, region=settings.region)
    account = SecurityAccount(settings.region)
    for group, roles in access.terms.items():
        check_users_are_members(group, access.user_arns([group]), security)
        if access.packed:
            check_packed(group, roles, account)
        else:
            refuse_what_does_not_fit(group, access.grant_name(group), access.grants[group], account)
    made = CrossAccountAccess(
        "access",
        CrossAccountAccessArgs(
            access=access,
            security_provider=security,
            target_provider=target,
            kept_policies=kept_revocations(access.roles, access.revoke_sessions_before, target),
        ),
    )
    pulumi.export("roleArns", made.role_arns)
    pulumi.export("trustedUsers", access.trusted_users)
    pulumi.export("switchRoleLinks", {role: access.switch_role_link(role) for role in access.roles})
    for role in access.roles:
        if access.switch_role_link(role) is None:
            partition = PARTITIONS[settings.partition]
            pulumi.log.info(partition.switch_role_by_hand(account_id=target_account_id, role=role) + ".")
    pulumi.export("cliProfiles", {role: access.cli_profiles(role) for role in access.roles})
    pulumi.export("documentSizes", access.document_sizes)
    pulumi.export("grantsThatFit", {group: quota.size.fits for group, quota in access.grant_quotas.items()})


end_quietly()
# What has been imported stays: Python would look at all of it again at the end, for a sixth of the program's time.
gc.freeze()
try:
    deploy()
except (SettingsError, QuotaExceededError, LiveGroupError, LiveRoleError) as refusal:
    pulumi.log.error(str(refusal))
    sys.exit(ALREADY_EXPLAINED)
