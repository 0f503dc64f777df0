"""The stacks there are, by their files. Standard library only: a workflow lists them before anything is installed."""

from __future__ import annotations

import re
from pathlib import Path

from operations.errors import OperationError

SECURITY = "security"
"""The stack of the Security account, which the others need."""
STACK_NAME = re.compile("[a-z][a-z0-9-]{0,39}")
"""What a stack may be named: the name becomes an AWS profile, a GitHub environment, an argument of shell commands."""


def stacks(folder: Path) -> list[str]:
    """Return the stacks that have a file in a folder, in alphabetical order."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in folder.glob("Pulumi.*.yaml"))


def without_name(text: str, stack: str) -> str:
    """Return a text with "…" for a stack's name, so that what is said of several stacks can be compared."""
    return re.sub(rf"(?<![\w-]){re.escape(stack)}(?![\w-])", "…", text)


def check_name(stack: str) -> None:
    """Raise OperationError where a stack's name is none that `make new-target` makes."""
    if not STACK_NAME.fullmatch(stack):
        raise OperationError(
            f"{f'Pulumi.{stack}.yaml'!a}: a stack's name has up to 40 lower-case letters, digits and hyphens, "
            "a letter first. Rename the file."
        )


def existing_stack(folder: Path, stack: str, command: str) -> str:
    """Return `stack` when it has a file in a folder.

    Raises:
        OperationError: it is empty or has none; the text names the stacks there are.
    """
    known = stacks(folder)
    if not stack:
        raise OperationError(f"Name a stack: make {command} STACK=… with one of: {', '.join(known)}.")
    if stack not in known:
        raise OperationError(f"There is no Pulumi.{stack}.yaml; the stacks are: {', '.join(known)}.")
    return stack
