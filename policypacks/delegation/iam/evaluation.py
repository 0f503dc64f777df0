"""One request against documents: allowed or not, by which statement, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from iam.document import Document, Statement


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, whole."""

    principal: str
    """ARN of the IAM user, or of the role whose session calls ("arn:aws:iam::111111111111:role/ops")."""
    action: str
    """Full name: "sts:AssumeRole"."""
    resource: str
    """ARN, or "*" for actions without one; of a trust policy the role's own ARN."""
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Condition keys by name, in any case; a key that is missing here is absent from the request. The keys that follow from the principal
    and the resource (aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType, aws:username, aws:ResourceAccount) need not be given."""


class Decision(StrEnum):
    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed by any statement"


@dataclass(frozen=True)
class Verdict:
    """The answer to one request."""

    decision: Decision
    statement: Statement | None
    """The statement that decides; None when none allows."""
    document: int | None
    """Position in the list of documents, from 0, of that statement."""
    reasons: tuple[str, ...]
    """Full sentences: what decided, or for each Allow statement that covers the action why it did not let the request through."""

    @property
    def allowed(self) -> bool:
        return self.decision is Decision.ALLOWED


def evaluate(documents: Document | Sequence[Document], request: Request) -> Verdict:
    """Judge one request against all documents of one side (all of one principal's identity policies, or one trust policy).

    Raises:
        Unverifiable: the outcome hangs on a comparison whose result AWS does not define.
    """
    raise NotImplementedError
