"""The policy pack `delegation`."""

from __future__ import annotations

from delegation_pack.policies import POLICIES
from pulumi_policy import PolicyPack

PolicyPack(name="delegation", policies=POLICIES)
