"""Runs the stages one after the other, and the stacks of a stage several at a time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from listing import few
from operations.fleet.one_stack import Say
from operations.fleet.outcome import SUCCEEDED, Outcome

TICK_SECONDS = 0.25
"""How often `run` gives its caller a turn while nothing happens."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a stack is doing now."""

    stack: str
    doing: str


Event = Status | Outcome | None
"""Something that happened; None when nothing did for a while."""


def run(
    stages: Sequence[Sequence[str]],
    one_stack: Callable[[str, Say], Outcome],
    *,
    parallel: int,
    stopping: threading.Event,
) -> Iterator[Event]:
    """Run all stacks; yield what happens, at the end one outcome for each stack.

    A stack that fails lets those of its stage go on and keeps the next stages from beginning.

    Args:
        stages: stacks, in the order of `stages.stages`.
        one_stack: takes one stack through, in a thread of its own.
        parallel: how many run at a time.
        stopping: when it is set, no further stack begins; those that run come to their end.
    """
    blocked = ""
    for stage in stages:
        failed = []
        for event in _stage([] if blocked else stage, one_stack, parallel, stopping):
            yield event
            if isinstance(event, Outcome) and event.result not in SUCCEEDED:
                failed.append(event.stack)
        for stack in stage if blocked else ():
            yield Outcome(stack=stack, result="not begun", reason=blocked)
        if failed and not blocked:
            blocked = "The fleet was stopped." if stopping.is_set() else f"{few(failed, 3)} did not succeed."


def _stage(
    stacks: Sequence[str], one_stack: Callable[[str, Say], Outcome], parallel: int, stopping: threading.Event
) -> Iterator[Event]:
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for stack in stacks:
        waiting.put(stack)
    events: queue.SimpleQueue[Status | Outcome] = queue.SimpleQueue()

    def say(stack: str, doing: str) -> None:
        events.put(Status(stack=stack, doing=doing))

    def work() -> None:
        while True:
            try:
                stack = waiting.get_nowait()
            except queue.Empty:
                return
            if stopping.is_set():
                events.put(Outcome(stack=stack, result="not begun", reason="The fleet was stopped."))
                continue
            begun = time.monotonic()
            try:
                outcome = one_stack(stack, partial(say, stack))
            except Exception as error:
                # A defect here must not take the other stacks' outcomes with it.
                outcome = Outcome(stack=stack, result="failed", reason=f"{type(error).__name__}: {error}")
            events.put(outcome if outcome.seconds else replace(outcome, seconds=time.monotonic() - begun))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(parallel, len(stacks)))]
    for thread in threads:
        thread.start()
    left = len(stacks)
    while left:
        try:
            event: Event = events.get(timeout=TICK_SECONDS)
        except queue.Empty:
            event = None
        left -= isinstance(event, Outcome)
        yield event
