"""Previews, deploys or destroys all stacks: `python -m operations.fleet preview|up|destroy|unlock`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from operations import deploying
from operations.errors import OperationError, exit_code
from operations.fleet import report
from operations.fleet.keeper import Keeper
from operations.fleet.one_stack import OneStack, Say
from operations.fleet.outcome import SUCCEEDED, Outcome
from operations.fleet.progress import Progress
from operations.fleet.pulumi_processes import PulumiProcesses
from operations.fleet.schedule import run
from operations.fleet.screen import screen
from operations.fleet.stages import stages
from operations.fleet.unlock import Unlock
from operations.stack import VERBS, check_pulumi
from operations.stack_names import stacks

_CONFIRMED = "PULUMI_SKIP_CONFIRMATIONS"
_INTERRUPTED = 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations.fleet", description=__doc__)
    parser.add_argument("verb", choices=(*VERBS, "unlock"))
    parser.add_argument("--only", default="", help="patterns of stacks, such as 'prod-*'; default: all")
    parser.add_argument("--first", default="", help="patterns of stacks that go right after security")
    parser.add_argument("--parallel", type=_positive, default=4, help="how many stacks at a time; default: 4")
    parser.add_argument("--program", type=Path, default=Path(), help="folder of the program")
    parser.add_argument("--wait", type=float, default=300, help="seconds to wait for a locked stack; default: 300")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    parser.add_argument("--json", metavar="FILE", help="write the outcome as JSON; - means stdout")
    parser.add_argument(
        "--log", metavar="FOLDER", type=Path, help="folder for Pulumi's output, one file for each stack"
    )
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return number


def main(arguments: Sequence[str]) -> int:
    """Run a command over the fleet, and return the exit code.

    Raises:
        OperationError: a pattern fits no stack, Pulumi is not installed, or nobody confirmed.
    """
    given = _parser().parse_args(arguments)
    program = given.program.resolve()
    planned = stages(stacks(program), only=given.only, first=given.first, backwards=given.verb == "destroy")
    check_pulumi()
    console = Console(stderr=given.json == "-", highlight=False, markup=False, emoji=False)
    if given.verb in ("up", "destroy"):
        _confirm(console, given, planned)
    if given.log:
        given.log.mkdir(parents=True, exist_ok=True)
    mark = f"fleet-{uuid.uuid4()}"
    stopping = threading.Event()
    with Keeper(mark):
        pulumi = PulumiProcesses(mark)
        one_stack: Callable[[str, Say], Outcome] = (
            Unlock(program, pulumi)
            if given.verb == "unlock"
            else OneStack(
                given.verb,
                top=Path.cwd(),
                program=program,
                pulumi=pulumi,
                stopping=stopping,
                patience=given.wait,
                log=given.log and given.log.resolve(),
            )
        )
        progress = Progress(verb=given.verb, total=sum(map(len, planned)), parallel=given.parallel)
        with screen(console, progress) as shown, _stopped_by_signals(stopping, pulumi, progress, console):
            parent = os.getppid()
            for event in run(planned, one_stack, parallel=given.parallel, stopping=stopping):
                if os.getppid() != parent and not stopping.is_set():
                    # The `make` that it belongs to was killed: nobody waits for it any more.
                    signal.raise_signal(signal.SIGINT)
                progress.take(event)
                shown.show(event, progress)
    outcomes = list(progress.outcomes.values())
    for line in report.summary(given.verb, outcomes, progress.seconds):
        console.print(line, soft_wrap=not console.is_terminal)
    if given.json:
        text = json.dumps(report.as_json(given.verb, outcomes, progress.seconds), indent=1)
        if given.json == "-":
            print(text)
        else:
            Path(given.json).write_text(text + "\n", encoding="utf-8")
    if stopping.is_set():
        return _INTERRUPTED
    return 0 if all(outcome.result in SUCCEEDED for outcome in outcomes) else 1


def _confirm(console: Console, given: argparse.Namespace, planned: Sequence[Sequence[str]]) -> None:
    """Raise OperationError unless a person confirms, or has by an option or by Pulumi's own variable."""
    if given.yes or os.environ.get(_CONFIRMED, "").lower() in ("1", "true"):
        return
    deploying.refuse_without_terminal(f"fleet-{given.verb}", yes=False)
    steps = ", then ".join(stage[0] if len(stage) == 1 else f"{len(stage)} stacks" for stage in planned if stage)
    console.print(f"{given.verb} {steps}, {given.parallel} at a time, without a further question.")
    if not deploying.confirmed("Type yes to go on: "):
        raise OperationError("Nothing was done.")


@contextmanager
def _stopped_by_signals(
    stopping: threading.Event, pulumi: PulumiProcesses, progress: Progress, console: Console
) -> Iterator[None]:
    """Ctrl-C: nothing new begins, what runs comes to its end. Again, or SIGTERM: Pulumi is asked to cancel."""

    def stop(number: int, _frame: FrameType | None) -> None:
        if stopping.is_set() or number != signal.SIGINT:
            progress.stopping = "Stopping: what runs is cancelled. Again: it ends at once, and may leave locks."
            pulumi.interrupt()
        else:
            progress.stopping = "Stopping: what runs comes to its end, nothing else begins. Ctrl-C again cancels it."
        stopping.set()
        if not console.is_terminal:
            print(progress.stopping, file=sys.stderr, flush=True)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
