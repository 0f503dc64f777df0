"""Users, groups, roles and permission sets, with every document that each holds, as far as the resources show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import Any

from delegation_pack.iam import Attachment, Document, Kind
from delegation_pack.model.policies import (
    MANAGED_POLICIES,
    Policy,
    attached_policies,
    attachment_of,
    aws_managed,
    flat,
    identity_policies,
    is_aws_managed,
    missing,
    references,
    trusts,
)
from delegation_pack.model.resources import UNKNOWN, Resource, account_of, folded, holds_unknown
from delegation_pack.model.types import carries

BOUNDARY_KEY = "iam:PermissionsBoundary"


class PrincipalType(StrEnum):
    """What holds documents, by the word for it in an ARN."""

    ROLE = "role"
    GROUP = "group"
    USER = "user"
    PERMISSION_SET = "permission set"
    """Of IAM Identity Center, which makes a role of it in each account."""

    @property
    def attachment(self) -> Attachment:
        """What a document of it is attached to, in the end."""
        return Attachment.ROLE if self is PrincipalType.PERMISSION_SET else Attachment(self.value)


_OF_KIND = {
    "iam.Role": PrincipalType.ROLE,
    "iam.Group": PrincipalType.GROUP,
    "iam.User": PrincipalType.USER,
    "ssoadmin.PermissionSet": PrincipalType.PERMISSION_SET,
}
_NAMED_IN = {
    **{
        f"{type_}{suffix}": type_
        for type_ in (PrincipalType.ROLE, PrincipalType.GROUP, PrincipalType.USER)
        for suffix in ("", "name", "s")
    },
    "permissionsetarn": PrincipalType.PERMISSION_SET,
}
"""Folded names of the properties that say whom a document or an attachment is for."""
_ATTACHED_TO = ("roles", "groups", "users")
_MEMBERSHIPS = {
    "iam.GroupMembership": (("group",), "users"),
    "iam.UserGroupMembership": (("user",), "groups"),
    "iam.UserToGroupAddition": (("groupname",), "users"),
    "iam.User": (("name", "username"), "groups"),
}
"""Folded names of the properties with the one who joins or is joined, and with the others."""
_SESSION = 3600
_NO_TRUST = Policy(
    resource=None,
    place="assumeRolePolicy",
    kind=Kind.TRUST,
    attachment=Attachment.ROLE,
    content=None,
    name="trust policy",
    elsewhere="The trust policy is missing.",
)


@dataclass(eq=False, kw_only=True)
class Principal:
    """One user, group, role or permission set."""

    type: PrincipalType
    resource: Resource | None
    """The resource that makes it; None if none does."""
    account: str | None
    name: str | None
    """None if it is not known."""
    partition: str | None
    """None if it is not known."""
    path: str = "/"
    policies: list[Policy] = field(default_factory=list)
    """Every identity policy that it holds, in the order of the resources: inline, managed, and those that AWS keeps."""
    aws_attachments: list[tuple[Resource, str]] = field(default_factory=list)
    """ARN of each policy of AWS that is attached, after the resource that attaches it."""
    trusts: list[Policy] = field(default_factory=list)
    """A role's trust policy: one, or more where a property is spelt in two ways."""
    boundary: Policy | None = None
    groups: list[Principal] = field(default_factory=list)
    """Of a user."""
    members: list[Principal] = field(default_factory=list)
    """Of a group."""

    # Asked for once the path is settled, and then very often.
    @cached_property
    def arn(self) -> str:
        """Its ARN, from account, path and name as they will be, else as AWS said; empty if it is not known.

        A `*` stands where the partition is not known.
        """
        if self.account and self.name and self.type is not PrincipalType.PERMISSION_SET:
            return f"arn:{self.partition or '*'}:iam::{self.account}:{self.type}{self.path}{self.name}"
        return (self.resource and self.resource.text("arn")) or ""

    @property
    def maker(self) -> Resource:
        """The resource that makes it; only of a principal that one makes."""
        assert self.resource  # noqa: S101
        return self.resource

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"{self.type} {self.name}"

    def is_there_for(self, resource: Resource) -> bool:
        """Tell whether it is sure to be what its name stands for when a resource is made: it exists, or the resource
        waits for it. Else AWS may refuse it, because it has another one of that name."""
        return self.resource is not None and (self.resource.exists or self.resource.urn in resource.waits_for)

    @property
    def inline(self) -> list[Policy]:
        """Its inline policies."""
        return [policy for policy in self.policies if not policy.managed]

    @property
    def documents(self) -> dict[Policy, Document]:
        """What it holds and resources carry, but for those that cannot be read: they are reported by themselves."""
        return {policy: policy.document for policy in self.policies if policy.resource and policy.document}

    @property
    def all_policies(self) -> list[Policy]:
        """What it holds itself and through its groups: all documents that decide what it may do."""
        return [*self.policies, *(policy for group in self.groups for policy in group.policies)]

    @property
    def trust(self) -> Policy:
        """A role's trust policy; of a role that no resource makes, one that cannot be read."""
        return self.trusts[0] if self.trusts else replace(_NO_TRUST, principal=self)

    @property
    def max_session(self) -> int:
        """A role's longest session, in seconds."""
        seconds = self.resource.get("maxsessionduration") if self.resource else None
        return int(seconds) if isinstance(seconds, int | float) else _SESSION

    @property
    def unique_id(self) -> str:
        """AIDA… or AROA…, where it is known; else empty."""
        return (self.resource and self.resource.text("uniqueid", "userid", "roleid")) or ""

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        tags = (self.resource and (self.resource.get("tagsall") or self.resource.get("tags"))) or {}
        if isinstance(tags, list):
            tags = {one.get("key"): one.get("value") for one in tags if isinstance(one, Mapping)}
        pairs = tags.items() if isinstance(tags, Mapping) else ()
        return {key: value for key, value in pairs if isinstance(key, str) and isinstance(value, str)}

    def hold(self, policy: Policy) -> None:
        """Add a policy, once: a role reads its inline policies back, and several resources may attach one."""
        if not any(_same(policy, known) for known in self.policies):
            self.policies.append(replace(policy, principal=self))


def _same(one: Policy, other: Policy) -> bool:
    if one.managed or other.managed:
        return one.resource is other.resource and one.arn == other.arn and one.managed and other.managed
    if not one.name or one.name != other.name or one.resource is other.resource:
        return False
    return one.content == other.content or (one.document is not None and one.document == other.document)


class Model:
    """The IAM entities of some resources: of one stack, or of several."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.resources = resources
        self.principals: list[Principal] = []
        self._by_urn = {resource.urn: resource for resource in resources}
        self._by_resource: dict[Resource, Principal] = {}
        self._by_name: dict[tuple[PrincipalType, str, str], Principal] = {}
        self._managed = self.of(*MANAGED_POLICIES)
        self._arns = {arn: policy for policy in self._managed if (arn := policy.text("arn"))}
        self._without_arn = [policy for policy in self._managed if not policy.text("arn")]
        # Principals first: what is attached to them may stand before them, or in another stack.
        for resource in resources:
            if resource.kind in _OF_KIND:
                self._make(resource)
        for resource in resources:
            self._attach(resource)
            self._join(resource)
        self._take_paths_from_trusts()

    def of(self, *kinds: str) -> list[Resource]:
        """Return the resources of these kinds."""
        return [resource for resource in self.resources if resource.kind in kinds]

    def having(self, type_: PrincipalType) -> list[Principal]:
        """Return the principals of a type, made by a resource or only named by one."""
        return [one for one in self.principals if one.type is type_]

    def sources(self, resource: Resource, name: str) -> list[Resource]:
        """Return the resources from which a property, by its folded name, takes its value."""
        return [self._by_urn[urn] for urn in resource.dependencies.get(name, ()) if urn in self._by_urn]

    @cached_property
    def roles(self) -> list[Principal]:
        """The roles that resources make, in the resources' order."""
        return [one for one in self.having(PrincipalType.ROLE) if one.resource]

    def role(self, arn: str) -> Principal | None:
        """Return the role that a resource makes under an ARN."""
        in_any_partition = ":".join(["arn", "*", *arn.split(":")[2:]])
        return next((role for role in self.roles if role.arn in (arn, in_any_partition)), None)

    def principals_of(self, resource: Resource) -> list[Principal]:
        """Return whom a resource makes, or whom its documents and attachments are for."""
        if resource in self._by_resource:
            return [self._by_resource[resource]]
        found = []
        for name, value in resource.values(*_NAMED_IN):
            type_ = _NAMED_IN[folded(name)]
            makers = (one for one in self.sources(resource, folded(name)) if _OF_KIND.get(one.kind) is type_)
            sources = [self._by_resource[one] for one in makers if not one.is_apart_from(resource)]
            found += sources
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    known = self._by_name.get(_key(type_, resource.place, text))
                    # A text made of a resource's output may name another one.
                    if known or all(one.name not in (None, text) for one in sources):
                        found.append(known or self._named(type_, resource, text))
        return list(dict.fromkeys(found))

    def holders_unclear(self, resource: Resource) -> bool:
        """Tell whether it is not known, of one of its principals at least, whom a resource's documents and attachments
        are for."""
        if resource in self._by_resource:
            return False
        principals = self.principals_of(resource)
        for name, value in resource.values(*_NAMED_IN):
            # What a name of another type, or of another place, comes from is not whom it stands for here.
            type_, sources = _NAMED_IN[folded(name)], resource.dependencies.get(folded(name), ())
            made = [self._by_resource.get(self._by_urn.get(urn, resource)) for urn in sources]
            meant = [one for one in principals if _may_be(one, type_, resource)]
            of_principals = bool(made) and all(one in meant for one in made)
            for text in value if isinstance(value, list) else [value]:
                if not (of_principals if text is UNKNOWN else any(_is_for(resource, one, text) for one in meant)):
                    return True
        return not principals

    @cached_property
    def granting_policies(self) -> list[Policy]:
        """All identity policies but those that serve only as a permissions boundary."""
        return [
            policy
            for resource in self.resources
            if resource not in self.only_boundaries
            for policy in identity_policies(resource)
        ]

    @cached_property
    def only_boundaries(self) -> frozenset[Resource]:
        """The managed policies that are used as permissions boundary and attached to nobody."""
        if not self._managed:
            return frozenset()
        bounding: list[Any] = []
        attached: set[Resource] = set()
        for resource in self.resources:
            if resource.kind:
                bounding += [*flat(resource.get("permissionsboundary")), *self.sources(resource, "permissionsboundary")]
                attached.update(self.attached_from(resource))
        return frozenset(
            policy for policy in self._managed if policy not in attached and any(_is(policy, one) for one in bounding)
        )

    def attached_from(self, resource: Resource) -> list[Resource]:
        """Return the managed policies among the resources that one attaches; for one that names its own principals,
        itself."""
        if not self._managed:
            return []
        found = references(resource)
        values = [value for _, value in found]
        for place in dict.fromkeys(folded(place) for place, _ in found):
            values += self.sources(resource, place)
        if resource.kind in MANAGED_POLICIES and any(value != [] for _, value in resource.values(*_ATTACHED_TO)):
            values.append(resource)
        return list(dict.fromkeys(policy for value in values for policy in self._meant_by(value)))

    def attached_elsewhere(self, resource: Resource) -> Iterator[str]:
        """Yield the managed policies that a resource attaches and none of the resources makes: ARNs, or path and name
        of those that IAM Identity Center attaches."""
        for _, value in references(resource):
            if isinstance(value, Mapping) and not self._meant_by(value):
                yield f"{value.get('path') or '/'}{value['name']}"
            elif isinstance(value, str) and value.startswith("arn:") and not self._meant_by(value):
                yield value

    def _meant_by(self, value: object) -> list[Resource]:
        """The managed policies among the resources that a value refers to."""
        if not isinstance(value, str):
            return [policy for policy in self._managed if _is(policy, value)]
        known = self._arns.get(value)
        return [known] if known else [policy for policy in self._without_arn if is_policy(policy, value)]

    def unknown_attachments(self, resource: Resource) -> Iterator[str]:
        """Yield the properties that attach a policy which is not known and does not come from one of the resources."""
        unknown = [place for place, arn in attached_policies(resource) if arn is UNKNOWN]
        if unknown:
            sources = self.sources(resource, folded(unknown[0].partition("[")[0]))
            yield from unknown[sum(source.kind in MANAGED_POLICIES for source in sources) :]

    @cached_property
    def read(self) -> list[Resource]:
        """The resources that users, groups, roles and their documents are read from."""
        return [one for one in self.resources if is_read(one)]

    @cached_property
    def not_judged(self) -> list[Resource]:
        """The resources that hold IAM documents, or may, and that nobody here is known to hold."""
        of_nobody = [policy.carrier for one in self.principals if one.name is None for policy in one.inline]
        # Who gets the permission sets of IAM Identity Center is not told here.
        unread = [one for one in self.resources if carries(one.type) and (one.kind[:3] == "sso" or not is_read(one))]
        return [*unread, *dict.fromkeys(of_nobody)]

    @cached_property
    def members_unknown(self) -> bool:
        """Whether it is not known of a resource whom it makes a member, or of which group."""
        return any(
            holds_unknown([resource.get(many), *(resource.get(name) for name in one)])
            for resource in self.resources
            if resource.kind in _MEMBERSHIPS
            for one, many in [_MEMBERSHIPS[resource.kind]]
        )

    def _make(self, resource: Resource) -> None:
        type_ = _OF_KIND[resource.kind]
        made = Principal(
            type=type_,
            resource=resource,
            account=resource.account,
            name=resource.text("name", f"{type_}name"),
            partition=resource.partition,
            path=resource.text("path") or "/",
        )
        made.trusts = [replace(trust, principal=made) for trust in trusts(resource)]
        if twin := self._by_name.get(_key(type_, resource.place, made.name or "")):
            # Two resources that make one principal: what is attached to it by its name is of both.
            made.policies, made.aws_attachments = twin.policies, twin.aws_attachments
            made.groups, made.members = twin.groups, twin.members
            twin.trusts += made.trusts
            made.trusts = twin.trusts
        self._by_resource[resource] = made
        for name in (made.name, resource.text("arn")):
            if name:
                self._by_name.setdefault(_key(type_, resource.place, name), made)
        self.principals.append(made)

    def _named(self, type_: PrincipalType, resource: Resource, name: str) -> Principal:
        key = _key(type_, resource.place, name)
        if key not in self._by_name:
            self._by_name[key] = Principal(
                type=type_, resource=None, account=resource.account, name=name, partition=resource.partition
            )
            self.principals.append(self._by_name[key])
        return self._by_name[key]

    def _attach(self, resource: Resource) -> None:
        attachment = attachment_of(resource)
        if attachment is None:
            return
        principals = self.principals_of(resource)
        inline = [policy for policy in identity_policies(resource) if not policy.managed]
        if inline and not principals:
            # Somebody holds them, though nobody knows who: their documents belong to nobody else's.
            of_iam = resource.kind.startswith("iam.")
            type_ = PrincipalType(attachment.value) if of_iam else PrincipalType.PERMISSION_SET
            nobody = Principal(
                type=type_, resource=None, account=resource.account, partition=resource.partition, name=None
            )
            self.principals.append(nobody)
            principals = [nobody]
        managed = self.attached_from(resource)
        arns = [value for _, value in attached_policies(resource) if isinstance(value, str) and value]
        boundary = self._boundary_of(resource) if resource in self._by_resource else None
        for principal in principals:
            for policy in chain(inline, *map(identity_policies, managed)):
                principal.hold(policy)
            for arn in arns:
                principal.hold(self._managed_by(arn))
                if is_aws_managed(arn):
                    principal.aws_attachments.append((resource, arn))
            if boundary:
                principal.boundary = replace(boundary, principal=principal)

    def _boundary_of(self, resource: Resource) -> Policy | None:
        arn = resource.get("permissionsboundary")
        if isinstance(arn, str):
            return self._managed_by(arn) if arn else None
        sources = self.sources(resource, "permissionsboundary") if arn is UNKNOWN else []
        return next((policy for one in sources for policy in identity_policies(one) if policy.managed), None)

    def _managed_by(self, arn: str) -> Policy:
        own = (policy for one in self._meant_by(arn) for policy in identity_policies(one))
        return next(own, None) or aws_managed(arn) or missing(arn)

    def _join(self, resource: Resource) -> None:
        one, many = _MEMBERSHIPS.get(resource.kind, ((), ""))
        name, names = (resource.text(*one), resource.get(many)) if one else (None, None)
        for other in names if name and isinstance(names, list) else ():
            if isinstance(other, str) and name:
                user, group = (other, name) if many == "users" else (name, other)
                member, joined = (
                    self._named(type_, resource, text)
                    for type_, text in ((PrincipalType.USER, user), (PrincipalType.GROUP, group))
                )
                if joined not in member.groups:
                    member.groups.append(joined)
                    joined.members.append(member)

    def _take_paths_from_trusts(self) -> None:
        """Users that no resource makes have the paths with which trust policies name them."""
        for trust in (trust for role in self.roles for trust in role.trusts):
            for _, named in trust.document.admitted if trust.document else ():
                place, _, name = named.value.rpartition("/")
                user = self._by_name.get(_key(PrincipalType.USER, named.account or "", name))
                if user and not user.resource and f":{user.account}:user" in place:
                    user.path = place.partition(":user")[2] + "/"


def _key(type_: PrincipalType, place: str, name: str) -> tuple[PrincipalType, str, str]:
    """What tells principals apart: type, the place where a name means one thing, and name, in which case does not
    count. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""
    return type_, place, name.lower()


def _may_be(principal: Principal, type_: PrincipalType, resource: Resource) -> bool:
    """Tell whether a name of this type may stand for a principal where a resource is."""
    place = principal.resource.place if principal.resource else resource.place
    return principal.type is type_ and place == resource.place


def _is_for(resource: Resource, principal: Principal, text: object) -> bool:
    """Tell whether a text names a principal that is there whenever the resource is made."""
    name = principal.name if isinstance(text, str) else None
    return name is not None and name.lower() == str(text).lower() and principal.is_there_for(resource)


def is_read(resource: Resource) -> bool:
    """Tell whether users, groups, roles or their documents are read from a resource."""
    return attachment_of(resource) is not None or resource.kind in _OF_KIND or resource.kind in _MEMBERSHIPS


def boundaries_named(policy: Policy) -> list[str]:
    """Return the values that a document compares iam:PermissionsBoundary with; none of one that cannot be read."""
    statements = policy.document.statements if policy.document else ()
    conditions = (condition for statement in statements for condition in statement.conditions)
    return [value for one in conditions if one.key.lower() == BOUNDARY_KEY.lower() for value in one.values]


def is_policy(resource: Resource, arn: str) -> bool:
    """Tell whether an ARN is that of a managed policy among the resources, whose own ARN need not be known yet."""
    if resource.text("arn"):
        return arn == resource.text("arn")
    return arn.endswith(f":policy{_path_and_name(resource)}") and resource.account in (None, account_of(arn))


def _path_and_name(policy: Resource) -> str:
    return f"{policy.text('path') or '/'}{policy.text('name', 'managedpolicyname') or ''}"


def _is(policy: Resource, value: object) -> bool:
    if isinstance(value, Mapping):
        return _path_and_name(policy) == f"{value.get('path') or '/'}{value['name']}"
    return value is policy or (isinstance(value, str) and is_policy(policy, value))
