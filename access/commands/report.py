"""`access report`: the static page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from access import report as reports
from access.terminal import Across, States, console, input_errors, verdicts_on


def report(
    states: States = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the page, index.html.")] = Path("access-report"),
    across_projects: Across = False,
) -> None:
    """Write one page to search and print: matrix, explanations, switch-role links, policies, headroom."""
    with input_errors():
        page = reports.write(verdicts_on(states, across_projects), out)
    console().print(f"Written: {page}", soft_wrap=True)
