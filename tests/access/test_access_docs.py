"""The documented commands, run on the demo's own states, print what the documentation shows."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from components.target_access import KEYS_PROFILE
from tests.access.conftest import Run

REPOSITORY = Path(__file__).resolve().parents[2]
# The demo's three exported stacks, and previews of a pull request that adds carol to the admins, adds an
# address, loosens MFA and its age, and gives dave an earlier last day.
DEMO = Path(__file__).parent / "demo"
TEXT = (REPOSITORY / "docs" / "access.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```console\n\$ python -m access ([^\n]*)\n(.*?)\n```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_a_documented_command_prints_what_is_shown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, shown: str
) -> None:
    shutil.copytree(DEMO, tmp_path / "demo")
    monkeypatch.chdir(tmp_path / "demo")
    monkeypatch.setenv("COLUMNS", "100")
    result = run(*shlex.split(command))
    printed = "\n".join(line.rstrip() for line in result.output.rstrip().splitlines())
    assert printed + (f"\n(exit code {result.exit_code})" if result.exit_code else "") == shown


def test_the_states_hold_nothing_of_the_machine_that_made_them() -> None:
    # Where in which file each resource was registered, down to Python's own: nothing here reads that.
    assert [file.name for file in DEMO.rglob("*.json") if "stackTrace" in file.read_text()] == []


def test_every_command_is_documented_with_its_output() -> None:
    assert {command.split()[0] for command, _ in EXAMPLES} == {
        *("matrix", "explain", "diff", "expect", "setup", "headroom", "report")
    }


def test_the_documented_expectations_are_those_that_were_run() -> None:
    assert (DEMO / "access.yaml").read_text(encoding="utf-8").rstrip() in TEXT


def test_setup_names_the_profiles_that_the_program_prints(run: Run) -> None:
    out = run("setup", "dave", "--state", DEMO / "states").stdout
    assert {line for line in out.splitlines() if line.startswith("source_profile")} >= {
        f"source_profile = {KEYS_PROFILE}",
        f"source_profile = {KEYS_PROFILE}-mfa",
    }
