"""Shows a run while it goes on: a live table in a terminal, else a line for each thing that happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from operations.fleet.outcome import SUCCEEDED, Outcome
from operations.fleet.progress import Progress
from operations.fleet.report import changes, duration
from operations.fleet.schedule import Event, Status

_LAST_FAILURES = 3


class Screen(Protocol):
    """Shows what happens."""

    def show(self, event: Event, progress: Progress, /) -> None:
        """Show an event that `progress` has taken in."""


@contextmanager
def screen(console: Console, progress: Progress) -> Iterator[Screen]:
    """Return the screen that suits the console."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield _Table(live)
        live.update(_table(progress), refresh=True)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun: set[str] = set()

    def show(self, event: Event, progress: Progress) -> None:
        if isinstance(event, Outcome):
            self._say(f"{event.stack}: {line(progress, event)} ({len(progress.outcomes)} of {progress.total})")
        # What a stack does moment by moment is for a screen that is drawn anew; that it waits is worth a line.
        elif isinstance(event, Status) and (event.stack not in self._begun or "Next try" in event.doing):
            self._begun.add(event.stack)
            self._say(f"{event.stack}: {event.doing}")

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)


class _Table:
    def __init__(self, live: Live) -> None:
        self._live = live
        self._drawn = 0.0

    def show(self, _event: Event, progress: Progress) -> None:
        # Engines tell more than anybody can read.
        if time.monotonic() - self._drawn > 0.2:
            self._drawn = time.monotonic()
            self._live.update(_table(progress), refresh=True)


def line(progress: Progress, outcome: Outcome) -> str:
    """Return how a stack ended, in a line."""
    if outcome.result in SUCCEEDED:
        return f"{changes(progress.verb, outcome.changes) or 'no change'}, {duration(outcome.seconds)}"
    return f"{outcome.result}: {(outcome.reason.splitlines() or [''])[0]}"


def _table(progress: Progress) -> Group:
    left = progress.left()
    head = (
        f"{progress.verb}: {progress.count(*SUCCEEDED)} of {progress.total} done, {progress.count('failed')} failed, "
        f"{len(progress.running)} running; {duration(progress.seconds)}"
        + (f", about {duration(left)} left" if left is not None else "")
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("stack", "is", "for", "left"):
        table.add_column(title, no_wrap=True, overflow="ellipsis")
    usual, now = progress.usual(), time.monotonic()
    for stack, (doing, since) in progress.running.items():
        still = "" if usual is None else duration(max(usual - (now - since), 1))
        table.add_row(stack, doing, duration(now - since), still)
    failures = [outcome for outcome in progress.outcomes.values() if outcome.result == "failed"][-_LAST_FAILURES:]
    return Group(
        Text(head, style="bold"),
        table,
        *(Text(f"{outcome.stack}: {line(progress, outcome)}", style="red", no_wrap=True) for outcome in failures),
        *([Text(progress.stopping, style="yellow")] if progress.stopping else []),
    )
