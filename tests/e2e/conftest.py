"""The real engine on local accounts, one workspace per test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.workspace import Workspace
from tests.e2e.stacks import Stacks


@pytest.fixture(scope="module")
def stacks() -> Iterator[Stacks]:
    """Three stacks that nothing has deployed yet."""
    with Workspace(say=lambda _line: None) as workspace:
        yield Stacks(workspace)
