"""Exemptions: which resources a policy passes over, why, and until when.

Standard library only, for `check_config`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

_WHOLE_PREFIX = re.compile(r"urn:pulumi:([^*?:]+::){2}[^*?]+::[^*?]+\*")
"""Stack, project and type in full, and the beginning of a name."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class ExemptionError(ValueError):
    """An exemption that does not count; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """One valid exemption."""

    resource: str
    """A name, a URN, or the beginning of a URN and `*`."""
    reason: str
    until: date
    """The last day, in UTC, on which it counts."""

    def covers(self, name: str, urn: str) -> bool:
        """Tell whether the exemption is for a resource."""
        return covers(self.resource, name, urn)


def covers(pattern: object, name: str, urn: str) -> bool:
    """Tell whether a pattern is for a resource; what is no text is for none."""
    if not isinstance(pattern, str):
        return False
    return pattern in (name, urn) or (pattern.endswith("*") and urn.startswith(pattern[:-1]))


def today() -> date:
    """Return the day on which exemptions are judged: that of UTC, so that it is the same on every machine."""
    return datetime.now(UTC).date()


def exemption(item: Any) -> Exemption:
    """Read an exemption of a policy's configuration.

    Raises:
        ExemptionError: it lacks something, names no resource and no URN up to a part of the name, or its day is past.
    """
    if not isinstance(item, Mapping):
        raise ExemptionError("it is not an object of resource, reason and until")
    unknown = item.keys() - {"resource", "reason", "until"}
    if unknown:
        raise ExemptionError(f"{min(unknown)!r} is none of resource, reason and until")
    for name in ("resource", "reason", "until"):
        if not isinstance(item.get(name), str) or not item[name].strip():
            raise ExemptionError(f"it has no {name}")
    if re.search(r"[*?]", item["resource"]) and not _WHOLE_PREFIX.fullmatch(item["resource"]):
        raise ExemptionError(
            f"resource {item['resource']!r} is for more than it says: write a resource's name or URN, or a URN up to "
            "the beginning of a name and *, such as urn:pulumi:preprod::delegation::aws:iam/role:Role::ci-*"
        )
    try:
        until = date.fromisoformat(item["until"] if _DAY.fullmatch(item["until"]) else "")
    except ValueError:
        raise ExemptionError(f"until is {item['until']!r}, which is no day in the form YYYY-MM-DD") from None
    if until < today():
        raise ExemptionError(f"it ended on {until}")
    return Exemption(resource=item["resource"], reason=item["reason"].strip(), until=until)
