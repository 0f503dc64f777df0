"""Deploys a stack as a person does, with `make up`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from operations import signals
from operations.errors import OperationError


def refuse_without_terminal(command: str, *, yes: bool) -> None:
    """Refuse a command when nobody can be asked and nobody has confirmed.

    Raises:
        OperationError: there is no terminal, and `yes` is not given.
    """
    if not yes and not sys.stdin.isatty():
        raise OperationError(f"There is no terminal to confirm on: use make {command} YES=1.")


def confirmed(question: str) -> bool:
    """Ask on the terminal, and return whether the answer is yes."""
    try:
        return input(question).strip().lower() == "yes"
    except EOFError:
        return False


def up(top: Path, stack: str, *, yes: bool) -> None:
    """Run `make up` for a stack; it shows what it does, and asks unless `yes`.

    Raises:
        OperationError: it failed, and has said why.
    """
    command = ["make", "up", f"STACK={stack}", *(["ARGS=--yes"] if yes else [])]
    # A make around this one hands on its own STACK=… through them.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    sys.stdout.flush()
    with signals.interrupted_afterwards():
        make = subprocess.run(command, cwd=top, env=environment)
    if make.returncode != 0:
        raise OperationError(f"The update of stack {stack} failed; its output is above.")
