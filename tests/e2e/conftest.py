"""The real engine on local accounts, one workspace per test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.stacks import Stacks
from tests.workspaces import open_workspace


@pytest.fixture(scope="module")
def stacks() -> Iterator[Stacks]:
    """Three stacks that nothing has deployed yet."""
    with open_workspace() as workspace:
        yield Stacks(workspace)
