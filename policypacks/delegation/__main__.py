"""The policy pack `delegation`."""

from __future__ import annotations

from policies import POLICIES
from pulumi_policy import PolicyPack

PolicyPack(name="delegation", policies=POLICIES)
