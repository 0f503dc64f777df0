"""The one error an operator sees."""

from __future__ import annotations

import sys
from collections.abc import Callable


class OperationError(Exception):
    """Raised when a command cannot go on; its text is a whole sentence that says what to do."""


def exit_code(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; an OperationError becomes its text on stderr and 1."""
    try:
        return command()
    except OperationError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
