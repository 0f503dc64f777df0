"""The company that `make bench` deploys, as the program and the policy pack read its files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks import fleet as company
from operations import stack, stack_files, targets
from operations.project_files import PACK
from sandbox.workspace import REPOSITORY


@pytest.mark.parametrize(("count", "grants"), [(9, "perTarget"), (10, "packed"), (50, "packed")])
def test_its_files_are_accepted_and_agree(tmp_path: Path, count: int, grants: str) -> None:
    shutil.copy(REPOSITORY / "Pulumi.yaml", tmp_path)
    (tmp_path / PACK / "config").mkdir(parents=True)
    for name in ("check_config.py", "config/default.json"):
        shutil.copy(REPOSITORY / PACK / name, tmp_path / PACK / name)
    stacks = company.write(tmp_path, count)
    assert len(stacks) == 1 + count
    for name in ("security", stacks[-1]):
        assert stack.check(tmp_path, name, tmp_path) == []
    settings = stack_files.read_settings(tmp_path, "security")
    assert (settings.grants, len(settings.targets)) == (grants, count if grants == "packed" else 0)
    assert (len(settings.groups), len(settings.roles), sum(map(len, settings.members.values()))) == (3, 4, 30)
    assert list(targets.disagreements(tmp_path)) == []
    company.add_person(tmp_path)
    company.change_address(tmp_path, count)
    assert list(targets.disagreements(tmp_path)) == []
    assert sum(map(len, stack_files.read_settings(tmp_path, "security").members.values())) == 31
    addresses = [stack_files.read_settings(tmp_path, stack).cidrs for stack in stacks]
    assert (addresses[1], set(addresses[2:])) == (("203.0.113.20/32",), {("203.0.113.10/32",)})
