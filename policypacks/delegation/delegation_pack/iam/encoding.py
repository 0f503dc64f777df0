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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from delegation_pack.iam import keys
from delegation_pack.iam.conditions import Check, canonical, language_of, resource_texts, templates
from delegation_pack.iam.document import Effect
from delegation_pack.iam.domains import AddressValues
from delegation_pack.iam.patterns import ANYTHING, SEPARATOR, Language, nonempty, union
from delegation_pack.iam.principals import lacking, principals_language, project
from delegation_pack.iam.regions import Assignment, Regions
from delegation_pack.iam.scope import ACTION, PRINCIPAL, RESOURCE, Placed, Scope, base
from delegation_pack.iam.solver import Choice, ChoiceTest, Clause, Literal, Region, Test, Texts, TextTest, narrowed
from delegation_pack.iam.variables import Template, keys_of, template

_MFA_ABSENT, _MFA_FALSE, _MFA_TRUE = 0b001, 0b010, 0b100
"""Masks of the listed values of aws:MultiFactorAuthPresent, in the order of `regions`."""


CONDITION_COST, VALUE_COST, STATEMENT_COST = 20, 2, 3
"""Steps of `patterns.MAX_STEPS` that count for a condition when it is encoded, for each value that it is tried on, and
for a statement in each encoding."""


@dataclass(frozen=True)
class _Encoded:
    """A statement as literals."""

    literals: tuple[Literal, ...] | None
    """What must hold for it to apply; None if it cannot."""
    undefined: str | None
    """Why some result is not defined."""


class Encoder:
    """Encodes the statements of one search for one assignment of policy variables after the other.

    A statement is encoded anew only for new values of the variables in it.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._statements: dict[object, _Encoded] = {}
        self._regions: dict[object, Region] = {}
        self._variables = [scope.variables_of(one) for one in scope.statements]

    def encode(self, assignment: Assignment, generous: bool, open_: frozenset[str] = frozenset()) -> Encoding:
        """The clauses for an assignment, in which the open variables have no value yet."""
        regions = Regions(self.scope, assignment, self._regions)
        action = (ACTION,) if self.scope.compares_actions else ()
        for key in (PRINCIPAL, RESOURCE, *action, keys.MFA, *self.scope.limits, *assignment):
            regions.of(key)
        self.scope.budget.spend(STATEMENT_COST * len(self.scope.statements))
        found = []
        for i, (one, variables) in enumerate(zip(self.scope.statements, self._variables, strict=True)):
            known = (i, generous, tuple((key, key in open_, assignment.get(key)) for key in variables))
            if known not in self._statements:
                self.scope.budget.spend(CONDITION_COST * len(one.statement.conditions))
                self._statements[known] = _Statement(one, self.scope, assignment, regions, generous, open_).encoded()
            found.append((one, self._statements[known]))
        return Encoding(self.scope, regions, found)


class Encoding:
    """The clauses of one search with given values of policy variables."""

    def __init__(self, scope: Scope, regions: Regions, statements: Sequence[tuple[Placed, _Encoded]]) -> None:
        self.undefined = next((one.undefined for _, one in statements if one.undefined), None)
        """Why some result is not defined."""
        self._scope = scope
        self._regions = regions
        self._statements = statements
        for _, one in statements:
            for test, _ in one.literals or ():
                regions.of(test.key)

    def differences(self) -> Iterator[tuple[Mapping[str, Region], list[Clause]]]:
        """The regions and clauses of requests that an Allow covers now and that the documents `before` do not allow.

        Either none of their Allows applies, or one of their Denies does.
        """
        allows = {before: self._merged(Effect.ALLOW, before) for before in (True, False)}
        denies = {before: self._merged(Effect.DENY, before) for before in (True, False)}
        clauses = [*_what_occurs_together(self._regions), *map(_negated, denies[False].values())]
        idle = list(map(_negated, allows[True].values()))
        # What allows the same is no difference, and what denies the same contradicts itself.
        lost = [literals for named, literals in denies[True].items() if named not in denies[False]]
        for named, literals in allows[False].items():
            ways: list[tuple[tuple[Literal, ...], list[Clause]]] = [(deny, []) for deny in lost]
            if named not in allows[True]:
                ways.insert(0, ((), idle))
            for extra, more in ways:
                regions = narrowed(self._regions, (*literals, *extra))
                if regions is not None:
                    yield regions, [*clauses, *more]

    def _merged(self, effect: Effect, before: bool) -> dict[frozenset[Literal], tuple[Literal, ...]]:
        """Statements of one version; those that differ only in actions, resources or callers are one."""
        found = {
            frozenset(encoded.literals): encoded.literals
            for one, encoded in self._statements
            if one.statement.effect is effect and one.before is before and encoded.literals is not None
        }
        for key in (ACTION, RESOURCE, PRINCIPAL):
            groups: dict[frozenset[Literal], list[Language]] = {}
            merged = dict[frozenset[Literal], tuple[Literal, ...]]()
            for named, literals in found.items():
                test = _covered_by(literals, key)
                if test is None or test.language is None:
                    merged[named] = literals
                else:
                    groups.setdefault(named - {(test, True)}, []).append(test.language)
            for named, literals in found.items():
                test = _covered_by(literals, key)
                those = groups.pop(named - {(test, True)}, None) if test else None
                if those is None:
                    continue
                rest = tuple(literal for literal in literals if literal != (test, True))
                whole = self._scope.covering(key, union(pattern for one in those for pattern in one.patterns))
                merged[frozenset((*rest, (whole, True)))] = (*rest, (whole, True))
            found = merged
        return found

    def problems(self) -> Iterator[tuple[tuple[Placed, ...], Mapping[str, Region], list[Clause]]]:
        """The regions in which an Allow of each policy applies, and the clauses that then remain, with these Allows."""
        allows: list[list[tuple[Placed, Clause]]] = [[] for _ in range(self._scope.policies)]
        denies = []
        for one, encoded in self._statements:
            if encoded.literals is None:
                continue
            if one.statement.effect is Effect.ALLOW:
                allows[one.policy].append((one, encoded.literals))
            else:
                denies.append(_negated(encoded.literals))
        if not all(allows):
            return
        clauses: list[Clause] = [*_what_occurs_together(self._regions), *denies]
        for chosen in product(*allows):
            regions = narrowed(self._regions, (literal for _, literals in chosen for literal in literals))
            if regions is not None:
                yield tuple(one for one, _ in chosen), regions, clauses


class _Statement:
    """One statement in the making."""

    def __init__(
        self,
        one: Placed,
        scope: Scope,
        assignment: Assignment,
        regions: Regions,
        generous: bool,
        open_: frozenset[str],
    ) -> None:
        self._one = one
        self._scope = scope
        self._assignment = assignment
        self._regions = regions
        self._generous = generous
        self._open = open_
        self._undefined: str | None = None

    def encoded(self) -> _Encoded:
        """The statement as literals."""
        return _Encoded(self._literals(), self._undefined)

    def _lookup(self, key: str) -> str | None:
        return self._assignment.get(canonical(key))

    def _literals(self) -> tuple[Literal, ...] | None:
        literals: list[Literal] = []
        one = self._one
        checks = (Check.of(condition, one.has_variables, self._lookup) for condition in one.statement.conditions)
        for check in sorted(checks, key=lambda check: check.key not in keys.TYPES):
            test = self._condition(check)
            region = self._regions.of(test.key)
            if isinstance(region, Choice) and isinstance(test, ChoiceTest):
                possible = test.true | ~test.false
                if not region.mask & possible:
                    return None
            literals.append((test, True))
            literals += self._widened(check)
        for part_ in (*self._about(), *self._named(), *self._covered()):
            if part_ is False:
                return None
            if part_ is not True:
                literals.append(part_)
        return tuple(literals)

    def _about(self) -> Iterator[Literal | bool]:
        """What must hold of the action, where not one action is asked about."""
        statement = self._one.statement
        if self._scope.compares_actions:
            names = statement.actions if statement.actions is not None else statement.not_actions or ()
            language = union(str(template(name.lower(), wildcards=True, variables=False)[0]) for name in names)
            yield self._within(ACTION, language, statement.actions is not None)

    def _named(self) -> Iterator[Literal | bool]:
        """What must hold of the caller."""
        statement = self._one.statement
        named = statement.principals if statement.principals is not None else statement.not_principals
        if named is not None:
            yield self._within(PRINCIPAL, principals_language(named), statement.principals is not None)

    def _covered(self) -> Iterator[Literal | bool]:
        """What must hold of the resource."""
        one = self._one
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
        yield self._not_defined(RESOURCE, why, False, (covered, frozenset(texts))), True

    def _within(self, key: str, language: Language, outcome: bool) -> Literal | bool:
        if not language.patterns:
            return not outcome
        if ANYTHING in language.patterns or ANYTHING + SEPARATOR + ANYTHING in language.patterns:
            return outcome
        return self._scope.covering(key, language), outcome

    # Conditions

    def _condition(self, check: Check) -> Test:
        region = self._regions.of(check.key)
        if isinstance(region, Choice):
            return self._choice(check, region)
        absent, present = check.tells
        plain = check.operator.when_blank is None
        vague = check.undefined or check.language is None or (region.several and plain)
        vague = vague or (absent is None and bool(lacking(check.key)))
        if present is None and (vague or self._unfollowed(self._templates(check))):
            return self._not_defined(base(check.key), _no_result(check, self._one), absent, _identity(check))
        if absent is None:
            self._undefined = self._undefined or _no_result(check, self._one)
        return self._text_test(check, check.language, region)

    def _widened(self, check: Check) -> list[Literal]:
        """What must hold whatever the variables in a comparison are, if they have no value to go by."""
        region = self._regions.of(check.key)
        texts = self._templates(check)
        if check.operator.negated or not isinstance(region, Texts) or not self._unfollowed(texts):
            return []
        wide = Check(check.condition, self._one.has_variables, lambda key: self._lookup(key) or ANYTHING)
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

    def _choice(self, check: Check, region: Choice) -> ChoiceTest:
        true = false = 0
        undefined = False
        vague = self._unfollowed(self._templates(check))
        absent, present = check.tells
        if isinstance(region.values, AddressValues) and check.networks and present is None and absent is not None:
            return self._choice_test(check.key, *region.values.masks(check.networks, check.operator.negated, absent))
        self._scope.budget.spend(VALUE_COST * len(region.values))
        for i, value in enumerate(region.values):
            result = None if vague and value is not None else check.holds(() if value is None else (value,))
            if result is None:
                self._undefined = self._undefined or _no_result(check, self._one)
            possible = result is None and self._generous
            undefined = undefined or result is None
            true |= (result is True or possible) << i
            false |= (result is False or possible) << i
        return self._choice_test(check.key, true, false, _identity(check) if undefined else None)

    def _templates(self, check: Check) -> list[Template]:
        return templates(check.condition, self._one.has_variables)

    def _unfollowed(self, texts: Iterable[Template]) -> bool:
        """Whether one of the texts has a policy variable without a value to go by."""
        found = {canonical(key) for parts in texts for key in keys_of(parts)}
        return not self._open.isdisjoint(found) or not all(map(self._scope.trackable, found))

    def _not_defined(self, key: str, why: str, absent: bool | None, what: object) -> Test:
        """A test without a defined result for present values; `what` tells those apart that may differ."""
        self._undefined = self._undefined or why
        self._regions.of(key)
        test = TextTest(key, absent, present=None, possible=self._generous)
        return self._scope.tests.setdefault((key, absent, self._generous, what), test)

    def _test(self, test: TextTest) -> TextTest:
        return self._scope.one_of(test)

    def _choice_test(self, key: str, true: int, false: int, what: object = None) -> ChoiceTest:
        known = self._scope.tests.setdefault((key, true, false, what), ChoiceTest(key, true, false))
        assert isinstance(known, ChoiceTest)
        return known


def _identity(check: Check) -> object:
    """What is the same for two conditions that differ in spelling only."""
    return check.condition.operator, check.key, frozenset(check.condition.values)


def _covered_by(literals: Iterable[Literal], key: str) -> TextTest | None:
    """The test of a key's language that must hold, if that is all that is said of the key."""
    about = [(test, outcome) for test, outcome in literals if test.key == key]
    if len(about) != 1:
        return None
    ((test, outcome),) = about
    if not outcome or not isinstance(test, TextTest) or test.present is not None or test.negated or test.absent:
        return None
    return None if test.language is None or test.for_all or test.for_any else test


def _negated(literals: Iterable[Literal]) -> Clause:
    """That one of the literals fails."""
    return [(test, not outcome) for test, outcome in literals]


def _what_occurs_together(regions: Regions) -> Iterator[Clause]:
    age, issued = "aws:multifactorauthage", "aws:tokenissuetime"
    if age in regions:
        with_mfa = ChoiceTest(keys.MFA, _MFA_TRUE, _MFA_ABSENT | _MFA_FALSE)
        yield [(_present(age, regions), False), (with_mfa, True)]
        yield [(_present(age, regions), True), (with_mfa, False)]
    if issued in regions:
        yield [(_present(issued, regions), False), (_present(keys.MFA, regions), True)]
        yield [(_present(issued, regions), True), (_present(keys.MFA, regions), False)]
    for key in sorted(keys.VPC_ONLY & regions.keys()):
        regions.of(keys.SOURCE_IP)
        yield [(_present(key, regions), False), (_present(keys.SOURCE_IP, regions), False)]


def _present(key: str, regions: Regions) -> Test:
    region = regions[key]
    if isinstance(region, Choice):
        absent = sum(1 << i for i, value in enumerate(region.values) if value is None)
        return ChoiceTest(key, ~absent, absent)
    return TextTest(key, absent=False, present=True, blank=True)


def _resource(text: str, one: Placed) -> Template:
    return template(text, wildcards=True, variables=one.has_variables)


def _no_result(check: Check, one: Placed) -> str:
    condition = check.condition
    return (
        f"{one.statement.heading} cannot be verified: AWS does not say what {condition.operator} makes of "
        f"{condition.key} with {', '.join(map(repr, condition.values[:3]))}."
    )
