"""A copy of the configuration to write into, and local accounts with nothing in them."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from operations.errors import exit_code
from sandbox.local_accounts import LocalAccounts, Profile
from sandbox.workspace import REPOSITORY
from tests.workspaces import forking_python

PACK_CONFIG = "policypacks/delegation/config"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's stack files and pack configurations, as the current folder."""
    top = tmp_path / "repository"
    shutil.copytree(REPOSITORY / PACK_CONFIG, top / PACK_CONFIG)
    for file in REPOSITORY.glob("Pulumi*.yaml"):
        shutil.copy(file, top)
    monkeypatch.chdir(top)
    return top


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAccounts]:
    with LocalAccounts(tmp_path_factory.mktemp("accounts"), python=forking_python()) as accounts:
        yield accounts


@pytest.fixture
def accounts(server: LocalAccounts, monkeypatch: pytest.MonkeyPatch) -> LocalAccounts:
    """Local accounts, and an environment that leads there through the profiles of the stacks."""
    profiles = [
        Profile(name=f"delegation-{stack}", account_id=account_id, region="us-east-1")
        for stack, account_id in (("security", "111111111111"), ("preprod", "222222222222"))
    ]
    for name, value in server.environment(profiles).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return server


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `make` on PATH that writes its arguments into this file, and fails for those that the file `failing` holds."""
    calls = tmp_path / "make" / "calls"
    script = calls.with_name("make")
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\necho "$@" >> "{calls}"\nenv | grep -q "^MAKE" && exit 3\n'
        f'for word in "$@"; do grep -qsx -e "$word" "{calls.with_name("failing")}" && exit 2; done\nexit 0\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    # As under make, which would hand its own STACK=… on.
    monkeypatch.setenv("MAKEFLAGS", " -- STACK=all")
    return calls


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command's main function without a terminal; returns its exit code and what it wrote to both streams."""
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(main: Callable[[], int], *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["command", *arguments])
        code = exit_code(main)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that a `pulumi` on PATH prints for `stack export`; without it, it fails."""
    file, script = tmp_path / "state.json", tmp_path / "bin" / "pulumi"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\ncat "{file}"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    return file
