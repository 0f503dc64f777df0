"""The state on S3, as a team keeps it: what two updates at once do to each other, and what a preview writes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.workspace import Result, Workspace
from tests.e2e.stacks import ACCOUNTS, Stacks
from tests.sandbox.processes import PATIENCE, eventually
from tests.workspaces import open_workspace

pytestmark = pytest.mark.steps

BUCKET = "delegation-state-111111111111"
IMPORTS = "from __future__ import annotations\n"
# Holds the program, and with it the stack's lock, until the test has seen what it looks for.
WAITING = """
import pathlib, time
pathlib.Path({runs!r}).touch()
while not pathlib.Path({go_on!r}).exists():
    time.sleep(0.05)
"""


class StateOnS3(Stacks):
    """The stacks with their state in a bucket of the local accounts."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.s3 = workspace.accounts.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        address = f"region=us-east-1&endpoint={workspace.accounts.endpoint}&s3ForcePathStyle=true"
        self.environment = {"PULUMI_BACKEND_URL": f"s3://{BUCKET}?{address}"}

    def pulumi(self, verb: str, stack: str, *arguments: str, **options: Any) -> Result:
        """Run a verb on a stack, with the state in the bucket; without the policy pack, which reads no state."""
        return super().pulumi(verb, stack, *arguments, judged=False, **options)

    def objects(self, prefix: str = "") -> dict[str, str]:
        """Return the objects of the bucket: key to content hash."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {entry["Key"]: entry["ETag"] for entry in listed}

    def resources(self, stack: str) -> list[str]:
        """Return the URNs in a stack's state, as the bucket holds it."""
        state = json.load(self.s3.get_object(Bucket=BUCKET, Key=f".pulumi/stacks/delegation/{stack}.json")["Body"])
        return [resource["urn"] for resource in state["checkpoint"]["latest"]["resources"]]


@pytest.fixture(scope="module")
def on_s3() -> Iterator[StateOnS3]:
    with open_workspace() as workspace:
        yield StateOnS3(workspace)


def test_of_two_updates_at_once_one_is_refused_and_nothing_is_lost(on_s3: StateOnS3, tmp_path: Path) -> None:
    on_s3.initialize("security")
    runs, go_on = tmp_path / "runs", tmp_path / "go-on"
    put_back = on_s3.rewrite("__main__.py", IMPORTS, IMPORTS + WAITING.format(runs=str(runs), go_on=str(go_on)))
    results: dict[str, Result] = {}

    def first_update() -> None:
        results["first"] = on_s3.pulumi("up", "security", "--skip-preview")

    first = threading.Thread(target=first_update)
    first.start()
    # The program runs: the lock is taken.
    assert eventually(runs.exists)
    results["second"] = on_s3.pulumi("up", "security", "--skip-preview")
    put_back()
    go_on.touch()
    first.join(timeout=PATIENCE)

    assert results["first"].returncode == 0, results["first"].output
    assert results["second"].returncode != 0
    assert "the stack is currently locked by 1 lock(s)" in results["second"].output
    assert on_s3.objects(".pulumi/locks/") == {}
    (group,) = on_s3.account("security").groups
    assert len(group.members) == 2
    # What the state holds is what stands in the account, all of it.
    kinds = [urn.split("::")[2].rpartition("$")[2] for urn in on_s3.resources("security")]
    assert (kinds.count("aws:iam/user:User"), kinds.count("aws:iam/groupMembership:GroupMembership")) == (2, 1)
    refreshed = on_s3.pulumi("refresh", "security", "--preview-only", "--expect-no-changes")
    assert refreshed.returncode == 0, refreshed.output


def test_updates_of_two_stacks_at_once_both_go_through(on_s3: StateOnS3) -> None:
    results: dict[str, Result] = {}

    def update(stack: str) -> None:
        results[stack] = on_s3.pulumi("up", stack, "--skip-preview")

    for stack in ("preprod", "production"):
        on_s3.initialize(stack)
    threads = [threading.Thread(target=update, args=(stack,)) for stack in ("preprod", "production")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE)
    assert {stack: result.returncode for stack, result in results.items()} == {"preprod": 0, "production": 0}
    (group,) = on_s3.account("security").groups
    assert len(group.inline) == 2
    assert all(len(on_s3.resources(stack)) > 3 for stack in ACCOUNTS)


def test_a_preview_writes_nothing(on_s3: StateOnS3) -> None:
    before = on_s3.objects()
    on_s3.configure("security", tags={"team": "platform"})
    on_s3.pulumi("preview", "security", "--refresh").check()
    assert on_s3.objects() == before
