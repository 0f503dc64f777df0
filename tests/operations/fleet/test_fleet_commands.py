"""A fleet interrupted at ten random points: nothing is left running, no lock stays, and it goes on where it was.

Pulumi is a script here, for the fleet's own part; tests/e2e/test_fleet.py has the real one.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import fleet as company
from operations.project_files import PACK
from sandbox.workspace import REPOSITORY
from tests.sandbox.processes import eventually, inheritors, kill_inheritors, needs_proc
from tests.workspaces import forking_python

pytestmark = needs_proc

TARGETS = list(company.accounts(12))
STACKS = ["security", *TARGETS]
WHOLE = [f"thing {number}" for number in (5, 4, 3, 2, 1)]


@dataclass
class Fleet:
    """A checkout with thirteen stacks, and the commands over them."""

    top: Path
    mark: str = field(default_factory=lambda: f"FLEET_UNDER_TEST={uuid.uuid4()}")

    @property
    def states(self) -> Path:
        return self.top / "states"

    def start(self, verb: str, *arguments: str, python: Path | None = None) -> subprocess.Popen[str]:
        name, _, value = self.mark.partition("=")
        command = [python or sys.executable, "-m", "operations.fleet", verb, *arguments]
        environment = {name: text for name, text in os.environ.items() if name.startswith(("LANG", "LC_"))}
        environment |= {"PATH": f"{self.top / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
        return subprocess.Popen(
            command,
            cwd=self.top,
            env={**environment, "STATES": str(self.states), name: value},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, verb: str, *arguments: str, each_line: Callable[[str], object] = id) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it printed."""
        process = self.start(verb, *arguments, python=forking_python())
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            each_line(line)
        return process.wait(), "".join(lines)

    def hold(self, stack: str) -> None:
        """Lock a stack, as an update that runs does."""
        holder = f"created by me@{socket.gethostname()} (pid {os.getpid()}) at {datetime.now(UTC).isoformat()}"
        (self.states / f"{stack}.lock").symlink_to(holder)

    def begun(self) -> int:
        file = self.states / "begun"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def locks(self) -> list[str]:
        return sorted(path.name for path in self.states.glob("*.lock"))

    def made(self) -> dict[str, list[str]]:
        return {stack: (self.states / stack).read_text().splitlines() for stack in STACKS}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    shutil.copy(REPOSITORY / "Pulumi.yaml", tmp_path)
    pack = tmp_path / PACK
    (pack / "config").mkdir(parents=True)
    for name in ("check_config.py", "config/default.json"):
        shutil.copy(REPOSITORY / PACK / name, pack / name)
    assert company.write(tmp_path, len(TARGETS)) == STACKS
    for folder in ("bin", "states"):
        (tmp_path / folder).mkdir()
    shutil.copy(Path(__file__).parent / "pulumi.sh", tmp_path / "bin/pulumi")
    (tmp_path / "bin/pulumi").chmod(0o755)
    for stack in STACKS:
        (tmp_path / "states" / stack).touch()
    fleet = Fleet(tmp_path)
    yield fleet
    kill_inheritors(fleet.mark)


def kill_all(fleet: Fleet, _process: subprocess.Popen[str]) -> None:
    """The machine ends."""
    kill_inheritors(fleet.mark)


def kill(_fleet: Fleet, process: subprocess.Popen[str]) -> None:
    process.kill()


def ctrl_c(_fleet: Fleet, process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)


def terminate(_fleet: Fleet, process: subprocess.Popen[str]) -> None:
    process.terminate()


def test_interrupted_at_ten_points_it_ends_as_an_undisturbed_run(fleet: Fleet) -> None:
    moment = random.Random(17)  # noqa: S311 - repeatable
    interruptions = [kill, ctrl_c, terminate, kill, kill_all, kill, ctrl_c, kill_all, kill, terminate]
    codes = []
    for interrupt in interruptions:
        before = fleet.begun()
        process = fleet.start("up", "--yes", "--parallel", "2")
        assert eventually(lambda: fleet.begun() > before or process.poll() is not None)  # noqa: B023
        assert process.poll() is None, process.communicate()[0]
        eventually(lambda: False, moment.uniform(0, 0.4))
        interrupt(fleet, process)
        output, _ = process.communicate()
        assert eventually(lambda: not inheritors(fleet.mark)), inheritors(fleet.mark)
        codes.append((interrupt.__name__, process.returncode))
        if interrupt is kill_all:
            locked = [lock.removesuffix(".lock") for lock in fleet.locks()]
            assert locked
            code, told = fleet.run("up", "--yes", "--only", " ".join(locked))
            assert code == 1
            assert "An update that was killed left its lock: " in told
            assert "make fleet-unlock" in told
            code, told = fleet.run("unlock")
            assert code == 0, told
            assert "lock removed" in told
        assert fleet.locks() == [], (interrupt.__name__, output)
    assert set(codes) == {("kill", -9), ("kill_all", -9), ("ctrl_c", 130), ("terminate", 130)}
    code, told = fleet.run("up", "--yes", "--parallel", "4")
    assert code == 0, told
    assert fleet.made() == dict.fromkeys(STACKS, WHOLE)
    code, told = fleet.run("up", "--yes", "--parallel", "4")
    assert "up of 13 stacks in " in told
    assert "13 unchanged" in told


def test_a_stack_that_another_update_holds_is_waited_for_or_named_and_never_broken(fleet: Fleet) -> None:
    waited_for, kept = TARGETS[0], TARGETS[1]
    for stack in (waited_for, kept):
        fleet.hold(stack)

    def end_one(line: str) -> None:
        if line.startswith(f"{waited_for}: Another update holds the stack: me@") and "Next try in 3 s." in line:
            (fleet.states / f"{waited_for}.lock").unlink(missing_ok=True)

    code, told = fleet.run("up", "--yes", "--wait", "3", "--only", f"{waited_for} {kept}", each_line=end_one)
    assert code == 1
    assert f"  changed: {waited_for}: 5 created" in told
    assert f"  failed: {kept}\n    Another update holds the stack: me@" in told
    assert f"only if it was killed, remove its lock: pulumi cancel --stack {kept}" in told
    assert "  waited: " in told
    code, told = fleet.run("unlock", "--only", kept)
    assert code == 1
    assert f"  failed: {kept}\n    It is held by me@" in told
    assert fleet.locks() == [f"{kept}.lock"]
    assert (fleet.made()[waited_for], fleet.made()[kept]) == (WHOLE, [])


def test_without_a_terminal_somebody_has_to_have_confirmed(fleet: Fleet) -> None:
    for verb in ("up", "destroy"):
        code, told = fleet.run(verb)
        assert code == 1
        assert told == f"There is no terminal to confirm on: use make fleet-{verb} YES=1.\n"
    assert fleet.begun() == 0


def test_a_stack_whose_files_are_refused_fails_and_the_others_go_on(fleet: Fleet) -> None:
    refused, other = TARGETS[0], TARGETS[1]
    with (fleet.top / f"Pulumi.{refused}.yaml").open("a") as file:
        file.write("environment: [attacker/variables]\n")
    code, told = fleet.run("up", "--yes", "--only", f"{refused} {other}")
    assert code == 1
    assert f"Pulumi.{refused}.yaml: `environment`: it sets variables from outside the repository" in told
    assert f"  changed: {other}: 5 created" in told
    assert fleet.made()[refused] == []


def test_a_state_that_a_killed_update_left_half_written_names_the_files_to_delete(fleet: Fleet) -> None:
    (fleet.states / f"{TARGETS[0]}.half-written").touch()
    code, told = fleet.run("up", "--yes", "--only", TARGETS[0])
    assert code == 1
    assert f"Pulumi cannot read the state of stack {TARGETS[0]}. An update was killed while it wrote" in told
    assert "\n      find .pulumi -name '*.attrs' -empty -delete\n" in told
