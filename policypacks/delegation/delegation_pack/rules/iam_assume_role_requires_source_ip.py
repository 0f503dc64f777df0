"""Grants: identity policies that allow sts:AssumeRole on a role of another account, from the allowed networks only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from delegation_pack.configuration import BY_ACCOUNT, NETWORKS, TOGETHER, Config, allowed_networks, by_account, mode
from delegation_pack.iam import Unverifiable, outside
from delegation_pack.judging import ADDRESS_ON_ALLOW, because, listed, on_inline, on_people
from delegation_pack.model import Model, Policy, Principal
from delegation_pack.rights import enters_roles_elsewhere, session_stays_inside, takes_users_from_elsewhere
from delegation_pack.rule import Rule, Violation
from delegation_pack.whose import DECLARED, of_people_alone, people


def from_elsewhere(policy: Policy, config: Config) -> Iterator[str]:
    """Yield that a grant may be used from outside the networks; in mode session the whole stack is asked."""
    if not enters_roles_elsewhere(policy):
        return
    if mode(config) != "session":
        yield from _outside(policy, allowed_networks(config), but=_apart(config))
    for accounts, own in by_account(config).items():
        if mode(own) != "session":
            yield from _outside(policy, allowed_networks(own), like=_of(accounts))


def _apart(config: Config) -> tuple[str, ...]:
    return tuple(pattern for accounts in by_account(config) for pattern in _of(accounts))


def _of(accounts: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"arn:*:iam::{account}:*" for account in accounts)


def _outside(
    policy: Policy, networks: list[str], but: tuple[str, ...] = (), like: tuple[str, ...] = ("*",)
) -> Iterator[str]:
    finding = enters_roles_elsewhere(policy, outside(networks), but, like)
    if finding:
        yield (
            f"grants a role of another account from outside {listed(networks, 'every network, for none is allowed')}: "
            f"{because(finding)} Require the address with IpAddress on aws:SourceIp."
        )


def _managed_or_in_sessions(model: Model, config: Config) -> Iterator[Violation]:
    """Modes session and both: the role that a grant names denies everything from outside, where the stack makes it."""
    yield from on_people(from_elsewhere)(model, config)
    if config.get("mode") not in ("session", "both"):
        return
    granted: set[str] = set()
    have = people(model, config).have
    for policy in model.granting_policies:
        if not have(policy.carrier):
            continue
        try:
            granted.update(policy.read().named_resources)
            yield from _sessions_from_elsewhere(model, policy, config)
        except Unverifiable as reason:
            yield policy.carrier, f"{policy.label} cannot be verified: {reason}"
    # A role whose grants are elsewhere: there they count on it.
    for role in model.roles:
        trust = role.trust.document
        if role.arn not in granted and trust and takes_users_from_elsewhere(trust, role):
            yield from _open_sessions(role, allowed_networks(config), mode(config))


def _sessions_from_elsewhere(model: Model, policy: Policy, config: Config) -> Iterator[Violation]:
    if not enters_roles_elsewhere(policy):
        return
    networks = allowed_networks(config)
    roles = {arn: role for arn in policy.read().named_resources if (role := model.role(arn))}
    if mode(config) == "session":
        tied = tuple(arn for arn, role in roles.items() if session_stays_inside(role, networks))
        for text in _outside(policy, networks, but=(*tied, *_apart(config))):
            yield policy.carrier, f"{policy.label} {text} Or let the role deny everything from outside."
        return
    for role in roles.values():
        yield from _open_sessions(role, networks, "both")


def _open_sessions(role: Principal, networks: list[str], mode_: str) -> Iterator[Violation]:
    if not session_stays_inside(role, networks):
        yield (
            role.maker,
            f"{role.maker.label} does not deny everything from outside {listed(networks)} in its sessions, as "
            f"mode {mode_} asks. Give it an inline Deny of * with NotIpAddress on aws:SourceIp.",
        )


RULE = Rule(
    name="iam-assume-role-requires-source-ip",
    description="A grant allows sts:AssumeRole on another account's role only from the allowed networks.",
    severity="high",
    remediation=(
        f"Put {ADDRESS_ON_ALLOW}, within allowedCidrs, on the Allow statement; or, with mode session, give the "
        "role "
        '{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": '
        '["203.0.113.10/32"]}}}.'
    ),
    configuration={**NETWORKS, **BY_ACCOUNT, **TOGETHER, **DECLARED},
    on_resource=on_inline(from_elsewhere, concerns=of_people_alone),
    on_stack=_managed_or_in_sessions,
)
