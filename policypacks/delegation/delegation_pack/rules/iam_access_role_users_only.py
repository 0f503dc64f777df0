"""Roles that let IAM users in, which nobody else enters."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.facts.actions import SOURCE
from delegation_pack.iam import Callers, CallerType, Query, decide
from delegation_pack.judging import because, on_trusts
from delegation_pack.model import Policy
from delegation_pack.rights import unknown_actions
from delegation_pack.rule import Rule
from delegation_pack.trust_policies import OUTSIDE_OF_IAM, VENDORS, lets_users_in, opening, without_vendors

_OTHERS = {
    CallerType.ROLE: "by a role",
    CallerType.SERVICE: "by a service of AWS",
    CallerType.FEDERATED: "through an identity provider",
}


def entered_otherwise(trust: Policy, config: Config) -> Iterator[str]:
    """Yield the other ways into a role that lets users in."""
    document = trust.read()
    if not lets_users_in(without_vendors(trust, config), trust.account, trust.partition):
        return
    for type_, how in _OTHERS.items():
        callers = (Callers(type=type_, partition=trust.partition),)
        finding = decide(document, Query(callers=callers, targets=(opening(trust.account),)))
        if finding:
            yield f"may be assumed by users, but also {how}: {because(finding)} Make another role for that."
    for action in unknown_actions(document):
        yield (
            f"may be assumed by users, and cannot be verified: {action} is not an action as of {SOURCE}. Leave it out."
        )
    for statement, principal in document.admitted:
        if principal.kind in OUTSIDE_OF_IAM:
            yield (
                f"may be assumed by users, and cannot be verified: {statement.label} names {principal.value!r}, a "
                f"{principal.kind}, which opens no session as far as AWS says. Leave it out."
            )


RULE = Rule(
    name="iam-access-role-users-only",
    description="A role that IAM users may assume is open to nobody else: no role, service or identity provider.",
    severity="critical",
    remediation=(
        'Let the trust policy have the statement for users only: "Principal": {"AWS": '
        '["arn:aws:iam::111111111111:user/alice"]}, "Action": "sts:AssumeRole". Give services, pipelines and vendors '
        "roles of their own."
    ),
    configuration=VENDORS,
    on_resource=on_trusts(entered_otherwise),
)
