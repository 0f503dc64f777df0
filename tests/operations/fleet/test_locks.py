"""Who holds a stack, read from Pulumi's message, and whether that process is gone."""

from __future__ import annotations

import os
import socket
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from operations.fleet.locks import Holder, holders

NOW = datetime.now(UTC)


def holder(**fields: object) -> Holder:
    given = {"user": "root", "host": socket.gethostname(), "pid": os.getpid(), "since": NOW.isoformat()} | fields
    return Holder(**given)  # type: ignore[arg-type]


def test_holders_are_read_from_pulumis_message() -> None:
    message = (
        "error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the "
        "lock file with `pulumi cancel`.\n"
        "  s3://bucket/.pulumi/locks/organization/delegation/a/1.json: created by alice@laptop (pid 12) at "
        "2026-11-30T06:00:00Z\n"
        "  s3://bucket/.pulumi/locks/organization/delegation/a/2.json: created by CORP\\bob smith@pc (pid 7) at "
        "2026-11-30T06:00:00+01:00"
    )
    assert [str(one) for one in holders(message)] == [
        "alice@laptop (process 12) since 2026-11-30T06:00:00Z",
        "CORP\\bob smith@pc (process 7) since 2026-11-30T06:00:00+01:00",
    ]
    assert holders("[409] Conflict: Another update is currently in progress.") == []


def ended_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("fields", "killed"),
    [
        ({}, False),
        ({"pid": ended_process()}, True),
        ({"pid": ended_process(), "host": "another-machine"}, False),
        # The id belongs to a process that began after the lock was taken.
        ({"since": (NOW - timedelta(days=30)).isoformat()}, True),
        ({"since": (NOW - timedelta(days=30)).isoformat(), "host": "another-machine"}, False),
    ],
    ids=["runs", "ended", "ended elsewhere", "id given again", "id given again elsewhere"],
)
def test_only_a_process_of_this_machine_that_is_gone_counts_as_killed(fields: dict[str, object], killed: bool) -> None:
    assert holder(**fields).was_killed() is killed
