"""The three stacks on the real engine and local accounts, with short verbs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox import inventory, stack_files
from sandbox.inventory import Account
from sandbox.workspace import Result, Workspace
from tests import workspaces

ACCOUNTS = {"security": "111111111111", "preprod": "222222222222", "production": "333333333333"}


class Stacks:
    """The three stacks in one workspace, with short verbs."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._initialised: set[str] = set()
        self.environment: dict[str, str | None] = {}
        """Changes of the environment in all runs."""

    def pulumi(
        self,
        verb: str,
        stack: str,
        *arguments: str,
        judged: bool = True,
        env: dict[str, str | None] | None = None,
        **options: Any,
    ) -> Result:
        """Run a verb on a stack, a preview or an update with the policy pack unless it is not to be `judged`."""
        self.initialize(stack)
        pack = self.workspace.policy_pack(stack) if judged and verb in ("preview", "up") else ()
        confirmed = ("--yes",) if verb in ("up", "destroy") else ()
        env = self.environment | (env or {})
        return self.workspace.run(verb, *confirmed, "--stack", stack, *pack, *arguments, env=env, **options)

    def initialize(self, stack: str) -> None:
        """Make a stack, empty, unless it is there."""
        if stack not in self._initialised:
            workspaces.initialize(self.workspace, stack, self.environment)
            self._initialised.add(stack)

    def share(self, **values: Any) -> None:
        """Set keys that all stacks share, in Pulumi.yaml."""
        stack_files.share(self.workspace.root, **values)

    @contextmanager
    def sharing(self, **values: Any) -> Iterator[None]:
        """Share keys for a while."""
        file = self.workspace.root / "Pulumi.yaml"
        before = file.read_text()
        self.share(**values)
        try:
            yield
        finally:
            file.write_text(before)

    def update(self, stack: str, *arguments: str, **options: Any) -> Result:
        """Update a stack that was previewed before, or whose preview is not what a test is about."""
        return self.pulumi("up", stack, "--skip-preview", *arguments, **options).check()

    def steps(self, stack: str) -> list[Any]:
        """Update a stack from what is there, and return the engine's steps in order: `op`, `urn`, `type` and more."""
        lines = self.update(stack, "--refresh", "--json").stdout.splitlines()
        return [step["metadata"] for line in lines if (step := json.loads(line).get("resourcePreEvent"))]

    def account(self, stack: str) -> Account:
        """Read what stands in a stack's account."""
        return inventory.read(ACCOUNTS[stack], self.iam(stack))

    def iam(self, stack: str) -> Any:
        """Return an IAM client of a stack's account, for what people do by hand."""
        return self.workspace.accounts.iam(ACCOUNTS[stack])

    def configure(self, stack: str, **values: Any) -> None:
        """Set keys of a stack file; None takes one away."""
        stack_files.configure(self.workspace.root, stack, **values)

    def rewrite(self, name: str, old: str, new: str) -> Callable[[], None]:
        """Change a file of the program; returns what puts it back."""
        file = self.workspace.root / name
        before = file.read_text()
        assert before.count(old) == 1, f"{name} does not hold {old!r} once"
        file.write_text(before.replace(old, new))

        def put_back() -> None:
            file.write_text(before)

        return put_back
