"""The condition operators of IAM (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html)."""

from __future__ import annotations

import ipaddress
import operator as compare
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from fractions import Fraction
from functools import lru_cache


class Family(Enum):
    STRING = auto()
    IGNORE_CASE = auto()
    LIKE = auto()
    ARN = auto()
    BINARY = auto()
    BOOL = auto()
    NUMERIC = auto()
    DATE = auto()
    ADDRESS = auto()
    NULL = auto()


TEXTUAL = frozenset(
    {
        Family.STRING,
        Family.IGNORE_CASE,
        Family.LIKE,
        Family.ARN,
        Family.BINARY,
        Family.BOOL,
    }
)
"""Families whose values describe sets of texts."""
WITH_VARIABLES = frozenset({Family.STRING, Family.IGNORE_CASE, Family.LIKE, Family.ARN})
"""Families whose values may hold policy variables."""

Number = int | Fraction
Comparison = Callable[[Number, Number], bool]


@dataclass(frozen=True)
class Operator:
    """A condition operator, taken apart."""

    name: str
    """Without prefix and suffix: "StringLike"."""
    family: Family
    negated: bool
    """True of a value when it matches none of the condition's values."""
    comparison: Comparison
    """For numbers and dates: the request's value against the condition's."""
    for_all: bool
    for_any: bool
    if_exists: bool

    @property
    def ordered(self) -> bool:
        """Whether it compares by order, not for equality."""
        return self.comparison is not compare.eq

    @property
    def when_absent(self) -> bool | None:
        """The result for a key that is missing from the request. Not meant for Null.

        None for ForAnyValue with IfExists: AWS's pages give both answers.
        """
        if self.for_any:
            return None if self.if_exists else False
        return self.if_exists or self.for_all or self.negated

    @property
    def when_blank(self) -> bool | None:
        """The result for a key whose only value is an empty text; None if that is a value like any other.

        To a set operator it is a null data set, see
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html.
        """
        return self.for_all if self.for_all or self.for_any else None


_BASES: dict[str, tuple[Family, bool, Comparison]] = {
    "StringEquals": (Family.STRING, False, compare.eq),
    "StringNotEquals": (Family.STRING, True, compare.eq),
    "StringEqualsIgnoreCase": (Family.IGNORE_CASE, False, compare.eq),
    "StringNotEqualsIgnoreCase": (Family.IGNORE_CASE, True, compare.eq),
    "StringLike": (Family.LIKE, False, compare.eq),
    "StringNotLike": (Family.LIKE, True, compare.eq),
    "ArnEquals": (Family.ARN, False, compare.eq),
    "ArnLike": (Family.ARN, False, compare.eq),
    "ArnNotEquals": (Family.ARN, True, compare.eq),
    "ArnNotLike": (Family.ARN, True, compare.eq),
    "BinaryEquals": (Family.BINARY, False, compare.eq),
    "Bool": (Family.BOOL, False, compare.eq),
    "NumericEquals": (Family.NUMERIC, False, compare.eq),
    "NumericNotEquals": (Family.NUMERIC, True, compare.eq),
    "NumericLessThan": (Family.NUMERIC, False, compare.lt),
    "NumericLessThanEquals": (Family.NUMERIC, False, compare.le),
    "NumericGreaterThan": (Family.NUMERIC, False, compare.gt),
    "NumericGreaterThanEquals": (Family.NUMERIC, False, compare.ge),
    "DateEquals": (Family.DATE, False, compare.eq),
    "DateNotEquals": (Family.DATE, True, compare.eq),
    "DateLessThan": (Family.DATE, False, compare.lt),
    "DateLessThanEquals": (Family.DATE, False, compare.le),
    "DateGreaterThan": (Family.DATE, False, compare.gt),
    "DateGreaterThanEquals": (Family.DATE, False, compare.ge),
    "IpAddress": (Family.ADDRESS, False, compare.eq),
    "NotIpAddress": (Family.ADDRESS, True, compare.eq),
    "Null": (Family.NULL, False, compare.eq),
}


@lru_cache(maxsize=256)
def operator(text: str) -> Operator:
    """Take an operator apart.

    Raises:
        ValueError: IAM has no such operator.
    """
    prefix, colon, rest = text.rpartition(":")
    name = rest.removesuffix("IfExists")
    if (
        name not in _BASES
        or (colon and prefix not in ("ForAllValues", "ForAnyValue"))
        or (name == "Null" and text != "Null")
    ):
        raise ValueError(f"{text!r} is no condition operator of IAM")
    family, negated, comparison = _BASES[name]
    return Operator(
        name,
        family,
        negated,
        comparison,
        prefix == "ForAllValues",
        prefix == "ForAnyValue",
        name != rest,
    )


_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?)?)?")
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = re.compile(r"(\d{1,3}|\d{5,19})(\.\d{1,9})?")


@lru_cache(maxsize=1 << 12)
def number(text: str) -> Number | None:
    """The number a text stands for, None if it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    value = Fraction(text)
    return value.numerator if value.denominator == 1 else value


@lru_cache(maxsize=1 << 12)
def instant(text: str) -> Number | None:
    """Seconds since 1970 of an ISO 8601 date (UTC if it does not say) or of such a number; None if it is neither.

    Four digits are a year: https://www.w3.org/TR/NOTE-datetime.
    """
    text = text.upper()
    if _EPOCH.fullmatch(text):
        return number(text)
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text + "-01-01"[len(text) - 4 :] if len(text) < 10 else text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = Fraction((moment - _EPOCH_START) // timedelta(microseconds=1), 1_000_000)
    return seconds.numerator if seconds.denominator == 1 else seconds


Span = tuple[int, int, int]
"""IP version, first address, last address."""


@lru_cache(maxsize=1 << 13)
def network(text: str) -> Span | None:
    """The addresses of an address or CIDR (host bits may be set), None if the text is neither."""
    _, slash, length = text.partition("/")
    if "%" in text or (slash and not length.isdecimal()):
        return None
    try:
        block = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return block.version, int(block.network_address), int(block.broadcast_address)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same addresses as spans in order, neither overlapping nor adjacent."""
    found: list[Span] = []
    for version, first, last in sorted(spans):
        if found and found[-1][0] == version and first <= found[-1][2] + 1:
            found[-1] = version, found[-1][1], max(last, found[-1][2])
        else:
            found.append((version, first, last))
    return tuple(found)


class Networks:
    """A set of addresses, for quick membership."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans = merged(spans)
        self._starts = [(version, first) for version, first, _ in self.spans]

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, address: tuple[int, int]) -> bool:
        place = bisect_right(self._starts, address) - 1
        return place >= 0 and self.spans[place][0] == address[0] and address[1] <= self.spans[place][2]


def valid(family: Family, text: str) -> bool:
    """Whether IAM takes the text as a condition value of this family."""
    match family:
        case Family.BOOL | Family.NULL:
            return text.lower() in ("true", "false")
        case Family.NUMERIC:
            return number(text) is not None
        case Family.DATE:
            return instant(text) is not None
        case Family.ADDRESS:
            return network(text) is not None
        case Family.ARN:
            return text == "*" or text.count(":") >= 5
        case _:
            return True
