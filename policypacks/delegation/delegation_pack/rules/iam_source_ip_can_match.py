"""Source addresses that no caller can have."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.addresses import can_match, networks_of
from delegation_pack.configuration import Config
from delegation_pack.judging import ADDRESS_ON_ALLOW
from delegation_pack.model import Resource, identity_policies, trusts
from delegation_pack.rule import Rule


def cannot_match(resource: Resource, _config: Config) -> Iterator[str]:
    """Yield the documents that test for addresses which no request comes from."""
    for policy in (*trusts(resource), *identity_policies(resource)):
        networks = networks_of(policy.document) if policy.document else []
        futile = [str(network) for network in networks if not can_match(network)]
        if futile:
            yield (
                f"{policy.label} tests the source address against {', '.join(futile)}: private, documentation or "
                "reserved ranges, which no request to AWS comes from. Name public addresses."
            )
        elif networks and all(network.version == 4 for network in networks):
            yield f"{policy.label} names IPv4 addresses only, so a request over IPv6 counts as from elsewhere."


RULE = Rule(
    name="iam-source-ip-can-match",
    description="The source addresses are ones that a caller can have.",
    severity="medium",
    remediation=f"Name the public addresses of the office or VPN: {ADDRESS_ON_ALLOW}.",
    mandatory=False,
    may_be_disabled=True,
    on_resource=cannot_match,
)
