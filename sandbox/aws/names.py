"""Names, paths, ARNs and tags as IAM takes them.

Every function returns None, or what is wrong with the value.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_NAME = re.compile(r"[0-9A-Za-z=,.@_+-]+")
_PATH = re.compile(r"/|/[!-~]+/")
_POLICY_ARN = re.compile(r"arn:[a-z-]+:iam::(?:\d{12}|aws):policy/[!-~]+")
_TAG_TEXT = re.compile(r"[\w\s.:/=+@-]*")


def name_up_to(length: int) -> Callable[[Any], str | None]:
    """Return the check of a name of at most `length` characters."""

    def check(value: str) -> str | None:
        if not _NAME.fullmatch(value):
            return f"{value!r} must hold letters, digits and = , . @ - _ + only (no spaces)"
        if len(value) > length:
            return f"{value!r} has {len(value)} characters, AWS takes at most {length}"
        return None

    return check


def path(value: str) -> str | None:
    """Check an IAM path: it begins and ends with a slash, at most 512 characters."""
    if not _PATH.fullmatch(value) or len(value) > 512:
        return f"{value!r} must begin and end with / and hold at most 512 printable characters without spaces"
    return None


def policy_arn(value: str) -> str | None:
    """Check the ARN of a managed policy."""
    return None if _POLICY_ARN.fullmatch(value) else f"{value!r} is not the ARN of a managed policy"


def session_seconds(value: int) -> str | None:
    """Check a role's maximum session: one to twelve hours."""
    return None if 3600 <= value <= 43200 else f"{value} must lie between 3600 and 43200 seconds"


def description(value: str) -> str | None:
    """Check a description: at most 1,000 characters."""
    return None if len(value) <= 1000 else f"it has {len(value)} characters, AWS takes at most 1000"


def tags(value: Mapping[str, Any]) -> str | None:
    """Check tags: at most 50, keys to 128 characters and distinct ignoring case, values to 256, not AWS's own."""
    if len(value) > 50:
        return f"there are {len(value)} tags, AWS takes at most 50"
    if len({key.lower() for key in value}) < len(value):
        return "two tag keys differ by case only, which IAM takes for one key"
    for key, text in value.items():
        if key.lower().startswith("aws:"):
            return f"the tag key {key!r} begins with aws:, which AWS reserves"
        if not 1 <= len(key) <= 128 or len(str(text)) > 256:
            return f"the tag {key!r} is too long: AWS takes keys of 1 to 128 and values of up to 256 characters"
        if not _TAG_TEXT.fullmatch(key) or not _TAG_TEXT.fullmatch(str(text)):
            return f"the tag {key!r} holds characters other than letters, digits, spaces and _ . : / = + - @"
    return None
