"""States as the real AWS provider writes them say the same as those of the demo."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sandbox import documents
from tests.access.conftest import Run

DEMO = Path(__file__).parent / "demo"
# What Terraform's SDK and the bridge add, and how they rewrite what the program gave.
INLINE = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/groupPolicy:GroupPolicy")


def of_the_real_kind(resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource of a state as the real provider keeps it."""
    if not resource["type"].startswith("aws:"):
        return resource
    inputs, outputs = dict(resource.get("inputs", {})), dict(resource.get("outputs", {}))
    inputs["__defaults"] = ["path"] if "path" in inputs else []
    if "tags" in outputs:
        inputs["tagsAll"] = outputs["tagsAll"] = {**(outputs.get("tags") or {}), "__defaults": []}
    for key in ("policy", "assumeRolePolicy"):
        if key in outputs:
            outputs[key] = documents.normalized(outputs[key], version_first=resource["type"] in INLINE)
    if "PolicyAttachment:" in resource["type"]:
        owner = outputs.get("role") or outputs.get("group")
        resource = {**resource, "id": f"{owner}-20261125044306660400000001"}
    outputs["__meta"] = '{"schema_version":"1"}'
    return {**resource, "inputs": inputs, "outputs": outputs}


@pytest.mark.parametrize("command", [["matrix"], ["headroom"]], ids=["matrix", "headroom"])
def test_access_reads_the_same_out_of_states_of_the_real_kind(run: Run, tmp_path: Path, command: list[str]) -> None:
    shutil.copytree(DEMO / "states", tmp_path / "states")
    for file in (tmp_path / "states").glob("*.json"):
        state = json.loads(file.read_text())
        resources = state["deployment"]["resources"]
        state["deployment"]["resources"] = [of_the_real_kind(resource) for resource in resources]
        assert state["deployment"]["resources"] != resources
        file.write_text(json.dumps(state))
    ours, real = (run(*command, "--state", folder / "states") for folder in (DEMO, tmp_path))
    assert real.output == ours.output
    assert real.exit_code == ours.exit_code == 0
