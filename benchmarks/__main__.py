"""Prints every figure as soon as it is measured."""

from __future__ import annotations

import sys

from benchmarks import access, decisions, deployment, fleet
from sandbox.errors import SandboxError

# The memory of access is the largest of all children so far, so it comes before the engine's.
MEASUREMENTS = (decisions.measure, access.measure, deployment.measure, fleet.measure)


def main() -> int:
    """Measure and print; return the exit code."""
    try:
        for measure in MEASUREMENTS:
            for figure in measure():
                print(figure, flush=True)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
