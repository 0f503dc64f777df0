"""The command line: `python -m access --help`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from access import diff as differences
from access import expect as expectations
from access import matrix as matrices
from access import report as reports
from access.explain import Check, Explanation, Keys
from access.explain import explain as explained
from access.model import build
from access.room import room as rooms
from access.setup import setup as setups
from access.states import InputError, read_both, read_states
from access.verdicts import Verdicts

FINDINGS, WRONG_INPUT = 1, 2

app = typer.Typer(
    name="access",
    help="Who may enter which account, under which conditions: read from Pulumi's states and plans.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

States = Annotated[
    list[str] | None,
    typer.Argument(
        help="Exported states, folders of them, or stack names; default: every stack with a Pulumi.<stack>.yaml here."
    ),
]
StateOption = Annotated[
    list[str] | None,
    typer.Option(
        "--state", "-s", help="Exported state, folder of them, or stack name (repeatable); default: the stacks here."
    ),
]
Across = Annotated[bool, typer.Option("--across-projects", help="Take states of different projects together.")]


class Format(StrEnum):
    """What `matrix` writes."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


def _console(*, stderr: bool = False) -> Console:
    return Console(highlight=False, stderr=stderr, soft_wrap=False)


@contextmanager
def _input_errors() -> Iterator[None]:
    """Tell wrong input in a sentence, and leave with 2."""
    try:
        yield
    except InputError as error:
        _console(stderr=True).print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(WRONG_INPUT) from None


def _verdicts(states: list[str] | None, across: bool) -> Verdicts:
    return Verdicts(build(read_states(states or [], across_projects=across)))


@app.command()
def matrix(
    states: States = None,
    output: Annotated[
        Format, typer.Option("--format", "-f", help="CSV and JSON list refused pairs too.")
    ] = Format.TABLE,
    across_projects: Across = False,
) -> None:
    """Every user and role: allowed under which MFA and address conditions, by which statements."""
    with _input_errors():
        verdicts = _verdicts(states, across_projects)
        match output:
            case Format.CSV:
                matrices.write_csv(verdicts, sys.stdout)
            case Format.JSON:
                print(matrices.as_json(verdicts))
            case Format.MARKDOWN:
                print(matrices.markdown(verdicts), end="")
            case Format.TABLE:
                console = _console()
                console.print(matrices.table(verdicts, width=console.width))
                console.print(matrices.summary(verdicts))
                if console.width < matrices.WIDE:
                    console.print(f"Which statements decide is shown from {matrices.WIDE} columns on.")


@app.command()
def explain(
    user: Annotated[str, typer.Argument(help="Name or ARN of a user.")],
    account: Annotated[str, typer.Argument(help="Id or name of an account.")],
    role: Annotated[
        str | None, typer.Option("--role", "-r", help="Name, with path where it has one; default: every role there.")
    ] = None,
    mfa: Annotated[bool, typer.Option("--mfa/--no-mfa", help="Whether the attempt is made with MFA.")] = True,
    source: Annotated[
        str | None, typer.Option("--from", metavar="IP", help="Address of the attempt; default: one that works.")
    ] = None,
    keys: Annotated[Keys, typer.Option("--keys", help="What the attempt is made with.")] = Keys.CONSOLE,
    state: StateOption = None,
    across_projects: Across = False,
) -> None:
    """Allowed or refused, the statement of each side that decides, and what to change."""
    with _input_errors():
        verdicts = _verdicts(state, across_projects)
        model = verdicts.model
        person = model.user(user)
        for one in model.roles_in(model.account(account), role):
            _print(explained(verdicts, person, one, keys, mfa, source))


_MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]?[/]"}


def _print(answer: Explanation) -> None:
    console = _console()
    console.print(f"[bold]{escape(answer.headline)}[/]", soft_wrap=True)
    grid = Table.grid(padding=(0, 1))
    for check in answer.checks:
        _add(grid, check)
    console.print(grid)
    for heading, texts in (("What to change", answer.changes), ("Note", answer.notes)):
        if texts:
            console.print(f"[bold]{heading}[/]")
            lines = Table.grid(padding=(0, 1))
            for text in texts:
                lines.add_row("  •", escape(text))
            console.print(lines)
    if answer.changes:
        console.print(
            'The console\'s Switch Role says "Invalid information in one or more fields" to each ✗ above, whichever it '
            "is; the command line says AccessDenied.",
            style="dim",
        )
    console.print()


def _add(grid: Table, check: Check) -> None:
    grid.add_row(f"  {_MARKS[check.ok]}", check.what, escape(check.why))


@app.command()
def diff(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="BEFORE and AFTER (states, folders of states, stack names), or plans of `pulumi preview --json`."
        ),
    ],
    beside: Annotated[
        list[str] | None,
        typer.Option("--with", "-w", help="States of stacks that do not change, or that plans are made upon."),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write a pull-request comment.")] = False,
    fail_on_weaker: Annotated[
        bool, typer.Option("--fail-on-weaker", help="Exit with 1 when anything got weaker.")
    ] = False,
    across_projects: Across = False,
) -> None:
    """One sentence per change of access; what got weaker is marked (!)."""
    with _input_errors():
        before, after = read_both(sources, beside or [], across_projects=across_projects)
        found = differences.changes(Verdicts(build(before)), Verdicts(build(after)))
    if markdown:
        print(differences.markdown(found), end="")
    else:
        console = _console()
        for text, weaker in differences.sentences(found) or [("Nobody's access changes.", False)]:
            console.print(escape(text), style="red" if weaker else None, soft_wrap=True)
    if fail_on_weaker and any(change.weaker for change in found):
        raise typer.Exit(FINDINGS)


@app.command()
def expect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.yaml", help="The expectations (docs/access.md has the format).")
    ],
    state: StateOption = None,
    across_projects: Across = False,
) -> None:
    """Check assertions about access; each that fails comes with a counterexample."""
    with _input_errors():
        asked = expectations.read(file)
        outcomes = expectations.check(_verdicts(state, across_projects), asked)
    console = _console()
    for outcome in outcomes:
        wrong = outcome.counterexamples
        mark = "[red]✗[/]" if wrong else "[green]✓[/]"
        pairs = f"{outcome.checked} checked" if outcome.checked else "nobody it is about"
        console.print(
            f"{mark} {escape(outcome.expectation.name)} [dim]({file.name}:{outcome.line}, {pairs})[/]", soft_wrap=True
        )
        for text in wrong[:3]:
            console.print(f"    {escape(text)}", soft_wrap=True)
        if len(wrong) > 3:
            console.print(f"    … and {len(wrong) - 3} more", style="dim")
    failed = sum(bool(outcome.counterexamples) for outcome in outcomes)
    console.print(f"{len(outcomes) - failed} of {len(outcomes)} expectations hold.")
    if failed:
        raise typer.Exit(FINDINGS)


@app.command()
def setup(
    user: Annotated[str, typer.Argument(help="Name or ARN of a user.")],
    state: StateOption = None,
    across_projects: Across = False,
) -> None:
    """One person's way in: switch-role links, AWS CLI profiles, AWS Extend Switch Roles, first sign-in."""
    with _input_errors():
        verdicts = _verdicts(state, across_projects)
        person = verdicts.model.user(user)
        found = setups(verdicts, person)
    console = _console()

    def part(heading: str, text: str) -> None:
        console.print(f"[bold]{heading}[/]")
        console.print(escape(text.rstrip()) + "\n", soft_wrap=True)

    if not found.links:
        console.print(
            f"{person.name} may enter no role in these states: `access explain {person.name} ACCOUNT` says why."
        )
        return
    part("Switch role in the browser", "\n".join(f"{place}\n  {link}" for place, link in found.links))
    part("~/.aws/config, MFA carried into the role's session (first choice)", found.profiles_mfa_in_session)
    part("~/.aws/config, MFA asked for by the CLI (the role's session carries none)", found.profiles_mfa_serial)
    part("AWS Extend Switch Roles (browser extension)", found.extend_switch_roles)
    part("First sign-in", "\n".join(f"{i}. {step}" for i, step in enumerate(found.first_steps, 1)))
    if found.notes:
        part("Note", "\n".join(found.notes))


@app.command()
def room(states: States = None, across_projects: Across = False) -> None:
    """Room left: users per trust policy, accounts per group, and what to do when it runs out."""
    with _input_errors():
        verdicts = _verdicts(states, across_projects)
    found = rooms(verdicts)
    console = _console()
    drawn = Table(title="Room left", title_justify="left")
    for column in ("what", "account", "used", "of", "", "room for"):
        drawn.add_column(column, overflow="fold", justify="right" if column in ("used", "of") else "left")
    for one in found:
        colour = "red" if one.share > 0.9 else "yellow" if one.share > 0.7 else "green"
        share = f"[{colour}]{one.share:.0%}[/]"
        drawn.add_row(
            one.what, verdicts.model.label(one.account), f"{one.used:,}", f"{one.limit:,} {one.unit}", share, one.more
        )
    console.print(drawn)
    console.print("[bold]When it runs out[/]")
    kinds = {one.what.partition(" of ")[0]: one.advice for one in found}
    for kind, advice in kinds.items():
        console.print(f"  {kind}: {escape(advice)}", soft_wrap=True)


@app.command()
def report(
    states: States = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder the page is written to, as index.html.")] = Path(
        "access-report"
    ),
    across_projects: Across = False,
) -> None:
    """Write a static page: the matrix to search and filter, explanations, switch-role links, policies, room left."""
    with _input_errors():
        page = reports.write(_verdicts(states, across_projects), out)
    _console().print(f"Written: {page}", soft_wrap=True)


if __name__ == "__main__":
    app(prog_name="python -m access")
