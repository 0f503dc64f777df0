"""The admin group of the Security account: users, membership and self-service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pulumi
import pulumi_aws as aws
from delegation_pack.facts.quotas import MANAGED_POLICY

from components import documents
from components.quotas import DocumentSize, within_quota


@dataclass(frozen=True, kw_only=True)
class AdminGroupArgs:
    """What the admin group is made from."""

    provider: aws.Provider
    """Provider of the Security account."""
    partition: str
    """Partition of the account, by its id: `aws`, `aws-cn`, `aws-us-gov`, …"""
    account_id: str
    """The Security account: 12 digits."""
    group_name: str
    """Name of the group."""
    admins: Sequence[str]
    """Names of the IAM users in the group."""
    user_path: str = "/"
    """Path of those users."""
    static_ips: Sequence[str] = ()
    """CIDRs from which alone the admins may make access keys and enrol MFA devices; empty: from anywhere."""
    create_users: bool = True
    """Whether the users are made here; otherwise they exist already."""
    protect: bool = False
    """Whether the engine refuses to remove or replace the group."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the users and of the self-service policy (IAM groups have none)."""

    def __post_init__(self) -> None:
        """Refuse a document that IAM would refuse for its size.

        Raises:
            QuotaExceededError: the self-service document is larger than IAM takes.
        """
        _ = self.size

    @property
    def user_arns(self) -> list[str]:
        """ARNs of the admins, in the order of the list."""
        return documents.user_arns(self.partition, self.account_id, self.user_path, self.admins)

    @property
    def self_service_name(self) -> str:
        """Name of the self-service policy."""
        return f"{self.group_name}-self-service"

    @property
    def self_service_arn(self) -> str:
        """ARN of the self-service policy; known before it is made, so that the policy pack sees what is attached."""
        return f"arn:{self.partition}:iam::{self.account_id}:policy/{self.self_service_name}"

    @cached_property
    def self_service(self) -> str:
        """Self-service policy of the group, as JSON text."""
        return documents.self_service(
            partition=self.partition,
            account_id=self.account_id,
            user_path=self.user_path,
            static_ips=self.static_ips,
        )

    @cached_property
    def size(self) -> DocumentSize:
        """Size of the self-service document against its quota."""
        return within_quota(
            f"The self-service policy of group {self.group_name}",
            self.self_service,
            limit=MANAGED_POLICY,
            mend="Shorten delegation:staticIps: fewer, wider networks; or delegation:userPath.",
        )


class AdminGroup(pulumi.ComponentResource):
    """The admins as IAM users, the group, its exclusive membership, and self-service for its members."""

    group_name: pulumi.Output[str]
    """Name of the group."""
    group_arn: pulumi.Output[str]
    """ARN of the group."""
    document_sizes: dict[str, Mapping[str, int]]
    """Characters used and allowed, by document: `selfService`."""

    def __init__(
        self,
        name: str,
        args: AdminGroupArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make the group, its members and their self-service."""
        super().__init__("delegation:iam:AdminGroup", name, {}, opts)

        # delete_before_replace=False, here and below: the provider removes a resource whose name was given before it
        # makes the new one. A group renamed that way loses its members, and its policy cannot go while attached.
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        users = [
            aws.iam.User(
                f"{name}-{admin}",
                name=admin,
                path=args.user_path,
                # An admin who made access keys or enrolled a device must still leave with one update.
                force_destroy=True,
                tags=args.tags,
                opts=child,
            )
            for admin in (args.admins if args.create_users else ())
        ]
        group = aws.iam.Group(
            f"{name}-group",
            name=args.group_name,
            # IAM renames a group in place, but its id in the state stays the old name: the next refresh would lose it.
            opts=pulumi.ResourceOptions(
                parent=self, provider=args.provider, protect=args.protect or None, replace_on_changes=["name"]
            ),
        )
        # Exclusive: never beside a UserGroupMembership of the same group.
        aws.iam.GroupMembership(
            f"{name}-membership",
            name=f"{args.group_name}-members",
            group=group.name,
            users=list(args.admins),
            opts=pulumi.ResourceOptions(
                parent=self, provider=args.provider, depends_on=users, delete_before_replace=False
            ),
        )
        policy = aws.iam.Policy(
            f"{name}-self-service",
            name=args.self_service_name,
            description="Own password, access keys and MFA device; nothing else without MFA",
            policy=args.self_service,
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                delete_before_replace=False,
                # IAM cannot change a description: a policy taken over with another one would have to go first, and
                # cannot while it is attached.
                ignore_changes=["description"],
            ),
        )
        aws.iam.GroupPolicyAttachment(
            f"{name}-self-service-attachment",
            group=group.name,
            policy_arn=args.self_service_arn,
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=policy),
        )

        self.group_name = group.name
        self.group_arn = group.arn
        self.document_sizes = {"selfService": args.size.as_output()}
        self.register_outputs(
            {
                "groupName": self.group_name,
                "groupArn": self.group_arn,
                "documentSizes": self.document_sizes,
            }
        )
