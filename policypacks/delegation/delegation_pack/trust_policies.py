"""Whom trust policies let in: the people, and those whom the pack's configuration declares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from delegation_pack.configuration import SECURITY_ACCOUNT, Config
from delegation_pack.facts.actions import SESSIONS
from delegation_pack.iam import (
    Callers,
    CallerType,
    Document,
    Effect,
    Principal,
    PrincipalKind,
    Query,
    Resources,
    Statement,
    Target,
    Unverifiable,
    Values,
    decide,
)
from delegation_pack.model import Policy

OUTSIDE_OF_IAM = (PrincipalKind.CANONICAL_USER, PrincipalKind.FEDERATED_USER)
"""Entries of which AWS does not say whom they admit."""
EXTERNAL_ID = "sts:ExternalId"
VENDORS: Mapping[str, Any] = {
    **SECURITY_ACCOUNT,
    "vendors": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "account": {"type": "string", "pattern": "^[0-9]{12}$"},
                "externalId": {"type": "string", "minLength": 2},
                "reason": {"type": "string", "minLength": 1},
            },
            "required": ["account", "externalId", "reason"],
            "additionalProperties": False,
        },
        "description": (
            "Accounts of others whose programs may assume roles with the external id that belongs to them, each with a "
            "reason. They are reported. No role that lets users in is theirs."
        ),
    },
}


def opening(account: str | None) -> Target:
    """Return every action that opens a session, on a role of an account (None: not known), as a target."""
    return Target(actions=SESSIONS, resources=Resources(account=account))


def only(document: Document, statement: Statement, principal: Principal) -> Document:
    """Return a document without what else it allows: a Deny may take back all that the statement gives a principal."""
    allow = statement if statement.principals is None else replace(statement, principals=(principal,))
    denies = (other for other in document.statements if other.effect is Effect.DENY)
    return replace(document, statements=(allow, *denies))


def vendors(trust: Policy, config: Config) -> Iterator[tuple[Statement, Principal, str]]:
    """Yield the entries of a trust policy that let in declared vendors only, each with the vendor's reason."""
    document = trust.read()
    declared = {one["account"]: one for one in config.get("vendors", ()) if isinstance(one, Mapping)}
    for statement, principal in document.admitted:
        vendor = declared.get(principal.account or "")
        # One's own people know an external id, too.
        if vendor is None or principal.account in (trust.account, config.get("securityAccountId")):
            continue
        callers = tuple(Callers(type=type_, partition=trust.partition) for type_ in (CallerType.USER, CallerType.ROLE))
        keys = {EXTERNAL_ID: Values(but=(vendor["externalId"],))}
        query = Query(callers=callers, targets=(opening(trust.account),), keys=keys)
        if decide(only(document, statement, principal), query) is None:
            yield statement, principal, str(vendor["reason"])


def without_vendors(trust: Policy, config: Config) -> Document:
    """Return a trust policy without what it allows to declared vendors.

    Raises:
        Unverifiable: it cannot be read.
    """
    document = trust.read()
    return without(document, {(statement.index, principal) for statement, principal, _ in vendors(trust, config)})


def without(document: Document, entries: Collection[tuple[int, Principal]]) -> Document:
    """Return a trust policy without what its statements, by their index, allow to some principals."""
    statements = []
    for statement in document.statements:
        if statement.effect is Effect.DENY or statement.principals is None:
            statements.append(statement)
        elif rest := tuple(one for one in statement.principals if (statement.index, one) not in entries):
            statements.append(replace(statement, principals=rest))
    return replace(document, statements=tuple(statements))


def lets_users_in(document: Document, account: str | None, partition: str | None) -> bool:
    """Tell whether the trust policy of a role in this account lets an IAM user of any account in.

    Raises:
        Unverifiable: that cannot be told.
    """
    callers = (Callers(type=CallerType.USER, partition=partition),)
    return decide(document, Query(callers=callers, targets=(opening(account),))) is not None


def may_let_users_in(trust: Policy, config: Config) -> bool:
    """Tell whether a trust policy lets an IAM user in; one that cannot be read may."""
    try:
        return lets_users_in(without_vendors(trust, config), trust.account, trust.partition)
    except Unverifiable:
        return True
