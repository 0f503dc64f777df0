"""The source addresses that documents test for."""

from __future__ import annotations

import ipaddress

from delegation_pack.configuration import Network, merged
from delegation_pack.iam import Document

_SHARED = ipaddress.ip_network("100.64.0.0/10")
"""Carrier-grade NAT, RFC 6598: `is_private` does not know it."""


def networks_of(document: Document) -> list[Network]:
    """Return the networks with which a document compares aws:SourceIp, merged."""
    found = []
    for statement in document.statements:
        for condition in statement.conditions:
            if condition.key.lower() == "aws:sourceip" and "IpAddress" in condition.operator:
                for value in condition.values:
                    found.append(ipaddress.ip_network(value, strict=False))
    return merged(found)


def can_match(network: Network) -> bool:
    """Tell whether a request over the internet can come from a network."""
    shared = network.version == 4 and network.network_address in _SHARED and network.broadcast_address in _SHARED
    return not (network.is_private or network.is_multicast or network.is_reserved or shared)
