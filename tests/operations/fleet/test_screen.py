"""What is shown while a fleet runs: a table in a terminal, else lines."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from operations.fleet.outcome import Outcome
from operations.fleet.progress import Progress
from operations.fleet.schedule import Event, Status
from operations.fleet.screen import screen

EVENTS: list[Event] = [
    Status(stack="security", doing="checking the files"),
    Status(stack="security", doing="creating admins-alice"),
    Outcome(stack="security", result="changed", changes={"create": 9}, seconds=4.0),
    Status(stack="a", doing="checking the files"),
    Status(stack="b", doing="checking the files"),
    None,
    Status(stack="a", doing="creating access-TSU-IAM-ACCESS"),
    Status(stack="b", doing="AWS throttles or fails (Throttling). Next try in 4 s."),
    Outcome(
        stack="c", result="failed", reason="Another update holds the stack: carol@laptop.\nWait for it.", seconds=1.0
    ),
]


def shown(console: Console, events: list[Event]) -> Progress:
    progress = Progress(verb="up", total=5, parallel=2)
    with screen(console, progress) as drawn:
        for event in events:
            progress.take(event)
            drawn.show(event, progress)
    return progress


def test_without_a_terminal_each_thing_is_a_line() -> None:
    text = io.StringIO()
    shown(Console(file=text, highlight=False, markup=False), EVENTS)
    assert text.getvalue().splitlines() == [
        "security: checking the files",
        "security: 9 created, 4 s (1 of 5)",
        "a: checking the files",
        "b: checking the files",
        "b: AWS throttles or fails (Throttling). Next try in 4 s.",
        "c: failed: Another update holds the stack: carol@laptop. (2 of 5)",
    ]


def test_a_terminal_shows_what_each_stack_does_and_for_how_long() -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100, height=30, color_system=None)
    shown(console, EVENTS)
    # The last of the tables that were drawn one over the other.
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.getvalue()).rpartition("up: ")[2]
    assert last.startswith("1 of 5 done, 1 failed, 2 running; 0 s, about ")
    assert re.search(r"^a +creating access-TSU-IAM-ACCESS +0 s +2 s", last, re.MULTILINE)
    assert re.search(r"^b +AWS throttles or fails \(Throttling\). Next try in 4 s. +0 s", last, re.MULTILINE)
    assert "c: failed: Another update holds the stack: carol@laptop." in last
    assert "creating admins-alice" not in last


@pytest.mark.parametrize(("stopping", "left"), [("", 105), ("Stopping", 5)])
def test_what_is_left_is_estimated_from_what_has_ended(stopping: str, left: float) -> None:
    progress = Progress(verb="up", total=23, parallel=2)
    assert progress.left() is None
    progress.take(Outcome(stack="security", result="changed", seconds=10.0))
    progress.running = {"a": ("", time.monotonic() - 5), "b": ("", time.monotonic() - 5)}
    progress.stopping = stopping
    assert progress.left() == pytest.approx(left, abs=0.5)
