"""Role management: identity policies that allow the IAM actions which change roles, with MFA only."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import TOGETHER, Config
from delegation_pack.iam import WITHOUT_MFA, Attachment
from delegation_pack.judging import MFA_ON_ALLOW, because, on_inline, on_people
from delegation_pack.model import Policy
from delegation_pack.rights import changes_roles
from delegation_pack.rule import Rule
from delegation_pack.whose import DECLARED, of_people_alone


def without_mfa(policy: Policy, _config: Config) -> Iterator[str]:
    """Yield that roles may be changed without MFA."""
    finding = changes_roles(policy, keys=WITHOUT_MFA)
    if finding:
        operator = "Bool or BoolIfExists" if policy.attachment is Attachment.ROLE else "Bool"
        yield f"lets roles be changed without MFA: {because(finding)} Require it with {operator} on the Allow."


RULE = Rule(
    name="iam-role-management-requires-mfa",
    description="Roles are created, changed and removed only with MFA.",
    severity="critical",
    remediation=(
        f"Put {MFA_ON_ALLOW} on the Allow statement. On a role's own policy BoolIfExists will do: in a role's "
        "session the key is never absent."
    ),
    configuration={**TOGETHER, **DECLARED},
    on_resource=on_inline(without_mfa, concerns=of_people_alone),
    on_stack=on_people(without_mfa),
)
