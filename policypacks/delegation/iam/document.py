"""Reads an IAM policy document into typed statements, or says in one sentence why it cannot be judged.

The grammar is that of IAM (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html): element names exact, single
values or lists everywhere, condition key names in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Unverifiable(ValueError):
    """A document or a question that cannot be judged; the text is a full sentence that says where and why."""


class Kind(StrEnum):
    """The two kinds of document: a role's trust policy (Principal, no Resource), an identity policy (Resource, no Principal)."""

    TRUST = "trust policy"
    IDENTITY = "identity policy"


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


class PrincipalKind(StrEnum):
    """What one entry of a Principal element names."""

    WILDCARD = "everyone"
    ACCOUNT = "account"
    """An account's root ARN or its bare id: every principal in it."""
    USER = "user"
    ROLE = "role"
    SESSION = "role session"
    FEDERATED_USER = "federated user session"
    UNIQUE_ID = "unique id"
    """AIDA… or AROA…: what a deleted user or role leaves behind in a stored trust policy."""
    SERVICE = "service"
    FEDERATED = "identity provider"
    CANONICAL_USER = "canonical user"


@dataclass(frozen=True)
class Principal:
    """One entry of a Principal or NotPrincipal element."""

    kind: PrincipalKind
    value: str
    """As written in the document."""
    account: str | None
    """12 digits, where the entry says so."""


@dataclass(frozen=True)
class Condition:
    """One operator on one key."""

    operator: str
    """As written: "ForAllValues:StringLikeIfExists"."""
    key: str
    """As written."""
    values: tuple[str, ...]
    """Texts; numbers and booleans of the JSON in the form IAM compares them in."""


@dataclass(frozen=True)
class Statement:
    """One statement. Of each pair (`actions`, `not_actions`) exactly one is not None, but for what the document's kind has not."""

    index: int
    """Counted from 1."""
    sid: str
    """Empty if there is none."""
    effect: Effect
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principals: tuple[Principal, ...] | None
    not_principals: tuple[Principal, ...] | None
    conditions: tuple[Condition, ...]

    @property
    def label(self) -> str:
        """How messages name it: "statement 1 ('Admins')"."""
        return f"statement {self.index} ('{self.sid}')" if self.sid else f"statement {self.index}"


@dataclass(frozen=True)
class Document:
    """A parsed policy document."""

    kind: Kind
    version: str
    statements: tuple[Statement, ...]

    @property
    def admitted(self) -> tuple[tuple[Statement, Principal], ...]:
        """The principals of a trust policy's Allow statements, each with its statement; an Allow with NotPrincipal admits everyone."""
        raise NotImplementedError

    @property
    def named_resources(self) -> tuple[str, ...]:
        """The ARNs written out in full, without wildcard or policy variable, in any Resource or NotResource."""
        raise NotImplementedError


def parse(document: str | Mapping[str, Any], kind: Kind) -> Document:
    """Parse a document, given as JSON text or as plain data (numbers may be floats).

    Raises:
        Unverifiable: it is not one whole, well-formed document of this kind.
    """
    raise NotImplementedError


def matching_actions(statement: Statement, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the full action names that the statement's Action or NotAction covers, compared without regard to case."""
    raise NotImplementedError


def size(document: str | Mapping[str, Any]) -> int:
    """The document's size as IAM's quotas count it: characters that are not white space."""
    raise NotImplementedError
