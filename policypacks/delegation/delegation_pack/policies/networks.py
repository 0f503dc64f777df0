"""The allowed networks, the mode, and roles whose sessions are tied to the networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from delegation_pack.catalogue import MODES
from delegation_pack.iam import (
    Callers,
    CallerType,
    Document,
    Effect,
    Kind,
    Question,
    Resources,
    Target,
    Unverifiable,
    decide,
    outside,
    parse,
)
from delegation_pack.policies.documents import identity_policies
from delegation_pack.policies.resources import Resource, Stack
from delegation_pack.policies.validation import Config

_EVERYTHING = parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, Kind.IDENTITY
)
_ANY_ACTION = "anyservice:AnyAction"
"""An action that no service has, so that only a wildcard covers it."""


def allowed_networks(config: Config) -> list[str]:
    """Return the networks of a policy's configuration.

    Raises:
        Unverifiable: there are none, or one is no network.
    """
    networks = config.get("allowedCidrs")
    if not isinstance(networks, Sequence) or isinstance(networks, str):
        raise Unverifiable("allowedCidrs is not in the policy's configuration, so no network is known to be allowed.")
    # A wide range is an object of cidr and reason.
    cidrs = [entry.get("cidr") if isinstance(entry, Mapping) else entry for entry in networks]
    for cidr in cidrs:
        try:
            ipaddress.ip_network(str(cidr), strict=False)
        except ValueError:
            raise Unverifiable(f"allowedCidrs holds {cidr!r}, which is no address or CIDR.") from None
    return [str(cidr) for cidr in cidrs]


def mode(config: Config) -> str:
    """Return where the address is to be tested.

    Raises:
        Unverifiable: the configuration names no such mode.
    """
    found = config.get("mode", MODES[0])
    if found not in MODES:
        raise Unverifiable(f"mode is {found!r}; it must be one of {', '.join(MODES)}.")
    return str(found)


def role_documents(stack: Stack, role: Resource) -> Iterator[Document]:
    """Yield the inline documents of a role in the stack, but for those that cannot be read: they are reported by
    themselves."""
    for resource in (role, *stack.of("iam.RolePolicy")):
        if resource is role or owner(stack, resource) is role:
            for carried in identity_policies(resource):
                try:
                    yield carried.read()
                except Unverifiable:
                    continue


def owner(stack: Stack, resource: Resource) -> Resource | None:
    """Return the role of the stack that an inline policy or attachment is for."""
    sources = [source for name in ("role", "rolename") for source in stack.sources(resource, name)]
    named = resource.text("role") or resource.text("rolename")
    for role in stack.of("iam.Role"):
        if role in sources or (named and named == role_name(role) and role.account == resource.account):
            return role
    return None


def role_name(role: Resource) -> str | None:
    """Return a role's name, where it is known."""
    return role.text("name") or role.text("rolename")


def role_arn(role: Resource) -> str | None:
    """Return a role's ARN, from account, path and name as they will be, else as AWS said; None if it is not known.

    A `*` stands where the partition is not known.
    """
    if role.account and role_name(role):
        return f"arn:{role.partition or '*'}:iam::{role.account}:role{role.text('path') or '/'}{role_name(role)}"
    return role.text("arn")


def role_with_arn(stack: Stack, arn: str) -> Resource | None:
    """Return the role of the stack with an ARN."""
    in_any_partition = ":".join(["arn", "*", *arn.split(":")[2:]])
    return next((role for role in stack.of("iam.Role") if role_arn(role) in (arn, in_any_partition)), None)


def only_denies(document: Document) -> Document:
    """Return a document without its Allows."""
    return replace(document, statements=tuple(one for one in document.statements if one.effect is Effect.DENY))


def explicitly_denied(documents: Sequence[Document], question: Question) -> bool:
    """Tell whether the documents deny every request of a question, whatever else allows it."""
    return decide([*documents, _EVERYTHING], question) is None


def session_stays_inside(stack: Stack, role: Resource, networks: Sequence[str]) -> bool:
    """Tell whether a role's inline documents deny everything that does not come from the networks.

    The condition key has to be tested for every action, so an exception of a NotAction counts as one that is not
    denied.
    """
    documents = list(role_documents(stack, role))
    excepted = {
        action.replace("*", "a").replace("?", "a")
        for document in documents
        for statement in document.statements
        if statement.effect is Effect.DENY
        for action in statement.not_actions or ()
    }
    anything = Target(actions=(_ANY_ACTION, *sorted(excepted)), resources=Resources(types=()))
    callers = Callers(type=CallerType.ROLE, account=role.account, partition=role.partition)
    return explicitly_denied(documents, Question(callers=(callers,), targets=(anything,), keys=outside(networks)))
