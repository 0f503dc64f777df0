"""One search as regions and clauses: statements turned into literals, and a solution back into a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product

from delegation_pack.iam import domains, keys
from delegation_pack.iam.conditions import Check, arn_language, canonical, language_of, resource_texts, templates
from delegation_pack.iam.document import Effect
from delegation_pack.iam.evaluation import Request
from delegation_pack.iam.keys import KeyType
from delegation_pack.iam.operators import Family, Networks, instant, network, number
from delegation_pack.iam.patterns import ANYTHING, SEPARATOR, Language, union
from delegation_pack.iam.principals import callers_language, part, principals_language, project, resources_language
from delegation_pack.iam.question import CallerType, Values
from delegation_pack.iam.scope import PRINCIPAL, RESOURCE, Placed, Scope, base
from delegation_pack.iam.solver import Choice, ChoiceTest, Clause, Literal, Region, Test, Texts, TextTest, solve
from delegation_pack.iam.variables import Template, keys_of, template


class Model:
    """The clauses of one search with given values of policy variables.

    `generous` counts a comparison without a defined result as possible either way; otherwise as neither. So it does
    with comparisons that have one of the `open_` variables, which have no value yet.
    """

    def __init__(
        self, scope: Scope, assignment: Mapping[str, str | None], generous: bool, open_: frozenset[str] = frozenset()
    ) -> None:
        self.undefined: str | None = None
        """Why some result is not defined."""
        self._scope = scope
        self._assignment = assignment
        self._generous = generous
        self._open = open_
        self._regions: dict[str, Region] = {}
        self._checks: dict[str, list[Check]] = {}
        self._checked: list[tuple[Placed, list[Check]]] = []
        for one in scope.statements:
            found = [Check(condition, one.has_variables, self._lookup) for condition in one.statement.conditions]
            self._checked.append((one, found))
            for check in found:
                self._checks.setdefault(check.key, []).append(check)

    def solve(self) -> tuple[Request, tuple[Placed, ...]] | None:
        """A request that an Allow of each policy lets through and no Deny stops, with these Allows."""
        allows: list[list[tuple[Placed, list[Literal]]]] = [[] for _ in range(self._scope.policies)]
        for one, literals in self._applying(Effect.ALLOW):
            allows[one.policy].append((one, literals))
        if not all(allows):
            return None
        denies = [[(test, not outcome) for test, outcome in literals] for _, literals in self._applying(Effect.DENY)]
        for key in (PRINCIPAL, RESOURCE, keys.MFA, *self._scope.limits, *self._assignment):
            self._region(key)
        clauses: list[Clause] = [*self._what_occurs_together(), *denies]
        for chosen in product(*allows):
            regions = dict(self._regions)
            for test, outcome in (literal for _, literals in chosen for literal in literals):
                regions[test.key] = test.narrowed(regions[test.key], outcome)
            solved = solve(regions, clauses, self._scope.budget)
            request = solved and self._request(solved)
            if request:
                return request, tuple(one for one, _ in chosen)
        return None

    def _lookup(self, key: str) -> str | None:
        return self._assignment.get(canonical(key))

    # From statements to literals

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
        for part_ in self._parts(one):
            if part_ is False:
                return None
            if part_ is not True:
                literals.append(part_)
        return literals

    def _parts(self, one: Placed) -> Iterator[Literal | bool]:
        """What must hold of the caller and the resource."""
        statement = one.statement
        named = statement.principals if statement.principals is not None else statement.not_principals
        if named is not None:
            yield self._within(PRINCIPAL, principals_language(named), statement.principals is not None)
        texts = resource_texts(statement)
        if not texts:
            return
        covered = statement.resources is not None
        if "*" in texts:
            yield covered
            return
        vague = {text for text in texts if self._unfollowed([_resource(text, one)])}
        if vague:
            # Whatever the variables are, a covered resource is one that fits with anything in their place, and one
            # that NotResource leaves fits none of the other patterns.
            known = texts if covered else [text for text in texts if text not in vague]
            language, _ = language_of(known, one.has_variables, lambda key: self._lookup(key) or ANYTHING)
            yield self._within(RESOURCE, language, covered)
            why = f"{statement.heading} has a policy variable in its resources that cannot be followed."
            yield self._not_defined(RESOURCE, why), True
            return
        language, unresolved = language_of(texts, one.has_variables, self._lookup)
        yield self._within(RESOURCE, language, covered)
        if unresolved and not covered:
            why = f"{statement.heading} has a policy variable in NotResource that may have no value."
            yield self._not_defined(RESOURCE, why), True

    def _within(self, key: str, language: Language, outcome: bool) -> Literal | bool:
        if not language.patterns:
            return not outcome
        if ANYTHING in language.patterns or ANYTHING + SEPARATOR + ANYTHING in language.patterns:
            return outcome
        self._region(key)
        return TextTest(key, absent=False, present=None, language=language), outcome

    def _condition(self, check: Check, one: Placed) -> Test:
        region = self._region(check.key)
        if isinstance(region, Choice):
            return self._choice(check, region, one)
        absent, present = check.tells
        plain = not (check.operator.for_all or check.operator.for_any)
        vague = check.undefined or check.language is None or (region.several and plain)
        if present is None and (vague or self._unfollowed(templates(check.condition, one.has_variables))):
            return self._not_defined(base(check.key), _no_result(check, one), absent)
        return self._text_test(check, check.language)

    def _widened(self, check: Check, one: Placed) -> list[Literal]:
        """What must hold whatever the variables in a comparison are, if they have no value to go by."""
        region = self._region(check.key)
        texts = templates(check.condition, one.has_variables)
        if check.operator.negated or not isinstance(region, Texts) or not self._unfollowed(texts):
            return []
        wide = Check(check.condition, one.has_variables, lambda key: self._lookup(key) or ANYTHING)
        return [(self._text_test(wide, wide.language), True)]

    def _text_test(self, check: Check, language: Language | None) -> TextTest:
        absent, present = check.tells
        key, options = base(check.key), check.operator
        if language is not None and key != check.key:
            language = union(text for pattern in language.patterns for text in project(check.key, pattern))
        return TextTest(key, absent, present, language, options.negated, options.for_all, options.for_any)

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

    def _not_defined(self, key: str, why: str, absent: bool = False) -> TextTest:
        self.undefined = self.undefined or why
        self._region(key)
        return TextTest(key, absent, present=None, possible=self._generous)

    # What each key can be

    def _region(self, key: str) -> Region:
        place = key if self._scope.fixed(key) else base(key)
        if place not in self._regions:
            self._regions[place] = self._new_region(place)
        return self._regions[place]

    def _new_region(self, key: str) -> Region:
        if key == PRINCIPAL:
            return Texts(self._scope.budget, absent=False, present=True, every=tuple(self._about_principal()))
        if key == RESOURCE:
            return Texts(self._scope.budget, absent=False, present=True, every=tuple(self._about_resource()))
        limit = self._scope.limits.get(key, Values())
        listed = self._listed(key)
        if not listed:
            absent = limit.absent and not self._scope.always_present(key)
            every = [(matching(texts), wanted) for texts, wanted in ((limit.like, True), (limit.but, False)) if texts]
            if key in keys.SHAPES:
                every.append((union([keys.SHAPES[key]]), True))
            if key in self._assignment:
                value = self._assignment[key]
                absent = absent and value is None
                every.append((union([] if value is None else [value]), True))
            several = self._scope.several(key)
            return Texts(self._scope.budget, absent, bool(limit.like), tuple(every), several)
        admitted = _admitted(limit, self._type(key) is KeyType.ADDRESS, listed)
        if key == keys.MFA and self._scope.callers.type is CallerType.ROLE:
            admitted &= ~1
        return Choice(listed, admitted)

    def _type(self, key: str) -> KeyType:
        """The type AWS gives a key, else that of the operators used on it if they agree."""
        if key in keys.TYPES or key in self._assignment or self._scope.several(key):
            return keys.TYPES.get(key, KeyType.TEXT)
        families = {check.operator.family for check in self._checks.get(key, ())} - {Family.NULL}
        types = {Family.NUMERIC: KeyType.NUMBER, Family.DATE: KeyType.TIME, Family.ADDRESS: KeyType.ADDRESS}
        return types.get(next(iter(families)), KeyType.TEXT) if len(families) == 1 else KeyType.TEXT

    def _listed(self, key: str) -> Sequence[str | None]:
        """The values of a key that need telling apart, nice ones first; empty for texts."""
        if fixed := self._scope.fixed(key):
            return fixed
        found: Sequence[str]
        values = [value for check in self._checks.get(key, ()) for value in check.condition.values]
        match self._type(key):
            case KeyType.TEXT:
                return []
            case KeyType.BOOL:
                found = ["true", "false"] if key == "aws:securetransport" else ["false", "true"]
            case KeyType.NUMBER:
                bounds = [bound for value in values if (bound := number(value)) is not None]
                found = domains.counts(bounds) if key in keys.TYPES else domains.quantities(bounds)
            case KeyType.TIME:
                found = domains.times([bound for value in values if (bound := instant(value)) is not None])
            case KeyType.ADDRESS:
                limit = self._scope.limits.get(key, Values())
                spans = [span for value in (*values, *limit.like, *limit.but) if (span := network(value))]
                return [*domains.addresses(spans), None]
        return found if key in keys.ALWAYS_PRESENT else [None, *found]

    def _about_principal(self) -> Iterator[tuple[Language, bool]]:
        callers = self._scope.callers
        yield callers_language(callers, self._scope.partition), True
        if callers.not_account:
            yield union(project("aws:principalaccount", callers.not_account)), False
        yield from self._about(PRINCIPAL)

    def _about_resource(self) -> Iterator[tuple[Language, bool]]:
        resources = self._scope.resources
        yield resources_language(resources, self._scope.partition), True
        if resources.like != ("*",):
            yield arn_language(resources.like, self._lookup), True
        if resources.but:
            yield arn_language(resources.but, self._lookup), False
        account = self._assignment.get("aws:principalaccount")
        if resources.not_callers_account and account:
            yield union(project("aws:resourceaccount", account)), False
        yield from self._about(RESOURCE)

    def _about(self, whole: str) -> Iterator[tuple[Language, bool]]:
        """What policy variables and the question say about the parts of a caller or a resource."""
        for key, value in self._assignment.items():
            if base(key) == whole and value is not None:
                yield union(project(key, value)), True
        for key, limit in self._scope.limits.items():
            if base(key) == whole and not self._scope.fixed(key):
                for texts, wanted in ((limit.like, True), (limit.but, False)):
                    yield union(text for pattern in matching(texts).patterns for text in project(key, pattern)), wanted

    def _what_occurs_together(self) -> Iterator[Clause]:
        age, issued = "aws:multifactorauthage", "aws:tokenissuetime"
        if age in self._regions:
            with_mfa = ChoiceTest(keys.MFA, 0b100, 0b011)
            yield [(self._present(age), False), (with_mfa, True)]
            yield [(self._present(age), True), (with_mfa, False)]
        if issued in self._regions:
            yield [(self._present(issued), False), (self._present(keys.MFA), True)]
            yield [(self._present(issued), True), (self._present(keys.MFA), False)]
        for key in sorted(keys.VPC_ONLY & self._regions.keys()):
            self._region(keys.SOURCE_IP)
            yield [(self._present(key), False), (self._present(keys.SOURCE_IP), False)]

    def _present(self, key: str) -> Test:
        region = self._regions[key]
        if isinstance(region, Choice):
            absent = sum(1 << i for i, value in enumerate(region.values) if value is None)
            return ChoiceTest(key, ~absent, absent)
        return TextTest(key, absent=False, present=True)

    # Back to a request

    def _request(self, regions: Mapping[str, Region]) -> Request | None:
        examples = {key: region.witness() for key, region in regions.items()}
        if None in examples.values():
            return None
        found = {key: values for key, values in examples.items() if values}
        caller = found.pop(PRINCIPAL)[0]
        resource = found.pop(RESOURCE)[0]
        context: dict[str, str | tuple[str, ...]] = {}
        for key, values in found.items():
            name = self._scope.spelled.get(key) or keys.spelled(key)
            context[name] = tuple(values) if self._scope.several(key) else values[0]
        identity = part("aws:userid", caller)
        if identity and self._scope.identified:
            context["aws:userid"] = identity
        arn = caller.partition(SEPARATOR)[0]
        return Request(principal=arn, action=self._scope.action, resource=resource, context=context)


def _resource(text: str, one: Placed) -> Template:
    return template(text, wildcards=True, variables=one.has_variables)


@lru_cache(maxsize=1 << 10)
def matching(texts: Sequence[str]) -> Language:
    """The values that match one of a question's patterns."""
    return union(str(template(text, wildcards=True, variables=False)[0]) for text in texts)


def _admitted(limit: Values, as_addresses: bool, listed: Sequence[str | None]) -> int:
    """The listed values that the question admits, as a mask."""
    mask = 0
    if as_addresses:
        like, but = (Networks([s for t in texts if (s := network(t))]) for texts in (limit.like, limit.but))
        for i, value in enumerate(listed):
            span = network(value) if value is not None else None
            inside = span is not None and (limit.like == ("*",) or span[:2] in like) and span[:2] not in but
            mask |= (limit.absent if span is None else inside) << i
        return mask
    wanted, unwanted = matching(limit.like), matching(limit.but)
    for i, value in enumerate(listed):
        mask |= (limit.absent if value is None else value in wanted and value not in unwanted) << i
    return mask


def _no_result(check: Check, one: Placed) -> str:
    condition = check.condition
    return (
        f"{one.statement.heading} cannot be verified: AWS does not say what {condition.operator} makes of "
        f"{condition.key} with {', '.join(map(repr, condition.values[:3]))}."
    )
