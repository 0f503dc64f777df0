"""The policy pack `delegation`."""

from __future__ import annotations

from pulumi_policy import PolicyPack

from policies import POLICIES

PolicyPack(name="delegation", policies=POLICIES)
