"""Who may assume a role, and with what proof.

In scope are IAM users of any account and every principal of another account than the role's. Services, federation and
the account's own roles are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    WITHOUT_MFA,
    Document,
    Effect,
    Principal,
    PrincipalKind,
    Question,
    Statement,
    Unverifiable,
    callers_of_trust,
    decide,
)
from delegation_pack.policies.documents import trusts
from delegation_pack.policies.resources import Resource
from delegation_pack.policies.validation import Config, ResourceRule, policy
from delegation_pack.policies.wording import because

_OUT_OF_SCOPE = (PrincipalKind.SERVICE, PrincipalKind.FEDERATED, PrincipalKind.CANONICAL_USER)


def _on_trusts(judge: Callable[[Document, Resource, Config], Iterator[str]]) -> ResourceRule:
    def rule(resource: Resource, config: Config) -> Iterator[str]:
        for carried in trusts(resource):
            try:
                for text in judge(carried.read(), resource, config):
                    yield f"{resource.label} {text}"
            except Unverifiable as reason:
                yield f"{resource.label} cannot be verified: {reason}"

    return rule


def _without_mfa(document: Document, resource: Resource, _config: Config) -> Iterator[str]:
    callers = callers_of_trust(resource.account, resource.partition)
    finding = decide(document, Question(callers=callers, targets=(ASSUME_THIS_ROLE,), keys=WITHOUT_MFA))
    if finding:
        yield f"can be assumed without MFA: {because(finding)} Demand it with Bool on the Allow."


def _others_than_users(document: Document, resource: Resource, config: Config) -> Iterator[str]:
    question = Question(callers=callers_of_trust(resource.account, resource.partition), targets=(ASSUME_THIS_ROLE,))
    for statement, principal in document.admitted:
        complaint = _complaint(principal, resource.account, config)
        if complaint and decide(_only(document, statement, principal), question):
            yield f"trusts {principal.value}, {complaint}, in {statement.label}. Name the ARNs of users instead."


def _only(document: Document, statement: Statement, principal: Principal) -> Document:
    """The document without what else it allows: a Deny may take back all that the statement gives this principal."""
    allow = statement if statement.principals is None else replace(statement, principals=(principal,))
    denies = (other for other in document.statements if other.effect is Effect.DENY)
    return replace(document, statements=(allow, *denies))


def _complaint(principal: Principal, account: str | None, config: Config) -> str | None:
    """What is wrong with an entry of a trust policy; None if nothing is."""
    security, admins = config.get("securityAccountId"), config.get("adminUsers")
    match principal.kind:
        case kind if kind in _OUT_OF_SCOPE:
            return None
        case PrincipalKind.WILDCARD:
            return "which is everybody"
        case PrincipalKind.ACCOUNT:
            return "a whole account"
        case PrincipalKind.UNIQUE_ID:
            return "the id of a user or role that was deleted or cannot be told"
        case PrincipalKind.USER if security and principal.account != security:
            return f"a user of another account than the Security account {security}"
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


trust_requires_mfa = policy("iam-trust-requires-mfa", on_resource=_on_trusts(_without_mfa))
trust_names_users_only = policy("iam-trust-names-users-only", on_resource=_on_trusts(_others_than_users))
