"""Things to do one after the other, each of which may fail, and be done again another time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from operations import aws_accounts
from operations.errors import OperationError


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One thing to do; doing it again does no harm."""

    task: str
    """What it is, as an order."""
    do: Callable[[], str]
    """Does it, and returns what came of it, as a sentence."""
    needs: tuple[Step, ...] = ()
    """Steps without which it must not be done."""


def run(steps: Sequence[Step]) -> bool:
    """Do each step whose needs are done, list what was done, what failed and what is left, and return whether all is.

    A failure does not keep the steps that do not need it. The list comes after Ctrl-C too.
    """
    done: list[Step] = []
    failed: list[Step] = []
    try:
        for step in steps:
            print(f"\n→ {_sentence(step.task)}")
            if not set(step.needs) <= set(done):
                print("  Not done, because something before it failed.")
                continue
            try:
                with aws_accounts.explained():
                    print(f"  {step.do()}")
                done.append(step)
            except OperationError as error:
                failed.append(step)
                sys.stdout.flush()
                print(error, file=sys.stderr, flush=True)
    finally:
        left = [step for step in steps if step not in done and step not in failed]
        for heading, listed in (("Done", done), ("Failed", failed), ("Not done", left)):
            if listed:
                print(f"\n{heading}:", *(f"  {step.task}" for step in listed), sep="\n")
    return len(done) == len(steps)


def _sentence(task: str) -> str:
    return f"{task[0].upper()}{task[1:]}." if not task.startswith("make ") else f"{task}."
