"""Previews, deployments and the demo, on local accounts."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, seconds
from sandbox.workspace import REPOSITORY, Workspace

EMPTY_PROJECT = {
    "Pulumi.yaml": "name: empty\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n",
    "Pulumi.preprod.yaml": "",
    "__main__.py": "",
}
CACHED: dict[str, str | None] = {"PYTHONDONTWRITEBYTECODE": None}
"""As people have it: the pack is compiled once."""


def measure() -> Iterator[Figure]:
    """Yield the figures of the deployment."""
    empty = _empty_preview()
    yield Figure(name="preview of an empty program", value=empty, unit="s")
    with Workspace() as workspace:
        security, *targets = workspace.stack_names
        calls = workspace.root.parent / "aws-calls"
        for stack in (security, *targets):
            workspace.run("stack", "init", stack).check()
        workspace.run("up", "--yes", "--stack", security, *workspace.policy_pack(security)).check()

        stack = "preprod"
        plain = ("preview", "--stack", stack)
        without = seconds(lambda: workspace.run(*plain, env=CACHED).check())
        judged = seconds(lambda: workspace.run(*plain, *workspace.policy_pack(stack), env=CACHED).check())
        yield Figure(name=f"preview of {stack} with the pack", value=judged, unit="s", limit=max(2.5 * empty, 3))
        yield Figure(name="what the pack adds to it", value=judged - without, unit="s", limit=0.5)

        for name in ("first", "second"):
            calls.write_text("")
            up = ("up", "--yes", "--skip-preview", "--stack", stack, *workspace.policy_pack(stack))
            workspace.run(*up, env={"DELEGATION_CALL_LOG": str(calls)}).check()
            made = len(calls.read_text().splitlines())
            yield Figure(name=f"AWS calls of the {name} up of {stack}", value=made, unit="calls")
    yield Figure(name="make demo, engine cached", value=seconds(_demo, times=1), unit="s", limit=60)


def _empty_preview() -> float:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in EMPTY_PROJECT.items():
            Path(folder, name).write_text(text)
        with Workspace(Path(folder)) as workspace:
            workspace.run("stack", "init", "preprod").check()
            return seconds(lambda: workspace.run("preview", "--stack", "preprod").check())


def _demo() -> None:
    subprocess.run([sys.executable, "-m", "sandbox.demo"], cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True)
