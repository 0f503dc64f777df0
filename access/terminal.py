"""What all commands share: how states are given, and how a terminal is written to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from access.model import Model, build
from access.states import InputError, read_states
from access.verdicts import Verdicts

FINDINGS, WRONG_INPUT = 1, 2
"""Exit codes."""

States = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        "-s",
        help="An exported state, a folder of states, or a stack's name; may be repeated. Default: every stack with a "
        "Pulumi.<stack>.yaml in this folder.",
    ),
]
Across = Annotated[bool, typer.Option("--across-projects", help="Allow states of different projects together.")]


def console(*, stderr: bool = False) -> Console:
    """Return what a command writes to."""
    return Console(highlight=False, stderr=stderr, soft_wrap=False)


@contextmanager
def input_errors() -> Iterator[None]:
    """Tell wrong input in a sentence, and leave with 2."""
    try:
        yield
    except InputError as error:
        console(stderr=True).print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(WRONG_INPUT) from None


def verdicts_on(states: list[str] | None, across: bool) -> Verdicts:
    """Return the verdicts on states, and say on stderr what no verdict takes into account."""
    model = build(read_states(states or [], across_projects=across))
    tell_not_judged(model)
    return Verdicts(model)


def tell_not_judged(model: Model) -> None:
    """Name on stderr the resources that hold IAM, or may, and that nothing here reads."""
    if model.not_judged:
        count = len(model.not_judged)
        named = ", ".join(f"{resource.label} ({resource.type})" for resource in model.not_judged)
        text = f"{count} resource{'s' if count > 1 else ''} not judged: {named}."
        console(stderr=True).print(escape(text), style="yellow", soft_wrap=True)
