"""Grants: identity policies that allow sts:AssumeRole on a role of another account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from delegation_pack.iam import (
    WITHOUT_MFA,
    Document,
    Finding,
    Question,
    Unverifiable,
    Values,
    assume_roles_elsewhere,
    callers_of_identity,
    decide,
    outside,
)
from delegation_pack.policies.documents import Carried
from delegation_pack.policies.identity import granting_policies, inline_rule, managed_rule
from delegation_pack.policies.networks import allowed_networks, mode, role_with_arn, session_stays_inside
from delegation_pack.policies.resources import Resource, Stack
from delegation_pack.policies.validation import Config, policy
from delegation_pack.policies.wording import because, listed

REQUIRES_SOURCE_IP = "iam-assume-role-requires-source-ip"


def _allowed(
    document: Document, carried: Carried, keys: Mapping[str, Values] | None = None, but: tuple[str, ...] = ()
) -> Finding | None:
    """A request that assumes a role elsewhere, other than those in `but`."""
    callers = callers_of_identity(carried.attachment, carried.resource.account, carried.resource.partition)
    return decide(document, Question(callers=callers, targets=assume_roles_elsewhere(but=but), keys=keys or {}))


def without_mfa(document: Document, carried: Carried, _config: Config) -> Iterator[str]:
    """Yield that a grant asks for no MFA."""
    finding = _allowed(document, carried, WITHOUT_MFA)
    if finding:
        yield f"grants a role of another account without MFA: {because(finding)} Demand it with Bool on the Allow."


def unnamed(document: Document, carried: Carried, _config: Config) -> Iterator[str]:
    """Yield that a grant reaches roles it does not name."""
    finding = _allowed(document, carried, but=document.named_resources)
    if finding:
        yield f"grants roles that it does not name: {because(finding)} Name each role's ARN in Resource."


def from_elsewhere(document: Document, carried: Carried, config: Config) -> Iterator[str]:
    """Yield that a grant may be used from outside the networks; in mode session the whole stack is asked."""
    if _allowed(document, carried) and mode(config) != "session":
        yield from _outside(document, carried, allowed_networks(config))


def _outside(document: Document, carried: Carried, networks: list[str], but: tuple[str, ...] = ()) -> Iterator[str]:
    finding = _allowed(document, carried, outside(networks), but)
    if finding:
        yield (
            f"grants a role of another account from outside {listed(networks, 'every network, for none is allowed')}: "
            f"{because(finding)} Demand the address with IpAddress on aws:SourceIp."
        )


def _sessions_from_elsewhere(stack: Stack, config: Config) -> Iterator[tuple[Resource, str]]:
    """Modes session and both: the role that a grant names denies everything from outside, where the stack holds it."""
    if config.get("mode") not in ("session", "both"):
        return
    for carried in granting_policies(stack):
        try:
            document = carried.read()
            if not _allowed(document, carried):
                continue
            networks = allowed_networks(config)
            roles = {arn: role for arn in document.named_resources if (role := role_with_arn(stack, arn))}
            tied = tuple(arn for arn, role in roles.items() if session_stays_inside(stack, role, networks))
            if mode(config) == "session":
                for text in _outside(document, carried, networks, but=tied):
                    yield carried.resource, f"{carried.label} {text} Or let the role deny everything from outside."
                continue
            for arn in roles.keys() - set(tied):
                yield (
                    roles[arn],
                    f"{roles[arn].label} does not deny everything from outside {listed(networks)} in its sessions, as "
                    "mode both asks. Give it an inline Deny of * with NotIpAddress on aws:SourceIp.",
                )
        except Unverifiable as reason:
            yield carried.resource, f"{carried.label} cannot be verified: {reason}"


def _managed_or_in_sessions(stack: Stack, config: Config) -> Iterator[tuple[Resource, str]]:
    yield from managed_rule(from_elsewhere)(stack, config)
    yield from _sessions_from_elsewhere(stack, config)


assume_role_requires_mfa = policy(
    "iam-assume-role-requires-mfa",
    on_resource=inline_rule("iam-assume-role-requires-mfa", without_mfa),
    on_stack=managed_rule(without_mfa),
)
assume_role_requires_source_ip = policy(
    REQUIRES_SOURCE_IP,
    on_resource=inline_rule(REQUIRES_SOURCE_IP, from_elsewhere),
    on_stack=_managed_or_in_sessions,
)
assume_role_names_roles = policy(
    "iam-assume-role-names-roles",
    on_resource=inline_rule("iam-assume-role-names-roles", unnamed),
    on_stack=managed_rule(unnamed),
)
