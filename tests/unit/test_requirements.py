"""The lock files: what users install is what is tested."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def pinned(name: str) -> set[str]:
    """Return the pins of a lock file, such as `pulumi==3.259.0`."""
    return set(re.findall(r"^\S+==\S+", (REPOSITORY / name).read_text(), re.MULTILINE))


def test_users_install_the_versions_that_are_tested() -> None:
    assert pinned("requirements.txt")
    assert pinned("requirements.txt") <= pinned("requirements-dev.txt")
