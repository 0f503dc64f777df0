"""`access setup`: what one person needs to get in."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from access.setup import setup as setups
from access.terminal import Across, States, console, input_errors, verdicts_on


def setup(
    user: Annotated[str, typer.Argument(help="Name or ARN of a user.")],
    states: States = None,
    across_projects: Across = False,
) -> None:
    """Show one person's switch-role links, AWS CLI profiles, browser-extension settings and first steps."""
    with input_errors():
        verdicts = verdicts_on(states, across_projects)
        person = verdicts.model.user(user)
        found = setups(verdicts, person)
    out = console()

    def part(heading: str, text: str) -> None:
        out.print(f"[bold]{heading}[/]")
        out.print(escape(text.rstrip()) + "\n", soft_wrap=True)

    if not found.links:
        out.print(f"{person.name} may enter no role in these states: `access explain {person.name} ACCOUNT` says why.")
        return
    part("Switch role in the browser", "\n".join(f"{place}\n  {link}" for place, link in found.links))
    part("~/.aws/config, MFA carried into the role's session (first choice)", found.profiles_mfa_in_session)
    part("~/.aws/config, MFA asked for by the CLI (the role's session carries none)", found.profiles_mfa_serial)
    part("AWS Extend Switch Roles (browser extension)", found.extend_switch_roles)
    part("First sign-in", "\n".join(f"{i}. {step}" for i, step in enumerate(found.first_steps, 1)))
    if found.notes:
        part("Note", "\n".join(found.notes))
