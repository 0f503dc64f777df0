"""The rows of every rule, from the test that carries its name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from tests.policies.rules.cases import Case
from tests.policies.running import BY_NAME

CASES: Mapping[str, list[Case]] = {
    name: import_module(f"tests.policies.rules.test_{name.replace('-', '_')}").CASES
    for name in BY_NAME
    if name != "delegation-exemptions-used"
}
