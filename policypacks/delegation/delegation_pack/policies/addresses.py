"""Source addresses that no caller can have."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from delegation_pack.iam import Document, Unverifiable
from delegation_pack.policies.documents import identity_policies, trusts
from delegation_pack.policies.resources import Resource
from delegation_pack.policies.validation import Config, policy

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SHARED = ipaddress.ip_network("100.64.0.0/10")
"""Carrier-grade NAT, RFC 6598: `is_private` does not know it."""


def networks_of(document: Document) -> list[Network]:
    """Return the networks with which a document compares aws:SourceIp, merged."""
    v4: list[ipaddress.IPv4Network] = []
    v6: list[ipaddress.IPv6Network] = []
    for statement in document.statements:
        for condition in statement.conditions:
            if condition.key.lower() == "aws:sourceip" and "IpAddress" in condition.operator:
                for value in condition.values:
                    network = ipaddress.ip_network(value, strict=False)
                    v4.append(network) if isinstance(network, ipaddress.IPv4Network) else v6.append(network)
    return [*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6)]


def can_match(network: Network) -> bool:
    """Tell whether a request over the internet can come from a network."""
    shared = network.version == 4 and network.network_address in _SHARED and network.broadcast_address in _SHARED
    return not (network.is_private or network.is_multicast or network.is_reserved or shared)


def _cannot_match(resource: Resource, _config: Config) -> Iterator[str]:
    for carried in (*trusts(resource), *identity_policies(resource)):
        try:
            networks = networks_of(carried.read())
        except Unverifiable:
            continue
        futile = [str(network) for network in networks if not can_match(network)]
        if futile:
            yield (
                f"{carried.label} tests the source address against {', '.join(futile)}: private, documentation or "
                "reserved ranges, which no request to AWS comes from. Name public addresses."
            )
        elif networks and all(network.version == 4 for network in networks):
            yield f"{carried.label} names IPv4 addresses only, so a request over IPv6 counts as from elsewhere."


source_ip_can_match = policy("iam-source-ip-can-match", on_resource=_cannot_match)
