"""`access expect`: assertions about access."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from access import expect as expectations
from access.terminal import FINDINGS, Across, States, console, input_errors, verdicts_on


def expect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.yaml", help="The expectations; docs/access.md describes the format.")
    ],
    states: States = None,
    across_projects: Across = False,
) -> None:
    """Check expectations about access. Each one that fails comes with a counterexample."""
    with input_errors():
        asked = expectations.read(file)
        outcomes = expectations.check(verdicts_on(states, across_projects), asked)
    out = console()
    for outcome in outcomes:
        wrong = outcome.counterexamples
        mark = "[red]✗[/]" if wrong else "[green]✓[/]"
        pairs = f"{outcome.checked} checked" if outcome.checked else "nobody it is about"
        out.print(
            f"{mark} {escape(outcome.expectation.name)} [dim]({file.name}:{outcome.line}, {pairs})[/]", soft_wrap=True
        )
        for text in wrong[:3]:
            out.print(f"    {escape(text)}", soft_wrap=True)
        if len(wrong) > 3:
            out.print(f"    … and {len(wrong) - 3} more", style="dim")
    failed = sum(bool(outcome.counterexamples) for outcome in outcomes)
    out.print(f"{len(outcomes) - failed} of {len(outcomes)} expectations hold.")
    if failed:
        raise typer.Exit(FINDINGS)
