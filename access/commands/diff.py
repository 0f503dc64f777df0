"""`access diff`: what a change newly allows and what it ends."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from access import diff as differences
from access.model import build
from access.states import read_both
from access.terminal import FINDINGS, Across, console, input_errors, tell_not_judged
from access.verdicts import Verdicts


def diff(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="BEFORE and AFTER (states, folders of states or stack names), or plans from `pulumi preview --json`."
        ),
    ],
    states: Annotated[
        list[str] | None,
        typer.Option(
            "--state", "-s", help="States of unchanged stacks, or the states the plans start from; may be repeated."
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write a pull-request comment.")] = False,
    fail_on_weaker: Annotated[
        bool, typer.Option("--fail-on-weaker", help="Exit with 1 if anything is newly allowed or cannot be decided.")
    ] = False,
    across_projects: Across = False,
) -> None:
    """Show what a change does to access. (!) marks what is newly allowed or cannot be decided."""
    with input_errors():
        before, after = read_both(sources, states or [], across_projects=across_projects)
        old, new = build(before, after), build(after, before)
        tell_not_judged(new)
        found = differences.changes(Verdicts(old), Verdicts(new))
    if markdown:
        print(differences.markdown(found), end="")
    else:
        out = console()
        for text, weaker in differences.sentences(found) or [("Nobody's access changes.", False)]:
            out.print(escape(text), style="red" if weaker else None, soft_wrap=True)
    if fail_on_weaker and any(change.weaker for change in found):
        raise typer.Exit(FINDINGS)
