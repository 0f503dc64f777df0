"""Second stage: find values for the keys of a request that meet a list of clauses, or show that there are none.

Representation. Each key has a region: the values that it may still have. `Choice` is a bit mask over listed values;
`Texts` is "perhaps absent, perhaps only an empty text, else values that are in each of these languages and in none of
those". A literal says of one key that a test comes out so; it narrows a region to a region. A clause is a list of
literals, of which one must hold.

Search. Each region keeps one example. The search looks for the clause that the examples break and that leaves the
fewest ways out, and narrows a region for each way in turn; what one way could not solve, the next ones leave out. Only
clauses on a narrowed key are looked at again. So it is complete, and does not enumerate combinations that no clause
asks about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from delegation_pack.iam.patterns import ANY, ANYTHING, Budget, Language, union, word

Demand = tuple[Language, bool]
"""A language that a value must be in, or not in."""

_BRANCH_COST = 4
"""Steps that one narrowed region counts for."""
_SOMETHING = union([ANY + ANYTHING])
_ANYTHING = union([ANYTHING])


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """A region over listed values, of which None is "absent"; earlier ones make nicer examples."""

    values: Sequence[str | None]
    mask: int
    """Bit i is set if value i is still possible."""

    def witness(self) -> Sequence[str] | None:
        """The key's values in some request, none of them if it is absent; None if nothing is possible any more."""
        if not self.mask:
            return None
        value = self.values[self.example.bit_length() - 1]
        return () if value is None else (value,)

    @property
    def example(self) -> int:
        """The mask of the example alone: the lowest bit."""
        return self.mask & -self.mask


@dataclass(frozen=True, eq=False, slots=True)
class ChoiceTest:
    """A test by the listed values for which it may come out true, and false (masks as in `Choice`)."""

    key: str
    true: int
    false: int

    def narrowed(self, region: Region, outcome: bool) -> Region:
        """The region in which the test comes out so."""
        assert isinstance(region, Choice)
        return Choice(region.values, region.mask & (self.true if outcome else self.false))

    def without(self, region: Region, outcome: bool) -> Region:
        """The region in which it need not come out so."""
        assert isinstance(region, Choice)
        other, this = (self.false, self.true) if outcome else (self.true, self.false)
        return Choice(region.values, region.mask & (other | ~this))

    def met(self, region: Region, outcome: bool) -> bool:
        """Whether it comes out so for the region's example."""
        assert isinstance(region, Choice)
        return bool(region.example & (self.true if outcome else self.false))


@dataclass(eq=False, slots=True)
class Texts:
    """A region of texts."""

    budget: Budget
    absent: bool
    present: bool
    """With values other than one empty text, if `several`; else with any value."""
    every: tuple[Demand, ...] = ()
    """Demands that every value meets."""
    several: bool = False
    """Whether there can be more than one value."""
    some: tuple[Demand, ...] = ()
    """With several values: demands that one value each must meet."""
    blank: bool = False
    """With several values: whether the only one may be an empty text. In no other set is there an empty text."""
    _examples: list[Sequence[str] | None] = field(default_factory=list)

    def witness(self) -> Sequence[str] | None:
        """The key's values in some request, none of them if it is absent; None if nothing is possible any more."""
        if not self._examples:
            self._examples.append(self._search())
        return self._examples[0]

    def _search(self) -> Sequence[str] | None:
        if self.absent:
            return ()
        found = self._values() if self.present else None
        return ("",) if found is None and self.blank else found

    def _values(self) -> Sequence[str] | None:
        found = []
        for demands in [(*self.every, demand) for demand in self.some] or [self.every]:
            text = self._example(demands)
            if text is None:
                return None
            found.append(text)
        return tuple(dict.fromkeys(found))

    def _example(self, demands: Sequence[Demand]) -> str | None:
        inside = [language for language, wanted in demands if wanted]
        without = [language for language, wanted in demands if not wanted]
        if any("" not in language for language in inside):
            return word(inside, without, self.budget)
        # An empty text, though possible, makes a poor example.
        text = word([*inside, _SOMETHING], without, self.budget)
        if text is not None or self.several:
            return text
        return word(inside or [_ANYTHING], without, self.budget)


@dataclass(frozen=True, eq=False, slots=True)
class TextTest:
    """A test on a key whose values are any texts. A result of None is not defined."""

    key: str
    absent: bool | None
    """The result when the key is absent."""
    present: bool | None
    """The result for every value, if it does not depend on the value."""
    language: Language | None = None
    """Else the values for which it is true; None if that is not defined."""
    negated: bool = False
    for_all: bool = False
    for_any: bool = False
    blank: bool | None = None
    """With several values: the result when the only one is an empty text."""
    possible: bool = True
    """Whether a result that is not defined may be either; else it is neither."""
    _known: dict[tuple[int, bool, bool], tuple[Texts, Texts]] = field(default_factory=dict)

    def narrowed(self, region: Region, outcome: bool) -> Region:
        """The region in which the test comes out so."""
        return self._restricted(region, outcome, self.possible)

    def without(self, region: Region, outcome: bool) -> Region:
        """The region in which it need not come out so."""
        return self._restricted(region, not outcome, True)

    def _restricted(self, region: Region, outcome: bool, undefined: bool) -> Texts:
        assert isinstance(region, Texts)
        known = self._known.get((id(region), outcome, undefined))
        if known is None:
            # The region is kept with the answer, so that its id stays its own.
            known = region, self._narrowed(region, outcome, undefined)
            self._known[id(region), outcome, undefined] = known
        return known[1]

    def _narrowed(self, region: Texts, outcome: bool, undefined: bool) -> Texts:
        absent = region.absent and (undefined if self.absent is None else self.absent == outcome)
        blank = region.blank and (undefined if self.blank is None else self.blank == outcome)
        present, every, some = region.present, region.every, region.some
        if self.present is not None:
            present = present and self.present == outcome
        elif self.language is None:
            present = present and undefined
        elif region.several and (self.for_any if outcome else self.for_all):
            some = (*some, (self.language, outcome != self.negated))
        else:
            every = _with(every, self.language, outcome != self.negated)
        return Texts(region.budget, absent, present, every, region.several, some, blank)

    def met(self, region: Region, outcome: bool) -> bool:
        """Whether it comes out so for the region's example."""
        assert isinstance(region, Texts)
        values = region.witness()
        if values is None:
            return False
        result = self._result(values, region.several)
        return self.possible if result is None else result == outcome

    def _result(self, values: Sequence[str], several: bool) -> bool | None:
        if not values:
            return self.absent
        if self.present is not None:
            return self.present
        if several and values == ("",):
            return self.blank
        if self.language is None:
            return None
        results = [(value in self.language) != self.negated for value in values]
        return any(results) if self.for_any else all(results)


def _with(every: tuple[Demand, ...], language: Language, wanted: bool) -> tuple[Demand, ...]:
    """Demands and one more; what leaves finitely many texts is one demand for these."""
    for finite, inside in every:
        if inside and finite.is_finite:
            left = (text for text in finite.literals if (text in language) == wanted)
            return tuple((union(left), True) if demand == (finite, True) else demand for demand in every)
    return (*every, (language, wanted))


Region = Choice | Texts
Test = ChoiceTest | TextTest
Literal = tuple[Test, bool]
Clause = Sequence[Literal]


def narrowed(regions: Mapping[str, Region], literals: Iterable[Literal]) -> Mapping[str, Region] | None:
    """The regions in which all literals hold; None if one of the regions is empty then."""
    found = dict(regions)
    touched = set()
    for test, outcome in literals:
        found[test.key] = test.narrowed(found[test.key], outcome)
        touched.add(test.key)
    return None if any(found[key].witness() is None for key in touched) else found


def solve(regions: Mapping[str, Region], clauses: Sequence[Clause], budget: Budget) -> Mapping[str, Region] | None:
    """Regions whose examples meet all clauses; None if no values do.

    Raises:
        TooComplexError: the budget is spent.
    """
    on_key: dict[str, list[int]] = {}
    for i, clause in enumerate(clauses):
        for key in {test.key for test, _ in clause}:
            on_key.setdefault(key, []).append(i)
    budget.spend(len(clauses))
    stack = [(regions, [i for i, clause in enumerate(clauses) if not _met(clause, regions)])]
    while stack:
        here, broken = stack.pop()
        if not broken:
            return here
        ways = _ways_out(here, [clauses[i] for i in broken], budget)
        for there, touched in reversed(ways):
            checked = {i for key in touched for i in on_key[key]}
            budget.spend(len(checked) + (len(broken) + len(here)) // 4)
            left = [i for i in broken if i not in checked]
            stack.append((there, left + [i for i in checked if not _met(clauses[i], there)]))
    return None


def _met(clause: Clause, regions: Mapping[str, Region]) -> bool:
    return any(test.met(regions[test.key], outcome) for test, outcome in clause)


def _ways_out(
    here: Mapping[str, Region], broken: Sequence[Clause], budget: Budget
) -> list[tuple[Mapping[str, Region], set[str]]]:
    """The regions in which a clause holds, for the clause that leaves the fewest, with the keys that were narrowed.

    Each way leaves out the ways before it.
    """
    best: list[Literal] | None = None
    for clause in broken:
        budget.spend(_BRANCH_COST * len(clause))
        open_ = [one for one in clause if one[0].narrowed(here[one[0].key], one[1]).witness() is not None]
        if best is None or len(open_) < len(best):
            best = open_
        if len(best) < 2:
            break
    found: list[tuple[Mapping[str, Region], set[str]]] = []
    rest, left_out = dict(here), set[str]()
    for i, (test, outcome) in enumerate(best or (), 1):
        budget.spend(_BRANCH_COST)
        region = test.narrowed(rest[test.key], outcome)
        if region.witness() is not None:
            found.append(({**rest, test.key: region}, {*left_out, test.key}))
        if i == len(best or ()):
            break
        rest[test.key] = test.without(rest[test.key], outcome)
        left_out.add(test.key)
        if rest[test.key].witness() is None:
            break
    return found
