"""Finds values for the keys of a request that meet a list of clauses, or shows that there are none.

Each key has a region: the values it may still have. A clause is a list of literals, of which one must hold; a literal
says of one key that a test comes out so. The search keeps one example value for each region, looks for a clause that
the examples break, and narrows a region for each literal that could mend it. So it is complete, and does not enumerate
combinations that no clause asks about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from delegation_pack.iam.patterns import ANY, ANYTHING, Budget, Language, union, word

Demand = tuple[Language, bool]
"""A language that a value must be in, or not in."""


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """A region over listed values, of which None is "absent"; earlier ones make nicer examples."""

    values: Sequence[str | None]
    mask: int

    def witness(self) -> Sequence[str] | None:
        """The key's values in some request, none of them if it is absent; None if nothing is possible any more."""
        if not self.mask:
            return None
        value = self.values[(self.mask & -self.mask).bit_length() - 1]
        return () if value is None else (value,)


@dataclass(frozen=True, eq=False, slots=True)
class ChoiceTest:
    """A test by the listed values for which it may come out true, and false."""

    key: str
    true: int
    false: int

    def narrowed(self, region: Region, outcome: bool) -> Region:
        """The region in which the test comes out so."""
        assert isinstance(region, Choice)
        return Choice(region.values, region.mask & (self.true if outcome else self.false))

    def met(self, region: Region, outcome: bool) -> bool:
        """Whether it comes out so for the region's example."""
        assert isinstance(region, Choice)
        return bool(region.mask & -region.mask & (self.true if outcome else self.false))


@dataclass(eq=False, slots=True)
class Texts:
    """A region of texts: perhaps absent, else values that each meet all demands."""

    budget: Budget
    absent: bool
    present: bool
    every: tuple[Demand, ...] = ()
    several: bool = False
    """Whether there can be more than one value."""
    some: tuple[Demand, ...] = ()
    """With several values: demands that one value each must meet."""
    _examples: list[Sequence[str] | None] = field(default_factory=list)

    def witness(self) -> Sequence[str] | None:
        """The key's values in some request, none of them if it is absent; None if nothing is possible any more."""
        if not self._examples:
            self._examples.append(self._search())
        return self._examples[0]

    def _search(self) -> Sequence[str] | None:
        if self.absent:
            return ()
        if not self.present:
            return None
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
        # An empty text, though possible, makes a poor example.
        text = word([*inside, union([ANY + ANYTHING])], without, self.budget)
        return text if text is not None else word(inside or [union([ANYTHING])], without, self.budget)


@dataclass(frozen=True, eq=False, slots=True)
class TextTest:
    """A test on a key whose values are any texts."""

    key: str
    absent: bool
    """The result when the key is absent."""
    present: bool | None
    """The result for every value, if it does not depend on the value."""
    language: Language | None = None
    """Else the values for which it is true; None if that is not defined."""
    negated: bool = False
    for_all: bool = False
    for_any: bool = False
    possible: bool = True
    """Whether a result that is not defined may be either; else it is neither."""
    _known: dict[tuple[int, bool], tuple[Texts, Texts]] = field(default_factory=dict)

    def narrowed(self, region: Region, outcome: bool) -> Region:
        """The region in which the test comes out so."""
        assert isinstance(region, Texts)
        known = self._known.get((id(region), outcome))
        if known is None:
            # The region is kept with the answer, so that its id stays its own.
            known = self._known[id(region), outcome] = region, self._narrowed(region, outcome)
        return known[1]

    def _narrowed(self, region: Texts, outcome: bool) -> Texts:
        absent = region.absent and self.absent == outcome
        present, every, some = region.present, region.every, region.some
        if self.present is not None:
            present = present and self.present == outcome
        elif self.language is None:
            present = present and self.possible
        elif region.several and (self.for_any if outcome else self.for_all):
            some = (*some, (self.language, outcome != self.negated))
        else:
            every = (*every, (self.language, outcome != self.negated))
        return Texts(region.budget, absent, present, every, region.several, some)

    def met(self, region: Region, outcome: bool) -> bool:
        """Whether it comes out so for the region's example."""
        values = region.witness()
        if values is None:
            return False
        if not values:
            return self.absent == outcome
        if self.present is not None:
            return self.present == outcome
        if self.language is None:
            return self.possible
        results = [(value in self.language) != self.negated for value in values]
        return (any(results) if self.for_any else all(results)) == outcome


Region = Choice | Texts
Test = ChoiceTest | TextTest
Literal = tuple[Test, bool]
Clause = Sequence[Literal]


def solve(regions: Mapping[str, Region], clauses: Sequence[Clause], budget: Budget) -> Mapping[str, Region] | None:
    """Regions whose examples meet all clauses; None if no values do.

    Raises:
        TooComplexError: the budget is spent.
    """
    stack = [regions]
    while stack:
        here = stack.pop()
        budget.spend(len(clauses))
        best: list[tuple[str, Region]] | None = None
        for clause in clauses:
            if any(test.met(here[test.key], outcome) for test, outcome in clause):
                continue
            budget.spend(len(clause))
            branches = [(test.key, test.narrowed(here[test.key], outcome)) for test, outcome in clause]
            branches = [(key, region) for key, region in branches if region.witness() is not None]
            if best is None or len(branches) < len(best):
                best = branches
            if len(best) < 2:
                break
        if best is None:
            return here
        stack.extend({**here, key: region} for key, region in reversed(best))
    return None
