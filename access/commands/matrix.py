"""`access matrix`: every user against every role."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from access import matrix as matrices
from access.terminal import Across, States, console, input_errors, verdicts_on


class Format(StrEnum):
    """What `matrix` writes."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


def matrix(
    states: States = None,
    output: Annotated[
        Format, typer.Option("--format", "-f", help="Output format. CSV and JSON list refused pairs too.")
    ] = Format.TABLE,
    across_projects: Across = False,
) -> None:
    """Show which user can enter which role, under which conditions, and which statements allow it."""
    with input_errors():
        verdicts = verdicts_on(states, across_projects)
        match output:
            case Format.CSV:
                matrices.write_csv(verdicts, sys.stdout)
            case Format.JSON:
                print(matrices.as_json(verdicts))
            case Format.MARKDOWN:
                print(matrices.markdown(verdicts), end="")
            case Format.TABLE:
                out = console()
                out.print(matrices.table(verdicts, width=out.width))
                out.print(matrices.summary(verdicts))
                if out.width < matrices.WIDE:
                    out.print(f"Which statements decide is shown from {matrices.WIDE} columns on.")
