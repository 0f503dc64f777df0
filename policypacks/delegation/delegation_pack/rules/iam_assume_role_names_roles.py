"""Grants: identity policies that allow sts:AssumeRole on a role of another account, which they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from delegation_pack.configuration import PROTECTED_ROLES, Config, protected_roles
from delegation_pack.judging import because, judged, on_inline, on_people
from delegation_pack.model import Model, Policy, PrincipalType, account_of, aws_managed
from delegation_pack.rights import enters_roles_elsewhere, grants_like, naming
from delegation_pack.rule import Rule, Violation
from delegation_pack.whose import DECLARED, of_people_alone, people


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


def _entering(policy: Policy, config: Config, *, account: str | None, roles: Sequence[str]) -> Iterator[str]:
    """Yield that a document of a program in an account names a role of the delegation, one of these, or a root user.

    What it says of all roles at once opens none of them by itself: an access role lets users only in, which is judged
    where it is made. In the Security account it counts too, for what trusts that account trusts whoever is there.
    """
    if account and account == config.get("securityAccountId"):
        yield from unnamed(policy, config)
    patterns = [f"arn:*:iam::*:role/{name}" for name in protected_roles(config)]
    patterns += [
        f"arn:*:iam::{target}:role/{name}"
        for target in config.get("targetAccounts", "*")
        for name in config.get("accessRoles", ())
    ]
    named = replace(policy, narrowed=naming(policy.read()))
    finding = enters_roles_elsewhere(named, like=(*patterns, *roles, "arn:*:iam::*:root"))
    if finding:
        yield (
            f"lets a program enter a role of the delegation, or an account as root: {because(finding)} Take it out of "
            "Resource."
        )


def _with_stack(model: Model, config: Config) -> Iterator[Violation]:
    yield from on_people(_judge)(model, config)
    of_people = people(model, config).principals
    roles = [one.arn for one in of_people if one.type is PrincipalType.ROLE and one.resource and one.arn]
    for program in (one for one in model.principals if one not in of_people):
        # What nobody here can read is iam-attached-policies-are-known's.
        attaching = {arn: resource for resource, arn in program.aws_attachments if aws_managed(arn)}
        judge = partial(_entering, account=program.account, roles=roles)
        for policy in program.policies:
            if carrier := policy.resource or attaching.get(policy.arn):
                yield from ((carrier, text) for text in judged(policy, config, judge))


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
        **DECLARED,
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
    on_resource=on_inline(_judge, concerns=of_people_alone),
    on_stack=_with_stack,
)
