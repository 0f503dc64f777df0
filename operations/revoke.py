"""Ends all open sessions in target accounts (`make revoke`): sets revokeSessionsBefore to now and deploys."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from configuration.times import written
from operations import config_edits, deploying, stack_files, stack_names
from operations.errors import OperationError, exit_code
from settings import SECURITY_STACK

ALL = "all"


def edits(top: Path, stacks: Sequence[str], time: datetime) -> dict[Path, str]:
    """Return the new text of each file that gives stacks a new `revokeSessionsBefore`.

    A stack's time goes into its own file. Where all stacks get it and Pulumi.yaml has the key, it goes there, and into
    those stack files that override it.

    Raises:
        OperationError: a file cannot be read or edited.
    """
    project = top / "Pulumi.yaml"
    texts = {file: config_edits.read(file) for file in (stack_files.stack_file(top, stack) for stack in stacks)}
    shared = config_edits.read(project)
    if set(stacks) >= set(stack_files.target_stacks(top)) and config_edits.has_revocation(shared):
        texts = {file: text for file, text in texts.items() if config_edits.has_revocation(text)} | {project: shared}
    return {file: config_edits.with_revocation(file, text, time) for file, text in texts.items()}


def main() -> int:
    """Revoke the sessions of the command line's stack, or of all, and return the exit code."""
    parser = argparse.ArgumentParser(prog="make revoke", description=__doc__)
    parser.add_argument("--stack", default="", help="stack of the target account, or all")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    arguments = parser.parse_args()
    top, stack = Path.cwd(), arguments.stack
    if stack == SECURITY_STACK:
        raise OperationError("Stack security has no sessions to revoke: name a target's, or STACK=all.")
    stacks = stack_files.target_stacks(top) if stack == ALL else [stack_names.existing_stack(top, stack, "revoke")]
    deploying.refuse_without_terminal(f"revoke STACK={stack}", yes=arguments.yes)
    now = datetime.now(UTC)
    changed = edits(top, stacks, now)
    for file, text in changed.items():
        config_edits.write(file, text)
    names = ", ".join(file.name for file in changed)
    print(f"Sessions issued before {written(now)} end in {', '.join(stacks)}: it is in {names}.")
    failed = []
    for each in stacks:
        try:
            deploying.up(top, each, yes=arguments.yes)
        except OperationError as error:
            failed.append(each)
            print(error, file=sys.stderr)
    if failed:
        commands = "; ".join(f"make up STACK={each}" for each in failed)
        raise OperationError(f"Sessions are not revoked in {', '.join(failed)}: continue with {commands}.")
    print(f"Commit {names} and merge it, or the next deployment of main opens these sessions again.")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
