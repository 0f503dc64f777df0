"""Decides which stacks take part, and in which order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from operations.errors import OperationError
from operations.stack_names import SECURITY


def stages(stacks: Sequence[str], *, only: str = "", first: str = "", backwards: bool = False) -> list[list[str]]:
    """Return the stacks that take part, in three stages: `security`, those that go first, the rest; each may be empty.

    The stacks of a stage may run side by side; a stage begins when the one before it has succeeded.

    Args:
        stacks: the stacks there are.
        only: patterns of names, such as `prod-*`, separated by commas or spaces; empty for all.
        first: patterns of the stacks on which the rest depends; empty for none.
        backwards: whether they are destroyed: the rest first, `security` last.

    Raises:
        OperationError: a pattern fits no stack.
    """
    chosen = _fitting(stacks, only, "ONLY") if only.strip() else list(stacks)
    leading = [stack for stack in _fitting(stacks, first, "FIRST") if stack in chosen and stack != SECURITY]
    rest = [stack for stack in chosen if stack not in {SECURITY, *leading}]
    ordered = [[SECURITY] if SECURITY in chosen else [], leading, rest]
    return ordered[::-1] if backwards else ordered


def _fitting(stacks: Sequence[str], patterns: str, variable: str) -> list[str]:
    fitting: set[str] = set()
    for pattern in re.split(r"[,\s]+", patterns.strip()):
        found = [stack for stack in stacks if fnmatchcase(stack, pattern)]
        if pattern and not found:
            raise OperationError(f"{variable}: no stack is named {pattern}; the stacks are: {', '.join(stacks)}.")
        fitting.update(found)
    return [stack for stack in stacks if stack in fitting]
