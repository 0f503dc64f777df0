"""Decides what a pull request changes, for .github/workflows/preview.yml.

    python -m operations.pull_request kind CHANGE   whether it changes configuration alone, and which stacks it touches
    python -m operations.pull_request take CHANGE   write its configuration files into this checkout

Run it in the base branch's checkout. CHANGE is a checkout of the pull request; nothing in it is run. Both are read as
git recorded them, so neither later files nor git attributes of the change alter the comparison.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from operations import project_files
from operations.errors import OperationError, exit_code
from operations.project_files import PACK, pack_config
from operations.stack_names import STACK_NAME, check_name

CONFIGURATION = "configuration"
CODE = "code"

_STACK_FILE = re.compile(r"Pulumi\.(.+)\.yaml", re.DOTALL)
_REGULAR_FILE = "100644"


class Entry(NamedTuple):
    """What git recorded of one path."""

    mode: str
    hash: str


def tree(checkout: Path) -> dict[str, Entry]:
    """Return what the commit that is checked out holds, by path: files, symbolic links and submodules.

    Raises:
        OperationError: the folder is not the top of a git checkout.
    """
    if not (checkout / ".git").exists():
        raise OperationError(f"{checkout} is not the top of a git checkout.")
    entries = {}
    for line in filter(None, _git(checkout, "ls-tree", "-r", "-z", "--full-tree", "HEAD").split(b"\0")):
        about, _, path = line.partition(b"\t")
        mode, _, blob = about.decode().split()
        entries[path.decode(errors="surrogateescape")] = Entry(mode, blob)
    return entries


def stacks(of: Mapping[str, Entry]) -> list[str]:
    """Return the stacks that have a file, in alphabetical order.

    Raises:
        OperationError: a stack's name is none that `make new-target` makes.
    """
    names = sorted(match[1] for path in of if (match := _STACK_FILE.fullmatch(path)))
    for name in names:
        check_name(name)
    return names


def code_changes(base: Path, change: Path) -> Iterator[str]:
    """Yield why a change is more than configuration, one sentence each; nothing when it is configuration alone.

    Configuration is what stands under `config` in Pulumi.yaml and in the files of stacks that exist already. All else
    is code: other files, files that come or go, modes, links, other keys, and whatever cannot be read for certain.
    The policy pack's own configuration is the pack's.
    """
    before, after = tree(base), tree(change)
    for path in changed(before, after):
        if path != "Pulumi.yaml" and not _is_stack_file(path):
            yield f"{path!a} is no configuration of the program."
        elif not (path in before and path in after):
            yield f"{path} comes or goes."
        elif (before[path].mode, after[path].mode) != (_REGULAR_FILE, _REGULAR_FILE):
            yield f"{path} is not an ordinary file before and after."
        else:
            yield from _more_than_values(path, _blob(base, before[path]), _blob(change, after[path]))


def changed(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> list[str]:
    """Return the paths that differ, in alphabetical order."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def touched(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> list[str]:
    """Return the stacks of a change whose deployment it can alter, in alphabetical order.

    A stack reads its own file and its own policy pack configuration, and all others read neither. Whatever else
    changes may concern every stack.

    Raises:
        OperationError: as `stacks`.
    """
    names = stacks(after)
    own = {path: name for name in names for path in (f"Pulumi.{name}.yaml", str(pack_config(PACK, name)))}
    paths = changed(before, after)
    if not paths or any(path not in own for path in paths):
        return names
    return sorted({own[path] for path in paths})


def take(base: Path, change: Path) -> list[str]:
    """Write the changed configuration files into the base's checkout; return their names.

    Raises:
        OperationError: the change is more than configuration. Nothing is written then.
    """
    reasons = "\n".join(code_changes(base, change))
    if reasons:
        raise OperationError(f"The change is not configuration alone:\n{reasons}")
    after = tree(change)
    names = changed(tree(base), after)
    for name in names:
        (base / name).write_bytes(_blob(change, after[name]))
    return names


def _is_stack_file(path: str) -> bool:
    match = _STACK_FILE.fullmatch(path)
    return bool(match and STACK_NAME.fullmatch(match[1]))


def _more_than_values(path: str, before: bytes, after: bytes) -> Iterator[str]:
    try:
        old, new = project_files.parse(before), project_files.parse(after)
    except ValueError as error:
        yield f"{path}: {error}"
        return
    yield from (f"{path}: {problem}" for problem in project_files.problems_of(path, new))
    # As text, for Python takes 1 and true for the same.
    rest = [yaml.safe_dump({key: one[key] for key in one if key != "config"}) for one in (old, new)]
    if rest[0] != rest[1]:
        yield f"{path} changes outside of `config`."


def _blob(checkout: Path, entry: Entry) -> bytes:
    return _git(checkout, "cat-file", "blob", entry.hash)


def _git(checkout: Path, *arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", checkout, *arguments], capture_output=True)
    if done.returncode:
        raise OperationError(f"git {arguments[0]} failed in {checkout}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _kind(change: Path) -> int:
    names = touched(tree(Path()), tree(change))
    reasons = list(code_changes(Path(), change))
    print(f"kind={CODE if reasons else CONFIGURATION}")
    print(f"stacks={json.dumps(names)}")
    for reason in reasons:
        print(reason, file=sys.stderr)
    return 0


def _take(change: Path) -> int:
    for name in take(Path(), change):
        print(name)
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run one of the two commands, and return the exit code."""
    parser = argparse.ArgumentParser(description="Decide what a pull request changes.")
    parser.add_argument("command", choices=("kind", "take"))
    parser.add_argument("change", type=Path, metavar="CHANGE", help="checkout of the pull request")
    given = parser.parse_args(arguments)
    command = _kind if given.command == "kind" else _take
    return exit_code(lambda: command(given.change))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
