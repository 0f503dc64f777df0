"""Partial evaluation: what is left of a document once a part of the request is settled.

The residual of a document is a document. It holds the statements that the known part does not rule out, each without
the elements and conditions that it settles: a settled Action reads `*`, settled Resource and Principal elements are
None, a settled condition is gone. For every request that agrees with the known part, `evaluate` gives the residual and
the document the same verdict. So does `decide` for every query about such requests, if the query is as narrow
(`Callers.arn`, `Values` for each known key).

    known = Known(principal=user_arn, action="sts:AssumeRole", resource=role_arn, context={"aws:PrincipalTag/x": None})
    left = residual(document, known)

A statement keeps its index and Sid, and what is left of it is spelled as in the document, policy variables included.
So two principals that a document does not tell apart have equal residuals.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from delegation_pack.iam import keys
from delegation_pack.iam.conditions import Lookup, canonical, language_of, resource_texts, templates, variables_of
from delegation_pack.iam.document import BY_UNIQUE_ID, Condition, Document, Principal, Statement, matching_actions
from delegation_pack.iam.evaluation import Facts, Request
from delegation_pack.iam.patterns import ANYTHING, SEPARATOR, Budget, union, word
from delegation_pack.iam.principals import principals_language
from delegation_pack.iam.variables import keys_of

_TAG = "aws:principaltag/"


@dataclass(frozen=True, kw_only=True)
class Known:
    """The settled part of a request. What is None or missing is open."""

    principal: str | None = None
    """As in `Request`."""
    action: str | None = None
    resource: str | None = None
    context: Mapping[str, str | tuple[str, ...] | None] = field(default_factory=dict)
    """Values of condition keys by name, in any case; None: the request does not have the key.

    What follows from principal and resource need not be given.
    """


def residual(document: Document, known: Known) -> Document:
    """What is left of a document for requests that agree with the known part."""
    part = _Part(known)
    left = (_statement(statement, document.has_variables, part) for statement in document.statements)
    return replace(document, statements=tuple(statement for statement in left if statement is not None))


def keys_asked(document: Document) -> frozenset[str]:
    """The condition keys that a document's conditions and policy variables name, by their canonical names."""
    return frozenset[str]().union(
        *(variables_of(resource_texts(statement), document.has_variables) for statement in document.statements),
        *(keys_of_condition(one, document.has_variables) for each in document.statements for one in each.conditions),
    )


def keys_of_condition(condition: Condition, has_variables: bool) -> frozenset[str]:
    """The keys, by their canonical names, that a condition tests and that its policy variables name."""
    named = {key for parts in templates(condition, has_variables) for key in keys_of(parts)}
    return frozenset(map(canonical, {condition.key, *named}))


def asks_who(document: Document, settled: Container[str] = ()) -> bool:
    """Whether the residuals of a document for two principals of one account may differ though it names them alike.

    `settled` are the canonical names of the keys that are known of both, besides what follows from principal and
    resource. A condition on an open key stays as it is written, whatever its variables name.
    """

    def of_caller(names: Iterable[str]) -> bool:
        return any(name in keys.OF_PRINCIPAL - {"aws:principalaccount"} or name.startswith(_TAG) for name in names)

    def stays(condition: Condition) -> bool:
        key = canonical(condition.key)
        return key not in settled and key not in keys.OF_PRINCIPAL | keys.OF_RESOURCE | {"aws:principaltype"}

    return any(
        of_caller(variables_of(resource_texts(statement), document.has_variables))
        or any(
            of_caller(keys_of_condition(one, document.has_variables)) for one in statement.conditions if not stays(one)
        )
        for statement in document.statements
    )


class _Part:
    """The known part of a request, ready for looking up keys."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.facts = Facts(
            Request(
                principal=known.principal or "",
                action=known.action or "",
                resource=known.resource or "",
                context={key: value for key, value in known.context.items() if value is not None},
            )
        )
        self._keys = {canonical(key) for key in known.context}
        if known.principal is not None:
            self._keys |= (keys.OF_PRINCIPAL - {"aws:userid"}) | {"aws:principaltype"}
        if known.resource is not None:
            self._keys |= keys.OF_RESOURCE

    def settles(self, names: Iterable[str]) -> bool:
        """Whether all of these keys are known."""
        return all(canonical(name) in self._keys for name in names)

    @property
    def widest(self) -> Lookup:
        """Values for policy variables, with anything at all for those that are open."""
        return lambda key: self.facts.lookup(key) if self.settles([key]) else ANYTHING


def _statement(statement: Statement, has_variables: bool, part: _Part) -> Statement | None:
    """What is left of a statement; None if it does not apply."""
    settled: dict[str, Any] = {}
    if part.known.action is not None:
        if not matching_actions(statement, [part.known.action]):
            return None
        settled |= {"actions": ("*",), "not_actions": None}
    named = statement.principals if statement.principals is not None else statement.not_principals
    if named is not None and part.known.principal is not None:
        match _names(named, part):
            case None:
                pass
            case found if found != (statement.principals is not None):
                return None
            case _:
                settled |= {"principals": None, "not_principals": None}
    if resource_texts(statement) and part.known.resource is not None:
        match _covers(statement, part.known.resource, has_variables, part):
            case False:
                return None
            case True:
                settled |= {"resources": None, "not_resources": None}
    results = [_holds(condition, has_variables, part) for condition in statement.conditions]
    if False in results:
        return None
    left = tuple(one for one, result in zip(statement.conditions, results, strict=True) if result is None)
    return replace(statement, **settled, conditions=left)


def _names(principals: Iterable[Principal], part: _Part) -> bool | None:
    """Whether a Principal element names the caller; None if that hangs on an open unique id."""
    principals = tuple(principals)
    if part.settles(["aws:userid"]):
        return part.facts.caller in principals_language(principals)
    by_id = [principal for principal in principals if principal.kind in BY_UNIQUE_ID]
    if part.facts.caller in principals_language(one for one in principals if one not in by_id):
        return True
    anybody = union([f"{part.known.principal}{SEPARATOR}{ANYTHING}"])
    return None if by_id and word([anybody, principals_language(by_id)], [], Budget()) is not None else False


def _covers(statement: Statement, resource: str, has_variables: bool, part: _Part) -> bool | None:
    """Whether a statement is about the resource; None if that hangs on policy variables."""
    texts = resource_texts(statement)
    about = statement.resources is not None
    settled = texts
    if not part.settles(variables_of(texts, has_variables)):
        settled = tuple(text for text in texts if part.settles(variables_of((text,), has_variables)))
    if resource in language_of(settled, has_variables, part.facts.lookup):
        return about
    return None if settled != texts and resource in language_of(texts, has_variables, part.widest) else not about


def _holds(condition: Condition, has_variables: bool, part: _Part) -> bool | None:
    """A condition's result; None if it hangs on an open key, or is not defined."""
    if not part.settles([condition.key]):
        return None
    (check,) = part.facts.check([condition], has_variables)
    values = part.facts.values(check.key)
    return check.holds(values) if not values or part.settles(keys_of_condition(condition, has_variables)) else None
