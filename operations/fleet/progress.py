"""What is known of a run so far, and how long the rest will take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from operations.fleet.outcome import Outcome
from operations.fleet.schedule import Event, Status


@dataclass
class Progress:
    """A run so far; grows with the number of stacks and with nothing else."""

    verb: str
    total: int
    parallel: int
    begun: float = field(default_factory=time.monotonic)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    running: dict[str, tuple[str, float]] = field(default_factory=dict)
    """What each running stack is doing, and since when it runs."""
    stopping: str = ""
    """What happens on Ctrl-C, once it was pressed."""

    def take(self, event: Event) -> None:
        """Take in what happened."""
        if isinstance(event, Status):
            _, since = self.running.get(event.stack, ("", time.monotonic()))
            self.running[event.stack] = (event.doing, since)
        elif isinstance(event, Outcome):
            self.running.pop(event.stack, None)
            self.outcomes[event.stack] = event

    def count(self, *results: str) -> int:
        """Return how many stacks ended so."""
        return sum(outcome.result in results for outcome in self.outcomes.values())

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.begun

    def usual(self) -> float | None:
        """Return the mean seconds of the stacks that ended, None before the first."""
        taken = [outcome.seconds for outcome in self.outcomes.values() if outcome.seconds]
        return sum(taken) / len(taken) if taken else None

    def left(self) -> float | None:
        """Estimate the seconds that are left, None before there is something to estimate from."""
        usual = self.usual()
        if usual is None:
            return None
        waiting = 0 if self.stopping else self.total - len(self.outcomes) - len(self.running)
        now = time.monotonic()
        under_way = [max(usual - (now - since), 1) for _, since in self.running.values()]
        return max([(waiting * usual + sum(under_way)) / self.parallel, *under_way])
