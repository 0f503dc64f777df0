"""Stops an update after one that was killed, and says how to go on (`make up` begins with it).

Pulumi writes into the state what it is about to create before it asks AWS for it. When it is killed before AWS answers,
the entry stays: nobody knows whether the resource exists. The next update would create it again, which AWS refuses.
https://www.pulumi.com/docs/support/troubleshooting/common-issues/interrupted-updates/
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import json_text
from operations.errors import OperationError

_HALF_WRITTEN = "failed to load checkpoint: EOF"
"""What Pulumi says of a state in files beside which the file with its checksum is empty."""


def deployment(top: Path, stack: str) -> Mapping[str, Any]:
    """Return a stack's state.

    A stack that does not exist, or that Pulumi cannot read, has none here: the command that follows says it better.

    Raises:
        OperationError: an update was killed while it wrote a state in files; the text says how to go on.
    """
    done = subprocess.run(
        ["pulumi", "stack", "export", "--non-interactive", "--stack", stack], cwd=top, capture_output=True, text=True
    )
    if reason := unreadable(stack, done.stderr):
        raise OperationError(reason)
    return (json_text.parsed(done.stdout)["deployment"] or {}) if done.returncode == 0 else {}


def unreadable(stack: str, told: str) -> str:
    """Return what an operator is told where Pulumi says that it cannot read a half-written state; else nothing."""
    if _HALF_WRITTEN not in told:
        return ""
    return (
        f"Pulumi cannot read the state of stack {stack}. An update was killed while it wrote, and left an empty "
        "file beside the state, which is whole. In the folder that `pulumi whoami --verbose` names as the backend, "
        "delete such files:\n  find .pulumi -name '*.attrs' -empty -delete"
    )


def unfinished_creates(top: Path, stack: str) -> list[str]:
    """Return the resources that an update of a stack began to create and whose end was not recorded: `type name`."""
    return creates_in(deployment(top, stack))


def creates_in(deployment: Mapping[str, Any]) -> list[str]:
    """Return the same of a state, as `pulumi stack export` gives it."""
    pending = deployment.get("pending_operations") or []
    resources = [operation["resource"] for operation in pending if operation["type"] == "creating"]
    return sorted(f"{resource['type']} {resource['urn'].rpartition('::')[2]}" for resource in resources)


def forget_command(stack: str) -> str:
    """Return the command after which the state holds no unfinished creation any more."""
    return f"pulumi refresh --stack {stack} --clear-pending-creates"


def check(top: Path, stack: str) -> None:
    """Raise OperationError where an update of a stack left creations unfinished; the text says how to go on."""
    if unfinished := unfinished_creates(top, stack):
        raise OperationError(explanation(stack, unfinished))


def explanation(stack: str, unfinished: Sequence[str]) -> str:
    """Return what an operator is told about unfinished creations."""
    listed = "\n".join(f"  {resource}" for resource in unfinished)
    return (
        f"An update of stack {stack} has not ended. It began to create:\n{listed}\n"
        "If it still runs, wait for it. If it was killed, each of these may exist without being in the state:\n"
        f"  pulumi cancel --stack {stack}\n"
        f"  make import-plan STACK={stack}\n"
        "The plan names the commands to continue with."
    )
