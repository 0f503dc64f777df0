"""Effective access: under which credentials and from which addresses policies together allow a request.

The policies come as what is left of their documents once user, action and role are settled (`iam.residual`). All Deny
statements count together; access needs an Allow of each policy. The decision is the policy pack's
(`iam.decide_intersection`), asked once for each kind of credentials and each class of addresses that the conditions can
tell apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from delegation_pack.iam import (
    ADDRESS_KEY,
    ASSUME_THIS_ROLE,
    MFA_KEY,
    Callers,
    Document,
    Effect,
    Kind,
    Query,
    Statement,
    Unverifiable,
    Values,
    address_classes,
    decide_intersection,
    parse,
)

from access.addresses import NOWHERE, Addresses


class Credentials(StrEnum):
    """What somebody calls with, as far as `aws:MultiFactorAuthPresent` tells it apart."""

    KEYS = "access keys"
    """Long-term keys: the key is absent."""
    SESSION = "a session without MFA"
    """Temporary credentials, the console's included: "false"."""
    MFA = "MFA"
    """"true"."""

    @property
    def values(self) -> Values:
        """The value of the MFA key in such requests."""
        if self is Credentials.KEYS:
            return Values(like=())
        return Values(absent=False, like=("true" if self is Credentials.MFA else "false",))


Documents = tuple[Document, ...]
"""The documents of one policy; the index of a statement counts through all of them, from 0."""

NOT_NEEDED = -1


def _allow_all() -> Document:
    document = parse({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, Kind.IDENTITY)
    return replace(document, statements=tuple(replace(one, index=NOT_NEEDED) for one in document.statements))


ALLOW_ALL: Documents = (_allow_all(),)


@dataclass(frozen=True)
class EffectiveAccess:
    """Through which statements, with what, and from where a role can be entered."""

    by: Mapping[Credentials, Addresses]
    through: tuple[tuple[int, ...], ...] = ()
    """The Allow statements that give access together, by their index; `NOT_NEEDED` for a policy that is not needed."""
    doubts: tuple[str, ...] = ()
    """What could not be decided, in full sentences."""

    def __bool__(self) -> bool:
        return any(self.by.values())

    @property
    def addresses(self) -> Addresses:
        """From where with any credentials."""
        found = NOWHERE
        for addresses in self.by.values():
            found |= addresses
        return found

    @property
    def without_mfa(self) -> Addresses:
        """From where without MFA."""
        return self.by[Credentials.KEYS] | self.by[Credentials.SESSION]


NO_ACCESS = EffectiveAccess(dict.fromkeys(Credentials, NOWHERE))


@lru_cache(maxsize=65536)
def effective_access(
    policies: tuple[Documents, ...],
    callers: Callers,
    pins: tuple[tuple[str, str | None], ...] = (),
    direct: frozenset[int] = frozenset(),
) -> EffectiveAccess:
    """Decide under which credentials and from which addresses all policies together let one of `callers` through.

    `pins` are values of further condition keys, None for absent. `direct` are the statements of the last policy, the
    trust policy, that name a user, or everyone, in the role's own account, where that alone is enough.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
    """
    attempts = [policies]
    if direct:
        *others, trust = policies
        denies = ((*only(one, lambda s: s.effect is Effect.DENY), *ALLOW_ALL) for one in others)
        attempts.insert(0, (*denies, only(trust, lambda s: s.effect is Effect.DENY or s.index in direct)))
    fixed = {key: _just(value) for key, value in pins}
    by, through, doubts = dict(NO_ACCESS.by), [], []
    for credentials in Credentials:
        for addresses in address_classes(document for documents in policies for document in documents):
            keys = {**fixed, MFA_KEY: credentials.values, ADDRESS_KEY: _just(addresses.example)}
            query = Query(callers=(callers,), targets=(ASSUME_THIS_ROLE,), keys=keys)
            for attempt in attempts:
                try:
                    found = decide_intersection(attempt, query)
                except Unverifiable as error:
                    doubts.append(str(error))
                    continue
                if found:
                    by[credentials] |= Addresses.of(addresses.spans, endpoints=addresses.example is None)
                    through.append(tuple(statement.index for _, statement in found.allowed_by))
                    break
    return EffectiveAccess(by, tuple(dict.fromkeys(through)), tuple(dict.fromkeys(doubts)))


def _just(value: str | None) -> Values:
    return Values(like=()) if value is None else Values(absent=False, like=(value,))


def only(documents: Documents, kept: Callable[[Statement], bool]) -> Documents:
    """The documents with some of their statements."""
    left = (replace(one, statements=tuple(filter(kept, one.statements))) for one in documents)
    return tuple(document for document in left if document.statements)
