"""How one stack's part of a fleet's run ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Result = Literal["changed", "unchanged", "failed", "stopped", "not begun"]
"""`changed` of a preview: it would change. `stopped`: Pulumi was asked to cancel. `not begun`: nothing was done."""
RESULTS: tuple[Result, ...] = ("failed", "stopped", "not begun", "changed", "unchanged")
SUCCEEDED: tuple[Result, ...] = ("changed", "unchanged")
CHANGING = ("create", "update", "replace", "delete")
"""What Pulumi counts as changes of resources, in the order in which they are told."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A time in which the stack waited for something."""

    why: str
    """A whole sentence."""
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one stack's part ended."""

    stack: str
    result: Result
    changes: Mapping[str, int] = field(default_factory=dict)
    """Number of resources by what was, or would be, done to them: create, update, replace, delete."""
    reason: str = ""
    """Why it failed or did not begin, in lines; empty when it succeeded."""
    warnings: tuple[str, ...] = ()
    """What Pulumi, the program and the policy pack warn of."""
    waits: tuple[Wait, ...] = ()
    seconds: float = 0.0

    def json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)
