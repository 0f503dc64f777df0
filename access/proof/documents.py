"""All documents that decide together what a principal may do, or who may enter a role, and their comparison."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from typing import Any

from delegation_pack.facts.actions import SERVICES
from delegation_pack.iam import (
    Callers,
    Document,
    Effect,
    Kind,
    NewAccess,
    PrincipalKind,
    Request,
    Unverifiable,
    new_access,
    parse,
)
from delegation_pack.model import Policy, holds_unknown

_UNREAD = "unread"
_NOT_ASKED = (PrincipalKind.FEDERATED_USER, PrincipalKind.CANONICAL_USER)
_TYPE_OF_PRINCIPAL = "aws:principaltype"
_FEDERATED_USER = "federated-user"
_KNOWN = tuple(f"{service}:*" for service in SERVICES)
"""What is known of what a policy that AWS keeps allows."""


@dataclass(frozen=True)
class Documents:
    """Some documents as one policy, equal to another if they are spelt alike, in whatever order."""

    texts: frozenset[tuple[Kind, str]]
    """Each document as canonical JSON."""

    @cached_property
    def parsed(self) -> tuple[Document, ...]:
        """The documents, in the order of their texts."""
        return tuple(_parsed(text, kind) for kind, text in sorted(self.texts))

    def __bool__(self) -> bool:
        return bool(self.texts)

    def __or__(self, other: Documents) -> Documents:
        return Documents(self.texts | other.texts)

    def without(self, action: str) -> Documents:
        """The documents with one action denied."""
        return self._denying(Action=action)

    def only(self, actions: tuple[str, ...]) -> Documents:
        """The documents with all other actions denied."""
        return self._denying(NotAction=actions)

    def _denying(self, **actions: str | tuple[str, ...]) -> Documents:
        kind = Kind.TRUST if any(kind is Kind.TRUST for kind, _ in self.texts) else Kind.IDENTITY
        scope = {"Principal": "*"} if kind is Kind.TRUST else {"Resource": "*"}
        text = _canonical({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", **actions, **scope}]})
        return Documents(self.texts | {(kind, text)})

    @property
    def allows(self) -> Documents:
        """The documents without their Deny statements."""
        kept = set()
        for kind, text in self.texts:
            data = json.loads(text)
            data["Statement"] = [one for one in data["Statement"] if one["Effect"] == Effect.ALLOW]
            if data["Statement"]:
                kept.add((kind, _canonical(data)))
        return Documents(frozenset(kept))


NONE = Documents(frozenset())


def together(policies: Iterable[Policy], moment: str) -> Documents:
    """Return what some policies say together.

    A document that cannot be read allows and denies what nobody knows, though the same before and after as long as it
    is the same document: it hangs on a condition key of its own. `moment` ("before" or "after") sets apart contents
    that are not known, which are never the same. So does what a policy that AWS keeps allows of other services than
    those that the table of these policies has.
    """
    texts = set[tuple[Kind, str]]()
    for policy in policies:
        if policy.document is None:
            texts.update((policy.kind, text) for text in _anything(policy, moment))
        else:
            texts.add((policy.kind, _canonical(_bare(policy.content))))
        if policy.document and policy.aws_managed:
            condition = _unread_as(policy.arn, Effect.ALLOW)
            texts.add((policy.kind, _of_everything(Effect.ALLOW, condition, policy.kind, NotAction=_KNOWN)))
    return Documents(frozenset(texts))


def everything() -> Documents:
    """Return the document that allows everything: what a principal without a permissions boundary is held to."""
    return Documents(frozenset({(Kind.IDENTITY, _of_everything(Effect.ALLOW, {}, Kind.IDENTITY))}))


def unread(request: Request) -> str:
    """Return the name of a document that cannot be read and on which a request hangs; empty if it hangs on none."""
    return next((key.partition(":")[2] for key in request.context if key.partition(":")[0] == _UNREAD), "")


@cache
def compared(before: Documents, after: Documents, callers: tuple[Callers, ...]) -> NewAccess | str | None:
    """Return a request that is allowed after and not before; why that cannot be decided; None if there is none."""
    if before == after:
        return None
    try:
        return new_access(before.parsed, after.parsed, callers)
    except Unverifiable as error:
        return str(error)


def not_asked(before: Documents, after: Documents) -> str:
    """Return what differs and is about callers that no comparison asks about; empty if nothing is.

    These are the sessions of federated users (sts:GetFederationToken) and canonical users.
    """
    return next(iter(sorted(_about_others(after) ^ _about_others(before))), "")


def _about_others(documents: Documents) -> set[str]:
    found = set()
    for statement in (statement for document in documents.parsed for statement in document.statements):
        found |= {f"the principal {one.value}" for one in statement.named_principals if one.kind in _NOT_ASKED}
        for condition in statement.conditions:
            about = condition.key.lower() == _TYPE_OF_PRINCIPAL or any(_FEDERATED_USER in v for v in condition.values)
            if about:
                found.add(f"{condition.operator} {condition.key} {', '.join(sorted(condition.values))}")
    return found


def _bare(content: Any) -> Mapping[str, Any]:
    """A document without the names that mean nothing to a decision."""
    data = json.loads(content) if isinstance(content, str) else content
    statements = data["Statement"] if isinstance(data["Statement"], list) else [data["Statement"]]
    kept = [{name: value for name, value in one.items() if name != "Sid"} for one in statements]
    return {"Statement": kept, **{name: value for name, value in data.items() if name == "Version"}}


def _anything(policy: Policy, moment: str) -> Sequence[str]:
    where = policy.arn or f"{policy.label} {policy.place}"
    content = policy.content
    known = policy.elsewhere or (content is not None and not holds_unknown(content))
    name = where if known else f"{where} {moment}"
    if known and content is not None:
        # A document that is spelt wrong is the same only if it is spelt the same.
        name = f"{where} {sha256(_canonical(content).encode()).hexdigest()[:8]}"
    return [_of_everything(effect, _unread_as(name, effect), policy.kind) for effect in (Effect.ALLOW, Effect.DENY)]


def _unread_as(name: str, effect: Effect) -> Mapping[str, Any]:
    key = f"{_UNREAD}:" + "".join(char if " " <= char <= "~" else "?" for char in name)
    return {"StringEquals": {key: str(effect)}}


def _of_everything(effect: Effect, condition: Mapping[str, Any], kind: Kind, **actions: Sequence[str]) -> str:
    scope = {"Principal": "*"} if kind is Kind.TRUST else {"Resource": "*"}
    statement = {"Effect": str(effect), **(actions or {"Action": "*"}), **scope, "Condition": condition}
    return _canonical({"Version": "2012-10-17", "Statement": [statement]})


def _canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)


@cache
def _parsed(text: str, kind: Kind) -> Document:
    return parse(text, kind)
