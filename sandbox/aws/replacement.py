"""Which changes make a new resource, and whether the old one goes first.

Two tables, one row per resource type, and one rule for the order. Sources: the Terraform AWS provider that
pulumi-aws 7.51.1 bridges (https://github.com/hashicorp/terraform-provider-aws, below `internal/service/iam/`), and the
bridge itself (https://github.com/pulumi/pulumi-terraform-bridge).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

DEFAULTS = "__defaults"
"""The input in which the bridge notes which others it filled in itself."""


class Order(Enum):
    """Who decides whether the old resource goes first."""

    BY_NAME = "pkg/tfbridge/schema.go: nameRequiresDeleteBeforeReplace"
    """The old one goes first when the program gave the name: the bridge fears that the new one needs the same name.

    It does so whichever input changed, and even if the name itself is what changes.
    """
    NEW_FIRST_WITHOUT_NAME = "pkg/tfbridge/provider.go: Provider.Diff"
    """The resource has no property `name`, so the same rule never asks for it."""
    NEW_FIRST_IN_FRAMEWORK = "pkg/pf/tfbridge/provider_diff.go: Provider.DiffWithContext"
    """Resources written with Terraform's newer framework know no rule for names."""


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """One row: how resources of a type are replaced."""

    inputs: frozenset[str]
    """The inputs of which a change makes a new resource: `ForceNew`, or `RequiresReplace` in the framework."""
    source: str
    """The file of the Terraform provider that says so."""
    order: Order

    def old_first(self, inputs: Mapping[str, Any]) -> bool:
        """Tell whether the provider asks for delete-before-replace with the new, checked inputs."""
        return self.order is Order.BY_NAME and "name" in inputs and "name" not in inputs.get(DEFAULTS, ["name"])


def _row(source: str, order: Order, inputs: Collection[str] = ()) -> Replacement:
    return Replacement(inputs=frozenset(inputs), source=source, order=order)


REPLACEMENTS: Mapping[str, Replacement] = {
    "aws:iam/user:User": _row("user.go", Order.BY_NAME),
    "aws:iam/group:Group": _row("group.go", Order.BY_NAME),
    "aws:iam/groupMembership:GroupMembership": _row("group_membership.go", Order.BY_NAME, ("name", "group")),
    "aws:iam/groupPolicy:GroupPolicy": _row("group_policy.go", Order.BY_NAME, ("name", "group")),
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": _row(
        "group_policy_attachment.go", Order.NEW_FIRST_WITHOUT_NAME, ("group", "policyArn")
    ),
    "aws:iam/policy:Policy": _row("policy.go", Order.BY_NAME, ("name", "path", "description")),
    "aws:iam/role:Role": _row("role.go", Order.BY_NAME, ("name", "path")),
    "aws:iam/rolePolicy:RolePolicy": _row("role_policy.go", Order.BY_NAME, ("name", "role")),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _row(
        "role_policy_attachment.go", Order.NEW_FIRST_WITHOUT_NAME, ("role", "policyArn")
    ),
    "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive": _row(
        "role_policies_exclusive.go", Order.NEW_FIRST_IN_FRAMEWORK, ("roleName",)
    ),
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": _row(
        "role_policy_attachments_exclusive.go", Order.NEW_FIRST_IN_FRAMEWORK, ("roleName",)
    ),
}
