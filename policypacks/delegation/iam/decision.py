"""Is any request of a class allowed?

Decided exactly: Allow and Deny together; Action, Resource, Principal and their negations; wildcards and policy variables; every operator of
`operators` with IfExists, ForAllValues, ForAnyValue and Null, on absent keys too. A request is a caller (IAM user or role session), an
action, a resource and a value, or none, for each condition key. What can occur together is kept to:

* aws:MultiFactorAuthPresent is absent with a user's access keys, "false" or "true" else; in a role's session it is never absent;
* aws:MultiFactorAuthAge is present exactly when it is "true", aws:TokenIssueTime exactly when it is present;
* aws:SourceIp, and the keys of VPC endpoints, never both; aws:SecureTransport, aws:ViaAWSService and the time always present, the time any;
* aws:PrincipalArn, -Account, -Type, aws:username and aws:userid are the caller's, aws:ResourceAccount the resource's.

Every other key is absent or has whatever value, or set of values, lets the request through.

Not verified, and `Unverifiable`, only where the answer hangs on it: string, number or date operators on aws:SourceIp and other operators that do
not suit a key's type; a plain operator on a key of several values; a negated comparison with a variable that has no value; variables of
keys that are no texts; and decisions of more than `MAX_STEPS` steps or more than `MAX_CHOICES` combinations of values for variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from iam import domains, keys
from iam.conditions import Check, canonical, language_of, resource_texts, templates
from iam.document import (
    Condition,
    Document,
    Effect,
    Statement,
    Unverifiable,
    matching_actions,
)
from iam.evaluation import Request, evaluate
from iam.explanation import reasons, sentence
from iam.keys import KeyType
from iam.operators import TEXTUAL, Family, Networks, instant, network, number, operator
from iam.patterns import (
    ANYTHING,
    DIGIT,
    NAME,
    NAMES,
    SEPARATOR,
    Budget,
    Language,
    TooComplex,
    between,
    is_literal,
    union,
    word,
)
from iam.principals import (
    callers_language,
    part,
    principals_language,
    project,
    resources_language,
)
from iam.question import Callers, CallerType, Question, Target, Values
from iam.solver import (
    Choice,
    ChoiceTest,
    Clause,
    Literal,
    Region,
    Test,
    Texts,
    TextTest,
    solve,
)
from iam.variables import Template, Variable, keys_of, resolve, template

MAX_CHOICES = 256
"""Combinations of values for policy variables that one decision tries."""

PRINCIPAL, RESOURCE = "the caller", "the resource"


@dataclass(frozen=True)
class Finding:
    """A request of the asked class that the documents allow."""

    request: Request
    document: int
    """Position in the list of documents, from 0, of the statement that lets the request through."""
    statement: Statement
    reasons: tuple[str, ...]
    """Why, most telling first: "BoolIfExists is true when aws:MultiFactorAuthPresent is absent"."""

    @property
    def sentence(self) -> str:
        """One full sentence for a violation message, without the resource's name:
        "Statement 1 ('Admins') allows sts:AssumeRole by arn:aws:iam::111111111111:user/alice with plain access keys
        (aws:MultiFactorAuthPresent absent), because BoolIfExists is true when aws:MultiFactorAuthPresent is absent."
        """
        return sentence(self.request, self.statement, self.reasons)


@dataclass(frozen=True)
class _Placed:
    """A statement of one of the documents."""

    document: int
    has_variables: bool
    statement: Statement


def decide(documents: Document | Sequence[Document], question: Question) -> Finding | None:
    """Find a request of the question's class that the documents, taken together, allow; None if there is none.

    Raises:
        Unverifiable: neither can be shown within the stated bounds.
    """
    all_documents = (documents,) if isinstance(documents, Document) else tuple(documents)
    placed = [_Placed(i, d.has_variables, s) for i, d in enumerate(all_documents) for s in d.statements]
    budget = Budget()
    doubt: str | None = None
    try:
        for target in question.targets:
            for action, statements in _by_statements(placed, target.actions):
                for callers in question.callers:
                    search = _Search(statements, callers, action, target, question, budget)
                    request, statement, unclear = search.run()
                    if request and statement:
                        return _confirmed(all_documents, request, statement, question)
                    doubt = doubt or unclear
    except TooComplex:
        raise Unverifiable(
            "The document has too many conditions and patterns that bear on each other to be judged."
        ) from None
    if doubt:
        raise Unverifiable(doubt)
    return None


def _by_statements(placed: list[_Placed], actions: Iterable[str]) -> list[tuple[str, list[_Placed]]]:
    """One action for each set of statements that actions can fall under, if an Allow is among them."""
    covered = [set(matching_actions(one.statement, actions)) for one in placed]
    groups: dict[tuple[int, ...], str] = {}
    for action in actions:
        groups.setdefault(tuple(i for i, names in enumerate(covered) if action in names), action)
    found = [(action, [placed[i] for i in group]) for group, action in groups.items()]
    return [(action, group) for action, group in found if any(one.statement.effect is Effect.ALLOW for one in group)]


def _confirmed(documents: Sequence[Document], request: Request, placed: _Placed, question: Question) -> Finding:
    """The finding, once the request itself has been judged to be allowed."""
    if not evaluate(documents, request).allowed:
        raise Unverifiable(f"{placed.statement.heading} cannot be judged: two ways of judging it disagree.")
    why = reasons(documents, request, placed.document, placed.statement, question)
    return Finding(request, placed.document, placed.statement, why)


class _Search:
    """One class of callers, one action, one class of resources."""

    def __init__(
        self,
        statements: list[_Placed],
        callers: Callers,
        action: str,
        target: Target,
        question: Question,
        budget: Budget,
    ) -> None:
        self.statements = statements
        self.callers = callers
        self.action = action
        self.resources = target.resources
        self.limits = {canonical(key): values for key, values in (*question.keys.items(), *target.keys.items())}
        self.budget = budget
        self.undefined: str | None = None
        conditions = [(one, condition) for one in statements for condition in one.statement.conditions]
        self.uses: dict[str, list[Condition]] = {}
        for _, condition in conditions:
            self.uses.setdefault(canonical(condition.key), []).append(condition)

    @property
    def identified(self) -> bool:
        """Whether a statement looks at the unique id or the session name of the caller."""
        texts = repr([one.statement for one in self.statements]).lower()
        return any(text in texts for text in ("aws:userid", "'aida", "'aroa", ":assumed-role/"))

    def run(self) -> tuple[Request | None, _Placed | None, str | None]:
        """A request that is allowed and the statement that allows it, or why that is not known, or nothing."""
        found = self._attempt(generous=True)
        if not found or not self.undefined:
            return *(found or (None, None)), None
        doubt = self.undefined
        found = self._attempt(generous=False)
        return (*found, None) if found else (None, None, doubt)

    def _attempt(self, *, generous: bool) -> tuple[Request, _Placed] | None:
        for assignment in self._assignments():
            found = _Model(self, assignment, generous).solve()
            if found:
                return found
        return None

    def fixed(self, key: str) -> Sequence[str | None]:
        """The values of a key that the kind of caller settles; empty if it does not."""
        if key == "aws:principaltype":
            return [self.callers.type]
        if key == "aws:principalisawsservice":
            return ["false"]
        if key in keys.NEVER_PRESENT or (key == "aws:username" and self.callers.type is CallerType.ROLE):
            return [None]
        return []

    def several(self, key: str) -> bool:
        operators = [operator(condition.operator) for condition in self.uses.get(key, ())]
        return keys.may_hold_several(key, any(one.for_all or one.for_any for one in operators))

    def trackable(self, key: str) -> bool:
        """Whether a policy variable with this key can be replaced by values worth telling apart."""
        return key not in keys.TYPES and not self.several(key)

    # Policy variables: every value of a variable that the patterns around it can tell apart is tried.

    def _assignments(self) -> Iterator[dict[str, str | None]]:
        variables = set()
        for one in self.statements:
            for text in resource_texts(one.statement):
                variables |= keys_of(template(text, wildcards=True, variables=one.has_variables))
            for condition in one.statement.conditions:
                for parts in templates(condition, one.has_variables):
                    variables |= keys_of(parts)
        elsewhere = False
        if self.resources:
            for text in (*self.resources.like, *self.resources.but):
                variables |= keys_of(template(text, wildcards=True, variables=True))
            elsewhere = self.resources.not_callers_account
        variables = {canonical(key) for key in variables}
        settled: dict[str, str | None] = {}
        if self.callers.account:
            settled["aws:principalaccount"] = self.callers.account
        elif elsewhere and "aws:principalaccount" not in variables:
            if keys.OF_PRINCIPAL & (variables | self.uses.keys()):
                variables.add("aws:principalaccount")
            else:
                settled["aws:principalaccount"] = self._unnamed_account()
        for key in variables:
            if self.fixed(key):
                settled[key] = self.fixed(key)[0]
        free = sorted(key for key in variables - settled.keys() if self.trackable(key))
        atoms = self._atoms(free) if free else []
        choices = [self._values(key, i, atoms) for i, key in enumerate(free)]
        count = 1
        for values in choices:
            count *= len(values)
        if count > MAX_CHOICES:
            raise TooComplex
        for combination in product(*choices):
            yield {**settled, **dict(zip(free, combination, strict=True))}

    def _unnamed_account(self) -> str:
        text = repr([one.statement for one in self.statements])
        return next(account for i in range(10**12 - 1, 0, -1) if (account := f"{i:012d}") not in text)

    def _atoms(self, free: Sequence[str]) -> list[tuple[str, str]]:
        """Every pattern that is compared with a key, the variables in it replaced by marks."""

        def marked(parts: Template) -> str:
            texts = (
                part if isinstance(part, str) else _mark(free.index(part.key)) if part.key in free else ANYTHING
                for part in parts
            )
            return "".join(texts)

        atoms = [(PRINCIPAL, pattern) for pattern in callers_language(self.callers).patterns]
        for i, key in enumerate(free):
            base = _base(key)
            atoms += [(base, pattern) for pattern in (project(key, _mark(i)) if base != key else [])]
        if self.resources:
            atoms += [(RESOURCE, pattern) for pattern in resources_language(self.resources).patterns]
            for text in (*self.resources.like, *self.resources.but):
                atoms.append((RESOURCE, marked(template(text, wildcards=True, variables=True))))
            if self.resources.not_callers_account and "aws:principalaccount" in free:
                atoms += [
                    (RESOURCE, p) for p in project("aws:resourceaccount", _mark(free.index("aws:principalaccount")))
                ]
        for one in self.statements:
            named = (
                *(one.statement.principals or ()),
                *(one.statement.not_principals or ()),
            )
            atoms += [(PRINCIPAL, pattern) for pattern in principals_language(named).patterns]
            for text in resource_texts(one.statement):
                atoms.append(
                    (
                        RESOURCE,
                        marked(template(text, wildcards=True, variables=one.has_variables)),
                    )
                )
            for condition in one.statement.conditions:
                key = canonical(condition.key)
                for parts in templates(condition, one.has_variables):
                    pattern, base = marked(parts), _base(key)
                    atoms += [(base, projected) for projected in (project(key, pattern) if base != key else [pattern])]
        return list(dict.fromkeys(atoms))

    def _values(self, key: str, index: int, atoms: Iterable[tuple[str, str]]) -> list[str | None]:
        """A value of the key for each way in which the patterns around it can take it, and its absence."""
        mark = _mark(index)
        plain = [(base, _unmarked(pattern)) for base, pattern in atoms if mark not in pattern]
        parts = {pattern for base, pattern in plain if base == key}
        for base, pattern in atoms:
            pieces = pattern.split(mark)
            for i in range(1, len(pieces)):
                before, after = (_unmarked(ANYTHING.join(side)) for side in (pieces[:i], pieces[i:]))
                for other, whole in plain:
                    if other == base:
                        parts |= between(whole, before, after)
        universe = {
            "aws:username": NAME + NAMES,
            "aws:principalaccount": 12 * DIGIT,
            "aws:resourceaccount": 12 * DIGIT,
        }.get(key, ANYTHING)
        cells: list[tuple[list[Language], list[Language]]] = [([union([universe])], [])]
        for text in sorted(parts - {ANYTHING, universe}):
            one = union([text])
            split = [
                cell for inside, without in cells for cell in (([*inside, one], without), (inside, [*without, one]))
            ]
            cells = [cell for cell in split if word(*cell, self.budget) is not None]
            if len(cells) > MAX_CHOICES:
                raise TooComplex
        values: list[str | None] = [word(*cell, self.budget) for cell in cells]
        return values if _base(key) != key or key in keys.ALWAYS_PRESENT else [*values, None]


def _mark(index: int) -> str:
    """Stands for a policy variable within a pattern; no automaton ever sees it."""
    return chr(0xF8000 + index)


def _unmarked(pattern: str) -> str:
    return "".join(ANYTHING if token >= "\U000f8000" else token for token in pattern)


def _base(key: str) -> str:
    """The text that a key is a part of; else the key itself."""
    return PRINCIPAL if key in keys.OF_PRINCIPAL else RESOURCE if key in keys.OF_RESOURCE else key


class _Model:
    """The clauses of one search with given values of policy variables.

    `generous` counts a comparison without a defined result as possible either way; otherwise as neither.
    """

    def __init__(self, search: _Search, assignment: Mapping[str, str | None], generous: bool) -> None:
        self.search = search
        self.assignment = assignment
        self.generous = generous
        self.regions: dict[str, Region] = {}
        self.checks: dict[str, list[Check]] = {}
        checked = []
        for one in search.statements:
            found = [Check(condition, one.has_variables, self._lookup) for condition in one.statement.conditions]
            checked.append(found)
            for check in found:
                self.checks.setdefault(check.key, []).append(check)
        self.allows: list[tuple[_Placed, list[Literal]]] = []
        self.denies: list[list[Literal]] | None = []
        for one, found in zip(search.statements, checked, strict=True):
            literals = self._literals(one, found)
            if literals is None:
                continue
            if one.statement.effect is Effect.ALLOW:
                self.allows.append((one, literals))
            else:
                self.denies.append([(test, not outcome) for test, outcome in literals])
        for key in (PRINCIPAL, keys.MFA, *search.limits, *assignment):
            self._region(key)
        if search.resources:
            self._region(RESOURCE)
        self.together = list(self._what_occurs_together())

    def solve(self) -> tuple[Request, _Placed] | None:
        """A request that one Allow lets through and no Deny stops."""
        if not all(self.denies):
            return None
        for one, literals in self.allows:
            regions = dict(self.regions)
            for test, outcome in sorted(literals, key=lambda literal: isinstance(literal[0], TextTest)):
                region = regions[test.key] = test.narrowed(regions[test.key], outcome)
                if isinstance(region, Choice) and not region.mask:
                    break
            else:
                solved = solve(regions, [*self.together, *self.denies], self.search.budget)
                request = solved and self._request(solved)
                if request:
                    return request, one
        return None

    def _lookup(self, key: str) -> str | None:
        return self.assignment.get(canonical(key))

    # From statements to literals

    def _literals(self, one: _Placed, checks: list[Check]) -> list[Literal] | None:
        """What must hold for the statement to apply; None if it never does."""
        literals: list[Literal] = []
        for part_ in (
            *self._scope(one),
            *(self._condition(check, one) for check in checks),
        ):
            if part_ is False:
                return None
            if part_ is not True:
                literals.append(part_)
        return literals

    def _scope(self, one: _Placed) -> Iterator[Literal | bool]:
        statement = one.statement
        named = statement.principals if statement.principals is not None else statement.not_principals
        if named is not None:
            yield self._within(PRINCIPAL, principals_language(named), statement.principals is not None)
        texts = resource_texts(statement)
        if texts and self.search.resources:
            covered = statement.resources is not None
            language, unresolved = language_of(texts, one.has_variables, self._lookup)
            if self._untrackable(
                one,
                [template(text, wildcards=True, variables=one.has_variables) for text in texts],
            ):
                yield self._not_defined(
                    RESOURCE,
                    f"{statement.heading} has a policy variable in its resources that cannot be followed.",
                )
            elif unresolved and not covered:
                yield self._not_defined(
                    RESOURCE,
                    f"{statement.heading} has a policy variable in NotResource that may have no value.",
                )
            else:
                yield self._within(RESOURCE, language, covered)

    def _within(self, key: str, language: Language, outcome: bool) -> Literal | bool:
        if not language.patterns:
            return not outcome
        if ANYTHING in language.patterns or ANYTHING + SEPARATOR + ANYTHING in language.patterns:
            return outcome
        self._region(key)
        return TextTest(key, absent=False, present=None, language=language), outcome

    def _condition(self, check: Check, one: _Placed) -> Literal:
        region = self._region(check.key)
        if isinstance(region, Choice):
            return self._choice(check, region, one), True
        absent, present = check.tells
        key = _base(check.key)
        several = isinstance(region, Texts) and region.several
        plain = not (check.operator.for_all or check.operator.for_any)
        vague = present is None and (
            (check.language is None)
            or check.undefined
            or (several and plain)
            or self._untrackable(one, templates(check.condition, one.has_variables))
        )
        if vague:
            return self._not_defined(key, _no_result(check, one), absent)
        language = check.language
        if language is not None and key != check.key:
            language = union(pattern for one_ in language.patterns for pattern in project(check.key, one_))
        options = check.operator
        return TextTest(
            key,
            absent,
            present,
            language,
            options.negated,
            options.for_all,
            options.for_any,
        ), True

    def _choice(self, check: Check, region: Choice, one: _Placed) -> ChoiceTest:
        true = false = 0
        vague = self._untrackable(one, templates(check.condition, one.has_variables))
        for i, value in enumerate(region.values):
            result = None if vague and value is not None else check.holds(() if value is None else (value,))
            if result is None:
                self.search.undefined = self.search.undefined or _no_result(check, one)
            if result is True or (result is None and self.generous):
                true |= 1 << i
            if result is False or (result is None and self.generous):
                false |= 1 << i
        return ChoiceTest(check.key, true, false)

    def _untrackable(self, one: _Placed, texts: Iterable[Template]) -> bool:
        return any(not self.search.trackable(canonical(key)) for parts in texts for key in keys_of(parts))

    def _not_defined(self, key: str, why: str, absent: bool = False) -> Literal:
        self.search.undefined = self.search.undefined or why
        self._region(key)
        return TextTest(key, absent, present=None, possible=self.generous), True

    # What each key can be

    def _region(self, key: str) -> Region:
        base = _base(key) if not self.search.fixed(key) else key
        if base not in self.regions:
            self.regions[base] = self._new_region(base)
        return self.regions[base]

    def _new_region(self, key: str) -> Region:
        if key == PRINCIPAL:
            return Texts(absent=False, present=True, every=tuple(self._about_principal()))
        if key == RESOURCE:
            return Texts(absent=False, present=True, every=tuple(self._about_resource()))
        limit = self.search.limits.get(key, Values())
        listed = self._listed(key)
        if not listed:
            absent = limit.absent and key not in keys.ALWAYS_PRESENT
            every = [(_matching(limit.like), True), (_matching(limit.but), False)]
            if key in self.assignment:
                value = self.assignment[key]
                absent = absent and value is None
                every.append((union([] if value is None else [value]), True))
            return Texts(absent, bool(limit.like), tuple(every), self.search.several(key))
        admitted = _admitted(limit, self._type(key) is KeyType.ADDRESS, listed)
        if key == keys.MFA and self.search.callers.type is CallerType.ROLE:
            admitted &= ~1
        return Choice(listed, admitted)

    def _type(self, key: str) -> KeyType:
        """The type AWS gives a key, else that of the operators used on it if they agree."""
        if key in keys.TYPES or key in self.assignment or self.search.several(key):
            return keys.TYPES.get(key, KeyType.TEXT)
        families = {check.operator.family for check in self.checks.get(key, ())} - {Family.NULL}
        types = {
            Family.NUMERIC: KeyType.NUMBER,
            Family.DATE: KeyType.TIME,
            Family.ADDRESS: KeyType.ADDRESS,
        }
        return types.get(next(iter(families)), KeyType.TEXT) if len(families) == 1 else KeyType.TEXT

    def _listed(self, key: str) -> Sequence[str | None]:
        """The values of a key that need telling apart; empty for texts."""
        if fixed := self.search.fixed(key):
            return fixed
        values = [value for check in self.checks.get(key, ()) for value in check.condition.values]
        match self._type(key):
            case KeyType.TEXT:
                return []
            case KeyType.BOOL:
                found = ["false", "true"] if key != "aws:securetransport" else ["true", "false"]
            case KeyType.NUMBER:
                bounds = [bound for value in values if (bound := number(value)) is not None]
                found = domains.counts(bounds) if key in keys.TYPES else domains.quantities(bounds)
            case KeyType.TIME:
                found = domains.times(bound for value in values if (bound := instant(value)) is not None)
            case KeyType.ADDRESS:
                limit = self.search.limits.get(key, Values())
                found = domains.addresses(
                    span for value in (*values, *limit.like, *limit.but) if (span := network(value))
                )
                return [*found, None]
        return found if key in keys.ALWAYS_PRESENT else [None, *found]

    def _about_principal(self) -> Iterator[tuple[Language, bool]]:
        callers = self.search.callers
        yield callers_language(callers), True
        if callers.not_account:
            yield union(project("aws:principalaccount", callers.not_account)), False
        yield from self._about(PRINCIPAL)

    def _about_resource(self) -> Iterator[tuple[Language, bool]]:
        resources = self.search.resources
        if resources is None:
            return
        yield resources_language(resources), True
        if resources.like != ("*",):
            yield language_of(resources.like, True, self._lookup)[0], True
        if resources.but:
            yield language_of(resources.but, True, self._lookup)[0], False
        account = self.assignment.get("aws:principalaccount")
        if resources.not_callers_account and account:
            yield union(project("aws:resourceaccount", account)), False
        yield from self._about(RESOURCE)

    def _about(self, base: str) -> Iterator[tuple[Language, bool]]:
        """What policy variables and the question say about the parts of a caller or a resource."""
        for key, value in self.assignment.items():
            if _base(key) == base and value is not None:
                yield union(project(key, value)), True
        for key, limit in self.search.limits.items():
            if _base(key) == base and not self.search.fixed(key):
                for texts, wanted in ((limit.like, True), (limit.but, False)):
                    yield (
                        union(p for pattern in _matching(texts).patterns for p in project(key, pattern)),
                        wanted,
                    )

    def _what_occurs_together(self) -> Iterator[Clause]:
        age, issued = "aws:multifactorauthage", "aws:tokenissuetime"
        if age in self.regions:
            self._region(keys.MFA)
            with_mfa = ChoiceTest(keys.MFA, 0b100, 0b011)
            yield [(self._present(age), False), (with_mfa, True)]
            yield [(self._present(age), True), (with_mfa, False)]
        if issued in self.regions:
            self._region(keys.MFA)
            yield [(self._present(issued), False), (self._present(keys.MFA), True)]
            yield [(self._present(issued), True), (self._present(keys.MFA), False)]
        for key in sorted(keys.VPC_ONLY & self.regions.keys()):
            self._region(keys.SOURCE_IP)
            yield [(self._present(key), False), (self._present(keys.SOURCE_IP), False)]

    def _present(self, key: str) -> Test:
        region = self.regions[key]
        if isinstance(region, Choice):
            absent = sum(1 << i for i, value in enumerate(region.values) if value is None)
            return ChoiceTest(key, ~absent, absent)
        return TextTest(key, absent=False, present=True)

    # Back to a request

    def _request(self, regions: Mapping[str, Region]) -> Request | None:
        examples = {key: region.witness(self.search.budget) for key, region in regions.items()}
        if None in examples.values():
            return None
        found = {key: values for key, values in examples.items() if values}
        (caller,) = found.pop(PRINCIPAL)
        (resource,) = found.pop(RESOURCE, ("*",))
        context: dict[str, str | tuple[str, ...]] = {}
        for key, values in found.items():
            name = self.search.uses[key][0].key if key in self.search.uses else keys.spelled(key)
            context[name] = tuple(values) if self.search.several(key) else values[0]
        identity = part("aws:userid", caller)
        if identity and self.search.identified:
            context["aws:userid"] = identity
        return Request(
            principal=caller.partition(SEPARATOR)[0],
            action=self.search.action,
            resource=resource,
            context=context,
        )


def _matching(texts: Iterable[str]) -> Language:
    """The values that match one of a question's patterns."""
    return union(str(template(text, wildcards=True, variables=False)[0]) for text in texts)


def _admitted(limit: Values, as_addresses: bool, listed: Sequence[str | None]) -> int:
    """The listed values that the question admits, as a mask."""
    if as_addresses:
        like, but = (Networks([span for text in texts if (span := network(text))]) for texts in (limit.like, limit.but))
    else:
        like, but = _matching(limit.like), _matching(limit.but)
    mask = 0
    for i, value in enumerate(listed):
        if value is None:
            mask |= limit.absent << i
            continue
        span = network(value) if as_addresses else None
        item = span[:2] if span else value
        mask |= ((limit.like == ("*",) or item in like) and item not in but) << i
    return mask


def _no_result(check: Check, one: _Placed) -> str:
    condition = check.condition
    return (
        f"{one.statement.heading} cannot be verified: AWS does not say what {condition.operator} makes of "
        f"{condition.key} with {', '.join(map(repr, condition.values[:3]))}."
    )
