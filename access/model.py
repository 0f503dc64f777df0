"""The people, groups, roles and documents of the accounts, as the stacks' resources describe them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any, TypeVar

from delegation_pack.facts import PARTITIONS, SOURCE, partition_of
from delegation_pack.iam import Document, Kind, Unverifiable, parse, size

from access.managed import KNOWN
from access.states import InputError, Resource, Stack, Unknown

_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):[a-z0-9-]*:[a-z0-9-]*:(?P<account>\d{12}):")
_PROVIDER = "pulumi:providers:aws"


@dataclass(frozen=True, eq=False)
class Policy:
    """One policy document and where it stands."""

    name: str
    """The policy's own name: "assume-TSU-IAM-ACCESS-in-222222222222", "ReadOnlyAccess", "trust policy"."""
    holder: str
    """Whose it is: "group IT-Admins", "role TSU-IAM-ACCESS"."""
    document: Document | None
    """None if it cannot be read; `problem` says why, in a full sentence."""
    problem: str = ""
    arn: str = ""
    """Of a managed policy."""
    size: int = 0
    """Characters without white space."""

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"{self.name} of {self.holder}"

    @property
    def aws_managed(self) -> bool:
        """Whether AWS keeps it: such a policy allows things, and the few that deny are named so."""
        return ":iam::aws:policy/" in self.arn


@dataclass(eq=False)
class Principal:
    """What users, groups and roles have in common."""

    account: str
    name: str
    path: str = "/"
    partition: str = "aws"
    policies: list[Policy] = field(default_factory=list)
    boundary: Policy | None = None
    unique_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    stack: str = ""
    """Name of the stack that holds it; empty if none does."""

    @property
    def kind(self) -> str:
        """The word for it, as in its ARN."""
        return type(self).__name__.lower()

    # Asked for once the path is settled, and then very often.
    @cached_property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{self.partition}:iam::{self.account}:{self.kind}{self.path}{self.name}"

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"{self.kind} {self.name}"


@dataclass(eq=False)
class Group(Principal):
    """An IAM group."""


@dataclass(eq=False)
class User(Principal):
    """An IAM user."""

    groups: list[Group] = field(default_factory=list)

    @property
    def all_policies(self) -> list[Policy]:
        """The user's own policies and those of the groups."""
        return [*self.policies, *(policy for group in self.groups for policy in group.policies)]


@dataclass(eq=False)
class Role(Principal):
    """An IAM role."""

    trust: Policy = field(default_factory=lambda: Policy("trust policy", "", None, "The trust policy is missing."))
    max_session: int = 3600
    """Seconds."""


@dataclass(frozen=True)
class Model:
    """All accounts of the stacks."""

    users: Sequence[User]
    groups: Sequence[Group]
    roles: Sequence[Role]
    labels: Mapping[str, str]
    """Name of each account: its alias, the stack that describes it, else its id."""
    stacks: Sequence[Stack]

    @property
    def accounts(self) -> list[str]:
        """The accounts that have roles, by label."""
        return sorted({role.account for role in self.roles}, key=self.label)

    def label(self, account: str) -> str:
        """Return what an account is called."""
        return self.labels.get(account, account)

    def user(self, text: str) -> User:
        """Find a user by name or ARN.

        Raises:
            InputError: there is none, or more than one of that name.
        """
        found = [user for user in self.users if text in (user.arn, user.name)]
        if len(found) > 1:
            raise InputError(f"There are {len(found)} users {text}; give one's ARN: {', '.join(u.arn for u in found)}.")
        return found[0] if found else _none("user", text, [user.name for user in self.users])

    def account(self, text: str) -> str:
        """Find an account by id or label.

        Raises:
            InputError: the stacks hold no role in such an account.
        """
        known = {role.account for role in self.roles} | {user.account for user in self.users}
        found = [account for account in known if text in (account, self.label(account))]
        return found[0] if found else _none("account", text, [*map(self.label, known), *known])

    def roles_in(self, account: str, name: str | None = None) -> list[Role]:
        """Find the roles of an account, or the one called `name`: with its path or without, or by ARN.

        Raises:
            InputError: there is none.
        """
        here = [role for role in self.roles if role.account == account]
        found = [r for r in here if name in (None, r.name, r.arn, f"{r.path}{r.name}".lstrip("/"))]
        return found or _none("role", name or "", [r.name for r in here], f" in {self.label(account)} ({account})")


def _none(what: str, text: str, known: Iterable[str], where: str = "") -> Any:
    names = list(dict.fromkeys(known))
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(sorted(names)[:8]) or 'none'}."
    raise InputError(f"There is no {what} {text}{where} in these states. {hint}")


@cache
def _read(text: str, kind: Kind) -> tuple[Document | None, str]:
    try:
        return parse(text, kind), ""
    except Unverifiable as error:
        return None, str(error)


def _policy(name: str, holder: str, source: Any, kind: Kind, arn: str = "") -> Policy:
    if source is None or isinstance(source, Unknown):
        return Policy(name, holder, None, "The document is not known before the deployment.", arn)
    if isinstance(source, str):
        return Policy(name, holder, *_read(source, kind), arn, sum(not c.isspace() for c in source))
    try:
        return Policy(name, holder, parse(source, kind), "", arn, size(source))
    except (Unverifiable, TypeError) as error:
        return Policy(name, holder, None, str(error), arn)


_P = TypeVar("_P", bound=Principal)


def _sorted(found: Mapping[tuple[str, str], _P]) -> list[_P]:
    return sorted(found.values(), key=lambda principal: principal.arn)


class _Builder:
    """Collects what the resources of all stacks say."""

    def __init__(self, stacks: Sequence[Stack]) -> None:
        self.stacks = stacks
        self.users: dict[tuple[str, str], User] = {}
        self.groups: dict[tuple[str, str], Group] = {}
        self.roles: dict[tuple[str, str], Role] = {}
        self.managed: dict[str, Any] = {}
        self.aliases: dict[str, str] = {}
        self.places: dict[str, tuple[str, str]] = {}

    def build(self) -> Model:
        for stack in self.stacks:
            self.places |= _places(stack)
        resources = [(r, stack) for stack in self.stacks for r in stack.resources if r.type.startswith("aws:iam/")]
        # Principals and managed policies first: what is attached to them may stand in any stack.
        for step in (self._principal, self._attach):
            for resource, stack in resources:
                step(resource, stack)
        self._users_named_in_trusts()
        return Model(_sorted(self.users), _sorted(self.groups), _sorted(self.roles), self._labels(), self.stacks)

    def _place(self, resource: Resource) -> tuple[str, str]:
        """The partition and the account of a resource."""
        match = _ARN.match(resource.text("arn"))
        place = (match and (match["partition"], match["account"])) or self.places.get(resource.provider)
        if not place:
            raise InputError(
                f"It is not known which account and partition {resource.name} ({resource.type}) is in: its provider "
                "has nothing with an ARN, and not both allowedAccountIds and a region. "
                "For a plan, preview with --show-sames or give the stack's state too (--with)."
            )
        if place[0] not in PARTITIONS:
            raise InputError(
                f"{resource.name} ({resource.type}) is in partition {place[0]}, of which nothing is known here "
                f"({SOURCE}): update the policy pack."
            )
        return place

    def _principal(self, resource: Resource, stack: Stack) -> None:
        kind = resource.type.rpartition(":")[2]
        if kind not in ("User", "Group", "Role", "Policy", "AccountAlias"):
            return
        partition, account = self._place(resource)
        name, path = resource.text("name"), resource.text("path") or "/"
        if kind == "Policy":
            arn = resource.text("arn") or f"arn:{partition}:iam::{account}:policy{path}{name}"
            self.managed[arn] = resource.value("policy", Unknown())
        elif kind == "AccountAlias":
            self.aliases[account] = resource.text("accountAlias")
        elif not name:
            raise InputError(f"The name of {resource.name} ({resource.type}) is not known before the deployment.")
        else:
            principal = {"User": self._user, "Group": self._group, "Role": self._role}[kind](partition, account, name)
            principal.path, principal.stack, principal.unique_id = path, stack.name, resource.text("uniqueId")
            tags = resource.value("tagsAll") or resource.value("tags") or {}
            if isinstance(tags, dict):
                principal.tags = {key: value for key, value in tags.items() if isinstance(value, str)}
            if isinstance(principal, Role):
                principal.trust = _policy(
                    "trust policy", principal.title, resource.value("assumeRolePolicy"), Kind.TRUST
                )
                seconds = resource.value("maxSessionDuration")
                principal.max_session = int(seconds) if isinstance(seconds, (int, float)) else 3600

    def _user(self, partition: str, account: str, name: str) -> User:
        return self.users.setdefault((account, name), User(account, name, partition=partition))

    def _group(self, partition: str, account: str, name: str) -> Group:
        return self.groups.setdefault((account, name), Group(account, name, partition=partition))

    def _role(self, partition: str, account: str, name: str) -> Role:
        return self.roles.setdefault((account, name), Role(account, name, partition=partition))

    def _attach(self, resource: Resource, _: Stack) -> None:
        kind = resource.type.rpartition(":")[2]
        place = self._place(resource) if kind in _ATTACHING else ("", "")
        match kind:
            case "GroupMembership":
                for name in resource.texts("users"):
                    self._join(self._user(*place, name), self._group(*place, resource.text("group")))
            case "UserGroupMembership":
                for name in resource.texts("groups"):
                    self._join(self._user(*place, resource.text("user")), self._group(*place, name))
            case "GroupPolicy" | "UserPolicy" | "RolePolicy":
                holder = self._named(kind.removesuffix("Policy").lower(), place, resource)
                self._inline(holder, resource.text("name"), resource.value("policy"))
            case "PolicyAttachment":
                for one, many in (("user", "users"), ("group", "groups"), ("role", "roles")):
                    for name in resource.texts(many):
                        self._managed(self._find(one, place, name), resource.text("policyArn"))
            case "GroupPolicyAttachment" | "UserPolicyAttachment" | "RolePolicyAttachment":
                holder = self._named(kind.removesuffix("PolicyAttachment").lower(), place, resource)
                self._managed(holder, resource.text("policyArn"))
            case (
                "GroupPolicyAttachmentsExclusive" | "UserPolicyAttachmentsExclusive" | "RolePolicyAttachmentsExclusive"
            ):
                one = kind.removesuffix("PolicyAttachmentsExclusive").lower()
                for arn in resource.texts("policyArns"):
                    self._managed(self._find(one, place, resource.text(f"{one}Name")), arn)
            case "User" | "Role":
                holder = self._find(kind.lower(), place, resource.text("name"))
                boundary = resource.text("permissionsBoundary")
                if boundary:
                    holder.boundary = self._managed_policy(boundary, f"the boundary of {holder.title}")
                inline = resource.value("inlinePolicies")
                for item in inline if isinstance(inline, list) else ():
                    if isinstance(item, dict) and isinstance(item.get("name"), str):
                        self._inline(holder, item["name"], item.get("policy"))
                for arn in resource.texts("managedPolicyArns"):
                    self._managed(holder, arn)

    def _named(self, one: str, place: tuple[str, str], resource: Resource) -> Principal:
        return self._find(one, place, resource.text(one))

    def _find(self, one: str, place: tuple[str, str], name: str) -> Principal:
        if one == "user":
            return self._user(*place, name)
        return self._group(*place, name) if one == "group" else self._role(*place, name)

    @staticmethod
    def _join(user: User, group: Group) -> None:
        if group not in user.groups:
            user.groups.append(group)

    @staticmethod
    def _inline(holder: Principal, name: str, source: Any) -> None:
        # Role reads its inline policies back from AWS, so one may stand in the state twice.
        if all(policy.arn or policy.name != name for policy in holder.policies):
            holder.policies.append(_policy(name, holder.title, source, Kind.IDENTITY))

    def _managed(self, holder: Principal, arn: str) -> None:
        if arn and all(policy.arn != arn for policy in holder.policies):
            holder.policies.append(self._managed_policy(arn, holder.title))

    def _managed_policy(self, arn: str, holder: str) -> Policy:
        name = arn.rpartition("/")[2]
        if arn in self.managed:
            return _policy(name, holder, self.managed[arn], Kind.IDENTITY, arn)
        if ":iam::aws:policy/" in arn and name in KNOWN:
            return _policy(name, holder, KNOWN[name], Kind.IDENTITY, arn)
        return Policy(name, holder, None, f"The document of {arn} is not in these states.", arn)

    def _users_named_in_trusts(self) -> None:
        """Take the paths of users that exist outside the stacks from the trust policies that name them."""
        for role in self.roles.values():
            for _, principal in role.trust.document.admitted if role.trust.document else ():
                place, _, name = principal.value.rpartition("/")
                user = self.users.get((principal.account or "", name))
                if user and not user.stack and f":{user.account}:user" in place:
                    user.path = place.partition(":user")[2] + "/"

    def _labels(self) -> dict[str, str]:
        owners: dict[str, set[str]] = {}
        for principal in (*self.users.values(), *self.groups.values(), *self.roles.values()):
            if principal.stack:
                owners.setdefault(principal.account, set()).add(principal.stack)
        labels = {account: next(iter(stacks)) for account, stacks in owners.items() if len(stacks) == 1}
        labels |= self.aliases
        # A name that two accounts would have is none.
        return {account: label for account, label in labels.items() if list(labels.values()).count(label) == 1}


_ATTACHING = frozenset(
    f"{one}{what}"
    for one in ("User", "Group", "Role")
    for what in ("", "Policy", "PolicyAttachment", "PolicyAttachmentsExclusive")
) - {"Group"} | {"GroupMembership", "UserGroupMembership", "PolicyAttachment"}


def _places(stack: Stack) -> dict[str, tuple[str, str]]:
    """Partition and account of each provider: by its allowedAccountIds, else by the ARNs of what it made."""
    found: dict[str, tuple[str, str]] = {}
    for resource in stack.resources:
        match = _ARN.match(resource.text("arn")) if resource.type.startswith("aws:") else None
        if match:
            found.setdefault(resource.provider, (match["partition"], match["account"]))
    for resource in stack.resources:
        accounts = resource.texts("allowedAccountIds") if resource.type == _PROVIDER else []
        if len(accounts) == 1:
            # Without a region of its own a provider takes that of the environment, which no state tells.
            partition = partition_of(resource.text("region"))
            if partition:
                found.setdefault(resource.urn, (partition.id, accounts[0]))
    return found


def build(stacks: Sequence[Stack]) -> Model:
    """Build the model of all accounts that the stacks describe.

    Raises:
        InputError: a resource cannot be placed, or what it says is encrypted.
    """
    return _Builder(stacks).build()


def read_at(model: Model) -> str:
    """When the newest of the states was written (ISO 8601, UTC); now, if none says."""
    times = [stack.time for stack in model.stacks if stack.time]
    return max(times)[:19] + "Z" if times else datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
