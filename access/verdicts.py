"""Who may enter which role, decided from grants and trusts together.

A user gets in if the identity policies (own and group policies together, within a permissions boundary) allow
sts:AssumeRole on the role and the role's trust policy lets that user in, in one and the same request. In the role's own
account a trust policy that names the user (or everyone) is enough. What cannot be read or decided makes the verdict
"cannot be verified" wherever it could change it.

Not seen, because no stack holds it: service control and resource control policies, which can only take away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, cached_property

from delegation_pack.iam import (
    Callers,
    CallerType,
    Condition,
    Document,
    Effect,
    Principal,
    PrincipalKind,
    Request,
    Statement,
)
from delegation_pack.iam import matching_actions as covered
from delegation_pack.iam.conditions import Check, canonical, language_of
from delegation_pack.iam.evaluation import Facts
from delegation_pack.model import Policy, PrincipalType

from access.addresses import Addresses
from access.effective_access import (
    ALLOW_ALL,
    NO_ACCESS,
    EffectiveAccess,
    Rule,
    Rules,
    effective_access,
    other_conditions,
)
from access.model import Group, Model, Role, User

ASSUME = "sts:AssumeRole"

_OF_USER = frozenset({"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username", "aws:userid"})
_OF_ROLE = frozenset({"aws:resourceaccount"})
_TAG_OF_USER = "aws:principaltag/"
_TAGS_OF_ROLE = ("aws:resourcetag/", "iam:resourcetag/")
_VARIABLE = re.compile(r"\$\{([^,}]+)[,}]")


class Status(StrEnum):
    """The verdict on one user and one role."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNVERIFIED = "cannot be verified"


@dataclass(frozen=True)
class Ref:
    """One statement of one policy."""

    policy: Policy
    document: Document
    statement: Statement

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"{self.policy.title}, {self.statement.label}"


@dataclass(frozen=True)
class PolicySet:
    """What one set of policies (the user's, the boundary, the trust) says about one user and one role."""

    rules: Rules = ()
    refs: tuple[Ref, ...] = ()
    """The statement of each rule."""
    unread: tuple[Policy, ...] = ()
    """Policies that cannot be read."""
    vague: tuple[str, ...] = ()
    """Statements of which it cannot be told whether they cover the role, in full sentences."""

    @property
    def knows_all(self) -> bool:
        """Whether everything in this set can be judged."""
        return not self.unread and not self.vague

    @property
    def only_more(self) -> bool:
        """Whether what cannot be judged can only allow more: policies of AWS that are not made to deny."""
        return not self.vague and all(
            p.aws_managed and "Deny" not in p.name and "Quarantine" not in p.name for p in self.unread
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not all can be judged, in full sentences."""
        return (*(f"{policy.title} cannot be read: {policy.problem}" for policy in self.unread), *self.vague)


@dataclass(frozen=True)
class Cell:
    """The verdict on one user and one role, with what it rests on."""

    user: User
    role: Role
    status: Status
    access: EffectiveAccess
    """What is allowed; where the status is "cannot be verified", what may be."""
    notes: tuple[str, ...]
    """What cannot be verified or should be known, in full sentences."""
    identity: PolicySet
    trust: PolicySet
    boundary: PolicySet | None

    @cached_property
    def statements(self) -> tuple[tuple[Ref, ...], ...]:
        """The statements that let the user in, grants and trust."""
        found: tuple[dict[Ref, None], dict[Ref, None]] = ({}, {})
        for through in self.access.through:
            for policies, at, refs in zip((self.identity, self.trust), (through[0], through[-1]), found, strict=True):
                if 0 <= at < len(policies.refs):
                    refs[policies.refs[at]] = None
        return tuple(tuple(refs) for refs in found)

    @cached_property
    def provisos(self) -> tuple[str, ...]:
        """What every combination asks for besides MFA and address."""
        asked = []
        for through in self.access.through:
            policy_sets = (self.identity, *([self.boundary] if self.boundary else []), self.trust)
            rules = [
                policies.rules[at]
                for policies, at in zip(policy_sets, through, strict=True)
                if 0 <= at < len(policies.rules)
            ]
            asked.append(other_conditions(rules))
        return tuple(said for said in asked[0] if all(said in others for others in asked)) if asked else ()


@dataclass(frozen=True)
class Outsider:
    """Somebody whom a trust policy lets in and whose own policies are not in the states."""

    principal: Principal
    role: Role
    ref: Ref
    access: EffectiveAccess

    @property
    def title(self) -> str:
        """Who it is, in words."""
        kind, value = self.principal.kind, self.principal.value
        match kind:
            case PrincipalKind.WILDCARD:
                return "everyone"
            case PrincipalKind.ACCOUNT:
                return f"everyone in account {self.principal.account}"
            case PrincipalKind.UNIQUE_ID:
                return f"the deleted or unknown principal {value}"
            case PrincipalKind.USER | PrincipalKind.ROLE:
                return f"{kind} {value.partition('/')[2].rpartition('/')[2]} of account {self.principal.account}"
        return f"{kind} {value}"


@dataclass(frozen=True)
class _Line:
    """A statement that covers sts:AssumeRole, prepared for many users and roles."""

    ref: Ref
    has_variables: bool
    conditions: tuple[Condition, ...]
    """With `${` of documents without variables written so that it stays literal."""
    settled_by: frozenset[str]
    """Keys of the user or the role that conditions or variables name."""

    @property
    def statement(self) -> Statement:
        return self.ref.statement

    @cached_property
    def literal(self) -> frozenset[str] | None:
        """The ARNs in Resource, if it has neither wildcard nor variable."""
        texts = self.statement.resources
        return None if texts is None or any(c in text for text in texts for c in "*?$") else frozenset(texts)

    @cached_property
    def resource_keys(self) -> frozenset[str]:
        """Keys that policy variables in the resources name."""
        texts = self.statement.resources if self.statement.resources is not None else self.statement.not_resources or ()
        return frozenset(canonical(key) for text in texts for key in _keys(text)) if self.has_variables else frozenset()

    @cached_property
    def users(self) -> frozenset[str]:
        return self._named(PrincipalKind.USER)

    @cached_property
    def ids(self) -> frozenset[str]:
        return self._named(PrincipalKind.UNIQUE_ID)

    @cached_property
    def accounts(self) -> frozenset[str]:
        entries = self.statement.principals or self.statement.not_principals or ()
        return frozenset(p.account for p in entries if p.kind is PrincipalKind.ACCOUNT and p.account)

    @cached_property
    def everyone(self) -> bool:
        return bool(self._named(PrincipalKind.WILDCARD))

    def _named(self, kind: PrincipalKind) -> frozenset[str]:
        entries = self.statement.principals or self.statement.not_principals or ()
        return frozenset(p.value for p in entries if p.kind is kind)

    def admits(self, user: User) -> tuple[bool, bool]:
        """Whether the principals cover a user, and whether they do so by more than the user's account."""
        if self.statement.not_principals is not None:
            covered_ = not (self.everyone or user.account in self.accounts or user.arn in self.users)
            return covered_, covered_
        direct = self.everyone or user.arn in self.users or bool(self.ids and user.unique_id in self.ids)
        return direct or user.account in self.accounts, direct


def _keys(text: str) -> list[str]:
    return _VARIABLE.findall(text)


@cache
def _lines(policy: Policy) -> tuple[_Line, ...]:
    document = policy.document
    if document is None:
        return ()
    found = []
    for statement in document.statements:
        if covered(statement, [ASSUME]):
            conditions = statement.conditions
            if not document.has_variables:
                conditions = tuple(_literally(condition) for condition in conditions)
            named = {canonical(c.key) for c in conditions}
            named |= {canonical(key) for c in conditions for value in c.values for key in _keys(value)}
            line = _Line(
                Ref(policy, document, statement),
                document.has_variables,
                conditions,
                frozenset(filter(_is_settled, named)),
            )
            found.append(line)
    return tuple(found)


def _literally(condition: Condition) -> Condition:
    values = tuple(value.replace("${", "${$}{") for value in condition.values)
    return condition if values == condition.values else Condition(condition.operator, condition.key, values)


def _is_settled(key: str) -> bool:
    return key in _OF_USER or key in _OF_ROLE or key.startswith((_TAG_OF_USER, *_TAGS_OF_ROLE))


class Verdicts:
    """The verdicts on a model, each decided once for all users and roles that documents do not tell apart."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._classes: dict[tuple[Policy | None, ...], int] = {}
        self._class_of: dict[str, int] = {}
        self._by_arn: dict[int, tuple[dict[str, list[_Line]], list[_Line]]] = {}
        self._identity: dict[tuple[int, str, str], PolicySet] = {}
        self._boundary: dict[tuple[str, str, str], PolicySet] = {}
        self._trust: dict[tuple[object, ...], PolicySet] = {}
        self._decided: dict[tuple[object, ...], tuple[Status, EffectiveAccess, tuple[str, ...]]] = {}
        for user in model.users:
            policies = tuple(user.all_policies)
            number = self._classes.setdefault((user.boundary, *policies), len(self._classes))
            self._class_of[user.arn] = number
            if number not in self._by_arn:
                self._by_arn[number] = _index(policies)

    def cells(self, roles: Iterable[Role] | None = None) -> Iterator[Cell]:
        """Every user and role, ordered by user, account and role."""
        ordered = sorted(
            self.model.roles if roles is None else roles, key=lambda r: (self.model.label(r.account), r.name)
        )
        for user in self.model.users:
            for role in ordered:
                yield self.cell(user, role)

    def cell(self, user: User, role: Role) -> Cell:
        """Decide whether a user may enter a role."""
        identity, trust = self.identity(user, role), self.trust(user, role)
        boundary = self.boundary(user, role)
        # Policy sets are kept by this object, so their identities stand for what they say.
        key = (user.account, id(identity), id(boundary), id(trust))
        if key not in self._decided:
            self._decided[key] = self._decide(user, role, identity, trust, boundary)
        return Cell(user, role, *self._decided[key], identity, trust, boundary)

    def _decide(
        self, user: User, role: Role, identity: PolicySet, trust: PolicySet, boundary: PolicySet | None
    ) -> tuple[Status, EffectiveAccess, tuple[str, ...]]:
        policy_sets = [policies for policies in (identity, boundary, trust) if policies is not None]
        rules = tuple(policies.rules for policies in policy_sets)
        callers, pins = self._asks(user, rules)
        if all(policies.knows_all for policies in policy_sets):
            sure = effective_access(rules, callers, pins)
            status = Status.ALLOWED if sure else Status.UNVERIFIED if sure.doubts else Status.REFUSED
            return status, sure, sure.doubts
        # By what is sure, and by what would be if the parts that cannot be judged allowed everything.
        most = [policies.rules if policies.knows_all else (*policies.rules, *ALLOW_ALL) for policies in policy_sets]
        if not trust.knows_all:
            most[-1] = (Rule(Effect.ALLOW, direct=user.account == role.account),)
        maybe = effective_access(tuple(most), callers, pins)
        if not maybe and not maybe.doubts:
            return Status.REFUSED, NO_ACCESS, ()
        notes = (*maybe.doubts, *(reason for policies in policy_sets for reason in policies.reasons))
        if all(policies.knows_all or (policies is identity and policies.only_more) for policies in policy_sets):
            sure = effective_access(rules, callers, pins)
            if sure:
                return Status.ALLOWED, sure, (*sure.doubts, *notes)
        return Status.UNVERIFIED, maybe, notes

    def identity(self, user: User, role: Role) -> PolicySet:
        """What the user's own and group policies say about entering a role."""
        number = self._class_of[user.arn]
        arns, others = self._by_arn[number]
        lines = [*arns[role.arn], *others] if role.arn in arns else others
        personal = any(line.settled_by or line.resource_keys for line in lines)
        key = (number, role.arn, user.arn if personal else "")
        if key not in self._identity:
            unread = tuple(policy for policy in user.all_policies if policy.document is None)
            self._identity[key] = _policy_set(_identity_rules(lines, user, role), unread)
        return self._identity[key]

    def boundary(self, user: User, role: Role) -> PolicySet | None:
        """What the user's permissions boundary says about it; None without one."""
        if user.boundary is None:
            return None
        lines = _lines(user.boundary)
        personal = any(line.settled_by or line.resource_keys for line in lines)
        key = (user.boundary.arn, role.arn, user.arn if personal else "")
        if key not in self._boundary:
            unread = (user.boundary,) if user.boundary.document is None else ()
            self._boundary[key] = _policy_set(_identity_rules(lines, user, role), unread)
        return self._boundary[key]

    def trust(self, user: User, role: Role) -> PolicySet:
        """What the role's trust policy says about the user."""
        lines = _lines(role.trust)
        same = user.account == role.account
        admitted = tuple(
            (i, direct and same) for i, line in enumerate(lines) for yes, direct in [line.admits(user)] if yes
        )
        personal = any(lines[i].settled_by for i, _ in admitted)
        key = (role.arn, admitted, user.arn if personal else "")
        if key not in self._trust:
            rules = []
            for i, direct in admitted:
                conditions = _left(lines[i], user, role)
                if conditions is not None:
                    rules.append((Rule(lines[i].statement.effect, conditions, direct), lines[i].ref))
            self._trust[key] = _policy_set((rules, ()), (role.trust,) if role.trust.document is None else ())
        return self._trust[key]

    def _asks(self, user: User, policy_sets: tuple[Rules, ...]) -> tuple[Callers, tuple[tuple[str, str | None], ...]]:
        """Who calls, and the keys that follow from it: only as far as conditions that are left look at it."""
        if not _personal(policy_sets):
            # One name stands for everybody, so that the decision is made once.
            return Callers(type=CallerType.USER, arn=f"arn:{user.partition}:iam::{user.account}:user/somebody"), ()
        pins: dict[str, str | None] = {f"{_TAG_OF_USER}{k.lower()}": v for k, v in user.tags.items() if user.resource}
        if user.unique_id.startswith("AIDA"):
            pins["aws:userid"] = user.unique_id
        return Callers(type=CallerType.USER, arn=user.arn), tuple(pins.items())

    def candidates(self, user: User, role: Role) -> tuple[tuple[Ref, ...], tuple[Ref, ...]]:
        """The statements on this user and role, whatever their conditions: of the identity policies, of the trust."""
        arns, others = self._by_arn[self._class_of[user.arn]]
        bare = (replace(line, conditions=(), settled_by=frozenset()) for line in (*arns.get(role.arn, ()), *others))
        granting = tuple(ref for _, ref in _identity_rules(bare, user, role)[0])
        return granting, tuple(line.ref for line in _lines(role.trust) if line.admits(user)[0])

    def grants(self, group: Group, role: Role) -> bool:
        """Whether a policy of the group allows entering the role, under some condition."""
        arns, others = _index(group.policies)
        member = User(
            type=PrincipalType.USER, resource=None, account=group.account, partition=group.partition, name="member"
        )
        rules, _ = _identity_rules((*arns.get(role.arn, ()), *others), member, role)
        return any(rule.effect is Effect.ALLOW for rule, _ in rules)

    def outsiders(self, roles: Iterable[Role] | None = None) -> Iterator[Outsider]:
        """Everybody whom a trust policy admits beyond the users of the states."""
        users = {user.arn for user in self.model.users} | {
            user.unique_id for user in self.model.users if user.unique_id
        }
        accounts = {user.account for user in self.model.users}
        for role in self.model.roles if roles is None else roles:
            lines = _lines(role.trust)
            denies = tuple(
                Rule(Effect.DENY, line.conditions)
                for line in lines
                if line.statement.effect is Effect.DENY and line.statement.principals and line.everyone
            )
            for line in lines:
                if line.statement.effect is Effect.DENY:
                    continue
                for principal in line.statement.principals or (Principal(PrincipalKind.WILDCARD, "*", None),):
                    known = principal.kind is PrincipalKind.ACCOUNT and principal.account in accounts
                    if known or principal.value in users:
                        continue
                    found = effective_access(((*denies, Rule(Effect.ALLOW, line.conditions)),), _callers(principal))
                    if found or found.doubts:
                        yield Outsider(principal, role, line.ref, found)

    def session_addresses(self, role: Role) -> Addresses | None:
        """From where a session of the role can do anything at all; None if no policy of the role limits it."""
        rules = [*ALLOW_ALL]
        for policy in role.policies:
            for statement in policy.document.statements if policy.document else ():
                everything = "*" in (statement.actions or ()) and "*" in (statement.resources or ())
                if everything and statement.effect is Effect.DENY:
                    rules.append(Rule(Effect.DENY, statement.conditions))
        if len(rules) == 1:
            return None
        found = effective_access((tuple(rules),), Callers(type=CallerType.ROLE, account=role.account))
        return None if found.addresses.unrestricted and found.addresses.endpoints else found.addresses


def _callers(principal: Principal) -> Callers:
    match principal.kind:
        case PrincipalKind.USER:
            return Callers(type=CallerType.USER, arn=principal.value)
        case PrincipalKind.ROLE:
            return Callers(type=CallerType.ROLE, arn=principal.value)
        case PrincipalKind.SESSION:
            return Callers(type=CallerType.ROLE, account=principal.account)
    return Callers(type=CallerType.USER, account=principal.account)


def _index(policies: Iterable[Policy]) -> tuple[dict[str, list[_Line]], list[_Line]]:
    """The lines of policies: those that name roles in full by ARN, and the others."""
    arns: dict[str, list[_Line]] = {}
    others = []
    for policy in policies:
        for line in _lines(policy):
            if line.literal is None:
                others.append(line)
            else:
                for arn in line.literal:
                    arns.setdefault(arn, []).append(line)
    return arns, others


_Ruled = tuple[list[tuple[Rule, Ref]], tuple[str, ...]]


def _policy_set(ruled: _Ruled, unread: tuple[Policy, ...]) -> PolicySet:
    rules, vague = ruled
    return PolicySet(tuple(rule for rule, _ in rules), tuple(ref for _, ref in rules), unread, vague)


def _identity_rules(lines: Iterable[_Line], user: User, role: Role) -> _Ruled:
    rules, vague = [], []
    for line in lines:
        if line.literal is None:
            facts = _facts(user, role)
            if not all(_known(key, user, role) for key in line.resource_keys):
                vague.append(
                    f"{line.ref.title} cannot be verified: its resources hang on a variable that no state knows."
                )
                continue
            covers = line.statement.resources is not None
            language = language_of(
                line.statement.resources or line.statement.not_resources or (), line.has_variables, facts.lookup
            )
            if (role.arn in language) != covers:
                continue
        elif role.arn not in line.literal:
            continue
        conditions = _left(line, user, role)
        if conditions is not None:
            rules.append((Rule(line.statement.effect, conditions), line.ref))
    return rules, tuple(vague)


def _left(line: _Line, user: User, role: Role) -> tuple[Condition, ...] | None:
    """The conditions that user and role do not settle; None if one of them fails."""
    if not line.settled_by:
        return line.conditions
    facts = _facts(user, role)
    left = []
    for condition in line.conditions:
        keys = {canonical(condition.key), *(canonical(key) for value in condition.values for key in _keys(value))}
        if all(_known(key, user, role) for key in keys):
            check = Check(condition, True, facts.lookup)
            holds = check.holds(facts.values(check.key))
            if holds is False:
                return None
            if holds:
                continue
        left.append(condition)
    return tuple(left)


def _known(key: str, user: User, role: Role) -> bool:
    """Whether user and role settle a key."""
    if key == "aws:userid":
        return user.unique_id.startswith("AIDA")
    if key.startswith(_TAG_OF_USER):
        return user.resource is not None
    if key.startswith(_TAGS_OF_ROLE):
        return role.resource is not None
    return key in _OF_USER or key in _OF_ROLE


def _facts(user: User, role: Role) -> Facts:
    return Facts(Request(principal=user.arn, action=ASSUME, resource=role.arn, context=context_of(user, role)))


def context_of(user: User, role: Role) -> Mapping[str, str]:
    """The condition keys of a request that follow from user and role, besides those that their ARNs tell."""
    context = {f"aws:PrincipalTag/{key}": value for key, value in user.tags.items()}
    for key, value in role.tags.items():
        context[f"aws:ResourceTag/{key}"] = context[f"iam:ResourceTag/{key}"] = value
    return context | ({"aws:userid": user.unique_id} if user.unique_id.startswith("AIDA") else {})


@cache
def _personal(policy_sets: tuple[Rules, ...]) -> bool:
    """Whether conditions that are left look at who calls.

    A variable that stands alone on its key (`sts:RoleSessionName` must be `${aws:username}`) gives everybody the same
    verdict.
    """
    by_key: dict[str, set[Condition]] = {}
    for condition in (c for policies in policy_sets for rule in policies for c in rule.conditions):
        by_key.setdefault(canonical(condition.key), set()).add(condition)
    for key, conditions in by_key.items():
        names = {canonical(name) for c in conditions for value in c.values for name in _keys(value)}
        if _is_settled(key) or (any(map(_is_settled, names)) and len(conditions) > 1):
            return True
    return False
