"""Searches for a request, trying for each policy variable every value that the patterns around it can tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from delegation_pack.iam import keys
from delegation_pack.iam.concrete import request_of
from delegation_pack.iam.conditions import canonical
from delegation_pack.iam.encoding import Encoder, Encoding
from delegation_pack.iam.evaluation import Request
from delegation_pack.iam.patterns import ANYTHING, Language, TooComplexError, between, fields, union, word
from delegation_pack.iam.principals import callers_language, lacking, principals_language, project, resources_language
from delegation_pack.iam.scope import ASKED, PRINCIPAL, RESOURCE, Placed, Scope, base
from delegation_pack.iam.solver import Clause, Region, solve
from delegation_pack.iam.variables import Template, template

MAX_VALUES = 128
"""Values of one policy variable that are told apart."""

_FIRST_MARK = 0xF8000


def search(scope: Scope) -> tuple[Request, tuple[Placed, ...]] | str | None:
    """A request that is allowed, with the statements that allow it; a sentence if that cannot be told; else None.

    Raises:
        TooComplexError: it takes more than the stated bounds.
    """
    found, undefined = _attempt(scope, generous=True)
    if not found or not undefined:
        return found
    return _attempt(scope, generous=False)[0] or undefined


def _attempt(scope: Scope, *, generous: bool) -> tuple[tuple[Request, tuple[Placed, ...]] | None, str | None]:
    """What is found, and why some result on the way was not defined.

    Variables get their values one after the other; what has no solution while later ones are open has none at all.
    """
    encoder = Encoder(scope)
    settled, free = _variables(scope)
    patterns = _patterns(scope, free, settled) if free else []
    values: dict[str, list[str | None]] = {}
    undefined = None
    assignments = [settled, *(settled | guess for guess in _guesses(scope, free))]
    while assignments:
        assignment = assignments.pop()
        open_ = [key for key in free if key not in assignment]
        encoding = encoder.encode(assignment, generous or bool(open_), frozenset(open_))
        found = _solved(encoding, scope)
        if not open_:
            undefined = undefined or encoding.undefined
            if found:
                return found, undefined
        elif found:
            key = open_[0]
            if key not in values:
                values[key] = _values(scope, key, _mark(free.index(key)), patterns, 2 if len(free) > 1 else 1)
            assignments.extend({**assignment, key: value} for value in reversed(values[key]))
    return None, undefined


def _solved(encoding: Encoding, scope: Scope) -> tuple[Request, tuple[Placed, ...]] | None:
    problems: Iterator[tuple[tuple[Placed, ...], Mapping[str, Region], list[Clause]]]
    if any(one.before for one in scope.statements):
        problems = (((), regions, clauses) for regions, clauses in encoding.differences())
    else:
        problems = encoding.problems()
    for allowing, regions, clauses in problems:
        solution = solve(regions, clauses, scope.budget)
        request = request_of(solution, scope) if solution is not None else None
        if request:
            return request, allowing
    return None


def _variables(scope: Scope) -> tuple[dict[str, str | None], list[str]]:
    """The keys that policy variables refer to: those with a settled value (None: absent), and the others."""
    variables = set(scope.variables)
    settled: dict[str, str | None] = {}
    if scope.account:
        settled["aws:principalaccount"] = scope.account
    elif scope.resources.not_callers_account and "aws:principalaccount" not in variables:
        if keys.OF_PRINCIPAL & (variables | scope.uses.keys()):
            variables.add("aws:principalaccount")
        else:
            settled["aws:principalaccount"] = scope.unnamed_account
    settled |= {key: scope.fixed(key)[0] for key in variables if scope.fixed(key)}
    return settled, sorted(key for key in variables - settled.keys() if scope.trackable(key))


def _guesses(scope: Scope, free: Sequence[str]) -> Iterator[dict[str, str | None]]:
    """Values that mean nothing to the statements, all alike and all different: most often they lead to a request."""
    if free:
        account = scope.unnamed_account
        for texts in (["xx"] * len(free), ["x" * i for i, _ in enumerate(free, 2)]):
            yield {key: account if key.endswith("account") else text for key, text in zip(free, texts, strict=True)}


def _patterns(scope: Scope, free: Sequence[str], settled: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """Everything that is compared with a key, a caller or a resource, the free variables in it replaced by marks."""

    marks = {key: _mark(i) for i, key in enumerate(free)}

    def marked(parts: Template) -> str:
        known = marks | {key: value for key, value in settled.items() if value is not None}
        return "".join(part if isinstance(part, str) else known.get(canonical(part.key), ANYTHING) for part in parts)

    found = [(key, shape) for key, shape in keys.SHAPES.items() if base(key) == key]
    found += [(PRINCIPAL, pattern) for pattern in callers_language(scope.callers, scope.partition).patterns]
    for key, mark in marks.items():
        if base(key) != key:
            found += [(base(key), pattern) for pattern in project(key, mark)]
    found += [(RESOURCE, pattern) for pattern in resources_language(scope.resources, scope.partition).patterns]
    if scope.resources.not_callers_account:
        own = settled.get("aws:principalaccount") or marks["aws:principalaccount"]
        found += [(RESOURCE, pattern) for pattern in project("aws:resourceaccount", own)]
    if scope.callers.not_account:
        found += [(PRINCIPAL, pattern) for pattern in project("aws:principalaccount", scope.callers.not_account)]
    for one in scope.statements:
        found += [(PRINCIPAL, pattern) for pattern in principals_language(one.statement.named_principals).patterns]
    limits = [
        (key, template(t, wildcards=True, variables=False))
        for key, v in scope.limits.items()
        for t in (*v.like, *v.but)
    ]
    for key, parts in (*scope.texts(), *limits):
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
        if len(cells) > MAX_VALUES:
            raise TooComplexError
    values: list[str | None] = []
    for inside, without in cells:
        for _ in range(examples):
            example = word(inside, without, scope.budget)
            if example is not None:
                values.append(example)
                without = [*without, union([example])]
    missing = not scope.always_present(key) if base(key) == key else bool(lacking(key)) and not scope.resources.types
    return [*values, None] if missing else values


def _mark(index: int) -> str:
    """Stands for a policy variable within a pattern; no automaton ever sees it."""
    return chr(_FIRST_MARK + index)


def _unmarked(pattern: str) -> str:
    return "".join(ANYTHING if ord(char) >= _FIRST_MARK else char for char in pattern)
