"""Decides which Pulumi engine is used."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sandbox.engine import build
from sandbox.errors import SandboxError

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A Pulumi command line that can run Python programs."""

    pulumi: Path
    """The executable."""
    built: bool
    """Built from source: its Python language host is the sandbox's own."""


def pinned_version() -> str:
    """Return the version of the installed Pulumi SDK, such as `3.259.0`: the engine must not be older."""
    return metadata.version("pulumi")


def obtain(say: Callable[[str], None]) -> Engine:
    """Return the engine on PATH if it fits, else the cached build, else a new build.

    Args:
        say: Told, in whole lines, what was passed over and how a build proceeds.

    Raises:
        SandboxError: No engine, and none can be built; the text says how to install Pulumi.
    """
    found = shutil.which("pulumi")
    if found:
        objection = _objection(Path(found))
        if objection is None:
            return Engine(pulumi=Path(found), built=False)
        say(f"Not using {found}: {objection}.")
    folder = build.cached(pinned_version()) or build.build(pinned_version(), say)
    return Engine(pulumi=folder / build.EXECUTABLE, built=True)


def _objection(pulumi: Path) -> str | None:
    """Say why an executable cannot be the engine, or None when it can."""
    pinned = pinned_version()
    try:
        answer = subprocess.run(
            [pulumi, "version"],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it does not run ({error})"
    version = _VERSION.search(answer.stdout)
    wanted = _VERSION.fullmatch(pinned)
    if answer.returncode != 0 or version is None:
        return "`pulumi version` does not answer with a version"
    if wanted is None:
        raise SandboxError(f"The installed Pulumi SDK has an unexpected version: {pinned}. Run `make setup`.")
    major, minor = int(version[1]), int(version[2])
    if major != int(wanted[1]) or minor < int(wanted[2]):
        return f"its version is {version[0]}, this project needs {wanted[1]}.{wanted[2]} or newer"
    beside = pulumi.resolve().with_name("pulumi-language-python")
    if not os.access(beside, os.X_OK) and shutil.which("pulumi-language-python") is None:
        return "it comes without pulumi-language-python"
    return None
