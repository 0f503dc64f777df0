"""Who holds a stack's lock, as Pulumi's own message says it."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from datetime import datetime

import psutil

# https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/backend/diy/lock.go
_HOLDER = re.compile(r"created by (?P<user>.+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that took a stack's lock."""

    user: str
    host: str
    pid: int
    since: str
    """RFC 3339, as Pulumi writes it."""

    def __str__(self) -> str:
        """Return it for a person to read."""
        return f"{self.user}@{self.host} (process {self.pid}) since {self.since}"

    def was_killed(self) -> bool:
        """Say whether it ran on this machine, and certainly runs no more."""
        if self.host != socket.gethostname():
            return False
        try:
            begun = psutil.Process(self.pid).create_time()
        except psutil.NoSuchProcess:
            return True
        # The id is another process's by now. Boot times are known to the second.
        return begun > datetime.fromisoformat(self.since).timestamp() + 2


def holders(message: str) -> list[Holder]:
    """Return who holds the lock that a message of Pulumi names; none when it does not say, as Pulumi Cloud's."""
    return [
        Holder(user=found["user"], host=found["host"], pid=int(found["pid"]), since=found["since"])
        for found in _HOLDER.finditer(message)
    ]
