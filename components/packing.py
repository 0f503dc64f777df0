"""Grants packed into managed policies, as few as they fit in, each role where it is already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from delegation_pack.facts.quotas import ATTACHED_POLICIES, MANAGED_POLICY, characters

from components.documents import Terms, grant
from components.quotas import QuotaExceededError


def packed_policy_name(group: str, number: int) -> str:
    """Return the name of one of a group's packed policies."""
    return f"{group}-grants-{number}"


PACKED_POLICIES = range(1, ATTACHED_POLICIES)
"""Numbers of a group's packed policies: as many as IAM attaches to a group, less self-service."""

_FRAME = characters(grant({}))
_SID_SUFFIX = len("From99")


@dataclass(frozen=True, kw_only=True)
class Packing:
    """The packed grants of one group."""

    documents: Mapping[int, str] = field(default_factory=dict)
    """JSON text of each policy, by its number."""
    first: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """Which policies have to be in place before one changes, for they take over roles that it gives up."""


@dataclass
class _Filling:
    """One policy as it fills."""

    roles: dict[str, Terms] = field(default_factory=dict)
    terms: set[Terms] = field(default_factory=set)
    size: int = _FRAME

    def take(self, arn: str, terms: Terms) -> bool:
        """Take in a role; False, and nothing is changed, if it does not fit."""
        size = self.size + len(f'"{arn}",') + (0 if terms in self.terms else _size_of_statement(terms))
        if size > MANAGED_POLICY:
            return False
        self.roles[arn] = terms
        self.terms.add(terms)
        self.size = size
        return True


def pack(group: str, roles: Mapping[str, Terms], placed: Mapping[str, int]) -> Packing:
    """Return the grants of a group on roles, packed.

    A role stays in the policy that it is in, and a new one goes to the first with room, so that one more account
    changes one policy. Only where a policy overflows, because the terms have grown, roles move.

    Args:
        group: the group's name, for the refusal.
        roles: the terms of each role, by its ARN; new ones are packed in this order.
        placed: the number of the policy that a role is in, by its ARN, as far as there are any.

    Raises:
        QuotaExceededError: they do not fit into the policies that IAM attaches to a group.
    """
    filling = {number: _Filling() for number in PACKED_POLICIES}
    stay = {arn: placed[arn] for arn in roles if placed.get(arn) in filling}
    moved = [arn for arn, number in stay.items() if not filling[number].take(arn, roles[arn])]
    overflowing = {stay[arn] for arn in moved}
    first: dict[int, set[int]] = {}
    for arn in [*moved, *(arn for arn in roles if arn not in stay)]:
        # Nothing moves into a policy that gives up roles itself, for neither could then be written before the other.
        takers = [number for number in PACKED_POLICIES if arn not in stay or number not in overflowing]
        taker = next((number for number in takers if filling[number].take(arn, roles[arn])), None)
        if taker is None:
            raise QuotaExceededError(_too_many(group, len(roles)))
        if arn in stay:
            first.setdefault(stay[arn], set()).add(taker)
    return Packing(
        documents={number: grant(one.roles) for number, one in filling.items() if one.roles},
        first={number: frozenset(takers) for number, takers in first.items()},
    )


def _size_of_statement(terms: Terms) -> int:
    return characters(grant({"": terms, "/": terms})) - _FRAME - len('"","/"') + len(",") + _SID_SUFFIX


def _too_many(group: str, roles: int) -> str:
    return (
        f"The packed grants of group {group} on {roles:,} roles: they fill more than {len(PACKED_POLICIES)} managed "
        f"policies of {MANAGED_POLICY:,} characters, and IAM attaches {ATTACHED_POLICIES} to a group, self-service "
        "among them. Split the group, or shorten the roles' names or staticIps. For so many accounts IAM Identity "
        "Center is the better tool."
    )
