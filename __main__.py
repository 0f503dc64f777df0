"""Deploys one stack of the delegation: the Security account's admin group, or the access to one target account."""

from __future__ import annotations

import sys

import pulumi
import pulumi_aws as aws
from delegation_pack.facts import PARTITIONS

from components import (
    AdminGroup,
    AdminGroupArgs,
    CrossAccountAccess,
    CrossAccountAccessArgs,
    QuotaExceededError,
)
from interrupts import ALREADY_EXPLAINED, end_quietly
from live_group import LiveGroupError, check_admins_are_members, warn_of_strangers
from providers import account_provider
from settings import Settings, SettingsError, load


def deploy() -> None:
    """Register the stack's resources and export its outputs."""
    settings = load()
    for warning in settings.warnings:
        pulumi.log.warn(warning)
    security = account_provider("security", account_id=settings.security_account_id, region=settings.region)
    if settings.target_account_id is None:
        deploy_admin_group(settings, security)
    else:
        target = account_provider(
            settings.stack,
            account_id=settings.target_account_id,
            region=settings.region,
        )
        deploy_access(settings, settings.target_account_id, security, target)


def deploy_admin_group(settings: Settings, security: aws.Provider) -> None:
    """Register the admin group of the Security account."""
    args = AdminGroupArgs(
        provider=security,
        partition=settings.partition,
        account_id=settings.security_account_id,
        group_name=settings.group_name,
        admins=settings.admins,
        user_path=settings.user_path,
        static_ips=settings.cidrs,
        create_users=settings.create_users,
        protect=settings.protect,
        tags=settings.tags,
    )
    warn_of_strangers(args.group_name, args.user_arns, security)
    group = AdminGroup("admins", args)
    pulumi.export("groupName", group.group_name)
    pulumi.export("groupArn", group.group_arn)
    pulumi.export("admins", args.user_arns)
    pulumi.export("documentSizes", group.document_sizes)


def deploy_access(
    settings: Settings,
    target_account_id: str,
    security: aws.Provider,
    target: aws.Provider,
) -> None:
    """Register the access to one target account."""
    args = CrossAccountAccessArgs(
        security_provider=security,
        target_provider=target,
        partition=settings.partition,
        security_account_id=settings.security_account_id,
        target_account_id=target_account_id,
        target_name=settings.stack,
        admins=settings.admins,
        user_path=settings.user_path,
        group_name=settings.group_name,
        role_name=settings.role_name,
        static_ips=settings.cidrs,
        static_ip_at=settings.static_ip_at,
        managed_policy_arns=settings.managed_policy_arns,
        role_management=settings.role_management.enabled,
        role_management_mfa=settings.role_management.mfa,
        boundary_policy_arn=settings.role_management.boundary_policy_arn,
        max_session_hours=settings.max_session_hours,
        trust_policy_quota=settings.trust_policy_quota,
        protect=settings.protect,
        tags=settings.tags,
    )
    check_admins_are_members(args.group_name, args.trusted_users, security)
    access = CrossAccountAccess("access", args)
    pulumi.export("roleArn", access.role_arn)
    pulumi.export("roleName", access.role_name)
    pulumi.export("trustedUsers", access.trusted_users)
    pulumi.export("switchRoleLink", access.switch_role_link)
    if access.switch_role_link is None:
        partition = PARTITIONS[settings.partition]
        pulumi.log.info(partition.switch_role_by_hand(account_id=target_account_id, role=settings.role_name) + ".")
    pulumi.export("cliProfiles", access.cli_profiles)
    pulumi.export("documentSizes", access.document_sizes)
    pulumi.export("grantsThatFit", access.grants_that_fit)


end_quietly()
try:
    deploy()
except (SettingsError, QuotaExceededError, LiveGroupError) as refusal:
    pulumi.log.error(str(refusal))
    sys.exit(ALREADY_EXPLAINED)
