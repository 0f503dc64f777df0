"""The access to one target account: the access roles there and the grants on the groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import carried_over
from components.target_access import TargetAccess


@dataclass(frozen=True, kw_only=True)
class CrossAccountAccessArgs:
    """What the access to one target account is made from, and by whom."""

    access: TargetAccess
    """The access as plain values, for the documents are built from them."""
    security_provider: aws.Provider
    """Provider of the Security account, where the grants go."""
    target_provider: aws.Provider
    """Provider of the target account, where the access roles go."""
    kept_policies: Mapping[str, pulumi.Input[Sequence[str]]] = field(default_factory=dict)
    """Names of inline policies that exclusive management leaves on a role, by role: revocations made in the console."""


class CrossAccountAccess(pulumi.ComponentResource):
    """Lets the members of groups of the Security account into one target account.

    In the target account it makes the access roles: the trust policy of each names the members of its groups and
    demands MFA, and its managed policies and its inline policies are managed exclusively. In the Security account it
    makes one grant on each group, for all its roles, unless the grants are packed.
    """

    role_arns: dict[str, pulumi.Output[str]]
    """ARN of each access role."""

    def __init__(
        self,
        name: str,
        args: CrossAccountAccessArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make the access roles and the grants."""
        super().__init__("delegation:iam:CrossAccountAccess", name, {}, opts)
        self._name, self._args, self._access = name, args, args.access

        successor = carried_over.successor(self._access.roles, carried_over.ROLE)
        made = {role: self._role(role, role == successor) for role in self._access.roles}
        group_successor = carried_over.successor(self._access.grants, carried_over.GROUP)
        for group, document in self._access.grants.items():
            # Last, so that a grant is for roles that are complete.
            aws.iam.GroupPolicy(
                f"{name}-grant-{group}",
                name=self._access.grant_name(group),
                group=group,
                policy=document,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    provider=args.security_provider,
                    depends_on=[part for role in self._access.roles_of_groups[group] for part in made[role]],
                    delete_before_replace=False,
                    aliases=carried_over.alias(f"{name}-grant", carried_over=group == group_successor),
                ),
            )
        self.role_arns = {name: parts[0].arn for name, parts in made.items() if isinstance(parts[0], aws.iam.Role)}
        self.register_outputs({"roleArns": self.role_arns})

    def _role(self, role_name: str, succeeds: bool) -> list[pulumi.Resource]:
        """Make one access role; return it and its policies. `succeeds` if it is the one that there was before."""
        access, name = self._access, f"{self._name}-{role_name}"
        settings = access.roles[role_name]

        # delete_before_replace=False: the provider removes a resource whose name was given before it makes the new
        # one. A new role name that turns out to be taken would then leave nobody a way in.
        def options(former: str, **more: object) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(
                parent=self,
                provider=self._args.target_provider,
                delete_before_replace=False,
                aliases=carried_over.alias(f"{self._name}-{former}", carried_over=succeeds),
                **more,  # type: ignore[arg-type]
            )

        role = aws.iam.Role(
            name,
            name=role_name,
            description="Access for the admins of the Security account",
            assume_role_policy=access.trust_policies[role_name],
            max_session_duration=settings.max_session_hours * 3600,
            # A policy attached by hand must not keep the role from being removed.
            force_detach_policies=True,
            tags=access.tags,
            opts=options("role", protect=access.protect or None),
        )
        attachments = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{arn.rpartition('/')[2]}",
                role=role.name,
                policy_arn=arn,
                opts=options(arn.rpartition("/")[2]),
            )
            for arn in settings.managed_policy_arns
        ]
        inline = [
            aws.iam.RolePolicy(f"{name}-{policy}", name=policy, role=role.name, policy=document, opts=options(policy))
            for policy, document in access.role_policies[role_name].items()
        ]
        # The exclusive resources see and remove what was added by hand, under --refresh.
        aws.iam.RolePolicyAttachmentsExclusive(
            f"{name}-managed-policies",
            role_name=role.name,
            policy_arns=list(settings.managed_policy_arns),
            opts=options("managed-policies", depends_on=attachments),
        )
        own = list(access.role_policies[role_name])
        aws.iam.RolePoliciesExclusive(
            f"{name}-inline-policies",
            role_name=role.name,
            policy_names=pulumi.Output.from_input(self._args.kept_policies.get(role_name, [])).apply(
                lambda kept: [*own, *kept]
            )
            if role_name in self._args.kept_policies
            else own,
            opts=options("inline-policies", depends_on=inline),
        )
        return [role, *attachments, *inline]
