"""What the tests of the sandbox share: a PATH that holds nothing but what a test puts there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def lonely_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder the whole PATH, so that nothing which this machine has installed is found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def executable(lonely_path: Path) -> Callable[[str, str], Path]:
    """Return a function that puts an executable on that PATH: a name, and its body in Python."""

    def make(name: str, body: str) -> Path:
        script = lonely_path.parent / f"{name}.py"
        script.write_text(body)
        path = lonely_path / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
        path.chmod(0o755)
        return path

    return make
