"""What one search is about: one class of callers of one partition, one action, one class of resources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from delegation_pack.facts import PARTITIONS
from delegation_pack.iam import keys
from delegation_pack.iam.conditions import canonical, resource_texts, templates
from delegation_pack.iam.document import BY_UNIQUE_ID, Condition, Statement
from delegation_pack.iam.operators import operator
from delegation_pack.iam.patterns import Budget, Language
from delegation_pack.iam.query import WITHOUT_ARN, Callers, CallerType, Target, Values
from delegation_pack.iam.solver import Test, TextTest
from delegation_pack.iam.variables import Template, keys_of, template

ASKED = "the resource, in the query's words"
PRINCIPAL, RESOURCE, ACTION = "the caller", "the resource", "the action"
"""Stand among the condition keys for the texts that a caller and a resource are (`principals`), and for the name of an
action in lower case, where not one action is asked about."""


@dataclass(frozen=True)
class Placed:
    """A statement of one of the documents."""

    policy: int
    """Which of the policies that must all allow a request."""
    document: int
    """Position in the documents of that policy."""
    has_variables: bool
    statement: Statement
    before: bool = False
    """Of the documents that must not allow a request, for a search about what is new."""


def partitions(statements: Sequence[Placed], callers: Callers) -> list[str]:
    """The partitions that the callers can be of: the known one, else `aws` and those that the statements name."""
    if callers.arn:
        return [callers.arn.split(":")[1]]
    if callers.partition:
        return [callers.partition]
    named = (name for one in statements for text in _arns(one.statement) for name in _partitions_of(text.split(":")[1]))
    return list(dict.fromkeys(("aws", *named)))


def _arns(statement: Statement) -> Iterator[str]:
    yield from (text for text in resource_texts(statement) if text.startswith("arn:"))
    for principal in statement.named_principals:
        if principal.value.startswith("arn:"):
            yield principal.value
    for condition in statement.conditions:
        yield from (value for value in condition.values if value.count(":") >= 5)


def _all_texts(statement: Statement) -> Iterator[str]:
    yield from resource_texts(statement)
    yield from (principal.value for principal in statement.named_principals)
    for condition in statement.conditions:
        yield from condition.values


def _digits(text: str) -> list[str]:
    """The accounts that a text names, also within longer digits."""
    return [run[i : i + 12] for run in re.findall(r"\d{12,}", text) for i in range(len(run) - 11)]


@lru_cache(maxsize=256)
def _partitions_of(field: str) -> tuple[str, ...]:
    """The partitions that one ARN's field names; one that takes in `aws` too ("*") is taken to mean that."""
    if re.fullmatch(r"aws(-[a-z]+)*", field):
        return (field,)
    form = re.escape(re.sub(r"\$\{.*", "*", field)).replace(r"\*", ".*").replace(r"\?", ".")
    found = tuple(name for name in PARTITIONS if re.fullmatch(form, name))
    return () if "aws" in found else found


class Scope:
    """The statements that cover the action, and what the query says about the request."""

    def __init__(
        self,
        statements: Sequence[Placed],
        callers: Callers,
        partition: str,
        action: str | None,
        target: Target,
        limits: Mapping[str, Values],
        budget: Budget,
    ) -> None:
        self.statements = statements
        self.policies = 1 + max((one.policy for one in statements if not one.before), default=0)
        self.callers = callers
        self.partition = partition
        """Of the callers and of what they call."""
        self.account = callers.arn.split(":")[4] if callers.arn else callers.account
        """The callers' account, if it is known."""
        self.action = action
        """The only action; None: any but those that are asked about apart."""
        self.compares_actions = action is None or any(one.before for one in statements)
        """Whether the statements may be about other actions."""
        self.resources = target.resources
        self.limits = {canonical(key): values for key, values in (*limits.items(), *target.keys.items())}
        self.spelled = {canonical(key): key for key in (*limits, *target.keys)}
        """The names of keys as the query or, before it, a statement spells them."""
        self.budget = budget
        self.uses: dict[str, list[Condition]] = {}
        """The conditions on each key."""
        for one in statements:
            for condition in one.statement.conditions:
                self.uses.setdefault(canonical(condition.key), []).append(condition)
        self.spelled |= {key: conditions[0].key for key, conditions in self.uses.items()}
        self.tests: dict[object, Test] = {}
        """Equal tests are one object, so that the solver narrows a region by each once."""
        self.variables = {canonical(key) for _, parts in self.texts() for key in keys_of(parts)}
        """The keys that policy variables refer to."""

    def fixed(self, key: str) -> Sequence[str | None]:
        """The value of a key that the kind of caller settles, None standing for absent; empty if it does not."""
        type_ = self.callers.type
        if key == "aws:principaltype":
            return [None if type_ in WITHOUT_ARN else type_]
        if key == "aws:principalisawsservice":
            return ["true" if type_ is CallerType.SERVICE else "false"]
        if key in keys.OF_PRINCIPAL and (
            type_ in WITHOUT_ARN or (key == "aws:username" and type_ is not CallerType.USER)
        ):
            return [None]
        if key in keys.OF_SERVICES and type_ is not CallerType.SERVICE:
            return [None]
        return [None] if keys.of_federation(key) and not self._vouched_for(key) else []

    def _vouched_for(self, key: str) -> bool:
        """Whether a caller of this type can have a key of identity providers."""
        if self.callers.type is CallerType.ROLE:
            return key in keys.SAML_OF_SESSIONS or not key.startswith("saml:")
        return self.callers.type is CallerType.FEDERATED

    def one_of(self, test: TextTest) -> TextTest:
        """The test that stands for all that are equal to this one."""
        options = (test.negated, test.for_all, test.for_any, test.blank, test.possible)
        known = self.tests.setdefault((test.key, test.absent, test.present, test.language, options), test)
        assert isinstance(known, TextTest)
        return known

    def covering(self, key: str, language: Language) -> TextTest:
        """The test that a caller, a resource or an action is in a language."""
        return self.one_of(TextTest(key, absent=False, present=None, language=language))

    def variables_of(self, one: Placed) -> tuple[str, ...]:
        """The keys that the policy variables of a statement refer to."""
        texts = [template(text, wildcards=True, variables=one.has_variables) for text in resource_texts(one.statement)]
        texts += [parts for c in one.statement.conditions for parts in templates(c, one.has_variables)]
        return tuple(sorted({canonical(key) for parts in texts for key in keys_of(parts)}))

    def assigned_to(self, place: str) -> tuple[str, ...]:
        """The keys whose values, if policy variables have them, bear on a region."""
        if place == RESOURCE:
            return self._about_resource
        return tuple(sorted(keys.OF_PRINCIPAL)) if place == PRINCIPAL else (place,)

    @cached_property
    def _about_resource(self) -> tuple[str, ...]:
        asked = {canonical(key) for about, parts in self.texts() if about == ASKED for key in keys_of(parts)}
        return tuple(sorted(asked | keys.OF_RESOURCE | {"aws:principalaccount"}))

    def texts(self) -> Iterator[tuple[str, Template]]:
        """Every text that may hold a policy variable, with the key that it is compared with."""
        for one in self.statements:
            for text in resource_texts(one.statement):
                yield RESOURCE, template(text, wildcards=True, variables=one.has_variables)
            for condition in one.statement.conditions:
                for parts in templates(condition, one.has_variables):
                    yield canonical(condition.key), parts
        for text in (*self.resources.like, *self.resources.but):
            yield ASKED, template(text, wildcards=True, variables=True)

    @cached_property
    def unnamed_account(self) -> str:
        """An account that the statements do not mention."""
        named = {number for one in self.statements for text in _all_texts(one.statement) for number in _digits(text)}
        return next(account for i in range(10**12 - 1, 0, -1) if (account := f"{i:012d}") not in named)

    def several(self, key: str) -> bool:
        """Whether a request can hold more than one value of the key."""
        found = [operator(condition.operator) for condition in self.uses.get(key, ())]
        return keys.may_hold_several(key, any(one.for_all or one.for_any for one in found))

    def always_present(self, key: str) -> bool:
        """Whether every request for the action has the key."""
        return key in keys.ALWAYS_PRESENT or keys.ALWAYS_PRESENT_FOR.get(key, "") == (self.action or "").lower()

    def trackable(self, key: str) -> bool:
        """Whether a policy variable with this key can be replaced by the values worth telling apart."""
        return key not in keys.TYPES and not self.several(key)

    @property
    def identified(self) -> bool:
        """Whether a statement looks at the unique id or the session name of the caller."""
        named = (p for one in self.statements for p in one.statement.named_principals)
        return "aws:userid" in self.uses.keys() | self.variables or any(p.kind in BY_UNIQUE_ID for p in named)


def base(key: str) -> str:
    """The text that a key is a part of; else the key itself."""
    return PRINCIPAL if key in keys.OF_PRINCIPAL else RESOURCE if key in keys.OF_RESOURCE else key
