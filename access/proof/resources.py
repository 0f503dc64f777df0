"""Changes of resources that no comparison of documents covers, and values that no state knows yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from delegation_pack.model import Resource, folded, holds_unknown

from access.model import Model

_WITHOUT_ACCESS = frozenset(
    {"iam.AccountAlias", "iam.GroupPoliciesExclusive", "iam.RolePoliciesExclusive", "iam.UserPoliciesExclusive"}
)
"""Kinds that give nobody anything: a name, and lists that only take policies away."""
_OF_PULUMI = "pulumi:"
_MEANS_NOTHING = frozenset({"tags", "tagsall", "description"})
_ONE = frozenset({"role", "rolename", "user", "username", "group", "groupname"})
_WHO = _ONE | {"roles", "users", "groups", "permissionsboundary"}
"""Folded names of the properties that say who holds what, and who is in which group. One that is not known yet can be
told from the resource that it comes from."""


def not_judged(before: Model, after: Model) -> Iterator[tuple[str, Resource]]:
    """Yield each resource that can matter to access and is read by nothing here, if it "appears", "changes" or "is
    gone"."""
    old, new = ({one.urn: one for one in _unread(model)} for model in (before, after))
    for urn, resource in new.items():
        if urn not in old:
            yield "appears", resource
        elif _content(resource) != _content(old[urn]):
            yield "changes", resource
    for urn in [urn for urn in old if urn not in new]:
        yield "is gone", old[urn]


def not_known(after: Model) -> Iterator[tuple[Resource, str]]:
    """Yield each resource, with the property, that attaches policies or joins groups nobody knows before the
    deployment."""
    for resource in after.entities.read:
        unknown = [name for name, value in resource.properties.items() if holds_unknown(value)]
        for name in unknown:
            if folded(name) in _WHO and not (folded(name) in _ONE and after.entities.principals_of(resource)):
                yield resource, name
        yield from ((resource, place) for place in after.entities.unknown_attachments(resource))


def tags_asked(before: Model, after: Model, keys: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield title and tag of each user and role whose tag changes, if a document asks for it by one of `keys`."""
    for olds, news in ((before.users, after.users), (before.roles, after.roles)):
        known = {one.arn: one for one in olds}
        for one in news:
            was = known[one.arn].tags if one.arn in known else one.tags
            for tag in sorted(was.keys() | one.tags.keys()):
                if was.get(tag) != one.tags.get(tag) and f"tag/{tag.lower()}" in keys:
                    yield one.title, tag


def _unread(model: Model) -> Sequence[Resource]:
    read = set(model.entities.read) - set(model.not_judged)
    # The password of a user of aws-native is a property of the user's.
    read = {one for one in read if one.kind != "iam.User" or one.get("loginprofile") is None}
    return [
        one
        for one in model.entities.resources
        if one not in read
        and one.kind not in _WITHOUT_ACCESS
        and not one.type.startswith(_OF_PULUMI)
        # A component is nothing of AWS.
        and (one.provider_urn or one.kind or one.type.startswith("aws"))
    ]


def _content(resource: Resource) -> Mapping[str, Any]:
    return {name: value for name, value in resource.properties.items() if folded(name) not in _MEANS_NOTHING}
