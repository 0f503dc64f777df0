"""Every command of the documents, run once in the order in which a person reads them.

The stacks' local accounts stand for AWS. Commands marked `# Needs …` are held against the engine's own help here, and
against AWS's service models in tests/operations/test_documents.py.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sandbox import inventory, stack_files
from sandbox.workspace import Workspace
from tests.e2e.inside import shell
from tests.operations.documents import ELSEWHERE, Command, commands
from tests.workspaces import open_workspace

pytestmark = pytest.mark.steps

COMMANDS = [command for command in commands() if command.document != ELSEWHERE or not command.runs_here]
# A command that stands in two documents runs where it stands first.
FIRST = {" ".join(command.text.split()): command for command in reversed(COMMANDS) if command.runs_here}
RUN = [command for command in COMMANDS if FIRST.get(" ".join(command.text.split())) is command]
OF_PULUMI = [command for command in COMMANDS if command.text.startswith("pulumi ") and not command.runs_here]


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    """A fresh clone on a machine with Pulumi, whose AWS profiles lead to local accounts."""
    with open_workspace() as workspace:
        yield workspace


def give_alice_keys(workspace: Workspace) -> None:
    """Do what an admin has done by then: access keys, an MFA device, and a profile `alice`."""
    iam = workspace.accounts.iam("111111111111")
    keys = iam.create_access_key(UserName="alice")["AccessKey"]
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="alice")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName="alice", SerialNumber=serial, AuthenticationCode1="1" * 6, AuthenticationCode2="2" * 6
    )
    Path(workspace.env["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        f"[alice]\naws_access_key_id = {keys['AccessKeyId']}\naws_secret_access_key = {keys['SecretAccessKey']}\n"
    )


def take_protection_off(workspace: Workspace) -> None:
    """Do the steps that the text before `make destroy` asks for; the target that was added goes first."""
    stack_files.configure(workspace.root, "production", protect=False)
    for text in ("make up STACK=production ARGS=--skip-preview", "make destroy STACK=staging ARGS=--skip-preview"):
        done = shell(workspace, text)
        assert done.returncode == 0, done.stdout + done.stderr


def look_at_staging(workspace: Workspace) -> None:
    """See that the target that was added is one as it was written."""
    (role,) = inventory.read("444444444444", workspace.accounts.iam("444444444444")).roles
    assert role.arn == "arn:aws:iam::444444444444:role/TSU-IAM-ACCESS"


# What the text around a command has the reader do first.
BEFORE = {
    "make smoke STACK=preprod PROFILE=alice TOKEN=123456": give_alice_keys,
    "make destroy STACK=production": take_protection_off,
}
AFTER = {"make up STACK=staging": look_at_staging}


@pytest.mark.parametrize("command", RUN, ids=str)
def test_a_documented_command_works(workspace: Workspace, command: Command) -> None:
    if command.text == "make demo":
        # tests/sandbox/test_demo.py runs what it stands for, which takes a minute.
        assert shell(workspace, "make --dry-run demo").stdout.strip().endswith("-m sandbox.demo")
        return
    if command.text in BEFORE:
        BEFORE[command.text](workspace)
    done = shell(workspace, command.text)
    assert done.returncode == 0, done.stdout + done.stderr
    if command.text in AFTER:
        AFTER[command.text](workspace)


def test_every_command_that_something_goes_with_is_documented() -> None:
    assert {*BEFORE, *AFTER} <= {command.text for command in RUN}


def test_destroyed_in_order_the_stacks_leave_nothing(workspace: Workspace) -> None:
    for number in "1234":
        iam = workspace.accounts.iam(number * 12)
        account = inventory.read(number * 12, iam)
        assert (account.users, account.groups, account.roles) == ((), (), ())
        assert iam.list_policies(Scope="Local")["Policies"] == []


@cache
def help_of(workspace: Workspace, *verb: str) -> str:
    return workspace.run(*verb, "--help").check().stdout


@pytest.mark.parametrize("command", OF_PULUMI, ids=str)
def test_a_pulumi_command_that_needs_more_has_options_that_there_are(workspace: Workspace, command: Command) -> None:
    words = shlex.split(command.text.replace("\\\n", " "))
    options = {word.partition("=")[0] for word in words if word.startswith("--")}
    plain = [word for word in words[1:] if re.fullmatch("[a-z][a-z-]*", word) and word not in ("security", "preprod")]
    verb = plain[:2]
    told = help_of(workspace, *verb)
    # As the command or an alias of it; of a word that it does not know, the engine shows the parent's help.
    assert re.search(rf"\b{verb[-1]}\b", told)
    assert {option for option in options if not re.search(rf"{option}\b", told)} == set()
