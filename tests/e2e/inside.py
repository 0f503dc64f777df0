"""Commands in a workspace: by a shell, as people type them, or called in the tests' process."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

import pytest

from sandbox.workspace import Workspace


def shell(workspace: Workspace, text: str) -> subprocess.CompletedProcess[str]:
    """Run what a person types; whether to go on is confirmed, as the workflows do it."""
    return subprocess.run(
        ["sh", "-euc", text],
        cwd=workspace.root,
        env=workspace.env | {"PULUMI_SKIP_CONFIRMATIONS": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


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
