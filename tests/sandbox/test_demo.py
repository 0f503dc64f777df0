"""`make demo` on the real engine: what it tells, and what an interrupt leaves."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sandbox import demo, workspace
from sandbox.errors import SandboxError
from sandbox.workspace import REPOSITORY, Workspace
from tests.sandbox.processes import PATIENCE, eventually, inheritors, needs_proc
from tests.workspaces import forking_python

pytestmark = needs_proc


def start(folder: Path, python: Path | None = None, repository: Path = REPOSITORY) -> subprocess.Popen[str]:
    """Start a demo whose temporary files go into a folder."""
    return subprocess.Popen(
        [python or sys.executable, "-m", "sandbox.demo"],
        cwd=repository,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def leftovers(folder: Path) -> list[str]:
    """Return what a demo that used a folder for temporary files has left: processes and folders."""
    eventually(lambda: not inheritors(f"TMPDIR={folder}"))
    return [*inheritors(f"TMPDIR={folder}").values(), *(path.name for path in folder.glob("delegation-*"))]


def git_status() -> str:
    return subprocess.run(["git", "status", "--short"], cwd=REPOSITORY, capture_output=True, text=True).stdout


class Told:
    """What a whole demo printed, and what it left."""

    def __init__(self, folder: Path) -> None:
        status = git_status()
        process = start(folder)
        self.output, self.errors = process.communicate(timeout=5 * PATIENCE)
        self.returncode = process.returncode
        self.leftovers = leftovers(folder)
        self.status_changed = git_status() != status


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("demo"))


def test_demo_succeeds_and_leaves_nothing(told: Told) -> None:
    assert told.returncode == 0, told.output + told.errors
    assert told.errors == ""
    assert told.leftovers == []
    assert not told.status_changed


@pytest.mark.parametrize("stack", ["security", "preprod", "production"])
def test_each_stack_is_deployed_through_the_policy_pack(told: Told, stack: str) -> None:
    assert re.search(rf"^✓ Deploy {stack}: \d+ created, policy pack passed +\d+\.\d s$", told.output, re.MULTILINE)


def test_second_deployment_changes_nothing(told: Told) -> None:
    assert "✓ Deploy all again: no change" in told.output


def test_refusal_of_the_gate_is_shown_with_the_change_that_caused_it(told: Told) -> None:
    assert "weakened document: refused, nothing changed" in told.output
    assert f"- {demo.STRICT}" in told.output
    assert f"+ {demo.WEAKENED}" in told.output
    assert "[mandatory]" in told.output


@pytest.mark.parametrize(("stack", "account"), [("preprod", "222222222222"), ("production", "333333333333")])
def test_table_and_link_lead_to_each_target(told: Told, stack: str, account: str) -> None:
    table = told.output[told.output.index("Who gets in where") :]
    for text in (stack, account, "alice", "bob", "TSU-IAM-ACCESS", "required", "203.0.113.10/32"):
        assert text in table
    for role in ("TSU-IAM-ACCESS", "TSU-AUDIT"):
        link = rf"^  {stack}: https://signin\S+account={account}&roleName={role}&\S*$"
        assert re.search(link, table, re.MULTILINE)


def test_two_groups_and_two_roles_are_shown_with_what_each_asks_for(told: Told) -> None:
    table = told.output[told.output.index("Who gets in where") :].split("Switch role in the browser")[0]
    people = [line.split("│")[1].strip() for line in table.splitlines() if line.startswith("│") and "preprod" in line]
    assert people == ["carol", "dave", "alice, bob"]
    words = " ".join(re.sub(r"[│┃]", " ", table).split())
    for text in ("older than", "named as", "until 2099-12-31"):
        assert text in words


def test_the_readme_shows_what_is_printed(told: Told) -> None:
    def lines(text: str) -> list[str]:
        return [" ".join(re.sub(r"\d+\.\d s$", "", line).split()) for line in text.splitlines()]

    readme = (REPOSITORY / "README.md").read_text()
    shown = lines(readme[readme.index("✓ Deploy") :].partition("```")[0])
    printed = lines(told.output)
    assert [line for line in shown if line not in printed] == []


def test_lines_fit_a_terminal_except_links(told: Told) -> None:
    long = [line for line in told.output.splitlines() if len(line) > demo.WIDTH and "https://" not in line]
    assert long == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_interrupt_in_the_middle_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path)
    assert eventually(lambda: any("pulumi up" in command for command in inheritors(f"TMPDIR={tmp_path}").values()))
    assert list(tmp_path.glob("delegation-*"))

    process.send_signal(number)
    output, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode == 128 + number
    assert "Traceback" not in output + errors
    assert leftovers(tmp_path) == []


def test_taken_port_is_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "sandbox.demo", "--port", port]
        run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr == f"Port {port} on 127.0.0.1 is taken: name another one, or none for any free port.\n"


def test_step_that_fails_shows_what_the_engine_said(tmp_path: Path) -> None:
    copy = tmp_path / "repository"
    workspace._copy(REPOSITORY, copy)
    (copy / "__main__.py").write_text("raise SystemExit('the program is broken')\n")
    process = start(tmp_path, forking_python(), copy)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "✗ Deploy security" in output
    assert "the program is broken" in errors
    assert "Traceback" not in errors


def test_weakening_that_no_longer_applies_is_said(tmp_path: Path) -> None:
    never_opened = Workspace()
    never_opened.root = tmp_path
    (tmp_path / demo.WEAKENED_FILE).parent.mkdir()
    (tmp_path / demo.WEAKENED_FILE).write_text("")
    with pytest.raises(SandboxError, match="cannot be weakened"):
        demo.Demo(Console(quiet=True)).weaken(never_opened, "preprod", {})
