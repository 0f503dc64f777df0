"""Finds values for the keys of a request that meet a list of clauses, or shows that there are none.

Each key has a region: the values it may still have. A clause is a list of literals, of which one must hold; a literal says of one key that a
test comes out so. The search keeps one example value for each region, looks for a clause that the examples break, and narrows a region
for each literal that could mend it. So it is complete, and does not enumerate combinations that no clause asks about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from iam.patterns import ANYTHING, Budget, Language, union, word

EVERYTHING = union([ANYTHING])
NODE_COST = 8
"""Automaton steps that one step of the search counts for."""


class Region(Protocol):
    """The values that a key may still have."""

    def witness(self, budget: Budget) -> Sequence[str] | None:
        """Example values of the key in one request, none of them if it is absent; None if nothing is possible any more."""


class Test(Protocol):
    """Something said about one key."""

    key: str

    def narrowed(self, region: Region, outcome: bool) -> Region:
        """The region in which the test comes out so."""

    def met(self, region: Region, outcome: bool, budget: Budget) -> bool:
        """Whether it comes out so for the region's example."""


Literal = tuple[Test, bool]
Clause = Sequence[Literal]


class Choice:
    """A region over listed values, of which None is "absent"; earlier ones make nicer examples."""

    __slots__ = ("mask", "values")

    def __init__(self, values: Sequence[str | None], mask: int) -> None:
        self.values = values
        self.mask = mask

    def witness(self, budget: Budget) -> Sequence[str] | None:
        if not self.mask:
            return None
        value = self.values[(self.mask & -self.mask).bit_length() - 1]
        return () if value is None else (value,)


@dataclass(frozen=True, eq=False, slots=True)
class ChoiceTest:
    """A test by the listed values for which it can come out true, and false; a value in both is one whose result is not defined."""

    key: str
    true: int
    false: int

    def narrowed(self, region: Region, outcome: bool) -> Region:
        assert isinstance(region, Choice)
        return Choice(region.values, region.mask & (self.true if outcome else self.false))

    def met(self, region: Region, outcome: bool, budget: Budget) -> bool:
        assert isinstance(region, Choice)
        return bool(region.mask & -region.mask & (self.true if outcome else self.false))


@dataclass(eq=False, slots=True)
class Texts:
    """A region of texts: perhaps absent, else values that are each in some languages and not in others."""

    absent: bool
    present: bool
    every: tuple[tuple[Language, bool], ...] = ()
    """What each value must be in, or not in."""
    several: bool = False
    some: tuple[tuple[Language, bool], ...] = ()
    """With several values: for each of these, one value must be in it, or not in it."""
    _witness: Sequence[str] | None = None
    _searched: bool = False

    def witness(self, budget: Budget) -> Sequence[str] | None:
        if not self._searched:
            self._witness = self._search(budget)
            self._searched = True
        return self._witness

    def _search(self, budget: Budget) -> Sequence[str] | None:
        if self.absent:
            return ()
        if not self.present:
            return None
        if self.several and self.some:
            found = [_example((*self.every, demand), budget) for demand in self.some]
        else:
            found = [_example((*self.every, *self.some), budget)]
        return None if None in found else tuple(dict.fromkeys(text for text in found if text is not None))


def _example(demands: Sequence[tuple[Language, bool]], budget: Budget) -> str | None:
    inside = [language for language, wanted in demands if wanted]
    return word(
        inside or [EVERYTHING],
        [language for language, wanted in demands if not wanted],
        budget,
    )


@dataclass(frozen=True, eq=False, slots=True)
class TextTest:
    """A test on a key whose values are any texts."""

    key: str
    absent: bool
    """The result when the key is absent."""
    present: bool | None
    """The result for every value, if it does not depend on the value."""
    language: Language | None = None
    """Else the values for which it is true; None if that is not defined: then `possible` says whether either result may be counted on."""
    negated: bool = False
    for_all: bool = False
    for_any: bool = False
    possible: bool = True
    _regions: dict[tuple[int, bool], tuple[Texts, Texts]] = field(default_factory=dict)

    def narrowed(self, region: Region, outcome: bool) -> Region:
        assert isinstance(region, Texts)
        known = self._regions.get((id(region), outcome))
        if known is None:
            # The region is kept with the answer, so that its id stays its own.
            known = self._regions[id(region), outcome] = (
                region,
                self._narrowed(region, outcome),
            )
        return known[1]

    def _narrowed(self, region: Texts, outcome: bool) -> Texts:
        absent = region.absent and self.absent == outcome
        present, every, some = region.present, region.every, region.some
        if self.present is not None:
            present = present and self.present == outcome
        elif self.language is None:
            present = present and self.possible
        else:
            demand = (self.language, outcome != self.negated)
            if region.several and ((self.for_all and not outcome) or (self.for_any and outcome)):
                some = (*some, demand)
            else:
                every = (*every, demand)
        return Texts(absent, present, every, region.several, some)

    def met(self, region: Region, outcome: bool, budget: Budget) -> bool:
        values = region.witness(budget)
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


def solve(regions: Mapping[str, Region], clauses: Sequence[Clause], budget: Budget) -> Mapping[str, Region] | None:
    """Regions whose examples meet all clauses; None if no values do.

    Raises:
        TooComplex: the budget is spent.
    """
    stack = [regions]
    while stack:
        here = stack.pop()
        best: list[tuple[str, Region]] | None = None
        for clause in clauses:
            if any(test.met(here[test.key], outcome, budget) for test, outcome in clause):
                continue
            budget.spend(NODE_COST)
            branches = [(test.key, test.narrowed(here[test.key], outcome)) for test, outcome in clause]
            branches = [(key, region) for key, region in branches if region.witness(budget) is not None]
            if best is None or len(branches) < len(best):
                best = branches
            if len(best) < 2:
                break
        if best is None:
            return here
        stack.extend({**here, key: region} for key, region in reversed(best))
    return None
