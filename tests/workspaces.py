"""Workspaces for tests: on a Python that starts at once, with stacks whose secrets are opened at once."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from sandbox.warm_python import warm_python
from sandbox.workspace import Workspace

_KEY = "alias/delegation-state"


def open_workspace(say: Callable[[str], None] = lambda _line: None) -> Workspace:
    """Return a workspace of this repository, to be entered."""
    return Workspace(say=say, python=forking_python())


def initialize(workspace: Workspace, stack: str, env: dict[str, str | None] | None = None) -> None:
    """Make a stack, empty; the key for its secrets is in KMS, as docs/getting-started.md has it.

    Args:
        workspace: Where the stack is.
        stack: Its name.
        env: Changes of the environment, as of a run.
    """
    workspace.run("stack", "init", stack, "--secrets-provider", secrets_provider(workspace), env=env).check()


def secrets_provider(workspace: Workspace) -> str:
    """Return the URL of a key in KMS, in the local accounts.

    From a passphrase the engine would derive a key in every run anew, which takes a third of its time.
    """
    kms = workspace.accounts.client("kms")
    if _KEY not in [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]:
        kms.create_alias(AliasName=_KEY, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    return f"awskms://{_KEY}?region=us-east-1&endpoint={workspace.accounts.endpoint}"


@cache
def forking_python() -> Path | None:
    """Return a Python that starts at once, for as long as this process lives; None where forks cannot be watched."""
    if not hasattr(os, "pidfd_open"):
        return None
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(warm_python(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
