"""Is any request of a class allowed?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iam.document import Document, Statement
from iam.evaluation import Request
from iam.question import Question


@dataclass(frozen=True)
class Finding:
    """A request of the asked class that the documents allow."""

    request: Request
    document: int
    """Position in the list of documents, from 0, of the statement that lets the request through."""
    statement: Statement
    reasons: tuple[str, ...]
    """Why, most telling first: "BoolIfExists is true when aws:MultiFactorAuthPresent is absent"."""

    @property
    def sentence(self) -> str:
        """One full sentence for a violation message, without the resource's name:
        "Statement 1 ('Admins') allows sts:AssumeRole by arn:aws:iam::111111111111:user/alice with plain access keys
        (aws:MultiFactorAuthPresent absent), because BoolIfExists is true when the key is absent."
        """
        raise NotImplementedError


def decide(documents: Document | Sequence[Document], question: Question) -> Finding | None:
    """Find a request of the question's class that the documents, taken together, allow; None if there is none.

    Raises:
        Unverifiable: neither can be shown within the stated bounds.
    """
    raise NotImplementedError
