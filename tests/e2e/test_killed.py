"""`make up` killed at ten points, and what an operator does then, as docs/operations.md says.

One deployment of two stacks, killed and resumed again and again. The accounts answer slowly until it is killed, so
calls are in flight. Where a stack is killed for the first time, `make` runs each step; later what `make` would run is
called directly.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from operations import import_plan, unfinished
from operations.errors import OperationError
from sandbox.inventory import Account
from sandbox.local_accounts import Answering
from sandbox.workspace import REPOSITORY, Workspace
from tests.e2e.inside import called, inside, shell
from tests.e2e.interception import Interception, Point
from tests.e2e.stacks import Stacks
from tests.sandbox.processes import PATIENCE, eventually, kill_inheritors, needs_proc
from tests.workspaces import initialize, open_workspace

pytestmark = [needs_proc, pytest.mark.steps]

NOT_DONE = Point(call=1, carried_out=False)
DONE = Point(call=1, carried_out=True)
SECOND_DONE = Point(call=2, carried_out=True)
READING = Point(call=4, changing=False, carried_out=True)
BY_MAKE = (READING, NOT_DONE)
# Ten kills, in the order of the deployment: each resumes what the one before left.
KILLS = {
    "security": [READING, NOT_DONE, DONE, SECOND_DONE, DONE, DONE],
    "preprod": [NOT_DONE, DONE, DONE, DONE],
}


@dataclass
class Seen:
    """What a killed update left, and what an operator was told."""

    locked: str
    """What the next `make up` said."""
    interrupted: list[str]
    """The creations in the state whose end nobody knows."""
    plan: str = ""
    """What `make import-plan` said, if that `make up` named it."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What stands at the end of a deployment: in the accounts, and in the states."""

    accounts: dict[str, Account]
    states: dict[str, list[tuple[str, Any]]]


@dataclass
class Story:
    """The whole deployment: undisturbed, and killed ten times."""

    workspace: Workspace
    undisturbed: Standing
    resumed: Standing
    kills: list[Seen] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """Processes that outlived a kill, locks and unfinished creations at the end."""


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with open_workspace() as workspace:
        stacks = Stacks(workspace)
        for stack in ("security", "preprod"):
            initialize(workspace, stack)
            workspace.run("up", "--yes", "--skip-preview", "--stack", stack).check()
        undisturbed = _standing(stacks)
        _forget(workspace)
        kills = []
        for stack, points in KILLS.items():
            kills += [_kill_and_resume(workspace, stack, point) for point in points]
            _check(shell(workspace, f"make up STACK={stack} ARGS=--skip-preview"))
        yield Story(workspace, undisturbed, _standing(stacks), kills, _left(workspace))


def test_the_next_up_says_how_to_go_on(story: Story) -> None:
    for seen in story.kills:
        assert "pulumi cancel" in seen.locked


def test_what_may_exist_is_named_and_nothing_is_updated_before_it_is_known(story: Story) -> None:
    assert sum(bool(seen.interrupted) for seen in story.kills) >= 8
    for seen in story.kills:
        for resource in seen.interrupted:
            assert f"  {resource}\n" in seen.locked
        assert ("make import-plan" in seen.locked) is bool(seen.interrupted)
        assert "Updating" not in seen.locked


def test_what_was_created_and_not_recorded_is_taken_over(story: Story) -> None:
    plans = [seen.plan for seen in story.kills]
    # Of the ten calls seven were carried out and never answered.
    assert sum("pulumi import" in plan for plan in plans) >= 5
    assert any("User alice" in plan or "User bob" in plan for plan in plans)
    assert any("Role TSU-IAM-ACCESS" in plan for plan in plans)


def test_the_end_is_that_of_an_undisturbed_deployment(story: Story) -> None:
    assert story.resumed.accounts == story.undisturbed.accounts
    assert story.resumed.states == story.undisturbed.states
    assert story.left == []


def test_a_state_killed_while_it_was_written_is_read_again_after_what_make_says(story: Story) -> None:
    (checksum,) = story.workspace.state.rglob("security.json.attrs")
    checksum.write_text("")
    assert story.workspace.run("stack", "export", "--stack", "security").returncode != 0
    assert _unfinished(story.workspace, "security") == []


def _kill_and_resume(workspace: Workspace, stack: str, point: Point) -> Seen:
    """Kill an update at a point, then do what an operator is told."""
    mark = f"KILLED_UPDATE={os.getpid()}-{point}"
    workspace.accounts.answer(Answering(delay=0.1))
    with Interception(workspace.accounts.endpoint, point) as interception:
        name, _, value = mark.partition("=")
        arguments = ["--skip-preview", "--yes"]
        update = subprocess.Popen(
            ["make", "up", f"STACK={stack}", f"ARGS={' '.join(arguments)}"]
            if point in BY_MAKE
            else ["pulumi", "up", "--refresh", "--stack", stack, *arguments],
            cwd=workspace.root,
            env={**workspace.env, "AWS_ENDPOINT_URL": interception.endpoint, name: value},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        reached = eventually(lambda: interception.reached.is_set() or update.poll() is not None)
        kill_inheritors(mark)
        output, _ = update.communicate(timeout=PATIENCE)
        assert reached, output
        assert interception.reached.is_set(), f"{stack} was updated before {point}:\n{output}"
    workspace.accounts.answer(Answering())
    interrupted = _unfinished(workspace, stack)
    seen = Seen(locked=_refused(workspace, stack, by_make=point in BY_MAKE), interrupted=interrupted)
    _check(shell(workspace, f"pulumi cancel --yes --stack {stack}"))
    if "make import-plan" in seen.locked:
        seen.plan = _plan(workspace, stack, by_make=point in BY_MAKE)
        # The commands as the plan prints them, without the previews that they show a person first; what follows is
        # `make preview` and `make up`.
        for command in re.findall(r"^  (pulumi (?:.*\\\n)*.*)$", seen.plan, re.MULTILINE):
            _check(shell(workspace, f"{command} --skip-preview"))
    return seen


def _refused(workspace: Workspace, stack: str, *, by_make: bool) -> str:
    """Return what `make up` says after an update was killed."""
    if not by_make:
        with inside(workspace):
            try:
                unfinished.check(Path(), stack)
            except OperationError as refusal:
                return str(refusal)
    refused = shell(workspace, f"make up STACK={stack}" if by_make else f"pulumi up --skip-preview --stack {stack}")
    assert refused.returncode != 0
    return refused.stdout + refused.stderr


def _plan(workspace: Workspace, stack: str, *, by_make: bool) -> str:
    """Return what `make import-plan` prints."""
    if by_make:
        return _check(shell(workspace, f"make import-plan STACK={stack}"))
    return called(workspace, import_plan.main, "--stack", stack)


def _check(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _unfinished(workspace: Workspace, stack: str) -> list[str]:
    (file,) = workspace.state.rglob(f"stacks/**/{stack}.json")
    if not file.with_name(f"{file.name}.attrs").read_text():
        _make_readable(workspace, stack)
    return sorted(
        f"{operation['resource']['type']} {operation['resource']['urn'].rpartition('::')[2]}"
        for operation in json.loads(file.read_text())["checkpoint"]["latest"].get("pending_operations") or []
        if operation["type"] == "creating"
    )


def _make_readable(workspace: Workspace, stack: str) -> None:
    """Do what `make up` says where the update was killed while it wrote the state."""
    said = shell(workspace, f"make up STACK={stack}").stderr
    named = re.search(r"cannot read the state.*\n  (find [^\n]*)", said, re.DOTALL)
    assert named, said
    _check(shell(workspace, f"cd {workspace.state}; {named[1]}"))


def _standing(stacks: Stacks) -> Standing:
    states = {}
    for stack in ("security", "preprod"):
        deployment = stacks.workspace.run("stack", "export", "--stack", stack).check().json()["deployment"]
        states[stack] = sorted(
            (resource["urn"], json.dumps(resource.get("inputs", {}), sort_keys=True))
            for resource in deployment["resources"]
        )
    accounts = {stack: stacks.account(stack) for stack in ("security", "preprod")}
    return Standing(accounts=accounts, states=states)


def _forget(workspace: Workspace) -> None:
    """Empty the accounts and the states."""
    shutil.rmtree(workspace.state)
    workspace.state.mkdir()
    workspace.accounts.empty()
    for stack in ("security", "preprod"):
        # Without the key that the accounts held.
        shutil.copy(REPOSITORY / f"Pulumi.{stack}.yaml", workspace.root)
        initialize(workspace, stack)


def _left(workspace: Workspace) -> list[str]:
    locks = [path.name for path in workspace.state.rglob(".pulumi/locks/**/*.json")]
    return [*locks, *_unfinished(workspace, "security"), *_unfinished(workspace, "preprod")]
