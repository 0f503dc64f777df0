"""Whom a trust policy names."""

from __future__ import annotations

from typing import Any


def principals(document: Any) -> set[str]:
    """Return the principals that a trust policy names, in any legal spelling."""
    found = set()
    for statement in _list(document["Statement"]):
        named = statement.get("Principal", {})
        for entry in named.values() if isinstance(named, dict) else [named]:
            found.update(_list(entry))
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
