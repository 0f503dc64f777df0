"""Decides which stacks take part, and in which order.

    python -m operations.fleet.stages --first preprod    the stages of this folder's stacks, as outputs of a job

Standard library only, for the workflows deploy and drift have installed nothing then.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from operations.errors import OperationError, exit_code
from operations.stack_names import SECURITY, check_name, stacks


def stages(known: Sequence[str], *, only: str = "", first: str = "", backwards: bool = False) -> list[list[str]]:
    """Return the stacks that take part, in three stages: `security`, those that go first, the rest; each may be empty.

    The stacks of a stage may run side by side; a stage begins when the one before it has succeeded.

    Args:
        known: the stacks there are.
        only: patterns of names, such as `prod-*`, separated by commas or spaces; empty for all.
        first: patterns of the stacks on which the rest depends; empty for none.
        backwards: whether they are destroyed: the rest first, `security` last.

    Raises:
        OperationError: a pattern fits no stack.
    """
    chosen = _fitting(known, only, "ONLY") if only.strip() else list(known)
    leading = [stack for stack in _fitting(known, first, "FIRST") if stack in chosen and stack != SECURITY]
    rest = [stack for stack in chosen if stack not in {SECURITY, *leading}]
    ordered = [[SECURITY] if SECURITY in chosen else [], leading, rest]
    return ordered[::-1] if backwards else ordered


def _fitting(known: Sequence[str], patterns: str, variable: str) -> list[str]:
    fitting: set[str] = set()
    for pattern in re.split(r"[,\s]+", patterns.strip()):
        found = [stack for stack in known if fnmatchcase(stack, pattern)]
        if pattern and not found:
            raise OperationError(f"{variable}: no stack is named {pattern}; the stacks are: {', '.join(known)}.")
        fitting.update(found)
    return [stack for stack in known if stack in fitting]


def main(arguments: Sequence[str]) -> int:
    """Print all stacks, and the stages after security, as a job's outputs.

    Raises:
        OperationError: a stack's name is none that shells and matrices may be given.
    """
    parser = argparse.ArgumentParser(prog="python -m operations.fleet.stages")
    parser.add_argument("--first", default="", help="patterns of stacks that go right after security")
    known = stacks(Path())
    for stack in known:
        check_name(stack)
    _, first, rest = stages(known, first=parser.parse_args(arguments).first)
    print(f"all={json.dumps(known)}\nfirst={json.dumps(first)}\nrest={json.dumps(rest)}")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
