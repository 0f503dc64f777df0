"""Lets a process that Ctrl-C reaches come to its end, and ends what one left behind, also in other process groups."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

_WAIT_SECONDS = 2


@contextmanager
def interrupted_afterwards() -> Iterator[None]:
    """Raise KeyboardInterrupt for a Ctrl-C only at the end of what runs; for the main thread.

    The terminal tells the processes started meanwhile too. Pulumi, killed while it ends, would leave its lock and its
    language host behind.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if heard:
            raise KeyboardInterrupt


def family(leader: int) -> set[psutil.Process]:
    """Return the members of a session and all their descendants.

    A session outlives its leader: an orphan, which is nobody's descendant any more, is still found. Pulumi's engine
    puts each plugin into a process group of its own, never into another session.

    Args:
        leader: The process that began the session, as `Popen(start_new_session=True)` does.
    """
    members = {process for process in psutil.process_iter() if _session(process.pid) == leader}
    return members | {child for member in members for child in _descendants(member)}


def end_left_behind(leader: int, seen: set[psutil.Process]) -> None:
    """Kill what is left of a session whose leader has ended.

    Args:
        leader: The process that began the session.
        seen: What belonged to it earlier, for what has left the session since.
    """
    # The id is given to no new process while the session has members: a process of that id means that there are none.
    left = {process for process in seen if process.pid != leader}
    while left := {process for process in left if _runs(process)} | (
        set() if psutil.pid_exists(leader) else family(leader)
    ):
        left |= {child for process in left for child in _descendants(process)}
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        _, alive = psutil.wait_procs(left, timeout=_WAIT_SECONDS)
        if alive:
            # Nobody reaps them, or the system holds them: there is nothing more to be done.
            return


def _session(pid: int) -> int | None:
    # macOS answers PermissionError for processes of others.
    with suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return None


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
