"""Searches for a request, trying for each policy variable every value that the patterns around it can tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from iam import keys
from iam.conditions import canonical, resource_texts, templates
from iam.evaluation import Request
from iam.model import Model
from iam.patterns import ANYTHING, Language, TooComplexError, between, fields, union, word
from iam.principals import callers_language, principals_language, project, resources_language
from iam.scope import PRINCIPAL, RESOURCE, Placed, Scope, base
from iam.variables import Template, keys_of, template

MAX_CHOICES = 256
"""Combinations of values for policy variables that one search tries."""

_FIRST_MARK = 0xF8000
ASKED = "the resource, in the question's words"


def search(scope: Scope) -> tuple[Request, Placed] | str | None:
    """A request that is allowed and the statement that allows it; a sentence if that cannot be told; None if there is none.

    Raises:
        TooComplexError: it takes more than the stated bounds.
    """
    found, undefined = _attempt(scope, generous=True)
    if not found or not undefined:
        return found
    return _attempt(scope, generous=False)[0] or undefined


def _attempt(scope: Scope, *, generous: bool) -> tuple[tuple[Request, Placed] | None, str | None]:
    """What is found, and why some result on the way was not defined."""
    undefined = None
    for assignment in _assignments(scope):
        model = Model(scope, assignment, generous)
        found = model.solve()
        undefined = undefined or model.undefined
        if found:
            return found, undefined
    return None, undefined


def _assignments(scope: Scope) -> Iterator[dict[str, str | None]]:
    """Values, None for absent, of the keys that policy variables refer to."""
    variables = {canonical(key) for _, parts in _texts(scope) for key in keys_of(parts)}
    settled: dict[str, str | None] = {}
    if scope.callers.account:
        settled["aws:principalaccount"] = scope.callers.account
    elif scope.resources and scope.resources.not_callers_account and "aws:principalaccount" not in variables:
        if keys.OF_PRINCIPAL & (variables | scope.uses.keys()):
            variables.add("aws:principalaccount")
        else:
            settled["aws:principalaccount"] = _unnamed_account(scope)
    settled |= {key: scope.fixed(key)[0] for key in variables if scope.fixed(key)}
    free = sorted(key for key in variables - settled.keys() if scope.trackable(key))
    if not free:
        yield settled
        return
    patterns = _patterns(scope, free, settled)
    choices = [_values(scope, key, _mark(i), patterns, 2 if len(free) > 1 else 1) for i, key in enumerate(free)]
    count = 1
    for values in choices:
        count *= len(values)
    if count > MAX_CHOICES:
        raise TooComplexError
    for combination in product(*choices):
        yield settled | dict(zip(free, combination, strict=True))


def _texts(scope: Scope) -> Iterator[tuple[str, Template]]:
    """Every text that may hold a policy variable, with the key that it is compared with."""
    for one in scope.statements:
        for text in resource_texts(one.statement):
            yield RESOURCE, template(text, wildcards=True, variables=one.has_variables)
        for condition in one.statement.conditions:
            for parts in templates(condition, one.has_variables):
                yield canonical(condition.key), parts
    if scope.resources:
        for text in (*scope.resources.like, *scope.resources.but):
            yield ASKED, template(text, wildcards=True, variables=True)


def _unnamed_account(scope: Scope) -> str:
    """An account that the statements do not mention."""
    text = repr([one.statement for one in scope.statements])
    return next(account for i in range(10**12 - 1, 0, -1) if (account := f"{i:012d}") not in text)


def _patterns(scope: Scope, free: Sequence[str], settled: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """Everything that is compared with a key, a caller or a resource, the free variables in it replaced by marks."""

    marks = {key: _mark(i) for i, key in enumerate(free)}

    def marked(parts: Template) -> str:
        known = marks | {key: value for key, value in settled.items() if value is not None}
        return "".join(part if isinstance(part, str) else known.get(canonical(part.key), ANYTHING) for part in parts)

    found = [(PRINCIPAL, pattern) for pattern in callers_language(scope.callers).patterns]
    for key, mark in marks.items():
        if base(key) != key:
            found += [(base(key), pattern) for pattern in project(key, mark)]
    if scope.resources:
        found += [(RESOURCE, pattern) for pattern in resources_language(scope.resources).patterns]
        if scope.resources.not_callers_account:
            own = settled.get("aws:principalaccount") or marks["aws:principalaccount"]
            found += [(RESOURCE, pattern) for pattern in project("aws:resourceaccount", own)]
    if scope.callers.not_account:
        found += [(PRINCIPAL, pattern) for pattern in project("aws:principalaccount", scope.callers.not_account)]
    for one in scope.statements:
        named = (*(one.statement.principals or ()), *(one.statement.not_principals or ()))
        found += [(PRINCIPAL, pattern) for pattern in principals_language(named).patterns]
    limits = [
        (key, template(t, wildcards=True, variables=False))
        for key, v in scope.limits.items()
        for t in (*v.like, *v.but)
    ]
    for key, parts in (*_texts(scope), *limits):
        pattern = marked(parts)
        if key == ASKED:
            found.append((RESOURCE, fields(pattern) or pattern))
            continue
        found += [(base(key), each) for each in (project(key, pattern) if base(key) != key else [pattern])]
    return list(dict.fromkeys(found))


def _values(scope: Scope, key: str, mark: str, patterns: Iterable[tuple[str, str]], examples: int) -> list[str | None]:
    """Values of the key for each way in which the patterns around it can take it, and its absence.

    With several variables there are two examples of each way, so that any two variables can be equal or differ.
    """
    plain = [(about, _unmarked(pattern)) for about, pattern in patterns if mark not in pattern]
    parts = {pattern for about, pattern in plain if about == key}
    for about, pattern in patterns:
        pieces = pattern.split(mark)
        for i in range(1, len(pieces)):
            before, after = (_unmarked(ANYTHING.join(side)) for side in (pieces[:i], pieces[i:]))
            parts.update(*(between(whole, before, after) for other, whole in plain if other == about))
    universe = keys.SHAPES.get(key, ANYTHING)
    cells: list[tuple[list[Language], list[Language]]] = [([union([universe])], [])]
    for text in sorted(parts - {ANYTHING, universe}):
        one = union([text])
        halves = [half for inside, without in cells for half in (([*inside, one], without), (inside, [*without, one]))]
        cells = [half for half in halves if word(*half, scope.budget) is not None]
        if len(cells) > MAX_CHOICES:
            raise TooComplexError
    values: list[str | None] = []
    for inside, without in cells:
        for _ in range(examples):
            example = word(inside, without, scope.budget)
            if example is not None:
                values.append(example)
                without = [*without, union([example])]
    return values if base(key) != key or scope.always_present(key) else [*values, None]


def _mark(index: int) -> str:
    """Stands for a policy variable within a pattern; no automaton ever sees it."""
    return chr(_FIRST_MARK + index)


def _unmarked(pattern: str) -> str:
    return "".join(ANYTHING if ord(char) >= _FIRST_MARK else char for char in pattern)
