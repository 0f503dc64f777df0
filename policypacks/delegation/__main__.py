"""The policy pack `delegation`."""

from __future__ import annotations

from delegation_pack.rules import RULES
from delegation_pack.sdk import policies
from pulumi_policy import PolicyPack

PolicyPack(name="delegation", policies=policies(RULES))
