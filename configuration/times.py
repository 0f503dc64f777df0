"""The rules of days and times, in whatever form YAML and the engine hand them over."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

# As the engine hands over what YAML takes for a time: from Pulumi.yaml, from a stack file.
_DAY = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(T00:00:00Z| 00:00:00 \+0000 UTC)?")
_UTC = re.compile(r" \+0000 UTC$")
_TOLERANCE = timedelta(minutes=5)
"""How far two machines' clocks may be apart."""


def day(value: object) -> date:
    """Return the day that a value stands for."""
    if isinstance(value, datetime):
        value = value.isoformat().replace("+00:00", "Z")
    found = _DAY.fullmatch(str(value))
    if not found:
        raise ValueError("is not a day: write it as 2027-01-31")
    try:
        return date.fromisoformat(found["day"])
    except ValueError:
        raise ValueError("is not a day of the calendar: correct it") from None


def moment(value: object) -> datetime:
    """Return the time that a value stands for, in UTC and whole seconds."""
    # PyYAML gives a time of its own kind, without a zone for what YAML says is in UTC.
    text = (
        value.isoformat() + "Z" * (isinstance(value, datetime) and value.tzinfo is None)
        if isinstance(value, date)
        else value
    )
    try:
        found = datetime.fromisoformat(_UTC.sub("+00:00", str(text)))
    except ValueError:
        raise ValueError("is not a time: write it as 2026-11-25T10:00:00Z") from None
    if found.tzinfo is None:
        raise ValueError("lacks its zone: write UTC, as in 2026-11-25T10:00:00Z")
    return found.astimezone(UTC).replace(microsecond=0)


def past_moment(value: object) -> datetime:
    """Return the time that a value stands for, which is not in the future."""
    found = moment(value)
    if found > datetime.now(UTC) + _TOLERANCE:
        raise ValueError("is in the future, so new sessions would be refused too: write a time in the past")
    return found


def written(time: datetime) -> str:
    """Return a time in UTC as policy documents write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def end_of(last_day: date) -> datetime:
    """Return 24:00 UTC of a day."""
    return datetime(last_day.year, last_day.month, last_day.day, tzinfo=UTC) + timedelta(days=1)
