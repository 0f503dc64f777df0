"""Conditions as IAM evaluates them: one key's values against one operator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from delegation_pack.iam import keys
from delegation_pack.iam.document import Condition, Statement
from delegation_pack.iam.keys import KeyType
from delegation_pack.iam.operators import (
    TEXTUAL,
    WITH_VARIABLES,
    Family,
    Networks,
    instant,
    network,
    number,
    operator,
)
from delegation_pack.iam.patterns import ANYTHING, Language, fields, folded, union
from delegation_pack.iam.variables import Template, keys_of, resolve, template

Lookup = Callable[[str], str | None]
"""The value of a condition key (lower case) for a policy variable; None if the request has none."""


def templates(condition: Condition, has_variables: bool) -> list[Template]:
    """The condition's values with their wildcards and variables; empty for operators that know neither."""
    family = operator(condition.operator).family
    if family not in WITH_VARIABLES:
        return []
    wildcards = family in (Family.LIKE, Family.ARN)
    return [template(value, wildcards=wildcards, variables=has_variables) for value in condition.values]


class Check:
    """A condition with its policy variables replaced.

    Results are True, False or None: None where AWS does not say what comes out (a comparison that does not suit the
    key's type, a plain operator on several values, ForAnyValue with IfExists on an absent key).

    A value with a policy variable that has no value is null: nothing equals it and nothing is like it, so negated
    operators match (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
    """

    def __init__(self, condition: Condition, has_variables: bool, lookup: Lookup) -> None:
        self.condition = condition
        self.operator = operator(condition.operator)
        self.key = canonical(condition.key)
        self.language: Language | None = None
        self.networks = Networks([])
        family, values = self.operator.family, condition.values
        if family in TEXTUAL and keys.TYPES.get(self.key, KeyType.TEXT) in (
            KeyType.TEXT,
            KeyType.BOOL,
        ):
            self.language = self._language(templates(condition, has_variables), lookup)
        elif family in (Family.NUMERIC, Family.DATE):
            read = number if family is Family.NUMERIC else instant
            bounds = [bound for value in values if (bound := read(value)) is not None]
            # Any of several bounds: the lowest or the highest decides, but for equality.
            self._bounds = {min(bounds), max(bounds)} if self.operator.ordered else set(bounds)
        elif family is Family.ADDRESS:
            self.networks = Networks([span for value in values if (span := network(value))])

    @classmethod
    def of(cls, condition: Condition, has_variables: bool, lookup: Lookup) -> Check:
        """A check; the same one for the same condition if it has no policy variables."""
        if any(keys_of(parts) for parts in templates(condition, has_variables)):
            return cls(condition, has_variables, lookup)
        return _without_variables(condition, has_variables)

    def _language(self, texts: list[Template], lookup: Lookup) -> Language:
        family, values = self.operator.family, self.condition.values
        if family is Family.BOOL:
            return union(folded(value.lower()) for value in values)
        if family is Family.BINARY:
            return union(values)
        found = (resolve(text, lookup, fold=family is Family.IGNORE_CASE) for text in texts)
        patterns = [pattern for pattern in found if pattern is not None]
        return union(filter(None, map(fields, patterns)) if family is Family.ARN else patterns)

    @property
    def undefined(self) -> bool:
        """Whether the comparison has no defined result for present values."""
        return self.operator.family in TEXTUAL and self.language is None

    @property
    def tells(self) -> tuple[bool | None, bool | None]:
        """The results for an absent key, and for a present one if it does not depend on the value."""
        if self.operator.family is Family.NULL:
            wanted = {value.lower() for value in self.condition.values}
            return "true" in wanted, "false" in wanted
        return self.operator.when_absent, None

    def holds(self, values: Sequence[str]) -> bool | None:
        """The result for a request in which the key has these values; none at all means that it is absent."""
        absent, present = self.tells
        if not values:
            return absent
        if present is not None:
            return present
        if self.operator.when_blank is not None:
            values = [value for value in values if value]
            if not values:
                return self.operator.when_blank
        results = [self.matches(value) for value in values]
        if self.operator.for_any:
            return True if True in results else None if None in results else False
        if self.operator.for_all:
            return False if False in results else None if None in results else True
        return results[0] if len(results) == 1 and self.key not in keys.SEVERAL_VALUES else None

    def says(self, values: Sequence[str]) -> str:
        """The result in words: "BoolIfExists is true when aws:MultiFactorAuthPresent is absent"."""
        result = {True: "true", False: "false", None: "not defined"}[self.holds(values)]
        name, key = self.condition.operator, self.condition.key
        if not values:
            return f"{name} is {result} when {key} is absent"
        against = ", ".join(self.condition.values[:3]) + (", …" if len(self.condition.values) > 3 else "")
        return f"{name} {against} is {result} when {key} is {', '.join(map(repr, values))}"

    def matches(self, value: str) -> bool | None:
        """The result for one value."""
        found = self._found(value)
        return found if found is None else found != self.operator.negated

    def _found(self, value: str) -> bool | None:
        match self.operator.family:
            case Family.NUMERIC | Family.DATE:
                timely = self.operator.family is Family.DATE or keys.TYPES.get(self.key) is KeyType.TIME
                quantity = instant(value) if timely else number(value)
                if quantity is None:
                    return None
                if not self.operator.ordered:
                    return quantity in self._bounds
                return any(self.operator.comparison(quantity, bound) for bound in self._bounds)
            case Family.ADDRESS:
                span = network(value)
                return None if span is None else span[:2] in self.networks
            case _:
                return None if self.language is None else value in self.language


@lru_cache(maxsize=1 << 12)
def _without_variables(condition: Condition, has_variables: bool) -> Check:
    return Check(condition, has_variables, lambda _: None)


def canonical(key: str) -> str:
    """The name under which a condition key is known here: lower case, one name for keys that tell the same."""
    return keys.SAME_AS.get(key.lower(), key.lower())


def language_of(texts: Iterable[str], has_variables: bool, lookup: Lookup) -> Language:
    """The language of Resource patterns; one with a policy variable that has no value matches no resource.

    An ARN of fewer than six fields stands for all that begin so (IAM completes it with wildcards), and a `*` reaches
    over colons: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html.
    """
    texts = tuple(texts)
    if variables_of(texts, has_variables):
        return _language_of(texts, has_variables, lookup)
    return _same_for_all(texts, has_variables)


def _language_of(texts: tuple[str, ...], has_variables: bool, lookup: Lookup) -> Language:
    found = (resolve(template(text, wildcards=True, variables=has_variables), lookup) for text in texts)
    return union(whole for pattern in found if pattern is not None for whole in completed(pattern))


@lru_cache(maxsize=1 << 12)
def _same_for_all(texts: tuple[str, ...], has_variables: bool) -> Language:
    return _language_of(texts, has_variables, lambda _: None)


@lru_cache(maxsize=1 << 12)
def variables_of(texts: tuple[str, ...], has_variables: bool) -> frozenset[str]:
    """The condition keys, by their canonical names, that policy variables in Resource patterns name."""
    parsed = (template(text, wildcards=True, variables=has_variables) for text in texts)
    return frozenset(canonical(key) for parts in parsed for key in keys_of(parts))


def completed(pattern: str) -> list[str]:
    """A Resource pattern, and where it has fewer than six fields the ARNs that begin so."""
    missing = 5 - pattern.count(":")
    return [pattern, pattern + missing * (":" + ANYTHING)] if missing > 0 and pattern != ANYTHING else [pattern]


def resource_texts(statement: Statement) -> tuple[str, ...]:
    """The texts of the statement's Resource or NotResource; empty for a trust policy."""
    return statement.resources if statement.resources is not None else statement.not_resources or ()


def arn_language(texts: Iterable[str], lookup: Lookup) -> Language:
    """The language of a query's ARN patterns: variables always count, wildcards stay within their field."""
    resolved = (resolve(template(text, wildcards=True, variables=True), lookup) for text in texts)
    return union(pattern for text in resolved if text is not None and (pattern := fields(text)) is not None)
