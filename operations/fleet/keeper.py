"""Ends what a fleet has started once the fleet is gone: `python -m operations.fleet.keeper MARK`.

A fleet that is killed cannot clear up. So it starts this first, in a session of its own, and holds its stdin open: when
that closes without a word, each Pulumi of the fleet is asked to cancel, as by Ctrl-C, which leaves no lock and no doubt
about what was made. What does not end in time is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

VARIABLE = "FLEET_OF_STACKS"
"""Variable in the environment of a fleet's processes; it holds the fleet's mark."""
_PATIENCE_SECONDS = 120
_DONE = b"done\n"


class Keeper:
    """A running keeper; a context manager around all that it keeps.

    Args:
        mark: the fleet's own text, in the environment of each of its processes.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "operations.fleet.keeper", self._mark],
            # From here, where the module is; whoever runs the fleet may be elsewhere.
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # In the way of an error too: a bug leaves nothing running.
        with suppress(BrokenPipeError):
            self._process.communicate(_DONE if error is None else None)


def _keep(mark: str) -> None:
    if sys.stdin.buffer.read() == _DONE:
        return
    # After the end of the fleet, for this takes time and memory.
    import psutil

    def left() -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(VARIABLE) == mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    # One that is just being started shows its environment only then.
    time.sleep(0.5)
    asked: set[int] = set()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (processes := left()) and time.monotonic() < deadline:
        for process in processes:
            # Pulumi began the session; its plugins end with it.
            with suppress(ProcessLookupError):
                if process.pid not in asked and os.getsid(process.pid) == process.pid:
                    asked.add(process.pid)
                    os.kill(process.pid, signal.SIGINT)
        if not any(process.pid in asked for process in processes):
            break
        time.sleep(0.2)
    while processes := left():
        for process in processes:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(0.1)


if __name__ == "__main__":
    _keep(sys.argv[1])
