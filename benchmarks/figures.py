"""A measured figure, and how a time is measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of `make bench`."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    """What is promised at most, in the same unit; None for a figure without a promise."""

    def __str__(self) -> str:
        """Return the line that is printed."""
        decimals = 2 if self.unit == "s" else 0
        line = f"{self.name:<44}{self.value:>8.{decimals}f} {self.unit}"
        if self.limit is None:
            return line
        return f"{line}   at most {self.limit:.{decimals}f}: {'kept' if self.value <= self.limit else 'BROKEN'}"


def seconds(run: Callable[[], object], *, times: int = 5) -> float:
    """Return the median time of a call, after one call that warms the caches of disk and bytecode."""
    run()
    measured = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        measured.append(time.perf_counter() - started)
    return statistics.median(measured)
