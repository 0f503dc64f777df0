"""What is checked and what Pulumi is given for one stack, for `make up` and the fleet alike."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from operations import stack
from operations.errors import OperationError
from operations.project_files import PACK
from sandbox.workspace import REPOSITORY

CONFIG = "policypacks/delegation/config/preprod.json"

SHARED = "policypacks/delegation/config/default.json"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A checkout with the stacks' files and the policy pack."""
    for file in REPOSITORY.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    shutil.copytree(REPOSITORY / PACK, tmp_path / PACK, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    return tmp_path


def test_the_shipped_files_are_accepted(top: Path) -> None:
    assert stack.check(top, "preprod", top) == []


def test_problems_of_all_files_are_told_together(top: Path) -> None:
    (top / CONFIG).write_text('{"all": "disabled"}')
    with (top / "Pulumi.preprod.yaml").open("a") as file:
        file.write("environment: [attacker/variables]\n")
    with pytest.raises(OperationError) as refusal:
        stack.check(top, "preprod", top)
    stack_file, config = str(refusal.value).splitlines()
    assert stack_file.startswith(f"{top}/Pulumi.preprod.yaml: `environment`: ")
    assert config.startswith(f"{CONFIG}: all: disabled lowers mandatory policies.")


def test_the_policy_packs_configuration_is_that_of_the_judging_checkout(top: Path, tmp_path: Path) -> None:
    change = tmp_path / "change"
    shutil.copytree(top, change, ignore=shutil.ignore_patterns("change"))
    (change / CONFIG).write_text('{"all": "disabled"}')
    assert stack.check(top, "preprod", change) == []


def test_what_all_stacks_share_is_checked_too(top: Path) -> None:
    (top / SHARED).write_text('{"all": {"allowedCidrs": ["198.51.0.0/16"]}}')
    with pytest.raises(OperationError) as refusal:
        stack.check(top, "preprod", top)
    assert str(refusal.value).startswith(f"{SHARED}: all: allowedCidrs[0] is 198.51.0.0/16, wider than /24")
    (top / SHARED).write_text('{"all": {"allowedCidrs": [{"cidr": "198.51.0.0/16", "reason": "the provider\'s"}]}}')
    (note,) = stack.check(top, "preprod", top)
    assert note.startswith(f"{SHARED}: all: allowedCidrs[0]: 198.51.0.0/16 is allowed")


def test_what_is_allowed_for_a_reason_is_told(top: Path) -> None:
    content = json.loads((top / CONFIG).read_text())
    ranges = [{"cidr": "198.51.0.0/16", "reason": "the provider's"}]
    content["iam-assume-role-requires-source-ip"] = {"allowedCidrs": ranges}
    (top / CONFIG).write_text(json.dumps(content))
    (note,) = stack.check(top, "preprod", top)
    assert note.startswith(f"{CONFIG}: iam-assume-role-requires-source-ip: allowedCidrs[0]: 198.51.0.0/16 is allowed")


def test_no_module_comes_before_the_installed_ones() -> None:
    given = stack.environment({"PYTHONPATH": "mine", "PYTHONHOME": "mine", "PATH": "/bin"})
    assert given == {"PATH": "/bin", "PYTHONSAFEPATH": "1"}
