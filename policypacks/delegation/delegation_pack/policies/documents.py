"""The policy documents, and the attached managed policies, that resources carry.

Covered, under any spelling of the property names: Role (trust, inlinePolicies, managedPolicyArns), RolePolicy,
GroupPolicy, UserPolicy, Policy, the attachments of all three and PolicyAttachment, the exclusive attachments, and
permission sets of IAM Identity Center; the same types of the package aws-native, whose Role, Group and User hold a list
`policies`.

Not covered, for they are templates or other services' own permissions: CloudFormation stacks, cloudcontrol.Resource,
session policies (they only narrow), service control policies, resource policies other than trusts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from delegation_pack.iam import Attachment, Document, Kind, Unverifiable, parse
from delegation_pack.policies.resources import UNKNOWN, Resource, folded, holds_unknown

_POLICY = ("policy", "policydocument")
_TRUST = ("assumerolepolicy", "assumerolepolicydocument")


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


_INLINE = ("inlinepolicies", "inlinepolicy", "policies")
_CARRIERS = {
    "iam.Role": _Carrier(attachment=Attachment.ROLE, lists=_INLINE, attached=("managedpolicyarns",)),
    "iam.Group": _Carrier(attachment=Attachment.GROUP, lists=_INLINE, attached=("managedpolicyarns",)),
    "iam.User": _Carrier(attachment=Attachment.USER, lists=_INLINE, attached=("managedpolicyarns",)),
    "iam.RolePolicy": _Carrier(attachment=Attachment.ROLE, document=_POLICY),
    "iam.GroupPolicy": _Carrier(attachment=Attachment.GROUP, document=_POLICY),
    "iam.UserPolicy": _Carrier(attachment=Attachment.USER, document=_POLICY),
    "iam.Policy": _Carrier(attachment=Attachment.MANAGED, document=_POLICY),
    "iam.ManagedPolicy": _Carrier(attachment=Attachment.MANAGED, document=_POLICY),
    "iam.PolicyAttachment": _Carrier(attachment=Attachment.MANAGED, attached=("policyarn",)),
    "ssoadmin.PermissionSetInlinePolicy": _Carrier(attachment=Attachment.ROLE, document=("inlinepolicy",)),
    "ssoadmin.ManagedPolicyAttachment": _Carrier(attachment=Attachment.ROLE, attached=("managedpolicyarn",)),
    "ssoadmin.ManagedPolicyAttachmentsExclusive": _Carrier(attachment=Attachment.ROLE, attached=("managedpolicyarns",)),
    "ssoadmin.CustomerManagedPolicyAttachment": _Carrier(attachment=Attachment.ROLE),
    "ssoadmin.CustomerManagedPolicyAttachmentsExclusive": _Carrier(attachment=Attachment.ROLE),
    **{
        f"iam.{owner.capitalize()}PolicyAttachment{suffix}": _Carrier(attachment=owner, attached=(name,))
        for owner in (Attachment.ROLE, Attachment.GROUP, Attachment.USER)
        for suffix, name in (("", "policyarn"), ("sExclusive", "policyarns"))
    },
}
MANAGED_POLICIES = ("iam.Policy", "iam.ManagedPolicy")


@dataclass(frozen=True, kw_only=True, eq=False)
class Carried:
    """One document of a resource, not read yet."""

    resource: Resource
    place: str
    """Property: "policy", "inlinePolicies[0].policy"."""
    kind: Kind
    attachment: Attachment
    content: Any
    """JSON text or plain data, None if it is missing, `UNKNOWN`, or anything else."""

    @property
    def label(self) -> str:
        """How messages name it: the resource, and the property where the resource may carry several documents."""
        return f"{self.resource.label} ({self.place})" if "[" in self.place else self.resource.label

    def read(self) -> Document:
        """Parse the document.

        Raises:
            Unverifiable: it is missing, not known before the update, or not a policy document.
        """
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


@lru_cache(maxsize=4096)
def _parse(text: str, kind: Kind) -> Document:
    return parse(text, kind)


def trusts(resource: Resource) -> Iterator[Carried]:
    """Yield the trust policies of a resource: at least one for a role."""
    if resource.kind == "iam.Role":
        for place, content in list(resource.values(*_TRUST)) or [("assumeRolePolicy", None)]:
            yield Carried(resource=resource, place=place, kind=Kind.TRUST, attachment=Attachment.ROLE, content=content)


def identity_policies(resource: Resource) -> Iterator[Carried]:
    """Yield the identity policies of a resource."""
    carrier = _CARRIERS.get(resource.kind)
    if carrier is None:
        return

    def carried(place: str, content: Any) -> Carried:
        return Carried(
            resource=resource, place=place, kind=Kind.IDENTITY, attachment=carrier.attachment, content=content
        )

    if carrier.document:
        for place, content in list(resource.values(*carrier.document)) or [(carrier.document[0], None)]:
            yield carried(place, content)
    for place, items in resource.values(*carrier.lists):
        if not isinstance(items, list):
            yield carried(place, items if items is UNKNOWN else [])
            continue
        for i, item in enumerate(items):
            if not isinstance(item, Mapping):
                yield carried(f"{place}[{i}]", item if item is UNKNOWN else [])
                continue
            found = [(n, value) for n, value in item.items() if folded(n) in _POLICY and value is not None]
            # The provider takes an empty block for "no inline policies".
            if not found and any(value is not None for value in item.values()):
                found = [("policy", None)]
            for name, content in found:
                yield carried(f"{place}[{i}].{name}", content)


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
