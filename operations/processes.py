"""Ends what a process has started and left behind, also in other process groups."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

_WAIT_SECONDS = 2


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
