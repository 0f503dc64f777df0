"""Is any request allowed now that was not allowed before?

`decide` with the negation of the documents before as further clauses: exact, in the same solver, within the same
bounds. Asked about all actions, all resources and all callers: IAM users, role sessions and, for trust policies, root
users, services of AWS and whomever an identity provider vouches for. Not asked about: sessions of federated users of
sts:GetFederationToken, anonymous callers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from delegation_pack.iam.document import Document, Kind, Statement, Unverifiable
from delegation_pack.iam.evaluation import Request, evaluate
from delegation_pack.iam.patterns import Budget, TooComplexError
from delegation_pack.iam.query import Callers, CallerType, Resources, Target
from delegation_pack.iam.scope import Placed, Scope, partitions
from delegation_pack.iam.search import search

ASSUME_ROLE = "sts:AssumeRole"
"""The one action whose requests always have a key that others may lack (`keys.ALWAYS_PRESENT_FOR`)."""


@dataclass(frozen=True)
class NewAccess:
    """A request that the documents after allow and those before do not."""

    request: Request
    document: int
    """Position in the documents after, from 0, of the statement that allows it."""
    statement: Statement


def callers_of(kind: Kind) -> tuple[Callers, ...]:
    """Everybody whose requests documents of a kind are about."""
    of_identity = (CallerType.USER, CallerType.ROLE)
    return tuple(Callers(type=type_) for type_ in (CallerType if kind is Kind.TRUST else of_identity))


def new_access(
    before: Sequence[Document], after: Sequence[Document], callers: Iterable[Callers] | None = None
) -> NewAccess | None:
    """Find a request that all documents after, taken together, allow, and those before did not; None if there is none.

    Args:
        before: Documents of one policy (a principal's identity policies, or a trust policy); none if it is new.
        after: The same policy's documents now; none if it is gone.
        callers: Who may call; everybody unless given.

    Raises:
        Unverifiable: neither can be shown within the stated bounds of `decide`.
    """
    if _allows_as_little(before, after):
        return None
    placed = [*_placed(after), *(replace(one, before=True) for one in _placed(before))]
    kinds = {document.kind for document in (*before, *after)}
    # A trust policy is about its own role.
    target = Target(actions=(), resources=Resources() if kinds == {Kind.TRUST} else Resources(types=()))
    budget, doubt = Budget(), None
    try:
        for who in callers or tuple(dict.fromkeys(one for kind in sorted(kinds) for one in callers_of(kind))):
            for partition in partitions(placed, who):
                for action in (None, ASSUME_ROLE):
                    scope = Scope(placed, who, partition, action, target, {}, budget)
                    outcome = search(scope)
                    if isinstance(outcome, tuple):
                        return _confirmed(before, after, outcome[0])
                    doubt = doubt or outcome
    except TooComplexError:
        raise Unverifiable(
            "The documents have too many conditions and patterns that bear on each other to be compared."
        ) from None
    if doubt:
        raise Unverifiable(doubt)
    return None


def _placed(documents: Sequence[Document]) -> list[Placed]:
    return [
        Placed(0, i, document.has_variables, statement)
        for i, document in enumerate(documents)
        for statement in document.statements
    ]


def _allows_as_little(before: Sequence[Document], after: Sequence[Document]) -> bool:
    """Whether this shows without any search: no Allow is new, and no Deny is gone."""
    was, now = ({(one.has_variables, _bare(one.statement)) for one in _placed(those)} for those in (before, after))
    return all((statement.effect == "Deny" or (variables, statement) in was) for variables, statement in now) and all(
        (statement.effect == "Allow" or (variables, statement) in now) for variables, statement in was
    )


def _bare(statement: Statement) -> Statement:
    """A statement without its place and name."""
    return replace(statement, index=0, sid="")


def _confirmed(before: Sequence[Document], after: Sequence[Document], request: Request) -> NewAccess:
    """What was found, once the request itself has been judged against both."""
    now = evaluate(after, request)
    if now.statement is None or now.document is None or not now.allowed or evaluate(before, request).allowed:
        raise Unverifiable("The documents cannot be compared: two ways of judging them disagree.")
    return NewAccess(request, now.document, now.statement)
