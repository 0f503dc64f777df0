"""Compares the targets that the stack security declares with the targets' own files (`make check`, `make preview`).

A stack reads no other stack's file, so packed grants rely on what Pulumi.security.yaml says about each target.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from operations import stack_files
from operations.errors import OperationError, exit_code
from settings import SECURITY_STACK, Settings

_SECURITY_FILE = f"Pulumi.{SECURITY_STACK}.yaml"


def disagreements(top: Path, stack: str | None = None) -> Iterator[str]:
    """Yield where the declared targets and the targets' own files differ, one sentence each.

    Args:
        top: folder of the stack files.
        stack: one target, to compare it alone; else all are.

    Raises:
        OperationError: a file cannot be read, or the program would refuse it.
    """
    stacks = stack_files.target_stacks(top)
    if not stack_files.stack_file(top, SECURITY_STACK).exists():
        return
    security = stack_files.read_settings(top, SECURITY_STACK)
    for name in sorted({*stacks, *security.targets} if stack is None else {stack}):
        if name in stacks:
            yield from _differences(security, name, stack_files.read_settings(top, name))
        else:
            yield (
                f"{_SECURITY_FILE}: delegation:targets has {name}, and there is no Pulumi.{name}.yaml. Delete the "
                "entry, or write the file."
            )


def check(top: Path, stack: str | None = None) -> None:
    """Raise OperationError, with a line for each, where `disagreements` finds any; of all targets for `security`."""
    found = list(disagreements(top, None if stack == SECURITY_STACK else stack))
    if found:
        raise OperationError("\n".join(found))


def _differences(security: Settings, name: str, own: Settings) -> Iterator[str]:
    packed = own.grants == "packed"
    if packed and security.grants != "packed":
        yield (
            f"Pulumi.{name}.yaml: the grants of {name} are packed, and those of the stack {SECURITY_STACK} are not, so "
            f"that nobody would grant its roles. Set delegation:grants to packed for {SECURITY_STACK} too."
        )
    if name not in security.targets:
        if packed:
            yield (
                f"{_SECURITY_FILE}: delegation:targets lacks {name}, whose grants are packed. Add the line "
                f'`{name}: "{own.target_account_id}"`.'
            )
        return
    declared = security.target(name)
    for key, told, found in (
        ("accountId", declared.target_account_id, own.target_account_id),
        ("staticIps", _addresses(declared), _addresses(own)),
        ("staticIpAt", declared.static_ip_at, own.static_ip_at),
        ("only", _reach(declared), _reach(own)),
    ):
        if told != found:
            yield (
                f"{_SECURITY_FILE}: {key} of target {name} is {told}, and by Pulumi.{name}.yaml it is {found}. "
                "Correct the one that is wrong."
            )


def _addresses(settings: Settings) -> str:
    return ", ".join(sorted(settings.cidrs))


def _reach(settings: Settings) -> str:
    return ", ".join(f"{name} for {' and '.join(role.groups)}" for name, role in sorted(settings.access_roles.items()))


def main() -> int:
    """Compare the stack files of the current folder."""
    check(Path())
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
