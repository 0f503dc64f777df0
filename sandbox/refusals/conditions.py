"""What makes AWS hard to work with though nothing is refused: slow answers, throttling, failures of the service."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from sandbox.refusals.answers import IamError


@dataclass
class Conditions:
    """How the local accounts answer; may be changed while they run."""

    delay: float = 0.0
    """Seconds between the doing of a call and its answer: a client that dies in between knows nothing of it."""
    failing: float = 0.0
    """Share of IAM's calls, from 0 to 1, that are answered with an error and not carried out."""
    _random: random.Random = field(default_factory=lambda: random.Random(0), repr=False)  # noqa: S311 - repeatable

    def may_fail(self) -> None:
        """Fail now and then, in the two ways in which a client is expected to try again."""
        if self._random.random() < self.failing:
            raise self._random.choice(
                [
                    IamError("Throttling", "Rate exceeded"),
                    IamError("ServiceFailure", "The request processing has failed because of an unknown error."),
                ]
            )

    def wait(self) -> None:
        """Hold an answer back."""
        if self.delay:
            time.sleep(self.delay)
