"""Whose a role is: people's or a program's.

A role is a program's only where its trust policy shows it. It lets nobody in but services of AWS, machines that an
identity provider vouches for, declared pipelines and vendors (each bound to its tenant or external id), and roles that
are written out in full, made by the same stack and programs' themselves. Every other role is people's: one that users,
accounts or SAML let in, one that the stack does not make, and one of which nobody can tell. What a role carries, and
managed policies that nobody but programs' roles are known to have, are whose the role is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from delegation_pack.configuration import Config
from delegation_pack.facts.federation import SERVICES_FOR_PEOPLE
from delegation_pack.iam import (
    Attachment,
    Callers,
    CallerType,
    Document,
    PrincipalKind,
    Query,
    Unverifiable,
    Values,
    canonical_key,
    decide,
)
from delegation_pack.iam import Principal as Entry
from delegation_pack.identity_providers import PIPELINES, admits_programs
from delegation_pack.model import (
    MANAGED_POLICIES,
    UNKNOWN,
    Model,
    Policy,
    Principal,
    PrincipalType,
    Resource,
    attachment_of,
    trusts,
)
from delegation_pack.rights import unknown_actions
from delegation_pack.trust_policies import OUTSIDE_OF_IAM, VENDORS, opening, without, without_vendors

DECLARED: Mapping[str, Any] = {**VENDORS, **PIPELINES}
"""What decides, of a rule's configuration, whose a role is."""


class People:
    """What is people's in a model."""

    def __init__(self, model: Model, declared: str) -> None:
        self._model = model
        programs = _programs(model, declared)
        self.principals = {one: None for one in model.principals if one not in programs}
        """Users, groups, permission sets and people's roles, in the model's order."""
        of_programs = {policy.resource for one in programs for policy in one.policies if policy.managed}
        of_people = {policy.resource for one in self.principals for policy in one.policies if policy.managed}
        self._roles: dict[str, list[Resource]] = {}
        for one in self.principals:
            if one.type is PrincipalType.ROLE and one.resource and one.name:
                self._roles.setdefault(one.name.lower(), []).append(one.resource)
        unclear = (model.attached_from(one) for one in model.resources if attachment_of(one) and self._unclear(one))
        self._of_programs_alone = of_programs - of_people - {policy for found in unclear for policy in found}

    def have(self, resource: Resource) -> bool:
        """Tell whether what a resource carries or attaches is people's, or nobody knows whose it is."""
        if resource.kind in MANAGED_POLICIES:
            return resource not in self._of_programs_alone
        return self._unclear(resource) or any(one in self.principals for one in self._model.principals_of(resource))

    def _unclear(self, resource: Resource) -> bool:
        names = [one.name.lower() for one in self._model.principals_of(resource) if one.name]
        return self._model.holders_unclear(resource) or any(
            not role.is_apart_from(resource) for name in names for role in self._roles.get(name, ())
        )


def people(model: Model, config: Config) -> People:
    """Return what is people's in a model, by what a configuration declares."""
    return _people(model, _declared(config))


_people = lru_cache(maxsize=4)(People)


def of_people_alone(resource: Resource, config: Config) -> bool:
    """Tell of a resource, before the stack is there, that what it carries is people's whatever else the stack holds.

    For documents that stand apart from their role that is where the run has shown no role of that name before, or one
    that cannot be a program's.
    """
    if attachment_of(resource) in (Attachment.GROUP, Attachment.USER) or resource.kind.startswith("ssoadmin."):
        return True
    declared = _declared(config)
    if resource.kind == "iam.Role":
        return _entering(resource, declared) is None
    names = [*_each(resource, "role", "rolename", "roles")]
    if not names or any(_each(resource, "users", "groups")):
        return True
    shown = ([*_shown(resource, name)] for name in names if name is not UNKNOWN)
    return any(
        all(one.place != resource.place for one in roles) or any(_entering(one, declared) is None for one in roles)
        for roles in shown
    )


def _shown(resource: Resource, name: object) -> Iterator[Resource]:
    """The roles shown before that a name may stand for."""
    unnamed = (role for role in resource.roles.get("", {}).values() if _may_be_called(role, str(name)))
    for role in (*resource.roles.get(str(name).lower(), {}).values(), *unnamed):
        if not role.is_apart_from(resource):
            yield role


def _may_be_called(role: Resource, name: str) -> bool:
    # The provider adds a time and a number to a prefix.
    return re.fullmatch(re.escape(role.text("nameprefix") or "") + r"\d{18}[0-9a-f]{8}", name) is not None


def _each(resource: Resource, *names: str) -> Iterator[Any]:
    for _, value in resource.values(*names):
        yield from value if isinstance(value, list) else [value]


def _declared(config: Config) -> str:
    """What decides whose a role is, as text: rules have configurations of their own that say the same."""
    return json.dumps({name: config[name] for name in DECLARED if name in config}, default=_plain)


def _plain(value: Any) -> Any:
    # The policy SDK has mappings and sequences of its own.
    return dict(value) if isinstance(value, Mapping) else list(value)


def _programs(model: Model, declared: str) -> dict[Principal, frozenset[str]]:
    """The roles that are programs', each with the roles that enter it."""
    found: dict[Principal, frozenset[str]] = {}
    for role in model.having(PrincipalType.ROLE):
        entering = _together(_entering(trust.carrier, declared) for trust in role.trusts)
        if role.trusts and entering is not None:
            found[role] = entering

    def enters(arn: str, other: Principal) -> bool:
        """Tell whether a program's role, and no other of that name, is meant."""
        role = model.role(arn)
        return role in found and role is not None and role.is_there_for(other.maker)

    while others := [role for role, arns in found.items() if not all(enters(arn, role) for arn in arns)]:
        for role in others:
            del found[role]
    return found


@lru_cache(maxsize=1 << 12)
def _entering(role: Resource, declared: str) -> frozenset[str] | None:
    """The roles, by ARN, that may enter one beside programs; None if others may, or nobody can tell."""
    config = json.loads(declared)
    try:
        return _together(_roles_entering(trust, config) for trust in trusts(role))
    except Unverifiable:
        return None


def _together(entering: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """All roles that enter by one way or another; None if by one of them others may."""
    found: set[str] = set()
    for roles in entering:
        if roles is None:
            return None
        found |= roles
    return frozenset(found)


def _roles_entering(trust: Policy, config: Config) -> frozenset[str] | None:
    document = without_vendors(trust, config)
    programs = {
        (s.index, one) for s, one in document.admitted if _is_service(one) or admits_programs(trust, s, one, config)
    }
    if unknown_actions(document) or any(one.kind in OUTSIDE_OF_IAM for _, one in document.admitted):
        return None
    document = without(document, programs)
    roles = frozenset(_roles_named(document))
    targets = (opening(trust.account),)
    persons = tuple(Callers(type=type_, partition=trust.partition) for type_ in CallerType if type_ != CallerType.ROLE)
    sessions = (Callers(type=CallerType.ROLE, partition=trust.partition),)
    named = {"aws:PrincipalArn": Values(but=tuple(roles))}
    if decide(document, Query(callers=persons, targets=targets)):
        return None
    return None if decide(document, Query(callers=sessions, targets=targets, keys=named)) else roles


def _is_service(entry: Entry) -> bool:
    """Tell whether an entry of a trust policy is a service of AWS that uses roles for programs only."""
    name = entry.value.lower().partition(".")[0]
    return entry.kind is PrincipalKind.SERVICE and "*" not in name and name not in SERVICES_FOR_PEOPLE


def _roles_named(document: Document) -> Iterator[str]:
    """The roles that a trust policy writes out in full, as principals or in a condition on the principal."""
    for _, principal in document.admitted:
        if principal.kind is PrincipalKind.ROLE:
            yield principal.value
    for condition in (one for statement in document.statements for one in statement.conditions):
        if canonical_key(condition.key) == "aws:principalarn":
            yield from (one for one in condition.values if ":role/" in one and not set(one) & set("*?$"))
