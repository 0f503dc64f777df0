"""Whose documents are compared: every user, group, role and permission set, each boundary, trust and managed policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from delegation_pack.iam import Callers, CallerType
from delegation_pack.model import MANAGED_POLICIES, Principal, PrincipalType, identity_policies

from access.model import Model
from access.proof.documents import NONE, Documents, everything, together


class What(Enum):
    """What the documents of a subject decide."""

    MAY = "what a principal may do, but for its boundary"
    BOUNDARY = "what the permissions boundary of a principal lets through"
    TRUST = "who may enter a role"
    POLICY = "what whoever holds a managed policy may do"


@dataclass(frozen=True)
class Subject:
    """Some documents that decide together, at one moment."""

    what: What
    arn: str
    """Of the principal; its type and name where no ARN is known, and a policy's account, path and name."""
    title: str
    """How a sentence names it."""
    callers: tuple[Callers, ...]
    """Everybody whose requests the documents are about."""
    documents: Documents
    boundary: Documents = NONE
    """Of what may be done: the principal's permissions boundary; none if it has none."""
    groups: tuple[str, ...] = ()
    """ARNs of the groups of a user."""
    holders: tuple[str, ...] = ()
    """Of a managed policy: the principals here that hold it, by ARN."""

    @property
    def key(self) -> tuple[What, str]:
        """What tells it apart from the others of its moment."""
        return self.what, self.arn


def subjects(model: Model, moment: str) -> dict[tuple[What, str], Subject]:
    """Return all subjects of a model; `moment` is "before" or "after"."""
    found: dict[tuple[What, str], Subject] = {}
    twins: dict[str, list[Principal]] = {}
    for principal in model.entities.principals:
        if principal.name is not None:
            twins.setdefault(_arn(principal), []).append(principal)
    for arn, those in twins.items():
        for subject in _of_principal(model, arn, those, moment):
            found[subject.key] = subject
    holders: dict[object, list[str]] = {}
    for arn, those in twins.items():
        for policy in (policy for one in those for policy in one.policies if policy.managed):
            holders.setdefault(policy.arn or policy.resource, []).append(arn)
    for subject in _of_policies(model, holders, moment):
        found[subject.key] = subject
    return found


def _arn(principal: Principal) -> str:
    return principal.arn or f"{principal.type} {principal.name}"


def _of_principal(model: Model, arn: str, those: Iterable[Principal], moment: str) -> Iterator[Subject]:
    """The subjects of a principal, which several stacks may make together."""
    those = list(those)
    first = those[0]
    label = model.label(first.account or "")
    is_role = first.type not in (PrincipalType.USER, PrincipalType.GROUP)
    title = f"{first.name} in {label}" if is_role and label else str(first.name)
    # What holds for everybody of the account is decided once for all who hold the same.
    type_ = CallerType.ROLE if is_role else CallerType.USER
    callers = (Callers(type=type_, account=first.account, partition=first.partition),)
    boundaries = [one.boundary for one in those if one.boundary]
    boundary = together(boundaries, moment)
    policies = [policy for one in those for policy in one.all_policies]
    groups = tuple(dict.fromkeys(group.arn for one in those for group in one.groups))
    held = together(policies, moment)
    yield Subject(What.MAY, arn, title, callers, held, boundary, groups)
    if first.type is not PrincipalType.GROUP:
        yield Subject(What.BOUNDARY, arn, title, callers, boundary or everything())
    trusts = [trust for one in those for trust in one.trusts]
    if trusts:
        whoever = tuple(Callers(type=type_, partition=first.partition) for type_ in CallerType)
        yield Subject(What.TRUST, arn, title, whoever, together(trusts, moment))


def _of_policies(model: Model, holders: Mapping[object, list[str]], moment: str) -> Iterator[Subject]:
    for resource in model.entities.of(*MANAGED_POLICIES):
        policies = list(identity_policies(resource))
        name = next((policy.name for policy in policies if policy.name), resource.name)
        # A plan says no ARN of what it updates.
        place = f"{resource.account} {resource.text('path') or '/'}{name}"
        known_as = (resource, *(policy.arn for policy in policies if policy.arn))
        label = model.label(resource.account or "")
        yield Subject(
            What.POLICY,
            place,
            f"{name} in {label}" if label else name,
            tuple(
                Callers(type=type_, account=resource.account, partition=resource.partition)
                for type_ in (CallerType.USER, CallerType.ROLE)
            ),
            together(policies, moment),
            holders=tuple(holder for one in known_as for holder in holders.get(one, ())),
        )
