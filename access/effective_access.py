"""Effective access: under which credentials and from which addresses sets of rules together allow a request.

A rule is a statement of which only effect and conditions are left: that it covers the action, the role and the person
has been settled before. All Deny rules count together; access needs one Allow of each set. The decision itself is the
policy pack's (`iam.decide`), asked once for each kind of credentials and each class of addresses that the conditions
can tell apart.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    Callers,
    Condition,
    Document,
    Effect,
    Kind,
    Query,
    Statement,
    Unverifiable,
    Values,
    decide,
)
from delegation_pack.iam.conditions import Check, canonical
from delegation_pack.iam.operators import network

from access.addresses import EVERYWHERE, NOWHERE, Addresses, Span

MFA_KEY, ADDRESS_KEY = "aws:multifactorauthpresent", "aws:sourceip"
MFA_KEYS = frozenset({MFA_KEY, "aws:multifactorauthage", "aws:tokenissuetime"})
_ENDPOINT_KEYS = frozenset({"aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce"})
_ENDPOINT_KEYS |= {"aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"}
MAX_PAIRS = 4096
"""Combinations of Allow rules, one of each set; beyond, nothing is decided."""


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


@dataclass(frozen=True)
class Rule:
    """Effect and conditions of a statement that covers the request otherwise."""

    effect: Effect
    conditions: tuple[Condition, ...] = ()
    direct: bool = False
    """Of a trust policy: names the user, or everyone, in the role's own account, where that alone is enough.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html"""


Rules = tuple[Rule, ...]
ALLOW_ALL: Rules = (Rule(Effect.ALLOW),)


@dataclass(frozen=True)
class EffectiveAccess:
    """Through which rules, with what, and from where a role can be entered."""

    by: Mapping[Credentials, Addresses]
    through: tuple[tuple[int, ...], ...] = ()
    """The Allow rules that give access together: positions in the rule sets, -1 for a set that is not needed."""
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
    rule_sets: tuple[Rules, ...], callers: Callers, pins: tuple[tuple[str, str | None], ...] = ()
) -> EffectiveAccess:
    """Decide under which credentials and from which addresses all rule sets together let one of `callers` through.

    `pins` are values of further condition keys, None for absent. The trust policy, if there is one, is the last set.
    """
    positions, allows = _combined(rule_sets)
    if len(allows) > MAX_PAIRS:
        return EffectiveAccess(NO_ACCESS.by, doubts=("More statements allow this than can be judged together.",))
    denies = [rule.conditions for rules in rule_sets for rule in rules if rule.effect is Effect.DENY]
    if not allows or () in denies:
        return NO_ACCESS
    document = Document(
        Kind.TRUST,
        "2012-10-17",
        tuple(
            Statement(i, "", effect, ("sts:AssumeRole",), None, None, None, None, None, conditions)
            for i, (effect, conditions) in enumerate(
                [*((Effect.ALLOW, c) for c in allows), *((Effect.DENY, c) for c in denies)]
            )
        ),
    )
    conditions = dict.fromkeys(condition for part in (*allows, *denies) for condition in part)
    keys = {canonical(condition.key) for condition in conditions}
    fixed = {key: Values(like=()) if v is None else Values(absent=False, like=(v,)) for key, v in pins}
    by, through, doubts = dict(NO_ACCESS.by), [], []
    for credentials in Credentials if keys & MFA_KEYS else [Credentials.MFA]:
        for address, addresses in _classes(conditions, keys):
            pinned = dict(fixed)
            if keys & MFA_KEYS:
                pinned[MFA_KEY] = credentials.values
            if address != "*":
                pinned[ADDRESS_KEY] = Values(absent=False, like=(address,)) if address else Values(like=())
            try:
                found = decide(document, Query(callers=(callers,), targets=(ASSUME_THIS_ROLE,), keys=pinned))
            except Unverifiable as error:
                doubts.append(str(error))
                continue
            if found:
                by[credentials] |= addresses
                through.append(positions[found.statement.index])
    if not keys & MFA_KEYS:
        by = dict.fromkeys(Credentials, by[Credentials.MFA])
    return EffectiveAccess(by, tuple(dict.fromkeys(through)), tuple(dict.fromkeys(doubts)))


def _combined(rule_sets: tuple[Rules, ...]) -> tuple[list[tuple[int, ...]], list[tuple[Condition, ...]]]:
    """Every choice of one Allow a set: its positions, and all its conditions; equal ones once."""
    found: dict[tuple[Condition, ...], tuple[int, ...]] = {}
    choices: list[tuple[tuple[int, ...], tuple[Condition, ...]]] = [((), ())]
    for i, rules in enumerate(rule_sets):
        allows = [(j, rule) for j, rule in enumerate(rules) if rule.effect is Effect.ALLOW]
        if i == len(rule_sets) - 1:
            for j, rule in allows:
                if rule.direct:
                    found.setdefault(rule.conditions, (*[-1] * i, j))
        choices = [((*at, j), (*said, *rule.conditions)) for at, said in choices for j, rule in allows]
        if len(choices) > MAX_PAIRS:
            break
    for at, said in choices:
        found.setdefault(tuple(dict.fromkeys(said)), at)
    return list(found.values()), list(found)


def _classes(conditions: Iterable[Condition], keys: set[str]) -> list[tuple[str, Addresses]]:
    """Addresses that no condition tells apart, with one of each class: "" for none at all, "*" for any."""
    tests = [condition for condition in conditions if canonical(condition.key) == ADDRESS_KEY]
    if not tests and not keys & _ENDPOINT_KEYS:
        return [("*", EVERYWHERE)]
    checks = [Check(condition, True, lambda _: None) for condition in tests]
    cuts: dict[int, set[int]] = {4: {0, 1 << 32}, 6: {0, 1 << 128}}
    for condition in tests:
        for version, first, last in (span for value in condition.values if (span := network(value))):
            cuts[version] |= {first, last + 1}
    found: dict[tuple[bool | None, ...], tuple[str, list[Span]]] = {}
    for version, edges in cuts.items():
        for first, after in pairwise(sorted(edges)):
            address = _text(version, first)
            told = tuple(check.holds((address,)) for check in checks)
            found.setdefault(told, (address, []))[1].append((version, first, after - 1))
    return [("", Addresses((), endpoints=True)), *((address, Addresses.of(spans)) for address, spans in found.values())]


def _text(version: int, number: int) -> str:
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


def other_conditions(rules: Sequence[Rule]) -> tuple[str, ...]:
    """What Allow rules ask for besides MFA and address: "StringEquals sts:RoleSessionName ${aws:username}"."""
    return tuple(
        dict.fromkeys(
            f"{condition.operator} {condition.key} {', '.join(condition.values)}"
            for rule in rules
            for condition in rule.conditions
            if canonical(condition.key) not in (MFA_KEY, ADDRESS_KEY)
        )
    )
