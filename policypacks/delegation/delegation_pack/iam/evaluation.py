"""One request against documents: allowed or not, by which statement, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from delegation_pack.iam.conditions import Check, canonical, language_of, resource_texts
from delegation_pack.iam.document import Condition, Document, Effect, Statement, Unverifiable, matching_actions
from delegation_pack.iam.patterns import SEPARATOR
from delegation_pack.iam.principals import caller_type, part, principals_language


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, whole."""

    principal: str
    """ARN of the IAM user, the account's root user, or the role whose session calls
    ("arn:aws:iam::111111111111:role/ops"); "AWSService:ec2.amazonaws.com"; "Federated:" and the provider."""
    action: str
    """Full name: "sts:AssumeRole"."""
    resource: str
    """ARN, or "*" for actions without one; of a trust policy the role's own ARN."""
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Condition keys by name, in any case; a key that is missing here is absent from the request.

    What follows from principal and resource need not be given: aws:PrincipalArn, aws:PrincipalAccount,
    aws:PrincipalType, aws:username, aws:ResourceAccount. A role's session is named by its aws:userid ("AROA…:name").
    """


class Decision(StrEnum):
    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed by any statement"


@dataclass(frozen=True)
class Verdict:
    """The answer to one request."""

    decision: Decision
    statement: Statement | None
    """The statement that decides; None when none allows."""
    document: int | None
    """Position in the list of documents, from 0, of that statement."""
    reasons: tuple[str, ...]
    """Full sentences: what decided, or for each Allow that covers the action why it did not let the request through."""

    @property
    def allowed(self) -> bool:
        return self.decision is Decision.ALLOWED


class Facts:
    """A request with the keys that follow from its caller and its resource."""

    def __init__(self, request: Request) -> None:
        self.request = request
        context = {
            canonical(key): (value,) if isinstance(value, str) else tuple(value)
            for key, value in request.context.items()
        }
        self.caller = request.principal + SEPARATOR + "".join(context.get("aws:userid", ()))
        settled = {
            "aws:principaltype": caller_type(request.principal),
            "aws:username": part("aws:username", self.caller),
            "aws:resourceaccount": part("aws:resourceaccount", request.resource),
            **{key: part(key, self.caller) for key in ("aws:principalarn", "aws:principalaccount")},
        }
        self.context = {key: (str(value),) for key, value in settled.items() if value} | context

    def values(self, key: str) -> tuple[str, ...]:
        """The key's values, none if it is absent."""
        return self.context.get(key, ())

    def lookup(self, key: str) -> str | None:
        values = self.values(canonical(key))
        return values[0] if len(values) == 1 else None

    def checks(self, document: Document, statement: Statement) -> list[Check]:
        return self.check(statement.conditions, document.has_variables)

    def check(self, conditions: Iterable[Condition], has_variables: bool) -> list[Check]:
        return [Check.of(condition, has_variables, self.lookup) for condition in conditions]


@dataclass(frozen=True)
class Unmet:
    """A part of a statement that does not match a request."""

    result: bool | None
    """False, or None where AWS does not say what comes out."""
    why: str
    """A clause: "Bool is false when aws:MultiFactorAuthPresent is absent"."""
    key: str | None = None
    """The condition key in lower case; None for an element other than Condition."""


def unmet(document: Document, statement: Statement, request: Request) -> tuple[Unmet, ...]:
    """Why a statement of a document does not apply to a request: every part that does not match; none if it applies."""
    return _unmet(document, statement, Facts(request))


def _unmet(document: Document, statement: Statement, facts: Facts) -> tuple[Unmet, ...]:
    request = facts.request
    found: list[Unmet] = []
    if not matching_actions(statement, [request.action]):
        found.append(Unmet(False, f"it does not cover {request.action}"))
    named = statement.principals if statement.principals is not None else statement.not_principals
    if named is not None and (facts.caller in principals_language(named)) != (statement.principals is not None):
        found.append(Unmet(False, f"it does not cover {request.principal}"))
    texts = resource_texts(statement)
    if texts:
        language = language_of(texts, document.has_variables, facts.lookup)
        if (request.resource in language) != (statement.resources is not None):
            found.append(Unmet(False, f"it does not cover {request.resource}"))
    for check in facts.checks(document, statement):
        result = check.holds(facts.values(check.key))
        if not result:
            found.append(Unmet(result, check.says(facts.values(check.key)), check.key))
    return tuple(found)


def evaluate(documents: Document | Sequence[Document], request: Request) -> Verdict:
    """Judge one request against all documents of one policy: a principal's identity policies, or a trust policy.

    Raises:
        Unverifiable: the outcome hangs on a comparison whose result AWS does not define.
    """
    facts = Facts(request)
    judged = [
        (i, statement, _unmet(document, statement, facts))
        for i, document in enumerate((documents,) if isinstance(documents, Document) else documents)
        for statement in document.statements
    ]
    applying = [(i, statement) for i, statement, failed in judged if not failed]
    unclear = [(s, failed) for _, s, failed in judged if failed and all(part.result is None for part in failed)]
    for i, statement in applying:
        if statement.effect is Effect.DENY:
            return Verdict(
                Decision.DENIED,
                statement,
                i,
                (f"{statement.heading} denies the request.",),
            )
    allowing = next(((i, s) for i, s in applying if s.effect is Effect.ALLOW), None)
    for statement, failed in unclear:
        if (statement.effect is Effect.DENY) == (allowing is not None):
            raise Unverifiable(f"{statement.heading} cannot be verified for this request: {failed[0].why}.")
    if allowing:
        why = (f"{allowing[1].heading} allows the request.",)
        return Verdict(Decision.ALLOWED, allowing[1], allowing[0], why)
    return Verdict(Decision.NOT_ALLOWED, None, None, _refusal(judged, request.action))


def _refusal(judged: Iterable[tuple[int, Statement, tuple[Unmet, ...]]], action: str) -> tuple[str, ...]:
    """Why no statement allows an action: for each Allow that covers it, what does not match."""
    why = tuple(
        f"{statement.heading} does not allow the request, because {' and '.join(part.why for part in failed)}."
        for _, statement, failed in judged
        if statement.effect is Effect.ALLOW and matching_actions(statement, [action])
    )
    return why or (f"No statement allows {action}.",)
