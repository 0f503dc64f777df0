"""docs/policies.md: an entry for each policy, whose examples are judged as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.policies.documents_under_test import group_policy, role
from tests.policies.running import BY_NAME, CONFIG, SECURITY, TARGET, judge

TEXT = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
ENTRIES = dict(re.findall(r"^### ([a-z-]+)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
EXAMPLES = {name: re.findall(r"```json\n(.*?)```", entry, re.DOTALL) for name, entry in ENTRIES.items()}
WITH_EXAMPLES = [name for name in BY_NAME if EXAMPLES.get(name)]


def refusals(policy: str, document: dict[str, Any]) -> list[str]:
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    trusts = "Principal" in statements[0]
    made = role(document) if trusts else group_policy(document, account=SECURITY if "assume-role" in policy else TARGET)
    return [one.message for one in judge(made, config=CONFIG, of=[policy])]


@pytest.mark.parametrize("name", BY_NAME)
def test_each_policy_has_an_entry_with_why_bad_good_and_configuration(name: str) -> None:
    entry = ENTRIES[name]
    assert entry.strip().startswith("Mandatory" if BY_NAME[name].mandatory else "Advisory")
    assert entry.index("\nBad") < entry.index("\nGood") < entry.index("\nConfiguration: ")
    configuration = entry[entry.index("\nConfiguration: ") :]
    assert all(f"`{key}`" in configuration for key in BY_NAME[name].properties)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_bad_example_is_refused_and_the_good_one_is_not(name: str) -> None:
    bad, good = map(json.loads, EXAMPLES[name])
    assert refusals(name, bad)
    assert refusals(name, good) == []


def test_the_entries_with_documents_show_them() -> None:
    assert len(WITH_EXAMPLES) == 13


def test_the_overview_points_to_each_policy() -> None:
    overview = TEXT[TEXT.index("\n## What it refuses\n") : TEXT.index("\n## How it judges\n")]
    assert [name for name in BY_NAME if f"(#{name})" not in overview] == []
