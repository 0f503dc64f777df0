"""`access explain`: one attempt to enter a role."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from access.explain import Explanation, Keys
from access.explain import explain as explained
from access.terminal import Across, States, console, input_errors, verdicts_on


def explain(
    user: Annotated[str, typer.Argument(help="Name or ARN of a user.")],
    account: Annotated[str, typer.Argument(help="Id or name of an account.")],
    role: Annotated[
        str | None,
        typer.Option(
            "--role", "-r", help="Name of the role, with its path if it has one. Default: every role in the account."
        ),
    ] = None,
    mfa: Annotated[bool, typer.Option("--mfa/--no-mfa", help="Whether the person uses MFA.")] = True,
    source: Annotated[
        str | None, typer.Option("--from", metavar="IP", help="Address the person comes from. Default: one that works.")
    ] = None,
    keys: Annotated[Keys, typer.Option("--keys", help="Which credentials the person uses.")] = Keys.CONSOLE,
    states: States = None,
    across_projects: Across = False,
) -> None:
    """Explain one attempt: allowed or refused, which statements decide, and what to change."""
    with input_errors():
        verdicts = verdicts_on(states, across_projects)
        model = verdicts.model
        person = model.user(user)
        for one in model.roles_in(model.account(account), role):
            _print(explained(verdicts, person, one, keys, mfa, source))


_MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]?[/]"}


def _print(answer: Explanation) -> None:
    out = console()
    out.print(f"[bold]{escape(answer.headline)}[/]", soft_wrap=True)
    grid = Table.grid(padding=(0, 1))
    for check in answer.checks:
        grid.add_row(f"  {_MARKS[check.ok]}", check.what, escape(check.why))
    out.print(grid)
    for heading, texts in (("What to change", answer.changes), ("Note", answer.notes)):
        if texts:
            out.print(f"[bold]{heading}[/]")
            lines = Table.grid(padding=(0, 1))
            for text in texts:
                lines.add_row("  •", escape(text))
            out.print(lines)
    if answer.changes:
        out.print(
            'The console\'s Switch Role says "Invalid information in one or more fields" to each ✗ above, whichever it '
            "is; the command line says AccessDenied.",
            style="dim",
        )
    out.print()
