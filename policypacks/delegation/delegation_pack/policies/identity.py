"""What the policies on identity policies share: which documents are judged, when, and what an attached managed policy
brings.

Inline documents are judged with their resource, before it is made. A managed policy is judged with the whole stack, for
one that serves only as a permissions boundary grants nothing; one whose use the stack does not show is judged as a
grant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from delegation_pack.iam import Attachment, Document, Unverifiable
from delegation_pack.policies.documents import (
    MANAGED_POLICIES,
    Carried,
    attached_policies,
    identity_policies,
)
from delegation_pack.policies.resources import UNKNOWN, Resource, Stack, account_of, folded
from delegation_pack.policies.validation import Config, ResourceRule, StackRule

Judge = Callable[[Document, Carried, Config], Iterator[str]]
"""Yields what is wrong with an identity policy, as the rest of a sentence that begins with the resource."""

BOUNDARY_KEY = "iam:PermissionsBoundary"

_BY_NAME = ("customermanagedpolicyreference", "customermanagedpolicyreferences")
_ATTACHED_TO = ("roles", "groups", "users")

_AWS_MANAGED = re.compile(r"arn:aws(-[a-z]+)*:iam::aws:policy/(?P<name>.+)")


def judged(carried: Carried, config: Config, judge: Judge) -> Iterator[str]:
    """Yield the violations of one document; that it cannot be judged is one."""
    try:
        for text in judge(carried.read(), carried, config):
            yield f"{carried.label} {text}"
    except Unverifiable as reason:
        yield f"{carried.label} cannot be verified: {reason}"


def inline_rule(
    name: str, judge: Judge, *, concerns: Callable[[Resource, Config], bool] = lambda *_: True
) -> ResourceRule:
    """Return the rule that judges the inline documents of a resource and the AWS-managed policies it attaches.

    `concerns` tells whether the policy is about a resource at all, as far as that does not hang on a document.
    """

    def rule(resource: Resource, config: Config) -> Iterator[str]:
        if not concerns(resource, config):
            return
        for carried in identity_policies(resource):
            if carried.attachment is not Attachment.MANAGED:
                yield from judged(carried, config, judge)
        for place, arn in attached_policies(resource):
            if arn is UNKNOWN:
                continue
            if not isinstance(arn, str) or not arn.startswith("arn:"):
                yield f"{resource.label} cannot be verified: {place} is {arn!r}, not the ARN of a managed policy."
            elif name in refused_by(arn):
                yield (
                    f"{resource.label} attaches {arn}, which AWS maintains and which this policy refuses as of "
                    f"{_aws_managed()['date']}. Attach a narrower policy."
                )

    return rule


def managed_rule(judge: Judge, *, concerns: Callable[[Resource, Config], bool] = lambda *_: True) -> StackRule:
    """Return the rule that judges the managed policies that the stack makes, and attachments of what nobody knows
    yet."""

    def rule(stack: Stack, config: Config) -> Iterator[tuple[Resource, str]]:
        boundaries = only_boundaries(stack)
        for resource in stack.resources:
            if not concerns(resource, config):
                continue
            if resource.kind in MANAGED_POLICIES and resource not in boundaries:
                for carried in identity_policies(resource):
                    for text in judged(carried, config, judge):
                        yield resource, text
            for place in unknown_attachments(stack, resource):
                yield (
                    resource,
                    f"{resource.label} cannot be verified: {place} is not known before the update, nor which policy "
                    "of this stack it is.",
                )

    return rule


def granting_policies(stack: Stack) -> Iterator[Carried]:
    """Yield all identity policies of the stack but those that serve only as a permissions boundary."""
    boundaries = only_boundaries(stack)
    for resource in stack.resources:
        if resource not in boundaries:
            yield from identity_policies(resource)


def unknown_attachments(stack: Stack, resource: Resource) -> Iterator[str]:
    """Yield the properties that attach a policy which is not known and does not come from one of the stack."""
    unknown = [place for place, arn in attached_policies(resource) if arn is UNKNOWN]
    if unknown:
        sources = stack.sources(resource, folded(unknown[0].partition("[")[0]))
        yield from unknown[sum(source.kind in MANAGED_POLICIES for source in sources) :]


def only_boundaries(stack: Stack) -> set[Resource]:
    """Return the managed policies of the stack that are used as permissions boundary and attached to nobody."""
    policies = stack.of(*MANAGED_POLICIES)
    if not policies:
        return set()
    bounding: list[Any] = []
    attached: set[Resource] = set()
    for resource in stack.resources:
        if resource.kind:
            bounding += _references(resource.get("permissionsboundary"))
            bounding += stack.sources(resource, "permissionsboundary")
            bounding += boundaries_of(resource)
            attached.update(attached_from(stack, resource))
    return {policy for policy in policies if policy not in attached and any(_is(policy, one) for one in bounding)}


def attached_from(stack: Stack, resource: Resource) -> list[Resource]:
    """Return the managed policies of the stack that a resource attaches; for one that names its own principals, itself.

    IAM Identity Center attaches customer-managed policies by their names.
    """
    places = [*attached_policies(resource), *resource.values(*_BY_NAME)]
    values = [one for _, value in places for one in _references(value)]
    for place, _ in places:
        values += stack.sources(resource, folded(place.partition("[")[0]))
    if resource.kind in MANAGED_POLICIES and any(value != [] for _, value in resource.values(*_ATTACHED_TO)):
        values.append(resource)
    return [policy for policy in stack.of(*MANAGED_POLICIES) if any(_is(policy, value) for value in values)]


def _references(value: Any) -> Iterator[Any]:
    """The managed policies that a property's value refers to: ARNs, and objects with name and path."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, Mapping) and "name" not in value:
        yield from _references([*value.values()])
    else:
        yield value


def boundaries_of(resource: Resource) -> list[str]:
    """Return the boundaries that the conditions of a resource's documents name; none of a document that cannot be
    read."""
    found: list[str] = []
    for carried in identity_policies(resource):
        try:
            document = carried.read()
        except Unverifiable:
            continue
        found += boundaries_named(document)
    return found


def boundaries_named(document: Document) -> list[str]:
    """Return the values that a document compares iam:PermissionsBoundary with."""
    conditions = (condition for statement in document.statements for condition in statement.conditions)
    return [value for one in conditions if one.key.lower() == BOUNDARY_KEY.lower() for value in one.values]


def is_policy(resource: Resource, arn: str) -> bool:
    """Tell whether an ARN is that of a managed policy of the stack, whose own ARN need not be known yet."""
    if resource.text("arn"):
        return arn == resource.text("arn")
    return arn.endswith(f":policy{_path_and_name(resource)}") and resource.account in (None, account_of(arn))


def _path_and_name(policy: Resource) -> str:
    return f"{policy.text('path') or '/'}{policy.text('name') or policy.text('managedpolicyname') or ''}"


def _is(policy: Resource, value: object) -> bool:
    if isinstance(value, Mapping):
        return _path_and_name(policy) == f"{value.get('path') or '/'}{value['name']}"
    return value is policy or (isinstance(value, str) and is_policy(policy, value))


def is_aws_managed(arn: object) -> bool:
    """Tell whether a value is the ARN of a policy that AWS maintains."""
    return isinstance(arn, str) and _AWS_MANAGED.fullmatch(arn) is not None


def refused_by(arn: str) -> frozenset[str]:
    """Return the names of the policies that refuse an AWS-managed policy; none for any other ARN."""
    match = _AWS_MANAGED.fullmatch(arn)
    if not match:
        return frozenset()
    return frozenset(name for name, refused in _aws_managed()["refused"].items() if match["name"] in refused)


def leads_around(arn: str) -> bool:
    """Tell whether an AWS-managed policy has a way around permissions boundaries beside role management."""
    match = _AWS_MANAGED.fullmatch(arn)
    return match is not None and match["name"] in _aws_managed()["besideRoleManagement"]


@cache
def _aws_managed() -> Mapping[str, Any]:
    """The table that benchmarks/aws_managed_policies.py makes: source, date, refused policies by policy of the
    pack, and those that lead around a boundary beside role management."""
    table: Mapping[str, Any] = json.loads(Path(__file__).with_name("aws_managed_policies.json").read_text())
    return table
