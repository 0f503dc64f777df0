"""The policy pack `delegation`."""

from __future__ import annotations

from pathlib import Path

from delegation_pack.rules import RULES
from delegation_pack.sdk import initial_config, policies
from pulumi_policy import PolicyPack

PolicyPack(
    name="delegation",
    policies=policies(RULES),
    initial_config=initial_config(RULES, Path(__file__).parent / "config" / "default.json"),
)
