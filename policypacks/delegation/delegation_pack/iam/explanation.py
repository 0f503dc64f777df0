"""Findings in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from delegation_pack.iam.conditions import canonical
from delegation_pack.iam.document import Document, Effect, Statement, matching_actions
from delegation_pack.iam.evaluation import Facts, Request, unmet
from delegation_pack.iam.keys import MFA, MFA_KEYS, SOURCE_IP, TIME, TYPES, KeyType, spelled
from delegation_pack.iam.query import Query

_ADDRESS_KEYS = frozenset(key for key, type_ in TYPES.items() if type_ is KeyType.ADDRESS)
_MOST_DENIES = 3


def reasons(
    documents: Sequence[Document],
    request: Request,
    document: int,
    statement: Statement,
    query: Query,
) -> tuple[str, ...]:
    """Why a request gets through: what its Allow asks of the keys in query, then why no Deny applies."""
    facts = Facts(request)
    asked = {canonical(key) for key in query.keys}
    asked |= (MFA_KEYS if MFA in asked else frozenset()) | (_ADDRESS_KEYS if SOURCE_IP in asked else frozenset())
    checks = [check for check in facts.checks(documents[document], statement) if check.key in asked]
    found = [check.says(facts.values(check.key)) for check in checks]
    if not found and query.keys:
        found.append(f"no condition of it tests {' or '.join(query.keys)}")
    return (*found, *list(_idle_denies(documents, facts, asked))[:_MOST_DENIES])


def _idle_denies(documents: Sequence[Document], facts: Facts, asked: set[str]) -> Iterator[str]:
    for document in documents:
        for statement in document.statements:
            if statement.effect is not Effect.DENY or not matching_actions(statement, [facts.request.action]):
                continue
            failed = unmet(document, statement, facts.request)
            telling = next((part for part in failed if part.key in asked), failed[0])
            yield f"the Deny of {statement.label} does not apply, as {telling.why}"


def sentence(request: Request, statement: Statement, why: Sequence[str]) -> str:
    """The finding as one sentence."""
    target = "" if statement.resources is None and statement.not_resources is None else f" on {request.resource}"
    because = f", because {'; '.join(why)}" if why else ""
    return (
        f"{statement.heading} allows {request.action}{target} by {request.principal}{_circumstances(request)}{because}."
    )


def _circumstances(request: Request) -> str:
    """The keys of a request that somebody has to know to repeat it."""
    context = {canonical(key): (key, value) for key, value in request.context.items()}
    said = []
    match context.pop(MFA, None):
        case None:
            said.append(f"with plain access keys ({spelled(MFA)} absent)")
        case _, "false":
            said.append(f'without MFA ({spelled(MFA)} "false")')
        case _:
            said.append("with MFA")
    if SOURCE_IP in context:
        said.append(f"from {context.pop(SOURCE_IP)[1]}")
    others = [f"{name} {value!r}" for key, (name, value) in context.items() if key != TIME]
    return " " + " ".join(said) + (f" and with {', '.join(others)}" if others else "")
