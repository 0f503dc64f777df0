"""Searches for a request, trying for each policy variable every value that the patterns around it can tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from delegation_pack.iam import keys
from delegation_pack.iam.concrete import request_of
from delegation_pack.iam.conditions import Check, canonical, completed, resource_texts, templates
from delegation_pack.iam.document import Condition
from delegation_pack.iam.encoding import Encoder, Encoding
from delegation_pack.iam.evaluation import Request
from delegation_pack.iam.operators import Family, operator
from delegation_pack.iam.patterns import (
    ANY,
    ANYTHING,
    Language,
    TooComplexError,
    between,
    fields,
    folded,
    meet,
    union,
    word,
)
from delegation_pack.iam.principals import callers_language, lacking, principals_language, project, resources_language
from delegation_pack.iam.scope import PRINCIPAL, RESOURCE, Placed, Scope, base
from delegation_pack.iam.solver import Clause, Region, solve
from delegation_pack.iam.variables import Template, Variable, keys_of, template

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
    compared = _Comparisons(scope, free, settled).all if free else []
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
                values[key] = _values(scope, key, _mark(free.index(key)), compared, 2 if len(free) > 1 else 1)
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


@dataclass(frozen=True)
class _Compared:
    """Something that a key, a caller or a resource is compared with."""

    about: str
    pattern: str
    """With marks for the free variables."""
    any_case: bool = False
    """Whether variables in it are compared in any mix of cases."""
    whole: bool = False
    """Whether every caller, or every resource, matches one of these."""


class _Comparisons:
    """All that is compared, for finding the values of variables that it tells apart."""

    def __init__(self, scope: Scope, free: Sequence[str], settled: Mapping[str, str | None]) -> None:
        self._scope = scope
        self._settled = settled
        self._marks = {key: _mark(i) for i, key in enumerate(free)}
        self.all = list(dict.fromkeys((*self._of_query(), *self._of_statements())))

    def _of_query(self) -> Iterator[_Compared]:
        scope = self._scope
        for key, shape in keys.SHAPES.items():
            if base(key) == key:
                yield _Compared(key, shape)
        for pattern in callers_language(scope.callers, scope.partition).patterns:
            yield _Compared(PRINCIPAL, pattern, whole=True)
        for key, mark in self._marks.items():
            if base(key) != key:
                yield from self._about(key, mark)
        for pattern in resources_language(scope.resources, scope.partition).patterns:
            yield _Compared(RESOURCE, pattern, whole=True)
        if scope.resources.not_callers_account:
            own = self._settled.get("aws:principalaccount") or self._marks["aws:principalaccount"]
            yield from self._about("aws:resourceaccount", own)
        if scope.callers.not_account:
            yield from self._about("aws:principalaccount", scope.callers.not_account)
        for key, limit in scope.limits.items():
            for text in (*limit.like, *limit.but):
                yield from self._about(key, str(template(text, wildcards=True, variables=False)[0]))
        for text in (*scope.resources.like, *scope.resources.but):
            for pattern in self._marked(template(text, wildcards=True, variables=True)):
                yield _Compared(RESOURCE, fields(pattern) or pattern)

    def _of_statements(self) -> Iterator[_Compared]:
        for one in self._scope.statements:
            for pattern in principals_language(one.statement.named_principals).patterns:
                yield _Compared(PRINCIPAL, pattern)
            for text in resource_texts(one.statement):
                for pattern in self._marked(template(text, wildcards=True, variables=one.has_variables)):
                    yield from (_Compared(RESOURCE, form) for form in completed(pattern))
            for condition in one.statement.conditions:
                yield from self._of_condition(condition, one.has_variables)

    def _of_condition(self, condition: Condition, has_variables: bool) -> Iterator[_Compared]:
        texts = templates(condition, has_variables)
        key = canonical(condition.key)
        if not any(keys_of(parts) for parts in texts):
            # Without variables the analysis has the language itself.
            language = Check.of(condition, has_variables, lambda _: None).language
            for pattern in language.patterns if language else ():
                yield from self._about(key, pattern)
            return
        family = operator(condition.operator).family
        for parts in texts:
            for pattern in self._marked(parts):
                if family is Family.ARN:
                    yield from self._about(key, fields(pattern) or pattern)
                elif family is Family.IGNORE_CASE:
                    yield from self._about(key, folded(pattern), any_case=True)
                else:
                    yield from self._about(key, pattern)

    def _about(self, key: str, pattern: str, *, any_case: bool = False) -> Iterator[_Compared]:
        whole = base(key)
        for each in project(key, pattern) if whole != key else [pattern]:
            yield _Compared(whole, each, any_case)

    def _marked(self, parts: Template) -> list[str]:
        """A text with marks for variables: once, and with a variable's default in its place."""
        found = [""]
        for part in parts:
            choices = [part] if isinstance(part, str) else self._values_of(part)
            found = list(dict.fromkeys(text + choice for text in found for choice in choices))
            self._scope.budget.spend(len(found))
        return found

    def _values_of(self, variable: Variable) -> list[str]:
        key = canonical(variable.key)
        default = [] if variable.default is None else [variable.default]
        if key in self._settled:
            value = self._settled[key]
            return default if value is None else [value]
        return [self._marks.get(key, ANYTHING), *default]


def _values(scope: Scope, key: str, mark: str, compared: Sequence[_Compared], examples: int) -> list[str | None]:
    """Values of the key for each way in which what is around it can take it, and its absence.

    With several variables there are two examples of each way, so that any two variables can be equal or differ; where
    variables are compared in any mix of cases, these come in two cases.
    """
    cells = _cells(scope, key, _parts(key, mark, compared))
    in_two_cases = any(one.any_case for one in compared)
    values: list[str | None] = []
    for inside, without in cells:
        for _ in range(examples):
            example = word(inside, without, scope.budget)
            if example is None:
                break
            values.append(example)
            without = [*without, union([example])]
            other = example.swapcase()
            if in_two_cases and all(other in one for one in inside) and not any(other in one for one in without):
                values.append(other)
    missing = not scope.always_present(key) if base(key) == key else bool(lacking(key)) and not scope.resources.types
    return [*values, None] if missing else values


def _parts(key: str, mark: str, compared: Sequence[_Compared]) -> set[str]:
    """The patterns that the key itself is compared with, and those that are left for it within longer texts."""
    plain = [one for one in compared if mark not in one.pattern]
    parts = {_unmarked(one.pattern) for one in plain if one.about == key}
    for one in compared:
        pieces = one.pattern.split(mark)
        others = [other for other in plain if other.about == one.about]
        for i in range(1, len(pieces)):
            sides = tuple(_unmarked(ANYTHING.join(side)) for side in (pieces[:i], pieces[i:]))
            left = _between(others, *sides)
            parts |= {folded(part) for part in left} if one.any_case else left
    return parts


def _between(others: Sequence[_Compared], before: str, after: str) -> set[str]:
    """What is left between two texts of what others ask for, as far as callers or resources can have it there."""
    possible, found = set[str](), set[str]()
    for other in others:
        (possible if other.whole else found).update(between(_unmarked(other.pattern), before, after))
    if any(other.whole for other in others):
        found = {part for part in found if any(meet(part, whole) for whole in possible)}
    return found | possible


def _cells(scope: Scope, key: str, parts: Iterable[str]) -> list[tuple[list[Language], list[Language]]]:
    """The sets of values that no pattern tells apart, each as languages that its values are in and not in.

    Raises:
        TooComplexError: there are more than `MAX_VALUES`.
    """
    universe = keys.SHAPES.get(key, ANYTHING)
    # To a set operator an empty text is no value.
    telling = {*parts, ANY + ANYTHING} if universe == ANYTHING else set(parts)
    start = [union([universe])]
    cells: list[tuple[list[Language], list[Language], str]] = [(start, [], word(start, [], scope.budget) or "")]
    for text in sorted(telling - {ANYTHING, universe}):
        one = union([text])
        halves = []
        for inside, without, example in cells:
            within, beyond = ([*inside, one], without), (inside, [_joined(without, text)])
            # The example of the whole is one of a half, so only the other half needs looking at.
            this, other = (within, beyond) if example in one else (beyond, within)
            halves.append((*this, example))
            found = word(*other, scope.budget)
            if found is not None:
                halves.append((*other, found))
        cells = halves
        if len(cells) > MAX_VALUES:
            raise TooComplexError
    return [(inside, without) for inside, without, _ in cells]


def _joined(languages: Iterable[Language], text: str) -> Language:
    """One language for several and a pattern: one automaton is quicker than many."""
    return union([text, *(pattern for one in languages for pattern in one.patterns)])


def _mark(index: int) -> str:
    """Stands for a policy variable within a pattern; no automaton ever sees it."""
    return chr(_FIRST_MARK + index)


def _unmarked(pattern: str) -> str:
    return "".join(ANYTHING if ord(char) >= _FIRST_MARK else char for char in pattern)
