"""Sizes of policy documents against the quotas of IAM, judged before the first call to AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from delegation_pack.facts.quotas import characters


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


def within_quota(what: str, *documents: str, limit: int, mend: str) -> DocumentSize:
    """Return the size of the documents together.

    Raises:
        QuotaExceededError: they exceed `limit`; the message names `what`, the figures and the `mend`.
    """
    used = sum(characters(document) for document in documents)
    if used > limit:
        raise QuotaExceededError(f"{what}: {used:,} characters, and IAM allows {limit:,}. {mend}")
    return DocumentSize(used=used, limit=limit)
