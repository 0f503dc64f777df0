"""Runs Pulumi on one stack with the policy pack (`make preview`, `make up`, `make destroy`).

It checks the stack's files before Pulumi reads them, and chooses Pulumi's options. The fleet's commands use it too.
"""

from __future__ import annotations

import argparse
import os
import runpy
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from operations import project_files, stack_names, unfinished
from operations.errors import OperationError, exit_code
from operations.project_files import PACK, pack_config

VERBS = ("preview", "up", "destroy")
JUDGED = ("preview", "up")
"""The verbs that the policy pack judges."""
_SHARED = "default"
"""The name of the policy pack's configuration that it has for every stack."""


def check(top: Path, stack: str, program: Path) -> list[str]:
    """Check what Pulumi reads about a stack, and return what a person should know of it, one sentence each.

    Args:
        top: the checkout whose policy pack judges.
        stack: name of the stack.
        program: folder of the program.

    Raises:
        OperationError: a file names software for Pulumi to run, or the policy pack's configuration lowers a policy;
            the text has a line for each problem.
    """
    pack = _pack_check(top)
    configs = (pack_config(PACK, _SHARED), pack_config(PACK, stack))
    problems = list(project_files.problems(program, stack))
    problems += [f"{config}: {problem}" for config in configs for problem in pack.problems(top / config)]
    if problems:
        raise OperationError("\n".join(problems))
    return [f"{config}: {note}" for config in configs for note in pack.wide_ranges(top / config)]


def ask(verb: str, stack: str, program: Path) -> list[str]:
    """Ask the other stacks' files and AWS what would go wrong, and return what a person should know before a preview.

    Raises:
        OperationError: it would end half-way, or leave somebody without a grant; the text says what to do first.
    """
    if verb in JUDGED:
        from operations import targets

        targets.check(program, stack)
    if stack != stack_names.SECURITY:
        return []
    from operations import held_groups

    return held_groups.check(program, verb)


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for Pulumi: no module but the installed ones comes before those of the policy pack."""
    # Without PYTHONSAFEPATH a module in the folder where Python is started, such as the program's, stands before them.
    return {
        **{name: value for name, value in inherited.items() if name not in ("PYTHONPATH", "PYTHONHOME")},
        "PYTHONSAFEPATH": "1",
    }


def command(verb: str, stack: str, program: Path) -> list[str]:
    """Return Pulumi's command line for a verb, from the folder of the checkout whose policy pack judges."""
    elsewhere = program != Path()
    pack = PACK.absolute() if elsewhere else PACK
    judged = ["--policy-pack", str(pack), "--policy-pack-config", str(pack_config(pack, stack))]
    return [
        "pulumi",
        *(["--cwd", str(program)] if elsewhere else []),
        *[verb, "--refresh", "--stack", stack],
        *(judged if verb in JUDGED else []),
    ]


def check_pulumi() -> None:
    """Raise OperationError where Pulumi is not installed."""
    if not shutil.which("pulumi"):
        raise OperationError(
            "Pulumi is not installed: see https://www.pulumi.com/docs/iac/download-install/ "
            "(make demo works without it)."
        )


@cache
def _pack_check(top: Path) -> SimpleNamespace:
    # By its path, for the check belongs to the policy pack's folder, which is no package of this one.
    return SimpleNamespace(**runpy.run_path(str(top / PACK / "check_config.py")))


def main(arguments: Sequence[str]) -> int:
    """Check a stack and, unless only that is asked for, become Pulumi.

    Raises:
        OperationError: there is no such stack, Pulumi is not installed, or the check refuses.
    """
    parser = argparse.ArgumentParser(prog="python -m operations.stack", description=__doc__, allow_abbrev=False)
    parser.add_argument("verb", choices=(*VERBS, "check"))
    parser.add_argument("--stack", default="", help="name of the stack")
    parser.add_argument("--program", type=Path, default=Path(), help="folder of the program")
    given, more = parser.parse_known_args(arguments)
    stack = stack_names.existing_stack(given.program, given.stack, given.verb)
    check_pulumi()
    for note in check(Path(), stack, given.program):
        print(note)
    if given.verb == "check":
        return 0
    for note in ask(given.verb, stack, given.program):
        print(note, file=sys.stderr)
    if given.verb == "up":
        unfinished.check(Path(), stack)
    line = [*command(given.verb, stack, given.program), *more]
    print(shlex.join(line), flush=True)
    # In this process's place: Pulumi has the terminal, its signals and the exit code.
    os.execvpe(line[0], line, environment(os.environ))  # noqa: S606 - by design without a shell
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
