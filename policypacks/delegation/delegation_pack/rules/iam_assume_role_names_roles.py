"""Grants: identity policies that allow sts:AssumeRole on a role of another account, which they name."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import PROTECTED_ROLES, Config, protected_roles
from delegation_pack.judging import because, on_inline, on_managed
from delegation_pack.model import Policy
from delegation_pack.rights import enters_roles_elsewhere, grants_like
from delegation_pack.rule import Rule


def unnamed(policy: Policy, config: Config) -> Iterator[str]:
    """Yield that a grant reaches roles that it does not name, or that nobody may be granted."""
    finding = enters_roles_elsewhere(policy, but=policy.read().named_resources)
    if finding:
        yield f"grants roles that it does not name: {because(finding)} Name each role's ARN in Resource."
        return
    for name in protected_roles(config):
        if finding := grants_like(policy, f"arn:*:iam::*:role/{name}", f"arn:*:iam::*:role/*/{name}"):
            yield f"grants {name}, which is protected: {because(finding)} Take it out of Resource."


RULE = Rule(
    name="iam-assume-role-names-roles",
    description="A grant names the roles of other accounts that may be assumed, without wildcards; none is protected.",
    severity="high",
    remediation='Name each role: "Resource": "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS".',
    configuration=PROTECTED_ROLES,
    on_resource=on_inline(unnamed),
    on_stack=on_managed(unnamed),
)
