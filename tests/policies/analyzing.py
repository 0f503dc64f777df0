"""Judges an exported state with the pack on the real engine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sandbox.workspace import Workspace

PACK = Path("policypacks/delegation")


def analyze(
    workspace: Workspace, folder: Path, state: dict[str, Any], config: dict[str, Any] | Path, pack: Path = PACK
) -> list[dict[str, Any]]:
    """Return the violations that `pulumi policy analyze` reports on a state."""
    file = folder / "state.json"
    file.write_text(json.dumps(state))
    if isinstance(config, dict):
        (folder / "config.json").write_text(json.dumps(config))
        config = folder / "config.json"
    arguments = ("--file", str(file), "--policy-pack", str(pack), "--policy-pack-config", str(config), "--json")
    result = workspace.run("policy", "analyze", *arguments)
    events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert any("summaryEvent" in event for event in events), result.output
    return [event["policyEvent"] for event in events if "policyEvent" in event]


def mandatory(violations: list[dict[str, Any]]) -> set[str]:
    return {one["policyName"] for one in violations if one["enforcementLevel"] == "mandatory"}


def printed(output: str) -> set[tuple[str, str]]:
    """Return level and name of each policy that, by what a preview or an update prints, found something."""
    return set(re.findall(r"\[(mandatory|advisory)\].*?  ([a-z-]+)  \(", output))
