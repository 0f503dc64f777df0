"""A fleet of twelve accounts on the real engine: killed, throttled, continued, held, changed, destroyed.

Their grants are packed: the stack security makes them, the targets make their roles only.
"""

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

from benchmarks import fleet as company
from sandbox import inventory, stack_files
from sandbox.inventory import Account
from sandbox.local_accounts import Answering
from sandbox.workspace import Workspace
from tests.sandbox.processes import eventually, inheritors, kill_inheritors, needs_proc
from tests.workspaces import initialize, open_workspace

pytestmark = [needs_proc, pytest.mark.steps]

SECURITY = "111111111111"
GROUP = {"IT-Admins": ["alice", "bob"]}
ROLE = {"TSU-IAM-ACCESS": company.ROLES["TSU-IAM-ACCESS"]}
ACCOUNTS = company.accounts(12)
FIRST, SECOND, *_, LAST = ACCOUNTS
ANOTHERS_LOCK = {"pid": 1, "username": "carol", "hostname": "elsewhere", "timestamp": "2026-11-30T06:00:00Z"}


@dataclass
class Fleet:
    """Thirteen stacks that nothing has deployed yet, and the commands over them."""

    workspace: Workspace
    mark: str = field(default_factory=lambda: f"FLEET_UNDER_TEST={uuid.uuid4()}")

    @property
    def lock(self) -> Path:
        """A file at the place where Pulumi keeps a lock of the first target's stack."""
        return self.workspace.state / f".pulumi/locks/organization/delegation/{FIRST}/test.json"

    def hold(self, **holder: Any) -> None:
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        self.lock.write_text(json.dumps(ANOTHERS_LOCK | holder))

    def locks(self) -> list[Path]:
        return list((self.workspace.state / ".pulumi/locks").rglob("*.json"))

    def start(self, verb: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        name, _, value = self.mark.partition("=")
        given = " ".join(["--yes", *arguments])
        return subprocess.Popen(
            ["make", f"fleet-{verb}", f"FIRST={FIRST}", f"ARGS={given}"],
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

    def account(self, account_id: str) -> Account:
        return inventory.read(account_id, self.workspace.accounts.iam(account_id))

    def report(self) -> dict[str, Any]:
        """What a command wrote with --json=report.json, by stack."""
        stacks = json.loads((self.workspace.root / "report.json").read_text())["stacks"]
        return {stack["stack"]: stack for stack in stacks}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with open_workspace() as workspace:
        stacks = company.write(workspace.root, len(ACCOUNTS), GROUP, ROLE)
        assert stacks == ["security", *ACCOUNTS]
        for stack in stacks:
            initialize(workspace, stack)
        fleet = Fleet(workspace)
        yield fleet
        kill_inheritors(fleet.mark)


def test_killed_it_leaves_no_process_and_no_lock(fleet: Fleet) -> None:
    process = fleet.start("up")
    assert eventually(lambda: fleet.account(ACCOUNTS[FIRST]).roles != () or process.poll() is not None)
    # So that none of the four that follow comes to its end before it is killed.
    fleet.workspace.accounts.answer(Answering(delay=0.3))
    assert eventually(lambda: fleet.account(ACCOUNTS[SECOND]).roles != () or process.poll() is not None)
    running = inheritors(fleet.mark)
    # Make and a shell have its command line among their arguments.
    (leader,) = (
        pid
        for pid, command in running.items()
        if command.split()[0].endswith("python") and " -m operations.fleet up " in command
    )
    os.kill(leader, signal.SIGKILL)
    output, _ = process.communicate()
    assert process.returncode != 0, output
    assert eventually(lambda: not inheritors(fleet.mark)), inheritors(fleet.mark)
    assert fleet.locks() == []
    assert "security: 11 created" in output
    # One stand-in answers all providers of all runs; one for each would be most of what a fleet costs here.
    assert not [command for command in running.values() if "sandbox.aws" in command]


def test_run_again_it_continues_and_waits_for_an_aws_that_throttles(fleet: Fleet) -> None:
    fleet.workspace.accounts.answer(Answering(failing=1))

    def go_on(line: str) -> None:
        if "Next try" in line:
            # From now on a tenth, of which the provider's own tries hide the most.
            fleet.workspace.accounts.answer(Answering(failing=0.1))

    code, told = fleet.run("up", "--json=report.json", each_line=go_on)
    fleet.workspace.accounts.answer(Answering())
    assert code == 0, told
    report = fleet.report()
    assert {report[stack]["result"] for stack in ("security", FIRST)} == {"unchanged"}
    assert {report[stack]["result"] for stack in (SECOND, LAST)} == {"changed"}
    assert sum(wait["seconds"] for wait in report["security"]["waits"]) >= 2
    assert "  waited: security" in told
    assert ": AWS throttles or fails (" in told
    state = fleet.workspace.run("stack", "export", "--stack", SECOND).check().json()["deployment"]
    assert not state.get("pending_operations")


def test_security_grants_what_the_targets_made(fleet: Fleet) -> None:
    (group,) = fleet.account(SECURITY).groups
    assert (dict(group.inline), f"arn:aws:iam::{SECURITY}:policy/IT-Admins-grants-1" in group.attached) == ({}, True)
    made = [role for stack in (SECOND, LAST) for role in fleet.account(ACCOUNTS[stack]).roles]
    assert [(len(role.attached), *role.inline) for role in made] == [(1, "role-management")] * 2
    iam: Any = fleet.workspace.accounts.iam(SECURITY)
    packed = iam.get_policy_version(PolicyArn=group.attached[0], VersionId="v1")["PolicyVersion"]["Document"]
    assert packed["Statement"][0]["Resource"] == [
        f"arn:aws:iam::{account}:role/TSU-IAM-ACCESS" for account in ACCOUNTS.values()
    ]


def test_only_the_lock_of_a_killed_update_of_this_machine_is_removed(fleet: Fleet) -> None:
    fleet.hold()
    held, told = fleet.run("unlock", f"--only={FIRST}")
    assert held != 0
    assert "It is held by carol@elsewhere" in told
    assert fleet.locks() == [fleet.lock]

    ended = subprocess.Popen(["true"])
    ended.wait()
    fleet.hold(pid=ended.pid, hostname=socket.gethostname())
    code, told = fleet.run("unlock", f"--only={FIRST}")
    assert code == 0, told
    assert f"changed: {FIRST}: 1 lock removed" in told
    assert fleet.locks() == []


def test_one_person_more_changes_security_and_each_trust(fleet: Fleet) -> None:
    stack_files.share(fleet.workspace.root, groups={"IT-Admins": [*GROUP["IT-Admins"], "carol"]})
    code, told = fleet.run("up", f"--only=security,{LAST}", "--json=report.json")
    assert code == 0, told
    assert fleet.report()[LAST]["changes"] == {"update": 1}
    (role,) = fleet.account(ACCOUNTS[LAST]).roles
    assert f"arn:aws:iam::{SECURITY}:user/carol" in role.trust["Statement"][0]["Principal"]["AWS"]


def test_it_is_destroyed_security_last(fleet: Fleet) -> None:
    code, told = fleet.run("destroy", f"--only=security,{FIRST},{LAST}")
    assert code == 0, told
    assert told.index(f"{FIRST}: ") < told.index("security: checking the files")
    for account in (SECURITY, ACCOUNTS[FIRST], ACCOUNTS[LAST]):
        left = fleet.account(account)
        assert (left.users, left.groups, left.roles) == ((), (), ())
