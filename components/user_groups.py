"""The groups of the Security account: users, membership and self-service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import pulumi
import pulumi_aws as aws
from delegation_pack.facts.quotas import MANAGED_POLICY, characters

from components import carried_over, documents
from components.packing import Packing, pack, packed_policy_name
from components.quotas import DocumentSize, Quota, refuse_excess
from components.target_roles import TargetRoles


@dataclass(frozen=True, kw_only=True)
class UserGroupsPlan:
    """The groups as plain values, and the documents built from them."""

    partition: str
    """Partition of the account, by its id: `aws`, `aws-cn`, `aws-us-gov`, …"""
    account_id: str
    """The Security account: 12 digits."""
    members: Mapping[str, Sequence[str]]
    """Names of the IAM users in each group."""
    last_days: Mapping[str, date] = field(default_factory=dict)
    """Last days, UTC, of those users who have one, by name."""
    user_path: str = "/"
    """Path of the users."""
    static_ips: Sequence[str] = ()
    """CIDRs from which alone the users may make access keys and enroll MFA devices; empty: from anywhere."""
    targets: Sequence[TargetRoles] = ()
    """The target accounts on whose roles packed grants are made here; none where each target's stack makes its own."""
    placed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Number of the packed policy that a role is in, by the role's ARN, by group."""
    create_users: bool = True
    """Whether the users are made here; otherwise they exist already."""
    protect: bool = False
    """Whether the engine refuses to remove or replace the groups."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the users and of the self-service policies (IAM groups have none)."""

    def __post_init__(self) -> None:
        """Refuse documents that IAM would refuse for their size.

        Raises:
            QuotaExceededError: a self-service document is larger than IAM takes, or packed grants are.
        """
        refuse_excess(self.quotas.values())
        _ = self.packings

    @property
    def users(self) -> list[str]:
        """Names of all users, each once, in the order of the groups."""
        return list(dict.fromkeys(name for members in self.members.values() for name in members))

    @property
    def user_arns(self) -> list[str]:
        """ARNs of all users, in the order of their names' list."""
        return self.arns(self.users)

    def arns(self, names: Sequence[str]) -> list[str]:
        """Return the ARNs of users."""
        return documents.user_arns(self.partition, self.account_id, self.user_path, names)

    def self_service_name(self, group: str) -> str:
        """Return the name of a group's self-service policy."""
        return f"{group}-self-service"

    @cached_property
    def self_service(self) -> dict[str, str]:
        """Self-service policy of each group, as JSON text."""
        return {
            group: documents.self_service(
                partition=self.partition,
                account_id=self.account_id,
                user_path=self.user_path,
                static_ips=self.static_ips,
                last_days={name: self.last_days[name] for name in members if name in self.last_days},
            )
            for group, members in self.members.items()
        }

    @cached_property
    def granted(self) -> dict[str, dict[str, documents.Terms]]:
        """The terms of each role that packed grants are for, by its ARN, by group."""
        return {
            group: {arn: terms for target in self.targets for arn, terms in target.terms.get(group, {}).items()}
            for group in self.members
        }

    @cached_property
    def packings(self) -> dict[str, Packing]:
        """The packed grants of each group."""
        return {group: pack(group, roles, self.placed.get(group, {})) for group, roles in self.granted.items()}

    @property
    def packed_sizes(self) -> dict[str, Mapping[str, int]]:
        """Characters used and allowed of each packed policy, by its name."""
        return {
            packed_policy_name(group, number): DocumentSize(used=characters(document), limit=MANAGED_POLICY).as_output()
            for group, packing in self.packings.items()
            for number, document in packing.documents.items()
        }

    def policy_arn(self, name: str) -> str:
        """Return the ARN of a policy; known before it is made, so that the policy pack sees what is attached."""
        return f"arn:{self.partition}:iam::{self.account_id}:policy/{name}"

    @cached_property
    def quotas(self) -> dict[str, Quota]:
        """The self-service document of each group against its quota."""
        return {
            group: Quota(
                what=f"The self-service policy of group {group}",
                documents=[document],
                limit=MANAGED_POLICY,
                remedy="Shorten delegation:staticIps: fewer, wider networks; or delegation:userPath; or take people "
                "whose last day is over out of delegation:groups.",
            )
            for group, document in self.self_service.items()
        }


class UserGroups(pulumi.ComponentResource):
    """The people as IAM users, the groups, their exclusive membership, and self-service for their members."""

    group_arns: dict[str, pulumi.Output[str]]
    """ARN of each group."""
    document_sizes: dict[str, Mapping[str, int]]
    """Characters used and allowed of the self-service policy, by group."""

    def __init__(
        self,
        name: str,
        plan: UserGroupsPlan,
        provider: aws.Provider,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make the users, and each group with its members and their self-service."""
        # The type token is from when there was one group: it is the identity of everything below.
        super().__init__("delegation:iam:AdminGroup", name, {}, opts)
        self._name, self._plan, self._provider = name, plan, provider

        users = {
            user: aws.iam.User(
                f"{name}-{user}",
                name=user,
                path=plan.user_path,
                # Who made access keys or enrolled a device must still leave with one update.
                force_destroy=True,
                tags=plan.tags,
                opts=pulumi.ResourceOptions(parent=self, provider=provider),
            )
            for user in (plan.users if plan.create_users else ())
        }
        successor = carried_over.successor(plan.members, carried_over.GROUP)
        self.group_arns = {
            group: self._group(group, [users[user] for user in members if user in users], group == successor)
            for group, members in plan.members.items()
        }
        self.document_sizes = {group: quota.size.as_output() for group, quota in plan.quotas.items()}
        self.register_outputs({"groupArns": self.group_arns, "documentSizes": self.document_sizes})

    def _group(self, group_name: str, users: Sequence[aws.iam.User], succeeds: bool) -> pulumi.Output[str]:
        """Make one group and return its ARN; `succeeds` if it is the one that there was before there were several."""
        plan, name = self._plan, f"{self._name}-{group_name}"
        # delete_before_replace=False: the provider removes a resource whose name was given before it makes the new
        # one. A membership or policy that is replaced must not leave a time without.
        new_first = pulumi.ResourceOptions(parent=self, provider=self._provider, delete_before_replace=False)

        def options(former: str, **more: object) -> pulumi.ResourceOptions:
            aliases = carried_over.alias(f"{self._name}-{former}", carried_over=succeeds)
            return pulumi.ResourceOptions.merge(new_first, pulumi.ResourceOptions(aliases=aliases, **more))  # type: ignore[arg-type]

        group = aws.iam.Group(
            name,
            name=group_name,
            # IAM renames a group in place, but its id in the state stays the old name: the next refresh would lose it.
            opts=options("group", protect=plan.protect or None, replace_on_changes=["name"]),
        )
        # Exclusive: never beside a UserGroupMembership of the same group.
        aws.iam.GroupMembership(
            f"{name}-membership",
            name=f"{group_name}-members",
            group=group.name,
            users=list(plan.members[group_name]),
            opts=options("membership", depends_on=users),
        )

        def managed(
            suffix: str, policy_name_: str, description: str, document: str, after: Sequence[pulumi.Resource]
        ) -> pulumi.Resource:
            policy = aws.iam.Policy(
                f"{name}-{suffix}",
                name=policy_name_,
                description=description,
                policy=document,
                tags=plan.tags,
                # IAM cannot change a description: a policy taken over with another one would have to go first, and
                # cannot while it is attached.
                opts=options(suffix, ignore_changes=["description"], depends_on=after),
            )
            return aws.iam.GroupPolicyAttachment(
                f"{name}-{suffix}-attachment",
                group=group.name,
                policy_arn=plan.policy_arn(policy_name_),
                opts=options(f"{suffix}-attachment", depends_on=policy),
            )

        managed(
            "self-service",
            plan.self_service_name(group_name),
            "Own password, access keys and MFA device; nothing else without MFA",
            plan.self_service[group_name],
            (),
        )
        packing = plan.packings[group_name]
        attached: dict[int, pulumi.Resource] = {}
        # A role that moves from one policy to another is granted by both for a moment, never by none.
        for number in sorted(packing.documents, key=lambda number: number in packing.first):
            attached[number] = managed(
                f"grants-{number}",
                packed_policy_name(group_name, number),
                "Access roles that the group may assume",
                packing.documents[number],
                [attached[taker] for taker in packing.first.get(number, ())],
            )
        return group.arn
