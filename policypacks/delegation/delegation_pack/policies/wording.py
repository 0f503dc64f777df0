"""Sentences that several policies say."""

from __future__ import annotations

from collections.abc import Sequence

from delegation_pack.iam import Finding


def because(finding: Finding) -> str:
    """Return the finding's sentence as it follows a colon."""
    return finding.sentence[:1].lower() + finding.sentence[1:]


def listed(texts: Sequence[str], none: str = "nowhere") -> str:
    """Return texts as a list within a sentence."""
    return ", ".join(texts) or none
