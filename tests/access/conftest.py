"""Runs the command line as a person does, on states written for the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from access.__main__ import app
from access.model import build
from access.states import read_states
from access.verdicts import Verdicts
from tests.access.state_builder import StateBuilder

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `access` with arguments; the terminal is wide, so that no sentence is broken."""
    monkeypatch.setenv("COLUMNS", "400")
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def judged(tmp_path: Path) -> Callable[[StateBuilder], Verdicts]:
    """The verdicts on a state builder."""

    def judge(builder: StateBuilder, **options: Any) -> Verdicts:
        return Verdicts(build(read_states([builder.write(tmp_path)], **options)))

    return judge
