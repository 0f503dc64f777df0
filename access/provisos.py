"""What access hangs on besides MFA and address, in words; and what time has settled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from delegation_pack.iam import ADDRESS_KEY, MFA_KEY, Condition, Document, Effect, Statement, canonical_key, instant

TIME_KEY = "aws:currenttime"
_AGE, _NAME, _ISSUED = "aws:multifactorauthage", "sts:rolesessionname", "aws:tokenissuetime"
AGE = "age"
"""The kind of a proviso about the age of MFA."""
_UNITS = {3600: "hour", 60: "minute", 1: "second"}


@dataclass(frozen=True)
class Proviso:
    """One thing that every way into a role asks for; its text goes on where "only" ends."""

    text: str
    kind: str = ""
    """Provisos of the same kind differ in their bound alone; empty for those that cannot be compared."""
    bound: float = 0
    """A larger one lets more through."""

    def __str__(self) -> str:
        return self.text


def of_allows(statements: Iterable[Statement]) -> list[Proviso]:
    """What Allow statements together ask for besides MFA and address."""
    return [_proviso(condition) for one in statements for condition in _others(one)]


def of_denies(statements: Iterable[Statement]) -> list[Proviso]:
    """What Deny statements leave, of those that hang on more than MFA and address."""
    return [_left_by(one) for one in statements if one.effect is Effect.DENY and _others(one)]


def settled(document: Document, now: datetime) -> Document:
    """The document from now on: without the times that are over for good, and the statements that they end."""
    return replace(document, statements=tuple(_settled(document.statements, now)))


def revoked_before(statements: Iterable[Statement]) -> str | None:
    """Before when sessions were issued to which the statements of a role deny everything; None if they do not."""
    times = [
        (bound, text)
        for one in statements
        if one.effect is Effect.DENY and "*" in (one.actions or ()) and "*" in (one.resources or ())
        for text in [_single(one.conditions, _ISSUED, "DateLessThan")]
        if text is not None and (bound := instant(text)) is not None
    ]
    return max(times)[1] if times else None


def _others(statement: Statement) -> list[Condition]:
    return [one for one in statement.conditions if canonical_key(one.key) not in (MFA_KEY, ADDRESS_KEY)]


def _proviso(condition: Condition) -> Proviso:
    one = (condition,)
    if seconds := _number(_single(one, _AGE, "NumericLessThan", "NumericLessThanEquals")):
        unit = next(unit for unit in _UNITS if seconds % unit == 0)
        count = seconds // unit
        text = f"with MFA not older than {count} {_UNITS[unit]}{'' if count == 1 else 's'}"
        return Proviso(text, AGE, seconds)
    if _single(one, _NAME, "StringEquals") == "${aws:username}":
        return Proviso("in a session named as the user")
    if end := _single(one, TIME_KEY, "DateLessThan", "DateLessThanEquals"):
        return _until(end)
    if start := _single(one, TIME_KEY, "DateGreaterThan", "DateGreaterThanEquals"):
        return Proviso(f"from {start} on", "start", -float(instant(start) or 0))
    return Proviso(f"if {_raw(condition)}")


def _left_by(deny: Statement) -> Proviso:
    if end := _single(deny.conditions, TIME_KEY, "DateGreaterThan", "DateGreaterThanEquals"):
        return _until(end)
    return Proviso(f"unless {' and '.join(map(_raw, deny.conditions))}")


def _until(end: str) -> Proviso:
    """Until a time; the day before, if it is 24:00 UTC of that."""
    seconds = float(instant(end) or 0)
    moment = datetime.fromtimestamp(seconds, UTC)
    is_day = moment == datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return Proviso(f"until {(moment - timedelta(days=1)).date() if is_day else end}", "end", seconds)


def _raw(condition: Condition) -> str:
    return f"{condition.operator} {condition.key} {', '.join(condition.values)}"


def _single(conditions: Iterable[Condition], key: str, *operators: str) -> str | None:
    """The value of the only condition, if it is one on this key, by one of the operators, and has one value."""
    match [*conditions]:
        case [Condition(operator=operator, key=name, values=(value,))]:
            return value if operator in operators and canonical_key(name) == key else None
    return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _settled(statements: Iterable[Statement], now: datetime) -> Iterator[Statement]:
    for statement in statements:
        left = []
        for condition in statement.conditions:
            match _for_good(condition, now.timestamp()):
                case False:
                    break
                case None:
                    left.append(condition)
        else:
            yield statement if len(left) == len(statement.conditions) else replace(statement, conditions=tuple(left))


def _for_good(condition: Condition, now: float) -> bool | None:
    """Whether a condition on the time holds from now on, or never again; None if that may change."""
    for holds, operators in (
        (True, ("DateGreaterThan", "DateGreaterThanEquals")),
        (False, ("DateLessThan", "DateLessThanEquals")),
    ):
        bound = instant(_single((condition,), TIME_KEY, *operators) or "")
        if bound is not None and bound < now:
            return holds
    return None
