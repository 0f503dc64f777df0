"""Deploys the stacks to local accounts, lists what they hold, and shows the policy pack refusing (`make demo`)."""

from __future__ import annotations

import argparse
import io
import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

import yaml
from rich.console import Console

from access import matrix
from access.model import build
from access.states import read_states
from access.verdicts import Verdicts
from sandbox import inventory
from sandbox.errors import SandboxError
from sandbox.inventory import Account
from sandbox.workspace import Workspace

WIDTH = 80

WEAKENED_FILE = "components/documents.py"
STRICT = 'WITH_MFA = {"Bool": {MFA_PRESENT: "true"}}'
WEAKENED = 'WITH_MFA = {"BoolIfExists": {MFA_PRESENT: "true"}}'

ADDED = {
    "groups": {"Auditors": ["carol", {"name": "dave", "until": "2099-12-31"}]},
    "roles": {
        "TSU-AUDIT": {
            "groups": ["Auditors"],
            "managedPolicyArns": ["arn:aws:iam::aws:policy/SecurityAudit"],
            "maxSessionHours": 4,
            "mfaMaxAgeHours": 1,
            "sessionName": True,
        }
    },
}
"""What the demo's own copy has beside the shipped configuration."""

_CHANGES = re.compile(r"^ +[+~-]+ (\d+ (?:created|updated|deleted|replaced))$", re.MULTILINE)
_VIOLATIONS = re.compile(r"^Policies:\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


class Demo:
    """The steps of the demo, each told in a line with the seconds it took."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def run(self, port: int) -> None:
        """Go through all steps.

        Raises:
            SandboxError: A step failed, or did not show what it should.
        """
        started = time.monotonic()
        with self._clearing_up(), Workspace(port=port, say=self._say) as workspace:
            self._configure(workspace)
            security, *targets = workspace.stack_names
            for stack in (security, *targets):
                with self._step(f"Deploy {stack}") as outcome:
                    outcome(self._deploy(workspace, stack))
            with self._step("Take inventory of the accounts") as outcome:
                accounts = self._inventory(workspace)
                outcome(f"{len(accounts)} accounts")
            for stack, account in accounts.items():
                self._describe(stack, account)
            with self._step("Deploy all again") as outcome:
                for stack in (security, *targets):
                    unchanged = ("--yes", "--skip-preview", "--expect-no-changes")
                    workspace.run("up", *unchanged, "--stack", stack, *workspace.policy_pack(stack)).check()
                outcome("no change")
            self.weaken(workspace, targets[0], accounts)
            self._conclude(workspace)
        self._console.print(f"\nEverything is cleared away again ({time.monotonic() - started:.0f} s in all).")

    def _indented(self, text: str, style: str = "") -> None:
        """Print text two columns in; what is wrapped stays under the beginning of its line."""
        for line in text.splitlines():
            margin = " " * (2 + len(line) - len(line.lstrip()))
            wrapped = textwrap.fill(
                line.strip(), WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
            )
            self._console.print(wrapped, style=style)

    def _say(self, line: str) -> None:
        self._console.print(line, style="dim")

    @contextmanager
    def _step(self, headline: str) -> Iterator[Callable[[str], None]]:
        """Tell a step: what it is while it runs, then the outcome that the body reports, and its seconds."""
        outcomes: list[str] = []
        started = time.monotonic()
        spinner = self._console.status(headline) if self._console.is_terminal else nullcontext()
        try:
            with spinner:
                yield outcomes.append
        except SandboxError:
            self._console.print(f"✗ {headline}", style="bold red")
            raise
        text = f"✓ {headline}: {', '.join(outcomes)}"
        self._console.print(f"{text:<{WIDTH - 8}}{time.monotonic() - started:6.1f} s", style="bold")

    @contextmanager
    def _clearing_up(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            self._console.print("\nStopped. Nothing is left running; the next run starts afresh.")
            raise

    def _configure(self, workspace: Workspace) -> None:
        """Give the copy more than the shipped example has: a second group and a second role."""
        file = workspace.root / "Pulumi.yaml"
        project = yaml.safe_load(file.read_text())
        for key, values in ADDED.items():
            project["config"][key]["default"] |= values
        file.write_text(yaml.safe_dump(project, sort_keys=False))
        self._indented("Beside the shipped group and role:")
        self._indented(yaml.safe_dump(ADDED, sort_keys=False).rstrip())

    def _deploy(self, workspace: Workspace, stack: str) -> str:
        workspace.run("stack", "init", stack).check()
        done = workspace.run("up", "--yes", "--skip-preview", "--stack", stack, *workspace.policy_pack(stack)).check()
        return ", ".join(_CHANGES.findall(done.stdout)) + ", policy pack passed"

    def _inventory(self, workspace: Workspace) -> dict[str, Account]:
        return {
            profile.name.removeprefix("delegation-"): inventory.read(
                profile.account_id, workspace.accounts.iam(profile.account_id)
            )
            for profile in workspace.profiles
        }

    def _describe(self, stack: str, account: Account) -> None:
        lines = [f"{stack}, account {account.account_id}"]
        if account.users:
            lines.append(f"  users    {_names(account.users)}")
        for group in account.groups:
            lines.append(f"  group    {group.name}: {_names(group.members) or 'nobody'}")
            lines.extend(f"           may {name} (inline)" for name in group.inline)
            lines.extend(f"           has {_name(arn)}" for arn in group.attached)
        for role in account.roles:
            lines.append(f"  role     {role.name}: {_names(role.attached)}")
            lines.extend(f"           has {name} (inline)" for name in role.inline)
        self._indented("\n".join(lines))

    def weaken(self, workspace: Workspace, stack: str, before: Mapping[str, Account]) -> None:
        file = workspace.root / WEAKENED_FILE
        text = file.read_text()
        if text.count(STRICT) != 1:
            raise SandboxError(f"{WEAKENED_FILE} does not hold this line once, so it cannot be weakened: {STRICT}")
        file.write_text(text.replace(STRICT, WEAKENED))
        with self._step(f"Deploy {stack} with a weakened document") as outcome:
            refused = workspace.run("up", "--yes", "--stack", stack, *workspace.policy_pack(stack))
            violations = _VIOLATIONS.search(refused.stdout)
            if refused.returncode == 0 or violations is None or "[mandatory]" not in violations[1]:
                raise SandboxError(f"The policy pack did not refuse a weakened document:\n{refused.output}")
            if self._inventory(workspace) != before:
                raise SandboxError("The policy pack refused a weakened document, but the accounts have changed.")
            outcome("refused, nothing changed")
        self._indented(WEAKENED_FILE)
        self._indented(f"- {STRICT}", style="red")
        self._indented(f"+ {WEAKENED}", style="green")
        self._indented(textwrap.dedent(violations[1]).rstrip())

    def _conclude(self, workspace: Workspace) -> None:
        verdicts = self._verdicts(workspace)
        entered = {cell.role.arn for cell in verdicts.cells() if cell.access}
        if not entered.issuperset(role.arn for role in verdicts.model.roles):
            raise SandboxError("Not every access role can be entered, by the exported states.")
        self._console.print()
        self._console.print(matrix.table(verdicts, width=WIDTH))
        self._console.print("Switch role in the browser, signed in to the Security account:")
        for stack in verdicts.model.stacks:
            for link in stack.outputs.get("switchRoleLinks", {}).values():
                # Whole, for copying, even where it is longer than the line.
                self._console.print(f"  {stack.name}: {link}", soft_wrap=True)

    def _verdicts(self, workspace: Workspace) -> Verdicts:
        folder = workspace.root.parent / "exported"
        folder.mkdir()
        for stack in workspace.stack_names:
            exported = workspace.run("stack", "export", "--stack", stack).check()
            (folder / f"{stack}.json").write_text(exported.stdout)
        return Verdicts(build(read_states([str(folder)])))


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _names(arns: Sequence[str]) -> str:
    return ", ".join(map(_name, arns))


def main() -> int:
    """Run the demo and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=0, help="port of the local accounts on 127.0.0.1; default: any free one"
    )
    arguments = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Not every terminal has a check mark.
        sys.stdout.reconfigure(errors="replace")
    try:
        Demo(Console(width=WIDTH, highlight=False, markup=False)).run(arguments.port)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
