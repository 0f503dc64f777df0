"""Whom a trust policy names.

In scope are IAM users of any account and every principal of another account than the role's. Services, federation and
the account's own roles are not. Entries that open no session as far as AWS says are refused, not asked about.
"""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    Principal,
    PrincipalKind,
    Query,
    callers_of_trust,
    decide,
)
from delegation_pack.judging import on_trusts, on_trusts_in_stack
from delegation_pack.model import Policy
from delegation_pack.rule import Declared, Rule
from delegation_pack.trust_policies import OUTSIDE_OF_IAM, VENDORS, only, vendors

_OUT_OF_SCOPE = (PrincipalKind.SERVICE, PrincipalKind.FEDERATED)


def others_than_users(trust: Policy, config: Config) -> Iterator[str]:
    """Yield the entries of a trust policy that let in somebody else than users of the Security account."""
    document = trust.read()
    declared = {(statement.index, principal): reason for statement, principal, reason in vendors(trust, config)}
    query = Query(callers=callers_of_trust(trust.account, trust.partition), targets=(ASSUME_THIS_ROLE,))
    for statement, principal in document.admitted:
        complaint = _complaint(principal, trust.account, config)
        asked = principal.kind not in OUTSIDE_OF_IAM
        if not complaint or (asked and not decide(only(document, statement, principal), query)):
            continue
        if reason := declared.get((statement.index, principal)):
            yield Declared(
                f"trusts {principal.value} with its external id, in {statement.label}: {reason.rstrip('.')}."
            )
        else:
            yield (
                f"trusts {principal.value}, {complaint}, in {statement.label}. Name the ARNs of users of the Security "
                "account instead."
            )


def _complaint(principal: Principal, account: str | None, config: Config) -> str | None:
    """What is wrong with an entry of a trust policy; None if nothing is."""
    security, admins = config.get("securityAccountId"), config.get("adminUsers")
    match principal.kind:
        case kind if kind in _OUT_OF_SCOPE:
            return None
        case kind if kind in OUTSIDE_OF_IAM:
            return f"a {kind}, of which AWS does not say whom it admits"
        case PrincipalKind.WILDCARD:
            return "which is everybody"
        case PrincipalKind.ACCOUNT:
            return "a whole account"
        case PrincipalKind.UNIQUE_ID:
            return "the id of a user or role that was deleted or cannot be told"
        case PrincipalKind.USER if security and principal.account != security:
            return f"a user of another account than the Security account {security}"
        case PrincipalKind.USER if not security and principal.account != account:
            return "a user who cannot be verified without securityAccountId in the configuration"
        case PrincipalKind.USER if admins is not None and not {
            principal.value,
            principal.value.rpartition("/")[2],
        } & set(admins):
            return "a user that is not one of adminUsers"
        case PrincipalKind.USER:
            return None
        case _ if principal.account == account:
            return None
        case _:
            return "a role of another account"


RULE = Rule(
    name="iam-trust-names-users-only",
    description=(
        "A trust policy names IAM users of the Security account: no wildcard, account, role or other account."
    ),
    severity="critical",
    remediation='Name each user: "Principal": {"AWS": ["arn:aws:iam::111111111111:user/alice"]}.',
    configuration={
        **VENDORS,
        "adminUsers": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The users that may be trusted, by name or ARN; without it, every user of the "
            "Security account.",
        },
    },
    on_resource=on_trusts(others_than_users, by_account=True),
    on_stack=on_trusts_in_stack(others_than_users),
)
