"""How the tests are shared out among workers, and which of them keep their order."""

from __future__ import annotations

import pytest

# Files in which one Pulumi run follows another, longest first: begun last, they would be what everybody waits for.
LONGEST = (
    "tests/e2e/test_deployment.py",
    "tests/e2e/test_killed.py",
    "tests/bootstrap/test_permissions.py",
    "tests/e2e/test_operations.py",
    "tests/e2e/test_documented_commands.py",
    "tests/e2e/test_s3_backend.py",
    "tests/e2e/test_refusals.py",
    "tests/sandbox/test_demo.py",
    "tests/policies/test_pack_on_engine.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Describe the markers of this suite."""
    config.addinivalue_line("markers", "steps: the tests of this file are steps of one procedure and keep their order")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file on one worker, for its fixtures, and the steps of a procedure in order; begin with the longest."""
    files = [_file(item) for item in items]
    for item, file in zip(items, files, strict=True):
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(file))
    # Whatever put the tests into another order: a procedure stands where its first step stands.
    first = {file: number for number, file in reversed(list(enumerate(files)))}
    place = {
        id(item): (first[file], item.location[1] or 0) if item.get_closest_marker("steps") else (number, 0)
        for number, (item, file) in enumerate(zip(items, files, strict=True))
    }
    rank = {file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: (rank.get(_file(item), len(LONGEST)), *place[id(item)]))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
