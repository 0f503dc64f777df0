"""A fleet on the real engine and local accounts: throttled, held, killed, continued, destroyed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.inventory import Account
from sandbox.local_accounts import Answering
from sandbox.workspace import Workspace
from tests.e2e.stacks import Stacks
from tests.sandbox.processes import eventually, inheritors, needs_proc
from tests.workspaces import open_workspace

pytestmark = [needs_proc, pytest.mark.steps]

TARGET = "preprod"
ANOTHERS_LOCK = {"pid": 1, "username": "carol", "hostname": "elsewhere", "timestamp": "2026-11-30T06:00:00Z"}


@dataclass
class Fleet:
    """Two stacks that nothing has deployed yet, and the commands over them."""

    stacks: Stacks
    mark: str = field(default_factory=lambda: f"FLEET_UNDER_TEST={uuid.uuid4()}")

    @property
    def workspace(self) -> Workspace:
        return self.stacks.workspace

    @property
    def lock(self) -> Path:
        """A file at the place where Pulumi keeps a lock of the target's stack."""
        return self.workspace.root.parent / f"state/.pulumi/locks/organization/delegation/{TARGET}/test.json"

    def hold(self, **holder: Any) -> None:
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        self.lock.write_text(json.dumps(ANOTHERS_LOCK | holder))

    def locks(self) -> list[Path]:
        return list((self.workspace.root.parent / "state/.pulumi/locks").rglob("*.json"))

    def start(self, verb: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        name, _, value = self.mark.partition("=")
        given = " ".join(["--yes", *arguments])
        return subprocess.Popen(
            ["make", f"fleet-{verb}", f"FIRST={TARGET}", f"ARGS={given}"],
            cwd=self.workspace.root,
            env={**self.workspace.env, **environment, name: value},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(
        self, verb: str, *arguments: str, each_line: Callable[[str], object] = id, **environment: str
    ) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it printed."""
        process = self.start(verb, *arguments, **environment)
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            each_line(line)
        return process.wait(), "".join(lines)

    def account(self, stack: str) -> Account:
        return self.stacks.account(stack)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with open_workspace() as workspace:
        # Its virtual environment is this one, so there is nothing to install.
        os.utime(workspace.root / "requirements-dev.txt", (0, 0))
        (workspace.root / "Pulumi.production.yaml").unlink()
        fleet = Fleet(Stacks(workspace))
        for stack in ("security", TARGET):
            fleet.stacks.initialize(stack)
        yield fleet
        for process in inheritors(fleet.mark):
            os.kill(process, signal.SIGKILL)


def test_it_waits_for_an_aws_that_throttles_and_says_so(fleet: Fleet) -> None:
    fleet.workspace.accounts.answer(Answering(failing=1))

    def go_on(line: str) -> None:
        if "Next try" in line:
            # From now on a tenth, of which the provider's own tries hide the most.
            fleet.workspace.accounts.answer(Answering(failing=0.1))

    code, told = fleet.run("up", "--only=security", "--json=report.json", each_line=go_on, AWS_MAX_ATTEMPTS="4")
    fleet.workspace.accounts.answer(Answering())
    assert code == 0, told
    (security,) = json.loads((fleet.workspace.root / "report.json").read_text())["stacks"]
    assert (security["result"], security["changes"]) == ("changed", {"create": 9})
    assert sum(wait["seconds"] for wait in security["waits"]) >= 2
    assert "  waited: security: AWS throttles or fails (" in told
    assert [group.name for group in fleet.account("security").groups] == ["IT-Admins"]


def test_only_the_lock_of_a_killed_update_of_this_machine_is_removed(fleet: Fleet) -> None:
    fleet.hold()
    held, told = fleet.run("unlock", f"--only={TARGET}")
    assert held != 0
    assert "It is held by carol@elsewhere" in told
    assert fleet.locks() == [fleet.lock]

    ended = subprocess.Popen(["true"])
    ended.wait()
    fleet.hold(pid=ended.pid, hostname=socket.gethostname())
    code, told = fleet.run("unlock", f"--only={TARGET}")
    assert code == 0, told
    assert f"changed: {TARGET}: 1 lock removed" in told
    assert fleet.locks() == []


def test_killed_it_leaves_no_process_and_no_lock(fleet: Fleet) -> None:
    fleet.workspace.accounts.answer(Answering(delay=0.5))
    process = fleet.start("up", f"--only={TARGET}")
    assert eventually(lambda: fleet.account(TARGET).roles != () or process.poll() is not None)
    begins = ".venv/bin/python -m operations.fleet up"
    (leader,) = (pid for pid, command in inheritors(fleet.mark).items() if command.startswith(begins))
    os.kill(leader, signal.SIGKILL)
    output, _ = process.communicate()
    assert process.returncode != 0, output
    assert eventually(lambda: not inheritors(fleet.mark)), inheritors(fleet.mark)
    assert fleet.locks() == []


def test_run_again_it_continues_where_it_was(fleet: Fleet) -> None:
    fleet.workspace.accounts.answer(Answering())
    code, told = fleet.run("up")
    assert code == 0, told
    assert "security: no change" in told
    (role,) = fleet.account(TARGET).roles
    assert (len(role.attached), list(role.inline)) == (1, ["role-management"])
    (group,) = fleet.account("security").groups
    assert list(group.inline) == ["assume-TSU-IAM-ACCESS-in-222222222222"]
    state = fleet.workspace.run("stack", "export", "--stack", TARGET).check().json()["deployment"]
    assert not state.get("pending_operations")


def test_it_is_destroyed_security_last(fleet: Fleet) -> None:
    code, told = fleet.run("destroy")
    assert code == 0, told
    assert told.index("preprod: 10 deleted") < told.index("security: checking the files")
    assert (fleet.account(TARGET).roles, fleet.account("security").groups) == ((), ())
