"""Finds processes by what they inherited, so that a test can say that nothing is left running."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

PATIENCE = 120
"""Seconds until a wait gives up. A loaded machine may take long; only a failing test waits to the end."""
ENDLESS = 600
"""Seconds that a process sleeps which must be ended by somebody: far longer than anybody's patience."""

needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads the environment of processes")


def inheritors(marker: str) -> dict[int, str]:
    """Return the processes whose environment contains a text, as command lines by id."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if marker.encode() in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def kill_inheritors(marker: str) -> None:
    """Kill what `inheritors` finds, as the machine's end does: what one starts while another is killed too."""

    def gone() -> bool:
        for process in inheritors(marker):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return not inheritors(marker)

    assert eventually(gone), inheritors(marker)


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Say whether a condition comes true within some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
