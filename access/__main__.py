"""The command line: `python -m access --help`."""

from __future__ import annotations

import typer

from access.commands.diff import diff
from access.commands.expect import expect
from access.commands.explain import explain
from access.commands.headroom import headroom
from access.commands.matrix import matrix
from access.commands.report import report
from access.commands.setup import setup

app = typer.Typer(
    name="access",
    help="Show who can enter which account, and under which conditions. Reads Pulumi's states and plans.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (matrix, explain, diff, expect, setup, headroom, report):
    app.command()(command)

if __name__ == "__main__":
    app(prog_name="python -m access")
