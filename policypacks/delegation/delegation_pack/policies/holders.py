"""Who holds which documents: inline and managed policies that a role, group, user or permission set carries together,
as far as the stack shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from delegation_pack.iam import Attachment, Document, Unverifiable
from delegation_pack.policies.documents import Carried, attached_policies, attachment_of, identity_policies
from delegation_pack.policies.identity import attached_from, is_aws_managed
from delegation_pack.policies.resources import Resource, Stack, folded

_OF_KIND = {
    "iam.Role": Attachment.ROLE,
    "iam.Group": Attachment.GROUP,
    "iam.User": Attachment.USER,
    "ssoadmin.PermissionSet": Attachment.ROLE,
}
_NAMED_IN = {
    **{f"{owner}{suffix}": owner for owner in _OF_KIND.values() for suffix in ("", "name", "s")},
    "permissionsetarn": Attachment.ROLE,
}
"""Folded names of the properties that say whom a document or an attachment is for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Holder:
    """One principal and its documents."""

    resource: Resource | None
    """None if the stack does not make it."""
    attachment: Attachment
    account: str | None
    partition: str | None
    carried: list[Carried] = field(default_factory=list)
    aws_managed: list[tuple[Resource, str]] = field(default_factory=list)
    """Each AWS-managed policy's ARN, after the resource that attaches it."""

    def documents(self) -> dict[Carried, Document]:
        """Return the documents, but for those that cannot be read: they are reported by themselves."""
        found = {}
        for carried in self.carried:
            try:
                found[carried] = carried.read()
            except Unverifiable:
                continue
        return found


def holders(stack: Stack) -> list[Holder]:
    """Return the holders of the documents in the stack."""
    found: dict[Resource | tuple[Attachment, str | None, str], Holder] = {}
    for resource in stack.resources:
        if attachment_of(resource) is None:
            continue
        carried = [*identity_policies(resource)]
        for policy in attached_from(stack, resource):
            carried += identity_policies(policy)
        aws_managed = [(resource, arn) for _, arn in attached_policies(resource) if is_aws_managed(arn)]
        for key in dict.fromkeys(_holders_of(stack, resource)):
            if key not in found:
                made = key if isinstance(key, Resource) else None
                attachment = _OF_KIND[key.kind] if isinstance(key, Resource) else key[0]
                found[key] = Holder(
                    resource=made, attachment=attachment, account=resource.account, partition=resource.partition
                )
            held = {one.resource for one in found[key].carried}
            found[key].carried.extend(one for one in carried if one.resource not in held)
            found[key].aws_managed.extend(aws_managed)
    return list(found.values())


def _holders_of(stack: Stack, resource: Resource) -> Iterator[Resource | tuple[Attachment, str | None, str]]:
    """Whom a resource's documents and attachments are for: resources of the stack, else kind, account and name."""
    if resource.kind in _OF_KIND:
        yield resource
        return
    for name, value in resource.values(*_NAMED_IN):
        attachment = _NAMED_IN[folded(name)]
        sources = [source for source in stack.sources(resource, folded(name)) if source.kind in _OF_KIND]
        yield from sources
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                made = (one for one in stack.of(*_OF_KIND) if _is_called(one, attachment, text, resource.account))
                if (one := next(made, None)) or not sources:
                    yield one or (attachment, resource.account, text)


def _is_called(resource: Resource, attachment: Attachment, name: str, account: str | None) -> bool:
    names = (resource.text("name"), resource.text(f"{attachment}name"), resource.text("arn"))
    return _OF_KIND[resource.kind] is attachment and name in names and resource.account == account
