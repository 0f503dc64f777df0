"""The order of a fleet's run, how many stacks run at a time, and what a failure stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from operations.fleet.one_stack import Say
from operations.fleet.outcome import Outcome
from operations.fleet.schedule import Status, run

STAGES = [["security"], ["preprod"], ["a", "b", "c", "d"]]
Done = dict[str, Outcome]


def succeed(stack: str, _say: Say) -> Outcome:
    return Outcome(stack=stack, result="changed")


def failing(*bad: str) -> Callable[[str, Say], Outcome]:
    def one(stack: str, say: Say) -> Outcome:
        return Outcome(stack=stack, result="failed", reason="no") if stack in bad else succeed(stack, say)

    return one


def outcomes(
    one_stack: Callable[[str, Say], Outcome], *, parallel: int = 2, stopping: threading.Event | None = None
) -> Done:
    events = run(STAGES, one_stack, parallel=parallel, stopping=stopping or threading.Event())
    return {event.stack: event for event in events if isinstance(event, Outcome)}


def results(done: Done) -> dict[str, str]:
    return {stack: outcome.result for stack, outcome in done.items()}


def test_a_stage_begins_when_the_one_before_has_ended() -> None:
    assert list(outcomes(succeed))[:2] == ["security", "preprod"]
    assert set(outcomes(succeed)) == {"security", "preprod", "a", "b", "c", "d"}


def test_as_many_run_at_a_time_as_asked_for() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def one(stack: str, say: Say) -> Outcome:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return succeed(stack, say)

    outcomes(one, parallel=3)
    assert most == 3


def test_what_fails_first_stops_the_rest() -> None:
    for bad in ("security", "preprod"):
        done = outcomes(failing(bad))
        after = list(done)[list(done).index(bad) + 1 :]
        assert len(after) == len(done) - list(done).index(bad) - 1
        assert {done[stack].result for stack in after} == {"not begun"}
        assert {done[stack].reason for stack in after} == {f"{bad} did not succeed."}


def test_among_the_rest_the_others_go_on() -> None:
    assert results(outcomes(failing("a", "c"))) == {
        "security": "changed",
        "preprod": "changed",
        "a": "failed",
        "b": "changed",
        "c": "failed",
        "d": "changed",
    }


def test_when_it_is_stopped_what_runs_ends_and_nothing_else_begins() -> None:
    stopping, together = threading.Event(), threading.Barrier(2)

    def one(stack: str, say: Say) -> Outcome:
        if stack in ("a", "b"):
            together.wait(timeout=10)
            stopping.set()
        return succeed(stack, say)

    done = outcomes(one, stopping=stopping)
    assert [done[stack].result for stack in "abcd"] == ["changed", "changed", "not begun", "not begun"]


def test_an_error_in_one_stack_is_that_stacks_failure() -> None:
    def one(stack: str, say: Say) -> Outcome:
        if stack == "b":
            raise RuntimeError("a defect")
        return succeed(stack, say)

    done = outcomes(one)
    assert (done["b"].result, done["b"].reason) == ("failed", "RuntimeError: a defect")
    assert done["d"].result == "changed"


def test_what_a_stack_does_is_told_while_it_runs() -> None:
    def one(stack: str, say: Say) -> Outcome:
        say(f"creating {stack}")
        return succeed(stack, say)

    events = list(run([["a"]], one, parallel=1, stopping=threading.Event()))
    assert events[0] == Status(stack="a", doing="creating a")
