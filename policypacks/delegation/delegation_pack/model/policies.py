"""The policy documents that resources carry, and the managed policies that they attach.

Covered, under any spelling of the property names: Role (trust, inlinePolicies, managedPolicyArns), RolePolicy,
GroupPolicy, UserPolicy, Policy, the attachments of all three and PolicyAttachment, the exclusive attachments, and
permission sets of IAM Identity Center; the same types of the package aws-native, whose Role, Group and User hold a list
`policies`.

Not covered: session policies and service control policies, which only narrow, resource policies other than trusts, and
the types that `carries` names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from delegation_pack.facts import aws_managed_policies
from delegation_pack.facts.quotas import characters
from delegation_pack.iam import Attachment, Document, Kind, Unverifiable, parse
from delegation_pack.model.resources import UNKNOWN, Resource, folded, holds_unknown

if TYPE_CHECKING:
    from delegation_pack.model.principals import Principal

_POLICY = ("policy", "policydocument")
_TRUST = ("assumerolepolicy", "assumerolepolicydocument")
_INLINE = ("inlinepolicies", "inlinepolicy", "policies")
_BY_NAME = ("customermanagedpolicyreference", "customermanagedpolicyreferences")

MANAGED_POLICIES = ("iam.Policy", "iam.ManagedPolicy")


@dataclass(frozen=True, kw_only=True)
class _Carrier:
    """Where a type of resource holds what; property names folded."""

    attachment: Attachment
    document: tuple[str, ...] = ()
    """Names of the property that is an identity policy; it has to be there."""
    lists: tuple[str, ...] = ()
    """Names of properties that are lists of objects with an identity policy."""
    attached: tuple[str, ...] = ()
    """Names of properties that are the ARN of a managed policy, or a list of them."""


_OWNERS = (Attachment.ROLE, Attachment.GROUP, Attachment.USER)
_CARRIERS = {
    **{
        f"iam.{owner.capitalize()}": _Carrier(attachment=owner, lists=_INLINE, attached=("managedpolicyarns",))
        for owner in _OWNERS
    },
    **{f"iam.{owner.capitalize()}Policy": _Carrier(attachment=owner, document=_POLICY) for owner in _OWNERS},
    **{
        f"iam.{owner.capitalize()}PolicyAttachment{suffix}": _Carrier(attachment=owner, attached=(name,))
        for owner in _OWNERS
        for suffix, name in (("", "policyarn"), ("sExclusive", "policyarns"))
    },
    **{kind: _Carrier(attachment=Attachment.MANAGED, document=_POLICY) for kind in MANAGED_POLICIES},
    "iam.PolicyAttachment": _Carrier(attachment=Attachment.MANAGED, attached=("policyarn",)),
    "ssoadmin.PermissionSetInlinePolicy": _Carrier(attachment=Attachment.ROLE, document=("inlinepolicy",)),
    "ssoadmin.ManagedPolicyAttachment": _Carrier(attachment=Attachment.ROLE, attached=("managedpolicyarn",)),
    "ssoadmin.ManagedPolicyAttachmentsExclusive": _Carrier(attachment=Attachment.ROLE, attached=("managedpolicyarns",)),
    "ssoadmin.CustomerManagedPolicyAttachment": _Carrier(attachment=Attachment.ROLE),
    "ssoadmin.CustomerManagedPolicyAttachmentsExclusive": _Carrier(attachment=Attachment.ROLE),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Policy:
    """One policy document, not read yet, and where it stands."""

    resource: Resource | None
    """The resource that carries it; None if no resource here does: AWS keeps it, or it is elsewhere."""
    place: str
    """Property: "policy", "inlinePolicies[0].policy"."""
    kind: Kind
    attachment: Attachment
    """`MANAGED` for a managed policy, whoever it is attached to."""
    content: Any
    """JSON text or plain data, None if it is missing, `UNKNOWN`, or anything else."""
    name: str = ""
    """The policy's own name, as far as it is known."""
    arn: str = ""
    """Of a managed policy, as far as it is known."""
    principal: Principal | None = None
    """Who holds it; None where it is looked at by itself."""
    beside: tuple[Document, ...] = ()
    """What whoever holds it is denied by other documents, where documents are judged together."""
    narrowed: Document | None = None
    """What is judged in place of all that the content says."""
    elsewhere: str = ""
    """Why there is no content to read, in a full sentence; empty if there may be."""

    @property
    def carrier(self) -> Resource:
        """The resource that carries it; only of a document that stands in one."""
        assert self.resource  # noqa: S101
        return self.resource

    @property
    def account(self) -> str | None:
        """The account that it is in, where that is known."""
        return self.resource.account if self.resource else None

    @property
    def partition(self) -> str | None:
        """The partition that it is in, where that is known."""
        return self.resource.partition if self.resource else None

    @property
    def managed(self) -> bool:
        """Whether it is a managed policy."""
        return self.attachment is Attachment.MANAGED

    @property
    def aws_managed(self) -> bool:
        """Whether AWS keeps it."""
        return is_aws_managed(self.arn)

    @property
    def arn_to_be(self) -> str:
        """The ARN of a customer-managed policy, or a pattern of it before it is made; empty for others."""
        if not self.managed or self.aws_managed or self.arn or not (self.resource and self.name):
            return "" if self.aws_managed else self.arn
        return f"arn:*:iam::{self.account or '*'}:policy{self.resource.text('path') or '/'}{self.name}"

    @property
    def label(self) -> str:
        """How messages name it: the resource, and the property where the resource may carry several documents."""
        label = self.resource.label if self.resource else self.arn
        return f"{label} ({self.place})" if "[" in self.place else label

    @property
    def title(self) -> str:
        """How messages name it beside who holds it: "grant of group IT-Admins"."""
        if self.principal is None:
            return self.name
        boundary = "the boundary of " if self is self.principal.boundary else ""
        return f"{self.name} of {boundary}{self.principal.title}"

    def read(self) -> Document:
        """Parse the document.

        Raises:
            Unverifiable: it is missing, not known before the update, or not a policy document.
        """
        return self.narrowed or self._whole

    @cached_property
    def _whole(self) -> Document:
        if self.elsewhere:
            raise Unverifiable(self.elsewhere)
        if self.content is None:
            raise Unverifiable(f"{self.place} is missing.")
        if holds_unknown(self.content):
            raise Unverifiable(
                f"{self.place} is not known before the update. Build the document from plain account ids and names, "
                "not from outputs of resources."
            )
        if isinstance(self.content, str):
            return _parse(self.content, self.kind)
        if isinstance(self.content, Mapping):
            return _parse(json.dumps(self.content), self.kind)
        raise Unverifiable(f"{self.place} is neither JSON text nor an object.")

    @cached_property
    def document(self) -> Document | None:
        """The document; None if it cannot be read: that is reported by itself, `problem` says why."""
        try:
            return self.read()
        except Unverifiable:
            return None

    @property
    def problem(self) -> str:
        """Why the document cannot be read, in a full sentence; empty if it can."""
        if not self.elsewhere and (self.content is None or self.content is UNKNOWN):
            return "The document is not known before the deployment."
        try:
            self.read()
        except Unverifiable as error:
            return str(error)
        return ""

    @property
    def size(self) -> int:
        """Characters that count against IAM's quotas; 0 if there is no document."""
        return characters(self.content) if isinstance(self.content, str | Mapping) else 0


@lru_cache(maxsize=4096)
def _parse(text: str, kind: Kind) -> Document:
    return parse(text, kind)


def trusts(resource: Resource) -> Iterator[Policy]:
    """Yield the trust policies of a resource: at least one for a role."""
    if resource.kind == "iam.Role":
        for place, content in list(resource.values(*_TRUST)) or [("assumeRolePolicy", None)]:
            yield Policy(
                resource=resource,
                place=place,
                kind=Kind.TRUST,
                attachment=Attachment.ROLE,
                content=content,
                name="trust policy",
            )


def identity_policies(resource: Resource) -> Iterator[Policy]:
    """Yield the identity policies of a resource."""
    carrier = _CARRIERS.get(resource.kind)
    if carrier is None:
        return
    arn = resource.text("arn") or "" if carrier.attachment is Attachment.MANAGED else ""

    def carried(place: str, content: Any, name: object) -> Policy:
        return Policy(
            resource=resource,
            place=place,
            kind=Kind.IDENTITY,
            attachment=carrier.attachment,
            content=content,
            name=name if isinstance(name, str) else "",
            arn=arn,
        )

    if carrier.document:
        named = resource.text("name", "policyname", "managedpolicyname")
        for place, content in list(resource.values(*carrier.document)) or [(carrier.document[0], None)]:
            yield carried(place, content, named)
    for place, items in resource.values(*carrier.lists):
        if not isinstance(items, list):
            yield carried(place, items if items is UNKNOWN else [], None)
            continue
        for i, item in enumerate(items):
            if not isinstance(item, Mapping):
                yield carried(f"{place}[{i}]", item if item is UNKNOWN else [], None)
                continue
            found = [(n, value) for n, value in item.items() if folded(n) in _POLICY and value is not None]
            # The provider takes an empty block for "no inline policies".
            if not found and any(value is not None for value in item.values()):
                found = [("policy", None)]
            named = next((value for n, value in item.items() if folded(n) in ("name", "policyname")), None)
            for name, content in found:
                yield carried(f"{place}[{i}].{name}", content, named)


def is_aws_managed(arn: object) -> bool:
    """Tell whether a value is the ARN of a policy that AWS keeps."""
    return aws_managed_policies.name_of(arn) is not None


@cache
def aws_managed(arn: str) -> Policy | None:
    """Return the policy that AWS keeps under an ARN; None if it is no such ARN or not in the table."""
    document = aws_managed_policies.documents().get(aws_managed_policies.name_of(arn) or "")
    return replace(missing(arn), content=document, elsewhere="") if document else None


def missing(arn: str) -> Policy:
    """Return a managed policy whose document is not here."""
    return Policy(
        resource=None,
        place="policy",
        kind=Kind.IDENTITY,
        attachment=Attachment.MANAGED,
        content=None,
        name=arn.rpartition("/")[2],
        arn=arn,
        elsewhere=f"The document of {arn} is not in these states.",
    )


def attachment_of(resource: Resource) -> Attachment | None:
    """Return what the resource's documents and attached policies are attached to; None if it carries neither."""
    carrier = _CARRIERS.get(resource.kind)
    return carrier.attachment if carrier else None


def attached_policies(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Yield property and value of each managed policy that the resource attaches: an ARN, `UNKNOWN`, None or no ARN at
    all."""
    carrier = _CARRIERS.get(resource.kind)
    if carrier is None:
        return
    required = carrier.attached and not carrier.lists
    for place, value in list(resource.values(*carrier.attached)) or ([(carrier.attached[0], None)] if required else []):
        if isinstance(value, list):
            yield from ((f"{place}[{i}]", item) for i, item in enumerate(value))
        else:
            yield place, value


def references(resource: Resource) -> list[tuple[str, Any]]:
    """Return property and value of each reference to a managed policy that the resource attaches: an ARN, or an object
    with name and path, by which IAM Identity Center attaches customer-managed policies."""
    places = [*attached_policies(resource), *resource.values(*_BY_NAME)]
    return [(place.partition("[")[0], one) for place, value in places for one in flat(value)]


def flat(value: Any) -> Iterator[Any]:
    """Yield the references to managed policies within a property's value."""
    if isinstance(value, list):
        for item in value:
            yield from flat(item)
    elif isinstance(value, Mapping) and "name" not in value:
        yield from flat([*value.values()])
    else:
        yield value
