"""Grants: identity policies that allow sts:AssumeRole on a role of another account, which they name."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.judging import because, on_inline, on_managed
from delegation_pack.model import Policy
from delegation_pack.rights import enters_roles_elsewhere
from delegation_pack.rule import Rule


def unnamed(policy: Policy, _config: Config) -> Iterator[str]:
    """Yield that a grant reaches roles it does not name."""
    finding = enters_roles_elsewhere(policy, but=policy.read().named_resources)
    if finding:
        yield f"grants roles that it does not name: {because(finding)} Name each role's ARN in Resource."


RULE = Rule(
    name="iam-assume-role-names-roles",
    description="A grant names the roles of other accounts that may be assumed, without wildcards.",
    severity="high",
    remediation='Name each role: "Resource": "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS".',
    on_resource=on_inline(unnamed),
    on_stack=on_managed(unnamed),
)
