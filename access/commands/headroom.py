"""`access headroom`: what is left of the quotas."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from access.headroom import headroom as measured
from access.terminal import Across, States, console, input_errors, verdicts_on


def headroom(states: States = None, across_projects: Across = False) -> None:
    """Show what is left of IAM's quotas: users per trust policy, accounts per group, and what to do at the limit."""
    with input_errors():
        verdicts = verdicts_on(states, across_projects)
    found = measured(verdicts)
    out = console()
    drawn = Table(title="Headroom", title_justify="left")
    for column in ("what", "account", "used", "of", "", "headroom"):
        drawn.add_column(column, overflow="fold", justify="right" if column in ("used", "of") else "left")
    for one in found:
        color = "red" if one.share > 0.9 else "yellow" if one.share > 0.7 else "green"
        share = f"[{color}]{one.share:.0%}[/]"
        drawn.add_row(
            one.what, verdicts.model.label(one.account), f"{one.used:,}", f"{one.limit:,} {one.unit}", share, one.more
        )
    out.print(drawn)
    out.print("[bold]When it runs out[/]")
    kinds = {one.what.partition(" of ")[0]: one.advice for one in found}
    for kind, advice in kinds.items():
        out.print(f"  {kind}: {escape(advice)}", soft_wrap=True)
