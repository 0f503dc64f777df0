"""Grants: identity policies that allow sts:AssumeRole on a role of another account, with MFA only."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import TOGETHER, Config
from delegation_pack.iam import WITHOUT_MFA
from delegation_pack.judging import MFA_ON_ALLOW, because, on_inline, on_people
from delegation_pack.model import Policy
from delegation_pack.rights import enters_roles_elsewhere
from delegation_pack.rule import Rule
from delegation_pack.whose import DECLARED, of_people_alone


def without_mfa(policy: Policy, _config: Config) -> Iterator[str]:
    """Yield that a grant asks for no MFA."""
    finding = enters_roles_elsewhere(policy, WITHOUT_MFA)
    if finding:
        yield f"grants a role of another account without MFA: {because(finding)} Require it with Bool on the Allow."


RULE = Rule(
    name="iam-assume-role-requires-mfa",
    description="A grant allows sts:AssumeRole on another account's role only with MFA.",
    severity="critical",
    remediation=(
        f"Put {MFA_ON_ALLOW} on the Allow statement. Bool, not BoolIfExists: requests with plain access keys "
        "have no MFA key, and IfExists is true for a missing key."
    ),
    configuration={**TOGETHER, **DECLARED},
    on_resource=on_inline(without_mfa, concerns=of_people_alone),
    on_stack=on_people(without_mfa),
)
