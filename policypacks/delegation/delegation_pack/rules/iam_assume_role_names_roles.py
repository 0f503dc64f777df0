"""Grants: identity policies that allow sts:AssumeRole on a role of another account, which they name."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import PROTECTED_ROLES, Config, protected_roles
from delegation_pack.judging import because, on_inline, on_managed
from delegation_pack.model import Policy, account_of
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


def undeclared(policy: Policy, config: Config) -> Iterator[str]:
    """Yield that a grant names a role of an account or of a name that is not declared."""
    others = tuple(arn for arn in policy.read().named_resources if not _is_declared(arn, config))
    finding = enters_roles_elsewhere(policy, like=others) if others else None
    if finding:
        yield (
            f"grants a role that is not an access role of a declared target: {because(finding)} Take it out, or "
            "add its account to targetAccounts and its name to accessRoles in this policy's configuration."
        )


def _judge(policy: Policy, config: Config) -> Iterator[str]:
    yield from unnamed(policy, config)
    yield from undeclared(policy, config)


def _is_declared(arn: str, config: Config) -> bool:
    account, name = account_of(arn), arn.partition("/")[2]
    return account in config.get("targetAccounts", [account]) and name in config.get("accessRoles", [name])


RULE = Rule(
    name="iam-assume-role-names-roles",
    description=(
        "A grant names the roles of other accounts that may be assumed, without wildcards: declared ones, if the "
        "configuration lists them, and none that is protected."
    ),
    severity="high",
    remediation='Name each role: "Resource": "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS".',
    configuration={
        **PROTECTED_ROLES,
        "targetAccounts": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[0-9]{12}$"},
            "description": "The accounts on whose roles there may be grants; any without the list.",
        },
        "accessRoles": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The names, with their paths, of the roles that may be granted; any without the list.",
        },
    },
    on_resource=on_inline(_judge),
    on_stack=on_managed(_judge),
)
