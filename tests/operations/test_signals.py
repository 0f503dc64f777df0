"""Ctrl-C at the very moment when a command starts another: it comes to its end all the same."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations import deploying, import_plan, signals


@pytest.mark.parametrize(
    ("program", "start"),
    [
        ("pulumi", lambda top: import_plan.preview(top, "preprod")),
        ("make", lambda top: deploying.up(top, "preprod", yes=True)),
    ],
    ids=["import-plan", "up"],
)
def test_what_is_starting_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, start: Callable[[Path], object]
) -> None:
    class InterruptedAtOnce(subprocess.Popen[str]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            signal.raise_signal(signal.SIGINT)

    (tmp_path / program).write_text("#!/bin/sh\nsleep 0.2\necho > ended\nexit 1\n")
    (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(subprocess, "Popen", InterruptedAtOnce)
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path)
    assert (tmp_path / "ended").exists()


def test_an_interrupt_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals.interrupted_afterwards():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
