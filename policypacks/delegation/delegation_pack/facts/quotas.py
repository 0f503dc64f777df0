"""IAM's quotas, and how it counts a document.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, 2026-11. Sizes are in characters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TRUST_POLICY = 2048
TRUST_POLICY_RAISED = 8192
"""The most that AWS raises the quota of trust policies (L-C07B4B0D) to."""
MANAGED_POLICY = 6144
INLINE_POLICIES = {"role": 10240, "group": 5120, "user": 2048}
"""All inline policies of one of these together."""
ATTACHED_POLICIES = 10
"""Managed policies of a group; of a role or user by default."""
GROUPS_OF_USER = 10
SWITCH_ROLE_NAME = 64
"""Path and name of a role that the console's Switch Role takes."""

_BLANKS = " \t\r\n"


def characters(document: str | Mapping[str, Any]) -> int:
    """Return the size of a document as its quota counts it: characters other than white space.

    AWS does not say which characters are white space. Here only those of JSON are, so that a no-break space within a
    name counts: the answer is never too small.
    """
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return len(text) - sum(text.count(blank) for blank in _BLANKS)
