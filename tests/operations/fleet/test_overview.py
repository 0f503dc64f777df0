"""The page on a deployment whose stacks ran in jobs of their own."""

from __future__ import annotations

import json
from pathlib import Path

from operations.fleet.outcome import Outcome
from operations.fleet.overview import outcomes, page
from operations.fleet.report import as_json


def test_each_stack_has_a_place_and_what_needs_a_look_comes_first(tmp_path: Path) -> None:
    ended = [
        Outcome(stack="security", result="unchanged", seconds=4),
        Outcome(stack="preprod", result="changed", changes={"update": 2}, seconds=65, warnings=("w",)),
        Outcome(stack="prod-de", result="failed", reason="Role <b> | is taken\nmake import-plan", seconds=3),
    ]
    for outcome in ended:
        (tmp_path / f"{outcome.stack}.json").write_text(json.dumps(as_json("up", [outcome], outcome.seconds)))
    written = list(page(outcomes(tmp_path, ["preprod", "prod-de", "prod-fr", "security"])))
    assert written == [
        "### 4 stacks: 1 failed, 1 not begun, 1 changed, 1 unchanged",
        "",
        "| stack | result | what | time |",
        "|---|---|---|---|",
        "| prod-de | failed | Role &lt;b> \\| is taken<br>make import-plan | 3 s |",
        "| prod-fr | not begun | Its job did not come so far. | 0 s |",
        "| preprod | changed | 2 updated | 1 min 5 s |",
        "",
        "Unchanged: security.",
    ]
