"""Functions that `make` starts in processes of their own, called in the tests' process."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

import pytest

from sandbox.workspace import Workspace


@contextmanager
def inside(workspace: Workspace) -> Iterator[None]:
    """Give this process the folder and the environment of a workspace's runs."""
    environment = workspace.env
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - environment.keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(workspace.root)
        yield


def called(workspace: Workspace, main: Callable[[], int], *arguments: str) -> str:
    """Call a command's main function, and return what it prints; what it refuses it raises."""
    with inside(workspace), redirect_stdout(io.StringIO()) as printed, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["command", *arguments])
        assert main() == 0
    return printed.getvalue()
