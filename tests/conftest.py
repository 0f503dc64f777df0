"""In which order the tests begin, and which of them keep their order."""

from __future__ import annotations

import functools
import gc
import os
import signal
from collections.abc import Iterator

import botocore.session
import pytest

# Longest first: most run Pulumi again and again. Begun last, they would be what everybody waits for.
LONGEST = (
    "tests/e2e/test_fleet.py",
    "tests/e2e/test_killed.py",
    "tests/e2e/test_deployment.py",
    "tests/e2e/test_documented_commands.py",
    "tests/operations/fleet/test_fleet_commands.py",
    "tests/e2e/test_packed_grants.py",
    "tests/bootstrap/test_permissions.py",
    "tests/sandbox/test_demo.py",
    "tests/bootstrap/test_pull_request_evidence.py",
    "tests/e2e/test_upgrade.py",
    "tests/e2e/test_operations.py",
    "tests/e2e/test_taking_back.py",
    "tests/sandbox/test_workspace.py",
    "tests/sandbox/test_warm_python.py",
    "tests/policies/iam/test_iam_properties.py",
    "tests/e2e/test_refresh.py",
    "tests/e2e/test_refusals.py",
    "tests/bootstrap/test_hostile_changes.py",
    "tests/e2e/test_s3_backend.py",
    "tests/policies/iam/test_iam_new_access.py",
    "tests/policies/test_pack_on_engine.py",
    "tests/policies/test_aws_managed_policies.py",
    "tests/e2e/test_partition.py",
    "tests/e2e/test_policy_pack_elsewhere.py",
    "tests/policies/test_whose.py",
    "tests/access/test_access_page.py",
    "tests/access/test_access_proof.py",
    "tests/operations/test_offboard.py",
    "tests/e2e/test_whose_role.py",
    "tests/policies/iam/test_iam_partial.py",
    "tests/sandbox/stand_in/test_stand_in_roles_and_policies.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Describe the markers of this suite."""
    config.addinivalue_line("markers", "steps: the tests of this file are steps of one procedure and keep their order")
    # A shell starts what runs in the background with Ctrl-C ignored, and processes inherit it: tests send that signal.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Test in one process more than there are processors: some wait for what they have killed or slowed down."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def service_models() -> Iterator[None]:
    """Read AWS's service models once: each session of boto3 reads its own, which takes a tenth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        yield


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the steps of a procedure in order, and begin with the longest files."""
    files = [_file(item) for item in items]
    # Whatever put the tests into another order: a procedure stands where its first step stands.
    first = {file: number for number, file in reversed(list(enumerate(files)))}
    place = {
        id(item): (first[file], *_written(item)) if item.get_closest_marker("steps") else (number,)
        for number, (item, file) in enumerate(zip(items, files, strict=True))
    }
    rank = {file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: (rank.get(_file(item), len(LONGEST)), *place[id(item)]))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for garbage less often, not while thousands of tests are collected, and never among them.

    It took a third of the time of collecting and a sixth of a test process's.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000)
        gc.enable()


def _written(item: pytest.Item) -> tuple[int, ...]:
    """Return where a test stands in its file: its line, then its parameters' places."""
    callspec = getattr(item, "callspec", None)
    return (item.location[1] or 0, *(callspec.indices.values() if callspec else ()))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
