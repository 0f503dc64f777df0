"""Workspaces for tests: on a Python that starts at once."""

from __future__ import annotations

import atexit
import os
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from sandbox.warm_python import warm_python
from sandbox.workspace import Workspace


def open_workspace() -> Workspace:
    """Return a workspace of this repository, to be entered."""
    return Workspace(say=lambda _line: None, python=_warm_python())


@cache
def _warm_python() -> Path | None:
    """Start what forks, for as long as this process lives; None where forked processes cannot be watched."""
    if not hasattr(os, "pidfd_open"):
        return None
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(warm_python(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
