"""Third stage: one request made of the examples of a solution."""

from __future__ import annotations

from collections.abc import Mapping

from delegation_pack.iam import keys
from delegation_pack.iam.evaluation import Request
from delegation_pack.iam.patterns import SEPARATOR
from delegation_pack.iam.principals import part
from delegation_pack.iam.scope import ACTION, PRINCIPAL, RESOURCE, Scope
from delegation_pack.iam.solver import Region


def request_of(solution: Mapping[str, Region], scope: Scope) -> Request | None:
    """The request that the examples of all regions make up; None if a region is empty."""
    examples = {key: region.witness() for key, region in solution.items()}
    if None in examples.values():
        return None
    found = {key: values for key, values in examples.items() if values}
    caller = found.pop(PRINCIPAL)[0]
    resource = found.pop(RESOURCE)[0]
    action = "".join(found.pop(ACTION, ()))
    context: dict[str, str | tuple[str, ...]] = {}
    for key, values in found.items():
        name = scope.spelled.get(key) or keys.spelled(key)
        context[name] = tuple(values) if scope.several(key) else values[0]
    identity = part("aws:userid", caller)
    if identity and scope.identified:
        context["aws:userid"] = identity
    arn = caller.partition(SEPARATOR)[0]
    return Request(principal=arn, action=scope.action or _spelled(action, scope), resource=resource, context=context)


def _spelled(action: str, scope: Scope) -> str:
    """An action as a statement spells it, if one names it."""
    named = (text for one in scope.statements for text in one.statement.actions or one.statement.not_actions or ())
    return next((text for text in named if text.lower() == action), action)
