"""Who may enter which role, decided from grants and trusts together.

A user gets in if the identity policies (own and group policies together, within a permissions boundary) allow
sts:AssumeRole on the role and the role's trust policy lets that user in, in one and the same request. In the role's own
account a trust policy that names the user (or everyone) is enough. What cannot be read or decided makes the verdict
"cannot be verified" wherever it could change it.

Not seen, because no stack holds it: service control and resource control policies, which can only take away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, cached_property

from delegation_pack.iam import (
    Callers,
    CallerType,
    Document,
    Effect,
    Known,
    Principal,
    PrincipalKind,
    Statement,
    asks_who,
    canonical_key,
    keys_asked,
    names_directly,
    residual,
)
from delegation_pack.model import Policy, PrincipalType

from access import provisos
from access.addresses import Addresses
from access.effective_access import (
    ALLOW_ALL,
    NO_ACCESS,
    NOT_NEEDED,
    Documents,
    EffectiveAccess,
    effective_access,
    only,
)
from access.model import Group, Model, Role, User
from access.provisos import Proviso

ASSUME = "sts:AssumeRole"

_TAG_OF_USER = "aws:principaltag/"
_TAGS_OF_ROLE = ("aws:resourcetag/", "iam:resourcetag/")


class Status(StrEnum):
    """The verdict on one user and one role."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNVERIFIED = "cannot be verified"


@dataclass(frozen=True)
class Ref:
    """One statement of one policy."""

    policy: Policy
    # A trust policy may name hundreds of users, and references are often looked up.
    document: Document = field(hash=False)
    statement: Statement = field(hash=False)

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"{self.policy.title}, {self.statement.label}"


@dataclass(frozen=True)
class PolicySet:
    """What one set of policies (the user's, the boundary, the trust) says about one user and one role."""

    documents: Documents = ()
    """What is left of the documents once user and role are settled."""
    refs: tuple[Ref, ...] = ()
    """The statements of the policies of which something is left, by their index in `documents`."""
    direct: frozenset[int] = frozenset()
    """Statements of a trust policy that alone are enough, as they name the user in the role's own account."""
    unread: tuple[Policy, ...] = ()
    """Policies that cannot be read."""
    vague: tuple[str, ...] = ()
    """Statements of which it cannot be told whether they cover the role, in full sentences."""

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The statements of `documents`."""
        return tuple(statement for document in self.documents for statement in document.statements)

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


@dataclass(eq=False)
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
    decision: object
    """One and the same object for all cells that rest on the same policy sets, as long as there are `Verdicts`."""

    @cached_property
    def statements(self) -> tuple[tuple[Ref, ...], ...]:
        """The statements that let the user in, grants and trust."""
        found: tuple[dict[Ref, None], dict[Ref, None]] = ({}, {})
        for through in self.access.through:
            for policies, at, refs in zip((self.identity, self.trust), (through[0], through[-1]), found, strict=True):
                if at >= 0:
                    refs[policies.refs[at]] = None
        return tuple(tuple(refs) for refs in found)

    @cached_property
    def provisos(self) -> tuple[Proviso, ...]:
        """What every combination asks for besides MFA and address."""
        if not self.access:
            return ()
        policy_sets = (self.identity, *([self.boundary] if self.boundary else []), self.trust)
        asked = []
        for through in self.access.through:
            used = [policies.statements[at] for policies, at in zip(policy_sets, through, strict=True) if at >= 0]
            asked.append(provisos.of_allows(used))
        always = [said for said in asked[0] if all(said in others for others in asked)]
        denied = provisos.of_denies(statement for policies in policy_sets for statement in policies.statements)
        return tuple(dict.fromkeys([*always, *denied]))


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


class _Reading:
    """What a policy says about sts:AssumeRole, prepared for many users and roles."""

    def __init__(self, policy: Policy, document: Document, now: datetime) -> None:
        self.policy, self.whole = policy, document
        self.document = provisos.settled(residual(document, Known(action=ASSUME)), now)
        # Principal elements ask for the id, too.
        self.asked = keys_asked(self.document) | {"aws:userid"}
        self.is_personal = asks_who(self.document, set(filter(_is_tag, self.asked)))

    def left(self, user: User, role: Role) -> Iterator[tuple[Ref, Statement]]:
        """What user and role leave of each statement."""
        context = _settled(user, role, self.asked)
        known = Known(principal=user.arn, action=ASSUME, resource=role.arn, context=context)
        for statement in residual(self.document, known).statements:
            # A stored trust policy names the id of a user who was deleted: nobody whose id is not known.
            if statement.principals is None:
                yield self.ref(statement), replace(statement, not_principals=None)

    def ref(self, statement: Statement) -> Ref:
        """The whole of a statement of which a part is left."""
        return Ref(self.policy, self.whole, self.whole.statements[statement.index - 1])

    def admitting(self, statement: Statement) -> Documents:
        """A statement of a trust policy for those it names, with what is denied to everybody."""
        everyone = [
            one
            for one in self.document.statements
            if one.effect is Effect.DENY and any(p.kind is PrincipalKind.WILDCARD for p in one.principals or ())
        ]
        kept = (
            replace(one, index=i, sid="", principals=None, not_principals=None)
            for i, one in enumerate((*everyone, statement))
        )
        return (replace(self.document, statements=tuple(kept)),)


@cache
def _reading(policy: Policy, now: datetime) -> _Reading | None:
    return None if policy.document is None else _Reading(policy, policy.document, now)


class Verdicts:
    """The verdicts on a model, each decided once for all users and roles that documents do not tell apart.

    Access that ends later is access; access that has ended by `now` (default: this moment, UTC) is none.
    """

    def __init__(self, model: Model, now: datetime | None = None) -> None:
        self.model = model
        self.now = now or datetime.now(UTC)
        self._unique_ids = {user.arn: user.unique_id for user in model.users}
        self._class_of: dict[str, tuple[int, bool]] = {}
        self._trusts = {role.arn: (role.trust, _reading(role.trust, self.now)) for role in model.roles}
        self._held: dict[tuple[object, ...], PolicySet] = {}
        self._decided: dict[tuple[int, ...], tuple[Status, EffectiveAccess, tuple[str, ...]]] = {}
        classes: dict[tuple[object, ...], int] = {}
        for user in model.users:
            policies = tuple(user.all_policies)
            number = classes.setdefault((user.account, user.boundary, *policies), len(classes))
            self._class_of[user.arn] = number, any(map(self._is_read_for_each, policies))

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
        # Policy sets are kept by this object, so their identities stand for what they say, and for the user's account.
        key = (id(identity), id(boundary), id(trust))
        decided = self._decided.get(key)
        if decided is None:
            decided = self._decided[key] = self._decide(user, role, identity, trust, boundary)
        return Cell(user, role, *decided, identity, trust, boundary, decided)

    def _decide(
        self, user: User, role: Role, identity: PolicySet, trust: PolicySet, boundary: PolicySet | None
    ) -> tuple[Status, EffectiveAccess, tuple[str, ...]]:
        policy_sets = [policies for policies in (identity, boundary, trust) if policies is not None]
        documents = tuple(policies.documents for policies in policy_sets)
        callers, pins = _asks(user, role, documents)
        if all(policies.knows_all for policies in policy_sets):
            sure = effective_access(documents, callers, pins, trust.direct)
            status = Status.ALLOWED if sure else Status.UNVERIFIED if sure.doubts else Status.REFUSED
            return status, sure, sure.doubts
        # By what is sure, and by what would be if the parts that cannot be judged allowed everything.
        most = [
            policies.documents if policies.knows_all else (*policies.documents, *ALLOW_ALL) for policies in policy_sets
        ]
        direct = trust.direct
        if not trust.knows_all and user.account == role.account:
            direct = frozenset({NOT_NEEDED})
        maybe = effective_access(tuple(most), callers, pins, direct)
        if not maybe and not maybe.doubts:
            return Status.REFUSED, NO_ACCESS, ()
        notes = (*maybe.doubts, *(reason for policies in policy_sets for reason in policies.reasons))
        if all(policies.knows_all or (policies is identity and policies.only_more) for policies in policy_sets):
            sure = effective_access(documents, callers, pins, trust.direct)
            if sure:
                return Status.ALLOWED, sure, (*sure.doubts, *notes)
        return Status.UNVERIFIED, maybe, notes

    def identity(self, user: User, role: Role) -> PolicySet:
        """What the user's own and group policies say about entering a role."""
        number, is_personal = self._class_of[user.arn]
        key = (number, role.arn, user.arn if is_personal else "")
        return self._held.get(key) or self._holding(key, user.all_policies, user, role)

    def boundary(self, user: User, role: Role) -> PolicySet | None:
        """What the user's permissions boundary says about it; None without one."""
        boundary = user.boundary
        if boundary is None:
            return None
        key = (user.account, boundary.arn, role.arn, user.arn if self._is_read_for_each(boundary) else "")
        return self._held.get(key) or self._holding(key, [boundary], user, role)

    def trust(self, user: User, role: Role) -> PolicySet:
        """What the role's trust policy says about the user."""
        trust, reading = self._trusts[role.arn]
        key: tuple[object, ...] = (role.arn,)
        if reading:
            named = reading.document.entries.get
            who = user.arn if reading.is_personal else ""
            key = (role.arn, user.account, named(user.arn), named(self._unique_ids[user.arn]), who)
        return self._held.get(key) or self._holding(key, [trust], user, role)

    def _holding(self, key: tuple[object, ...], policies: Iterable[Policy], user: User, role: Role) -> PolicySet:
        return self._held.setdefault(key, _policy_set(policies, user, role, self.now))

    def grants(self, group: Group, role: Role) -> bool:
        """Whether a policy of the group allows entering the role, under some condition."""
        member = User(
            type=PrincipalType.USER, resource=None, account=group.account, partition=group.partition, name="member"
        )
        found = _policy_set(group.policies, member, role, self.now).statements
        return any(statement.effect is Effect.ALLOW for statement in found)

    def outsiders(self, roles: Iterable[Role] | None = None) -> Iterator[Outsider]:
        """Everybody whom a trust policy admits beyond the users of the states."""
        users = {user.arn for user in self.model.users} | {
            user.unique_id for user in self.model.users if user.unique_id
        }
        accounts = {user.account for user in self.model.users}
        for role in self.model.roles if roles is None else roles:
            _, reading = self._trusts[role.arn]
            if reading is None:
                continue
            for statement, principal in reading.document.admitted:
                known = principal.kind is PrincipalKind.ACCOUNT and principal.account in accounts
                if known or principal.value in users:
                    continue
                found = effective_access((reading.admitting(statement),), _callers(principal))
                if found or found.doubts:
                    yield Outsider(principal, role, reading.ref(statement), found)

    def _is_read_for_each(self, policy: Policy) -> bool:
        """Whether a policy has to be read for each user apart."""
        reading = _reading(policy, self.now)
        return reading is not None and reading.is_personal

    def revoked_before(self, role: Role) -> str | None:
        """Before when sessions of the role were issued that may do nothing any more; None if none are revoked."""
        documents = [policy.document for policy in role.policies if policy.document]
        return provisos.revoked_before(statement for document in documents for statement in document.statements)

    def session_addresses(self, role: Role) -> Addresses | None:
        """From where a session of the role can do anything at all; None if no policy of the role limits it."""
        documents = tuple(policy.document for policy in role.policies if policy.document)
        denies = only(documents, _denies_everything)
        if not denies:
            return None
        found = effective_access(((*ALLOW_ALL, *denies),), Callers(type=CallerType.ROLE, account=role.account))
        return None if found.addresses.unrestricted and found.addresses.endpoints else found.addresses


def _denies_everything(statement: Statement) -> bool:
    everything = "*" in (statement.actions or ()) and "*" in (statement.resources or ())
    return everything and statement.effect is Effect.DENY


def _policy_set(policies: Iterable[Policy], user: User, role: Role, now: datetime) -> PolicySet:
    documents: list[Document] = []
    refs: list[Ref] = []
    direct, unread, vague = set(), [], []
    for policy in policies:
        reading = _reading(policy, now)
        if reading is None:
            unread.append(policy)
            continue
        kept = []
        for ref, statement in reading.left(user, role):
            if statement.resources or statement.not_resources:
                vague.append(f"{ref.title} cannot be verified: its resources hang on a variable that no state knows.")
                continue
            if user.account == role.account and names_directly(ref.statement, user.arn, user.unique_id):
                direct.add(len(refs))
            kept.append(replace(statement, index=len(refs), sid=""))
            refs.append(ref)
        if kept:
            documents.append(replace(reading.document, statements=tuple(kept)))
    return PolicySet(tuple(documents), tuple(refs), frozenset(direct), tuple(unread), tuple(vague))


def _asks(
    user: User, role: Role, policies: tuple[Documents, ...]
) -> tuple[Callers, tuple[tuple[str, str | None], ...]]:
    """Who calls, and the keys that follow from it: only as far as conditions that are left look at it."""
    if not _is_personal(policies):
        # One name stands for everybody, so that the decision is made once.
        return Callers(type=CallerType.USER, arn=f"arn:{user.partition}:iam::{user.account}:user/somebody"), ()
    asked = sorted(set[str]().union(*(keys_asked(document) for each in policies for document in each)))
    return Callers(type=CallerType.USER, arn=user.arn), tuple(_settled(user, role, asked).items())


def _callers(principal: Principal) -> Callers:
    match principal.kind:
        case PrincipalKind.USER:
            return Callers(type=CallerType.USER, arn=principal.value)
        case PrincipalKind.ROLE:
            return Callers(type=CallerType.ROLE, arn=principal.value)
        case PrincipalKind.SESSION:
            return Callers(type=CallerType.ROLE, account=principal.account)
    return Callers(type=CallerType.USER, account=principal.account)


def _settled(user: User, role: Role, asked: Iterable[str]) -> dict[str, str | None]:
    """The asked keys that follow from user and role, besides those that their ARNs tell; None for absent ones."""
    known = {key.lower(): value for key, value in context_of(user, role).items()}
    return {
        key: known.get(key)
        for key in asked
        if key in known or (_is_tag(key) and (user if key.startswith(_TAG_OF_USER) else role).resource)
    }


def _is_tag(key: str) -> bool:
    return key.startswith((_TAG_OF_USER, *_TAGS_OF_ROLE))


def context_of(user: User, role: Role) -> Mapping[str, str]:
    """The condition keys of a request that follow from user and role, besides those that their ARNs tell."""
    context = {f"aws:PrincipalTag/{key}": value for key, value in user.tags.items()}
    for key, value in role.tags.items():
        context[f"aws:ResourceTag/{key}"] = context[f"iam:ResourceTag/{key}"] = value
    return context | ({"aws:userid": user.unique_id} if user.unique_id.startswith("AIDA") else {})


@cache
def _is_personal(policies: tuple[Documents, ...]) -> bool:
    """Whether conditions that are left look at who calls.

    A variable that stands alone on its key (`sts:RoleSessionName` must be `${aws:username}`) gives everybody the same
    verdict.
    """
    documents = [document for each in policies for document in each]
    conditions = {one for document in documents for statement in document.statements for one in statement.conditions}
    times = Counter(canonical_key(condition.key) for condition in conditions)
    several = {key for key, number in times.items() if number > 1}
    return any(asks_who(document, several) for document in documents)
