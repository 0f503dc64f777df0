"""First stage: the statements of one search as clauses over the regions of the request's keys.

Representation. An Allow becomes the literals that must all hold for it to apply; a Deny the clause that one of its
literals fails. What else must be so in every request (the MFA keys and the keys of VPC endpoints) becomes clauses too.
A condition on a key with listed values is a pair of masks (`solver.ChoiceTest`), any other a language of texts
(`solver.TextTest`). Conditions on parts of the caller or the resource, Principal, Resource and their negations are
languages of the whole text (`principals.project`).

A comparison without a defined result counts as possible either way in a `generous` encoding, and as neither in the
other: what the first cannot solve has no solution, what the second solves has one. Comparisons with policy variables
that have no value yet (`open_`) are encoded generously, by the widest texts that they can stand for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from delegation_pack.iam import keys
from delegation_pack.iam.conditions import Check, canonical, language_of, resource_texts, templates
from delegation_pack.iam.document import Effect
from delegation_pack.iam.patterns import ANYTHING, SEPARATOR, Language, nonempty, union
from delegation_pack.iam.principals import lacking, principals_language, project
from delegation_pack.iam.regions import Regions
from delegation_pack.iam.scope import PRINCIPAL, RESOURCE, Placed, Scope, base
from delegation_pack.iam.solver import Choice, ChoiceTest, Clause, Literal, Region, Test, Texts, TextTest, narrowed
from delegation_pack.iam.variables import Template, keys_of, template

_MFA_ABSENT, _MFA_FALSE, _MFA_TRUE = 0b001, 0b010, 0b100
"""Masks of the listed values of aws:MultiFactorAuthPresent, in the order of `regions`."""
_BLANK = union([""])


class Encoding:
    """The clauses of one search with given values of policy variables."""

    def __init__(
        self, scope: Scope, assignment: Mapping[str, str | None], generous: bool, open_: frozenset[str] = frozenset()
    ) -> None:
        self.undefined: str | None = None
        """Why some result is not defined."""
        self._scope = scope
        self._assignment = assignment
        self._generous = generous
        self._open = open_
        self._tests: dict[object, TextTest] = {}
        """Equal tests are one object, so that the solver narrows by each once."""
        checks: dict[str, list[Check]] = {}
        self._checked: list[tuple[Placed, list[Check]]] = []
        for one in scope.statements:
            found = [Check.of(condition, one.has_variables, self._lookup) for condition in one.statement.conditions]
            self._checked.append((one, found))
            for check in found:
                checks.setdefault(check.key, []).append(check)
        self._regions = Regions(scope, assignment, checks)
        for key in (PRINCIPAL, RESOURCE, keys.MFA, *scope.limits, *assignment):
            self._regions.of(key)

    def problems(self) -> Iterator[tuple[tuple[Placed, ...], Mapping[str, Region], list[Clause]]]:
        """The regions in which an Allow of each policy applies, and the clauses that then remain, with these Allows."""
        allows: list[list[tuple[Placed, list[Literal]]]] = [[] for _ in range(self._scope.policies)]
        for one, literals in self._applying(Effect.ALLOW):
            allows[one.policy].append((one, literals))
        if not all(allows):
            return
        denies = [[(test, not outcome) for test, outcome in literals] for _, literals in self._applying(Effect.DENY)]
        clauses: list[Clause] = [*self._what_occurs_together(), *denies]
        for chosen in product(*allows):
            regions = narrowed(self._regions, (literal for _, literals in chosen for literal in literals))
            if regions is not None:
                yield tuple(one for one, _ in chosen), regions, clauses

    def _lookup(self, key: str) -> str | None:
        return self._assignment.get(canonical(key))

    # Statements

    def _applying(self, effect: Effect) -> Iterator[tuple[Placed, list[Literal]]]:
        """The statements that may apply to a request of the class, with what must hold for it."""
        for one, checks in self._checked:
            if one.statement.effect is effect:
                literals = self._literals(one, checks)
                if literals is not None:
                    yield one, literals

    def _literals(self, one: Placed, checks: Iterable[Check]) -> list[Literal] | None:
        """What must hold for the statement to apply; None if it cannot."""
        literals: list[Literal] = []
        for check in sorted(checks, key=lambda check: check.key not in keys.TYPES):
            test = self._condition(check, one)
            region = self._regions[test.key]
            if isinstance(region, Choice) and isinstance(test, ChoiceTest):
                possible = test.true | ~test.false
                if not region.mask & possible:
                    return None
            literals.append((test, True))
            literals += self._widened(check, one)
        for part_ in (*self._named(one), *self._covered(one)):
            if part_ is False:
                return None
            if part_ is not True:
                literals.append(part_)
        return literals

    def _named(self, one: Placed) -> Iterator[Literal | bool]:
        """What must hold of the caller."""
        statement = one.statement
        named = statement.principals if statement.principals is not None else statement.not_principals
        if named is not None:
            yield self._within(PRINCIPAL, principals_language(named), statement.principals is not None)

    def _covered(self, one: Placed) -> Iterator[Literal | bool]:
        """What must hold of the resource."""
        texts = resource_texts(one.statement)
        covered = one.statement.resources is not None
        if not texts:
            return
        if "*" in texts:
            yield covered
            return
        vague = {text for text in texts if self._unfollowed([_resource(text, one)])}
        if not vague:
            yield self._within(RESOURCE, language_of(texts, one.has_variables, self._lookup), covered)
            return
        # Whatever the variables are, a covered resource is one that fits with anything in their place, and one that
        # NotResource leaves fits none of the other patterns.
        known = texts if covered else [text for text in texts if text not in vague]
        language = language_of(known, one.has_variables, lambda key: self._lookup(key) or ANYTHING)
        yield self._within(RESOURCE, language, covered)
        why = f"{one.statement.heading} has a policy variable in its resources that cannot be followed."
        yield self._not_defined(RESOURCE, why), True

    def _within(self, key: str, language: Language, outcome: bool) -> Literal | bool:
        if not language.patterns:
            return not outcome
        if ANYTHING in language.patterns or ANYTHING + SEPARATOR + ANYTHING in language.patterns:
            return outcome
        return self._test(TextTest(key, absent=False, present=None, language=language)), outcome

    # Conditions

    def _condition(self, check: Check, one: Placed) -> Test:
        region = self._regions.of(check.key)
        if isinstance(region, Choice):
            return self._choice(check, region, one)
        absent, present = check.tells
        plain = check.operator.when_blank is None
        vague = check.undefined or check.language is None or (region.several and plain)
        vague = vague or (absent is None and bool(lacking(check.key)))
        if present is None and (vague or self._unfollowed(templates(check.condition, one.has_variables))):
            return self._not_defined(base(check.key), _no_result(check, one), absent)
        if absent is None:
            self.undefined = self.undefined or _no_result(check, one)
        return self._text_test(check, check.language, region)

    def _widened(self, check: Check, one: Placed) -> list[Literal]:
        """What must hold whatever the variables in a comparison are, if they have no value to go by."""
        region = self._regions.of(check.key)
        texts = templates(check.condition, one.has_variables)
        if check.operator.negated or not isinstance(region, Texts) or not self._unfollowed(texts):
            return []
        wide = Check(check.condition, one.has_variables, lambda key: self._lookup(key) or ANYTHING)
        return [(self._text_test(wide, wide.language, region), True)]

    def _text_test(self, check: Check, language: Language | None, region: Texts) -> TextTest:
        absent, present = check.tells
        options, key = check.operator, base(check.key)
        if language is not None and key == check.key and not region.several and options.when_blank is not None:
            # To a set operator an empty text is no value.
            counts = options.for_all != options.negated
            language = union([*language.patterns, ""]) if counts else nonempty(language)
        if key != check.key:
            if present is not None:
                constant = present if absent == present else None
                return self._test(TextTest(key, False, constant, union(lacking(check.key)), negated=not absent))
            language = self._of_whole(check, language)
            absent = False
        blank = present if present is not None else options.when_blank
        return self._test(
            TextTest(
                key,
                absent,
                present,
                language,
                options.negated,
                options.for_all,
                options.for_any,
                blank,
                possible=self._generous,
            )
        )

    def _of_whole(self, check: Check, language: Language | None) -> Language:
        """The callers or resources for whose part a comparison, negation aside, is true."""
        found = [text for pattern in (language.patterns if language else ()) for text in project(check.key, pattern)]
        return union([*found, *(lacking(check.key) if check.tells[0] != check.operator.negated else ())])

    def _choice(self, check: Check, region: Choice, one: Placed) -> ChoiceTest:
        true = false = 0
        vague = self._unfollowed(templates(check.condition, one.has_variables))
        for i, value in enumerate(region.values):
            result = None if vague and value is not None else check.holds(() if value is None else (value,))
            if result is None:
                self.undefined = self.undefined or _no_result(check, one)
            possible = result is None and self._generous
            true |= (result is True or possible) << i
            false |= (result is False or possible) << i
        return ChoiceTest(check.key, true, false)

    def _unfollowed(self, texts: Iterable[Template]) -> bool:
        """Whether one of the texts has a policy variable without a value to go by."""
        found = {canonical(key) for parts in texts for key in keys_of(parts)}
        return not self._open.isdisjoint(found) or not all(map(self._scope.trackable, found))

    def _not_defined(self, key: str, why: str, absent: bool | None = False) -> TextTest:
        self.undefined = self.undefined or why
        self._regions.of(key)
        return TextTest(key, absent, present=None, possible=self._generous)

    def _test(self, test: TextTest) -> TextTest:
        self._regions.of(test.key)
        options = (test.negated, test.for_all, test.for_any, test.blank, test.possible)
        return self._tests.setdefault((test.key, test.absent, test.present, test.language, options), test)

    # What occurs together

    def _what_occurs_together(self) -> Iterator[Clause]:
        age, issued = "aws:multifactorauthage", "aws:tokenissuetime"
        if age in self._regions:
            with_mfa = ChoiceTest(keys.MFA, _MFA_TRUE, _MFA_ABSENT | _MFA_FALSE)
            yield [(self._present(age), False), (with_mfa, True)]
            yield [(self._present(age), True), (with_mfa, False)]
        if issued in self._regions:
            yield [(self._present(issued), False), (self._present(keys.MFA), True)]
            yield [(self._present(issued), True), (self._present(keys.MFA), False)]
        for key in sorted(keys.VPC_ONLY & self._regions.keys()):
            self._regions.of(keys.SOURCE_IP)
            yield [(self._present(key), False), (self._present(keys.SOURCE_IP), False)]

    def _present(self, key: str) -> Test:
        region = self._regions[key]
        if isinstance(region, Choice):
            absent = sum(1 << i for i, value in enumerate(region.values) if value is None)
            return ChoiceTest(key, ~absent, absent)
        return self._test(TextTest(key, absent=False, present=True, blank=True))


def _resource(text: str, one: Placed) -> Template:
    return template(text, wildcards=True, variables=one.has_variables)


def _no_result(check: Check, one: Placed) -> str:
    condition = check.condition
    return (
        f"{one.statement.heading} cannot be verified: AWS does not say what {condition.operator} makes of "
        f"{condition.key} with {', '.join(map(repr, condition.values[:3]))}."
    )
