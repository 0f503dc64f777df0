"""Identity across versions: what a stack of one group and one role has under another name."""

from __future__ import annotations

from collections.abc import Collection

import pulumi

GROUP = "IT-Admins"
"""Name of the group unless configured, when there was one."""
ROLE = "TSU-IAM-ACCESS"
"""Name of the role unless configured, when there was one."""


def successor(names: Collection[str], former_default: str) -> str | None:
    """Return which of the groups or roles is the one that there was: the only one, else the one of the former default.

    None where that cannot be told: such a stack is to be deployed with one of them first (docs/operations.md).
    """
    if len(names) == 1:
        return next(iter(names))
    return former_default if former_default in names else None


def alias(name: str, *, carried_over: bool) -> list[pulumi.Alias]:
    """Return the former name of a resource as an alias, if it carries one over."""
    return [pulumi.Alias(name=name)] if carried_over else []
