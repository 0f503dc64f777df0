"""Role management: identity policies that allow the IAM actions which change roles, from the allowed networks only."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import NETWORKS, TOGETHER, Config, allowed_networks, mode
from delegation_pack.iam import Unverifiable, outside
from delegation_pack.judging import ADDRESS_ON_ALLOW, because, listed, on_inline, on_people
from delegation_pack.model import Model, Policy, PrincipalType
from delegation_pack.rights import changes_roles, session_stays_inside
from delegation_pack.rule import Rule, Violation
from delegation_pack.whose import DECLARED, of_people_alone, people


def from_elsewhere(policy: Policy, config: Config) -> Iterator[str]:
    """Yield that roles may be changed from outside the networks; in mode session the whole stack is asked."""
    if changes_roles(policy) and mode(config) != "session":
        yield from _outside(policy, config)


def _outside(policy: Policy, config: Config) -> Iterator[str]:
    networks = allowed_networks(config)
    finding = changes_roles(policy, keys=outside(networks))
    if finding:
        yield (
            f"allows changing roles from outside {listed(networks, 'every network, for none is allowed')}: "
            f"{because(finding)} Require the address with IpAddress on aws:SourceIp."
        )


def _managed_or_in_sessions(model: Model, config: Config) -> Iterator[Violation]:
    """Mode session: a role's document may lack the address where the role denies everything from outside."""
    yield from on_people(from_elsewhere)(model, config)
    if config.get("mode") != "session":
        return
    have = people(model, config).have
    for policy in model.granting_policies:
        try:
            if have(policy.carrier) and changes_roles(policy) and not _stays_inside(model, policy, config):
                for text in _outside(policy, config):
                    yield policy.carrier, f"{policy.label} {text} Or let the role deny everything from outside."
        except Unverifiable as reason:
            yield policy.carrier, f"{policy.label} cannot be verified: {reason}"


def _stays_inside(model: Model, policy: Policy, config: Config) -> bool:
    """Tell whether the policy is a role's of the stack whose sessions are tied to the networks."""
    principals = () if policy.managed else model.principals_of(policy.carrier)
    role = next((one for one in principals if one.type is PrincipalType.ROLE and one.resource), None)
    return role is not None and session_stays_inside(role, allowed_networks(config))


RULE = Rule(
    name="iam-role-management-requires-source-ip",
    description="Roles are created, changed and removed only from the allowed networks.",
    severity="high",
    remediation=f"Put {ADDRESS_ON_ALLOW}, within allowedCidrs, on the Allow statement.",
    configuration={**NETWORKS, **TOGETHER, **DECLARED},
    on_resource=on_inline(from_elsewhere, concerns=of_people_alone),
    on_stack=_managed_or_in_sessions,
)
