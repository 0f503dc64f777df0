"""Sizes of policy documents against the quotas of IAM, judged before the first call to AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from delegation_pack.facts.quotas import characters


class QuotaExceededError(ValueError):
    """Documents, or the sums of a principal's inline documents, are larger than IAM takes: a sentence each."""


@dataclass(frozen=True, kw_only=True)
class DocumentSize:
    """How much of a quota documents use together, in characters as IAM counts them (white space is free)."""

    used: int
    limit: int

    @property
    def fits(self) -> int:
        """How many documents of this size the quota holds."""
        return self.limit // self.used

    def as_output(self) -> Mapping[str, int]:
        """Return the size as a stack output: `used` and `limit` in characters."""
        return {"used": self.used, "limit": self.limit}


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Documents that count against one quota."""

    what: str
    """What they are, as a sentence begins."""
    documents: Iterable[str]
    limit: int
    """Characters that IAM allows."""
    remedy: str
    """What to do where they are too large, in sentences."""

    @property
    def size(self) -> DocumentSize:
        """Size of the documents together."""
        return DocumentSize(used=sum(map(characters, self.documents)), limit=self.limit)


def refuse_excess(quotas: Iterable[Quota]) -> None:
    """Refuse documents that are too large, all of them together.

    Raises:
        QuotaExceededError: a quota is exceeded; the message names what, the figures and the remedy for each.
    """
    exceeded = [
        f"{quota.what}: {quota.size.used:,} characters, and IAM allows {quota.limit:,}. {quota.remedy}"
        for quota in quotas
        if quota.size.used > quota.limit
    ]
    if exceeded:
        raise QuotaExceededError("\n".join(exceeded))
