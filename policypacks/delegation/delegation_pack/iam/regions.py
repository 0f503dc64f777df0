"""What each key of a request can be, before any statement is looked at: the regions in which the solver begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from delegation_pack.iam import domains, keys
from delegation_pack.iam.conditions import arn_language
from delegation_pack.iam.document import Unverifiable
from delegation_pack.iam.keys import KeyType
from delegation_pack.iam.operators import Family, Networks, instant, network, number, operator
from delegation_pack.iam.patterns import WORD, WORDS, Language, union
from delegation_pack.iam.principals import callers_language, lacking, project, resources_language
from delegation_pack.iam.query import CallerType, Values
from delegation_pack.iam.scope import ACTION, PRINCIPAL, RESOURCE, Scope, base
from delegation_pack.iam.solver import Choice, Region, Texts
from delegation_pack.iam.variables import template

Assignment = Mapping[str, str | None]
"""Values of the keys that policy variables refer to; None: absent."""
_ANY_VALUE = ("*",)
_KNOWN_ACTIONS = union(keys.ALWAYS_PRESENT_FOR.values())
"""Those that are asked about apart, because what occurs in their requests is known."""
_ACTIONS = union([f"{WORD}{WORDS}:{WORD}{WORDS}"])


class Regions(dict[str, Region]):
    """The regions of the keys that were asked for, with given values of policy variables.

    A key that follows from the caller or the resource has no region of its own but shares theirs (`scope.base`).
    """

    def __init__(self, scope: Scope, assignment: Assignment, known: dict[object, Region]) -> None:
        super().__init__()
        self._scope = scope
        self._assignment = assignment
        self._known = known
        """Regions of the same search, by key and what the assignment says about it."""

    def of(self, key: str) -> Region:
        """The region of a key, or of the text that the key is a part of."""
        place = key if self._scope.fixed(key) else base(key)
        if place not in self:
            about = self._scope.assigned_to(place)
            which = (place, *((one, self._assignment.get(one), one in self._assignment) for one in about))
            if which not in self._known:
                self._known[which] = self._new(place)
            self[place] = self._known[which]
        return self[place]

    def _new(self, key: str) -> Region:
        if key == PRINCIPAL:
            return Texts(self._scope.budget, absent=False, present=True, every=tuple(self._about_principal()))
        if key == RESOURCE:
            return Texts(self._scope.budget, absent=False, present=True, every=tuple(self._about_resource()))
        if key == ACTION:
            only = self._scope.action
            every = ((union([only.lower()]), True),) if only else ((_ACTIONS, True), (_KNOWN_ACTIONS, False))
            return Texts(self._scope.budget, absent=False, present=True, every=every)
        limit = self._scope.limits.get(key, Values())
        listed = self._listed(key, limit)
        return self._choice(key, limit, listed) if listed else self._texts(key, limit)

    def _texts(self, key: str, limit: Values) -> Texts:
        absent = limit.absent and not self._scope.always_present(key)
        every = [(matching(texts), wanted) for texts, wanted in ((limit.like, True), (limit.but, False)) if texts]
        if key in keys.SHAPES:
            every.append((union([keys.SHAPES[key]]), True))
        if key in self._assignment:
            value = self._assignment[key]
            absent = absent and value is None
            every.append((union([] if value is None else [value]), True))
        several = self._scope.several(key)
        blank = several and bool(limit.like) and all(("" in language) == wanted for language, wanted in every)
        return Texts(self._scope.budget, absent, bool(limit.like), tuple(every), several, blank=blank)

    def _choice(self, key: str, limit: Values, listed: Sequence[str | None]) -> Choice:
        mask = _admitted(limit, self._type(key), listed)
        if key == keys.MFA and self._scope.callers.type is CallerType.ROLE:
            mask &= ~sum(1 << i for i, value in enumerate(listed) if value is None)
        return Choice(listed, mask)

    def _type(self, key: str) -> KeyType:
        """The type AWS gives a key, else that of the operators used on it if they agree."""
        if key in keys.TYPES or key in self._scope.variables or self._scope.several(key):
            return keys.TYPES.get(key, KeyType.TEXT)
        families = {operator(condition.operator).family for condition in self._scope.uses.get(key, ())} - {Family.NULL}
        types = {Family.NUMERIC: KeyType.NUMBER, Family.DATE: KeyType.TIME, Family.ADDRESS: KeyType.ADDRESS}
        return types.get(next(iter(families)), KeyType.TEXT) if len(families) == 1 else KeyType.TEXT

    def _listed(self, key: str, limit: Values) -> Sequence[str | None]:
        """The values of a key that need telling apart, nice ones first; empty for texts.

        Raises:
            Unverifiable: the query has a pattern for numbers or times.
        """
        if fixed := self._scope.fixed(key):
            return fixed
        found: Sequence[str] = []
        type_ = self._type(key)
        if type_ is KeyType.TEXT:
            return []
        asked = (*limit.like, *limit.but)
        values = [*(value for condition in self._scope.uses.get(key, ()) for value in condition.values), *asked]
        match type_:
            case KeyType.BOOL:
                found = ["true", "false"] if key == "aws:securetransport" else ["false", "true"]
            case KeyType.NUMBER:
                bounds = [bound for value in values if (bound := number(value)) is not None]
                found = domains.counts(bounds) if key in keys.TYPES else domains.quantities(bounds)
            case KeyType.TIME:
                found = domains.times([bound for value in values if (bound := instant(value)) is not None])
            case KeyType.ADDRESS:
                return domains.AddressValues.of(span for value in values if (span := network(value)))
        if type_ in (KeyType.NUMBER, KeyType.TIME):
            found = [*found, *_other_texts(key, type_, asked)]
        if key in keys.ALWAYS_PRESENT:
            return found
        return [None, *found]

    def _about_principal(self) -> Iterator[tuple[Language, bool]]:
        callers = self._scope.callers
        yield callers_language(callers, self._scope.partition), True
        if callers.not_account:
            yield union(project("aws:principalaccount", callers.not_account)), False
        yield from self._about(PRINCIPAL)

    def _about_resource(self) -> Iterator[tuple[Language, bool]]:
        resources = self._scope.resources
        lookup = self._assignment.get
        yield resources_language(resources, self._scope.partition), True
        if resources.like != _ANY_VALUE:
            yield arn_language(resources.like, lookup), True
        if resources.but:
            yield arn_language(resources.but, lookup), False
        account = self._assignment.get("aws:principalaccount")
        if resources.not_callers_account and account:
            yield union(project("aws:resourceaccount", account)), False
        yield from self._about(RESOURCE)

    def _about(self, whole: str) -> Iterator[tuple[Language, bool]]:
        """What policy variables and the query say about the parts of a caller or a resource."""
        for key, value in self._assignment.items():
            if base(key) == whole and (value is not None or lacking(key)):
                yield union(lacking(key) if value is None else project(key, value)), True
        for key, limit in self._scope.limits.items():
            if base(key) == whole and not self._scope.fixed(key):
                for texts, wanted in ((limit.like, True), (limit.but, False)):
                    known = [text for pattern in matching(texts).patterns for text in project(key, pattern)]
                    # Whatever is not restricted may be absent too, and what is absent is like none of `but`.
                    yield union([*known, *(lacking(key) if wanted and limit.absent else ())]), wanted


def _other_texts(key: str, type_: KeyType, asked: Sequence[str]) -> list[str]:
    """The query's own values that are not of the key's type."""
    read = number if type_ is KeyType.NUMBER else instant
    others = [text for text in asked if text != "*" and read(text) is None]
    if any(char in text for text in others for char in "*?"):
        raise Unverifiable(f"The query has a pattern for {keys.spelled(key)}, which holds a {type_}.")
    return list(dict.fromkeys(others))


def _admitted(limit: Values, type_: KeyType, listed: Sequence[str | None]) -> int:
    """The listed values that the query admits, as a mask (see `solver.Choice`)."""
    like, but = _admits(limit.like, type_), _admits(limit.but, type_)
    mask = 0
    for i, value in enumerate(listed):
        mask |= (limit.absent if value is None else like(value) and not but(value)) << i
    return mask


def _admits(texts: Sequence[str], type_: KeyType) -> Callable[[str], bool]:
    """Whether a value matches one of a query's texts; numbers and times may be spelled differently."""
    language = matching(texts)
    if type_ is KeyType.ADDRESS:
        networks = Networks([span for text in texts if (span := network(text))])
        return lambda value: value in language or ((span := network(value)) is not None and span[:2] in networks)
    if type_ in (KeyType.NUMBER, KeyType.TIME):
        read = number if type_ is KeyType.NUMBER else instant
        quantities = {read(text) for text in texts} - {None}
        return lambda value: value in language or read(value) in quantities
    return language.__contains__


@lru_cache(maxsize=1 << 10)
def matching(texts: Sequence[str]) -> Language:
    """The values that match one of a query's patterns."""
    return union(str(template(text, wildcards=True, variables=False)[0]) for text in texts)
