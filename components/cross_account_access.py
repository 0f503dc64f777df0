"""The access to one target account: the access role there and the grant on the admin group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import pulumi
import pulumi_aws as aws
from delegation_pack.facts import PARTITIONS
from delegation_pack.facts.quotas import INLINE_POLICIES, TRUST_POLICY

from components import documents
from components.quotas import DocumentSize, within_quota

KEYS_PROFILE = "security-keys"
"""The AWS CLI profile with a person's access keys, as `access setup` names it too: after the security stack."""


@dataclass(frozen=True, kw_only=True)
class CrossAccountAccessArgs:
    """What the access to one target account is made from; plain values, for the documents are built from them."""

    security_provider: aws.Provider
    """Provider of the Security account, where the grant goes."""
    target_provider: aws.Provider
    """Provider of the target account, where the access role goes."""
    partition: str
    """Partition of both accounts, by its id: `aws`, `aws-cn`, `aws-us-gov`, …"""
    security_account_id: str
    """Account that owns the users and the admin group: 12 digits."""
    target_account_id: str
    """Account that owns the access role: 12 digits."""
    target_name: str
    """What people call the target account, in the switch-role link and the CLI profiles: the stack's name."""
    admins: Sequence[str]
    """Names of the IAM users that the role trusts."""
    user_path: str = "/"
    """Path of those users."""
    group_name: str
    """Admin group that gets the grant."""
    role_name: str
    """Name of the access role."""
    static_ips: Sequence[str]
    """CIDRs from which the delegation may be used."""
    static_ip_at: Literal["grant", "session", "both"] = "grant"
    """Where the address is tested: when the role is assumed, on each request of its session, or both."""
    managed_policy_arns: Sequence[str]
    """Managed policies of the access role."""
    role_management: bool = True
    """Whether the admins may manage roles there."""
    role_management_mfa: bool = True
    """Whether role management asks for MFA in the session too."""
    boundary_policy_arn: str
    """Permissions boundary that every role made or changed through the access role must carry."""
    max_session_hours: int = 1
    """Longest session, in hours: 1 to 12."""
    trust_policy_quota: int = TRUST_POLICY
    """The target account's quota for a trust policy, in characters."""
    protect: bool = False
    """Whether the engine refuses to remove or replace the access role."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the access role."""

    def __post_init__(self) -> None:
        """Refuse documents that IAM would refuse for their size.

        Raises:
            QuotaExceededError: a document is larger than IAM takes.
        """
        _ = self.sizes

    @property
    def role_arn(self) -> str:
        """ARN of the access role."""
        return f"arn:{self.partition}:iam::{self.target_account_id}:role/{self.role_name}"

    @property
    def trusted_users(self) -> list[str]:
        """ARNs of the admins, in the order of the list."""
        return documents.user_arns(self.partition, self.security_account_id, self.user_path, self.admins)

    @cached_property
    def trust_policy(self) -> str:
        """Trust policy of the access role, as JSON text."""
        return documents.trust_policy(self.trusted_users)

    @cached_property
    def grant(self) -> str:
        """Grant on the admin group, as JSON text."""
        return documents.grant(self.role_arn, None if self.static_ip_at == "session" else self.static_ips)

    @cached_property
    def role_policies(self) -> dict[str, str]:
        """Inline policies of the access role: JSON text by policy name."""
        policies: dict[str, str] = {}
        if self.role_management:
            policies["role-management"] = documents.role_management(
                partition=self.partition,
                account_id=self.target_account_id,
                role_name=self.role_name,
                boundary_policy_arn=self.boundary_policy_arn,
                static_ips=self.static_ips,
                mfa=self.role_management_mfa,
            )
        if self.static_ip_at != "grant":
            policies["session-addresses"] = documents.session_addresses(self.static_ips)
        return policies

    @cached_property
    def sizes(self) -> dict[str, DocumentSize]:
        """Size of each document against its quota: `trust`, `rolePolicies`, `grant`."""
        fewer_addresses = "Shorten delegation:staticIps: fewer, wider networks."
        return {
            "trust": within_quota(
                f"The trust policy of role {self.role_name} with {len(self.admins)} admins",
                self.trust_policy,
                limit=self.trust_policy_quota,
                mend="Shorten delegation:admins or delegation:userPath, or have AWS raise the target account's quota "
                "L-C07B4B0D (to 8,192 at most) and then set delegation:trustPolicyQuota.",
            ),
            "rolePolicies": within_quota(
                f"The inline policies of role {self.role_name} with {len(self.static_ips)} static IPs",
                *self.role_policies.values(),
                limit=INLINE_POLICIES["role"],
                mend=fewer_addresses,
            ),
            "grant": within_quota(
                f"The grant on group {self.group_name} with {len(self.static_ips)} static IPs",
                self.grant,
                limit=INLINE_POLICIES["group"],
                mend=f"{fewer_addresses} All inline policies of the group share this quota.",
            ),
        }


class CrossAccountAccess(pulumi.ComponentResource):
    """Lets the admins of the Security account into one target account.

    In the target account it makes the access role: its trust names the admins and demands MFA, its managed policies
    and its inline policies are managed exclusively. In the Security account it makes the grant on the admin group.
    """

    role_arn: pulumi.Output[str]
    """ARN of the access role."""
    role_name: pulumi.Output[str]
    """Name of the access role."""
    trusted_users: list[str]
    """ARNs of the users that the role trusts."""
    switch_role_link: str | None
    """Console link that opens Switch Role with account and role filled in; None where the partition publishes none."""
    cli_profiles: dict[str, str]
    """Texts for the AWS CLI's configuration: `mfaInSession` (carries MFA into the role's session) and `mfaSerial`."""
    document_sizes: dict[str, Mapping[str, int]]
    """Characters used and allowed, by document: `trust`, `rolePolicies`, `grant`."""
    grants_that_fit: int
    """How many grants of this size the admin group holds. What other stacks wrote to it is not known here."""

    def __init__(
        self,
        name: str,
        args: CrossAccountAccessArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make the access role and the grant."""
        super().__init__("delegation:iam:CrossAccountAccess", name, {}, opts)

        in_target = pulumi.ResourceOptions(parent=self, provider=args.target_provider)
        # delete_before_replace=False, here and below: the provider removes a resource whose name was given before it
        # makes the new one. A new role name that turns out to be taken would then leave nobody a way in.
        role = aws.iam.Role(
            f"{name}-role",
            name=args.role_name,
            description="Access for the admins of the Security account",
            assume_role_policy=args.trust_policy,
            max_session_duration=args.max_session_hours * 3600,
            # A policy attached by hand must not keep the role from being removed.
            force_detach_policies=True,
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.target_provider,
                protect=args.protect or None,
                delete_before_replace=False,
            ),
        )
        attachments = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{arn.rpartition('/')[2]}",
                role=role.name,
                policy_arn=arn,
                opts=in_target,
            )
            for arn in args.managed_policy_arns
        ]
        inline = [
            aws.iam.RolePolicy(
                f"{name}-{policy}",
                name=policy,
                role=role.name,
                policy=document,
                opts=pulumi.ResourceOptions(parent=self, provider=args.target_provider, delete_before_replace=False),
            )
            for policy, document in args.role_policies.items()
        ]
        # The exclusive resources see and remove what was added by hand, under --refresh.
        aws.iam.RolePolicyAttachmentsExclusive(
            f"{name}-managed-policies",
            role_name=role.name,
            policy_arns=list(args.managed_policy_arns),
            opts=pulumi.ResourceOptions(parent=self, provider=args.target_provider, depends_on=attachments),
        )
        aws.iam.RolePoliciesExclusive(
            f"{name}-inline-policies",
            role_name=role.name,
            policy_names=list(args.role_policies),
            opts=pulumi.ResourceOptions(parent=self, provider=args.target_provider, depends_on=inline),
        )
        # Last, so that the door opens only onto a role that is complete.
        aws.iam.GroupPolicy(
            f"{name}-grant",
            name=f"assume-{args.role_name}-in-{args.target_account_id}",
            group=args.group_name,
            policy=args.grant,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.security_provider,
                depends_on=[role, *attachments, *inline],
                delete_before_replace=False,
            ),
        )

        self.role_arn = role.arn
        self.role_name = role.name
        self.trusted_users = args.trusted_users
        self.switch_role_link = _switch_role_link(args)
        self.cli_profiles = _cli_profiles(args)
        self.document_sizes = {document: size.as_output() for document, size in args.sizes.items()}
        self.grants_that_fit = args.sizes["grant"].fits
        self.register_outputs(
            {
                "roleArn": self.role_arn,
                "roleName": self.role_name,
                "trustedUsers": self.trusted_users,
                "switchRoleLink": self.switch_role_link,
                "cliProfiles": self.cli_profiles,
                "documentSizes": self.document_sizes,
                "grantsThatFit": self.grants_that_fit,
            }
        )


def _switch_role_link(args: CrossAccountAccessArgs) -> str | None:
    return PARTITIONS[args.partition].switch_role_link(
        account_id=args.target_account_id, role=args.role_name, display_name=f"{args.role_name} {args.target_name}"
    )


def _cli_profiles(args: CrossAccountAccessArgs) -> dict[str, str]:
    device = f"arn:{args.partition}:iam::{args.security_account_id}:mfa/<your-device>"
    duration = args.max_session_hours * 3600
    return {
        # AssumeRole does not carry MFA into the role's session, GetSessionToken does, so this one comes first.
        # A session opened with temporary credentials is role chaining, which AWS ends after an hour.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
        "mfaInSession": (
            f"# 1. aws sts get-session-token --profile {KEYS_PROFILE} --token-code <code> \\\n"
            f"#      --serial-number {device}\n"
            f"# 2. Put the three values into profile {KEYS_PROFILE}-mfa of ~/.aws/credentials.\n"
            f"[profile {args.target_name}]\n"
            f"role_arn = {args.role_arn}\n"
            f"source_profile = {KEYS_PROFILE}-mfa\n"
            "role_session_name = <your-user-name>\n"
        ),
        "mfaSerial": (
            f"[profile {args.target_name}]\n"
            f"role_arn = {args.role_arn}\n"
            f"source_profile = {KEYS_PROFILE}\n"
            f"mfa_serial = {device}\n"
            "role_session_name = <your-user-name>\n"
            f"duration_seconds = {duration}\n"
        ),
    }
