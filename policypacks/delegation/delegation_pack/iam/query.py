"""The queries that can be asked about a document: who calls, what for, and with which values of condition keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class CallerType(StrEnum):
    """The kinds of principal that can send requests, spelled as in `aws:PrincipalType`."""

    USER = "User"
    ROLE = "AssumedRole"
    ACCOUNT = "Account"
    """The root user of an account."""
    SERVICE = "AWSService"
    """A service of AWS that calls in its own name. `aws:PrincipalType` does not know it, nor the next."""
    FEDERATED = "Federated"
    """Somebody for whom an identity provider vouches, who has no credentials of AWS yet."""


WITHOUT_ARN = frozenset({CallerType.SERVICE, CallerType.FEDERATED})
"""Callers without an ARN of their own, and so without the keys that follow from it."""


class Attachment(StrEnum):
    """What an identity policy is attached to."""

    USER = "user"
    GROUP = "group"
    MANAGED = "managed"
    """A managed policy whose users are not known: groups, users and roles may all carry it."""
    ROLE = "role"


@dataclass(frozen=True, kw_only=True)
class Callers:
    """A class of principals.

    A user's keys are long-term (no MFA key in the request) or temporary; a role session's are always temporary, so its
    `aws:MultiFactorAuthPresent` is "true" or "false" and never absent.
    """

    type: CallerType
    account: str | None = None
    """Only principals of this account. None: of any account; for an identity policy, of one that is not known."""
    not_account: str | None = None
    """No principals of this account."""
    arn: str | None = None
    """Only this principal: a user's ARN, or a role's for its sessions."""
    partition: str | None = None
    """Only principals of this partition ("aws-cn"). None: of `aws` and those that the document names.

    What they call is of their own partition: nobody reaches over to another one.
    """


@dataclass(frozen=True, kw_only=True)
class Resources:
    """A class of IAM resources: all conditions given hold together.

    `like` and `but` are ARN patterns, field by field as with ArnLike, with `*`, `?` and policy variables:
    `but=("arn:*:iam::*:user/${aws:username}",)` is "not the caller".
    """

    types: tuple[str, ...] = ("role",)
    """IAM resource types as they stand in the ARN: role, user, group, mfa, policy, instance-profile, root, ….
    Empty: any text at all, also "*" for actions without a resource."""
    account: str | None = None
    """Only in this account."""
    not_callers_account: bool = False
    """Only in other accounts than the caller's, which, if not known, is whatever the document does not rule out."""
    like: tuple[str, ...] = ("*",)
    """At least one of these patterns matches."""
    but: tuple[str, ...] = ()
    """None of these patterns matches."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """The values a condition key may have in the requests of a query.

    `like` and `but` are patterns with `*` and `?`; for address keys addresses and CIDRs, for keys of numbers and times
    (by type or by the operators used on them) single ones (`like=("*",)` stays "any").
    """

    absent: bool = True
    """The key may be missing from the request."""
    like: tuple[str, ...] = ("*",)
    """A present value matches at least one of these; empty: the key is absent."""
    but: tuple[str, ...] = ()
    """A present value matches none of these."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Actions on resources. The actions are full names ("iam:CreateRole"), never patterns."""

    actions: tuple[str, ...]
    resources: Resources = field(default_factory=Resources)
    """For a trust policy: what its role can be."""
    keys: Mapping[str, Values] = field(default_factory=lambda: MappingProxyType({}))
    """Restrictions of condition keys for these actions only (an action that lacks a key: `Values(like=())`)."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """Is any request allowed that one of `callers` sends for one of `targets`, with `keys` restricted as said?

    Keys that are not named take whatever value lets the request through.
    """

    callers: tuple[Callers, ...]
    targets: tuple[Target, ...]
    keys: Mapping[str, Values] = field(default_factory=lambda: MappingProxyType({}))


WITHOUT_MFA: Mapping[str, Values] = MappingProxyType({"aws:MultiFactorAuthPresent": Values(like=("false",))})
"""Requests whose MFA key is absent or "false"."""


def assume_this_role(account: str | None) -> Target:
    """The target of the trust policy of a role in this account (None: not known)."""
    return Target(actions=("sts:AssumeRole",), resources=Resources(account=account))


ASSUME_THIS_ROLE = assume_this_role(None)
"""The target of a trust policy, when the role's own account does not matter."""


def outside(networks: Iterable[str]) -> Mapping[str, Values]:
    """Requests without a source address, or from an address in none of the networks (addresses or CIDRs)."""
    return MappingProxyType({"aws:SourceIp": Values(but=tuple(networks))})


def callers_of_trust(account: str | None, partition: str | None = None) -> tuple[Callers, ...]:
    """IAM users of any account and roles of any but the trusting role's own (None: not known, all are foreign)."""
    return (
        Callers(type=CallerType.USER, partition=partition),
        Callers(type=CallerType.ROLE, not_account=account, partition=partition),
    )


def callers_of_identity(
    attachment: Attachment, account: str | None, partition: str | None = None
) -> tuple[Callers, ...]:
    """The principals that use an identity policy attached so, in `account` of `partition` (None: not known)."""
    user, role = (
        Callers(type=type_, account=account, partition=partition) for type_ in (CallerType.USER, CallerType.ROLE)
    )
    return {Attachment.ROLE: (role,), Attachment.MANAGED: (user, role)}.get(attachment, (user,))


def assume_roles_elsewhere(
    account: str | None = None, but: tuple[str, ...] = (), like: tuple[str, ...] = ("*",)
) -> tuple[Target, ...]:
    """Every way to become somebody in another account: sts:AssumeRole on a role, sts:AssumeRoot on an account.

    `account` narrows it to that account, `like` to ARN patterns, `but` leaves out ARN patterns: "names roles only" asks
    for what is left without `document.named_resources`.
    """
    return tuple(
        Target(
            actions=(action,),
            resources=Resources(types=(type_,), account=account, not_callers_account=True, like=like, but=but),
        )
        for action, type_ in (("sts:AssumeRole", "role"), ("sts:AssumeRoot", "root"))
    )
