"""Stops an update after one that was killed, and says how to go on (`make up` begins with it).

Pulumi writes into the state what it is about to create before it asks AWS for it. When it is killed before AWS answers,
the entry stays: nobody knows whether the resource exists. The next update would create it again, which AWS refuses.
https://www.pulumi.com/docs/support/troubleshooting/common-issues/interrupted-updates/
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import json_text
from operations.errors import OperationError, exit_code


def deployment(top: Path, stack: str) -> Mapping[str, Any]:
    """Return a stack's state.

    A stack that does not exist, or that Pulumi cannot read, has none here: the command that follows says it better.
    """
    done = subprocess.run(
        ["pulumi", "stack", "export", "--non-interactive", "--stack", stack], cwd=top, capture_output=True, text=True
    )
    return (json_text.parsed(done.stdout)["deployment"] or {}) if done.returncode == 0 else {}


def unfinished_creates(top: Path, stack: str) -> list[str]:
    """Return the resources that an update of a stack began to create and whose end was not recorded: `type name`."""
    pending = deployment(top, stack).get("pending_operations") or []
    resources = [operation["resource"] for operation in pending if operation["type"] == "creating"]
    return sorted(f"{resource['type']} {resource['urn'].rpartition('::')[2]}" for resource in resources)


def forget_command(stack: str) -> str:
    """Return the command after which the state holds no unfinished creation any more."""
    return f"pulumi refresh --stack {stack} --clear-pending-creates"


def main() -> int:
    """Return 0 when the command line's stack may be updated.

    Raises:
        OperationError: creations are unfinished.
    """
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    parser.add_argument("--stack", required=True)
    stack = parser.parse_args().stack
    if unfinished := unfinished_creates(Path.cwd(), stack):
        listed = "\n".join(f"  {resource}" for resource in unfinished)
        raise OperationError(
            f"An update of stack {stack} has not ended. It began to create:\n{listed}\n"
            "If it still runs, wait for it. If it was killed, each of these may exist without being in the state:\n"
            f"  pulumi cancel --stack {stack}\n"
            f"  make import-plan STACK={stack}\n"
            "The plan names the commands to go on with."
        )
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
