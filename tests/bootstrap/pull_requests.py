"""A pull request as a job of preview.yml sees it: the two checkouts, and the workflow's own steps run on them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.workspace import REPOSITORY

WORKFLOW = yaml.safe_load((REPOSITORY / ".github/workflows/preview.yml").read_text())


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """The folder of a job, with the checkouts `base` and `change`."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def change(self) -> Path:
        return self.folder / "change"

    def step(self, job: str, name: str, *, cwd: str = ".", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the one step of a job whose name, id or script begins so, as the runner does."""
        (step,) = (step for step in WORKFLOW["jobs"][job]["steps"] if _begins(step, name))
        return subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=self.folder / cwd,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def preview(self, stack: str, program: str = "../change") -> tuple[int, str]:
        """Run the step that previews; return its exit code, and what it reports."""
        done = self.step("preview", "preview", STACK=stack, PROGRAM=program)
        return done.returncode, (self.folder / "report/preview.txt").read_text() + done.stderr


def _begins(step: dict[str, Any], name: str) -> bool:
    texts = (step.get("name", ""), step.get("id", ""), step.get("run", ""))
    return "run" in step and any(text.startswith(name) for text in texts)


def check_out(source: Path, target: Path) -> None:
    """Copy a repository as actions/checkout leaves it, and make it one whose dependencies are installed.

    What is copied stands beside the repository, as it was at the first call.
    """
    checkout = source.with_name("checkout")
    if not checkout.exists():
        shutil.copytree(source, checkout, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        # The virtual environment is this one: `make` has nothing to install.
        for name in ("requirements-dev.txt", "policypacks/delegation/pyproject.toml"):
            os.utime(checkout / name, (0, 0))
        git(checkout, "init", "--quiet")
        commit(checkout)
        # As what was fetched is: not in a file for each object, which would be most of what is copied.
        git(checkout, "repack", "-a", "-d", "--quiet")
    # Not by Python, which takes several times as long.
    subprocess.run(["cp", "-RPp", checkout, target], check=True)


def commit(checkout: Path) -> None:
    """Record the checkout as it is, except for what .gitignore names."""
    git(checkout, "add", "--all")
    git(checkout, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "change")


def git(checkout: Path, *arguments: str) -> str:
    """Run git in a checkout; return what it prints."""
    return subprocess.run(["git", "-C", checkout, *arguments], check=True, capture_output=True, text=True).stdout
