"""Removes the locks that killed updates left, and no other (`make fleet-unlock`)."""

from __future__ import annotations

from pathlib import Path

from pulumi import automation

from operations.fleet.locks import holders
from operations.fleet.one_stack import Say, Stack
from operations.fleet.outcome import Outcome
from operations.fleet.pulumi_processes import PulumiProcesses


class Unlock:
    """Takes stacks out of locks; may be called from several threads.

    Args:
        program: folder of the program.
        pulumi: runs Pulumi.
    """

    def __init__(self, program: Path, pulumi: PulumiProcesses) -> None:
        self._program = program
        self._pulumi = pulumi

    def __call__(self, stack: str, say: Say) -> Outcome:
        """Remove the lock of one stack if whoever took it ran on this machine and runs no more."""
        say("looking for a lock")
        selected = Stack(stack, self._program, self._pulumi)
        try:
            # To its own name: of all commands the lightest that takes the lock first, and it is refused then.
            selected.rename(stack)
        except automation.ConcurrentUpdateError as locked:
            held = holders(str(locked))
            if not held or not all(holder.was_killed() for holder in held):
                by = ", ".join(map(str, held)) or "an update that Pulumi does not name"
                reason = (
                    f"It is held by {by}, which is not known to have ended. "
                    f"Wait for it; only if it was killed: pulumi cancel --stack {stack}"
                )
                return Outcome(stack=stack, result="failed", reason=reason)
            say("removing the lock")
            selected.cancel()
            return Outcome(stack=stack, result="changed", changes={"lock": 1})
        except automation.CommandError:
            # The name is taken, or there is no such stack: in either case no lock.
            pass
        return Outcome(stack=stack, result="unchanged")
