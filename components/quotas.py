"""Sizes of policy documents against the quotas of IAM, judged before the first call to AWS.

Source of the limits: IAM User Guide, "IAM and AWS STS quotas" (reference_iam-quotas).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GROUP_INLINE_POLICIES = 5120
ROLE_INLINE_POLICIES = 10240
MANAGED_POLICY = 6144


class QuotaExceededError(ValueError):
    """A document, or the sum of a principal's inline documents, is larger than IAM takes."""


@dataclass(frozen=True, kw_only=True)
class DocumentSize:
    """How much of a quota a document uses, in characters as IAM counts them (white space is free)."""

    used: int
    limit: int

    @property
    def fits(self) -> int:
        """How many documents of this size the quota holds."""
        return self.limit // self.used

    def as_output(self) -> Mapping[str, int]:
        """Return the size as a stack output: `used` and `limit` in characters."""
        return {"used": self.used, "limit": self.limit}


def characters(document: str) -> int:
    """Return the characters of a document that count against a quota: all but white space."""
    return sum(not character.isspace() for character in document)


def within_quota(what: str, *documents: str, limit: int, mend: str) -> DocumentSize:
    """Return the size of the documents together.

    Raises:
        QuotaExceededError: they exceed `limit`; the message names `what`, the figures and the `mend`.
    """
    used = sum(characters(document) for document in documents)
    if used > limit:
        raise QuotaExceededError(f"{what}: {used:,} characters, and IAM allows {limit:,}. {mend}")
    return DocumentSize(used=used, limit=limit)
