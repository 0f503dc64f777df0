"""The rules of static IPs: public addresses and ranges that requests to AWS can come from."""

from __future__ import annotations

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Why a range can never be the source of a request from the internet.
# https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry, 2026-11. Own tables, for
# ipaddress.is_global differs between Python versions (3fff::/20, 100.64.0.0/10, the translation prefixes).
_NOT_PUBLIC: dict[Network, str] = {
    ipaddress.ip_network(cidr): reason
    for cidr, reason in {
        "0.0.0.0/8": "is reserved for 'this network' (RFC 791)",
        "10.0.0.0/8": "is a private range (RFC 1918)",
        "100.64.0.0/10": "is a range shared by providers' address translation (RFC 6598)",
        "127.0.0.0/8": "is a loopback range",
        "169.254.0.0/16": "is a link-local range (RFC 3927)",
        "172.16.0.0/12": "is a private range (RFC 1918)",
        "192.0.0.0/24": "is reserved for protocol assignments (RFC 6890)",
        "192.31.196.0/24": "is reserved for AS112 name servers (RFC 7535)",
        "192.52.193.0/24": "is reserved for multicast tunnels (RFC 7450)",
        "192.88.99.0/24": "is reserved for 6to4 relays (RFC 7526)",
        "192.168.0.0/16": "is a private range (RFC 1918)",
        "192.175.48.0/24": "is reserved for AS112 name servers (RFC 7534)",
        "198.18.0.0/15": "is reserved for benchmarks (RFC 2544)",
        "224.0.0.0/4": "is a multicast range",
        "240.0.0.0/4": "is a reserved range (RFC 1112)",
        "::/128": "is the unspecified address",
        "::1/128": "is the loopback address",
        "::ffff:0:0/96": "is an IPv4 address written as IPv6 (RFC 4291)",
        "64:ff9b::/96": "is reserved for address translation (RFC 6052)",
        "64:ff9b:1::/48": "is reserved for address translation (RFC 8215)",
        "2001::/32": "is a Teredo tunnel's range (RFC 4380)",
        "2001::/23": "is reserved for protocol assignments (RFC 2928)",
        "2002::/16": "is a 6to4 tunnel's range (RFC 3056)",
        "2620:4f:8000::/48": "is reserved for AS112 name servers (RFC 7534)",
        "fc00::/7": "is a private range (unique local, RFC 4193)",
        "fe80::/10": "is a link-local range (RFC 4291)",
        "fec0::/10": "is a private range (site-local, RFC 3879)",
        "ff00::/8": "is a multicast range",
    }.items()
}
DOCUMENTATION = [
    ipaddress.ip_network(cidr)  # RFC 5737, RFC 3849, RFC 9637
    for cidr in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
]
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
# By IP version. Proxy and VPN vendors publish ranges such as 165.225.0.0/16 and 2a06:98c0::/29; nobody's are wider than
# a /8 of the first days of IPv4 or the /19 of the largest provider (2003::/19).
WIDEST_WITHOUT_REASON = {4: 24, 6: 48}
_WIDEST = {4: 8, 6: 19}


def public_cidr(text: str) -> str:
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        interface = None
    if interface is None or "%" in text:  # a zone (fe80::1%eth0) means nothing outside its machine
        raise ValueError("is neither an address nor a CIDR: write one such as 203.0.113.10 or 203.0.113.0/28")
    network = interface.network
    for block, reason in _NOT_PUBLIC.items():
        if within(network, block):
            mapped = getattr(interface.ip, "ipv4_mapped", None)
            fix = (
                f"write {mapped}/{network.prefixlen - 96}"
                if mapped
                else "give the public address of your office or VPN"
            )
            raise ValueError(f"{reason}; aws:SourceIp holds public addresses only: {fix}")
    if interface.ip != network.network_address:
        raise ValueError(f"has host bits set: write {network} for the whole range or {interface.ip} for one address")
    for block, reason in _NOT_PUBLIC.items():
        if within(block, network) and network.prefixlen > 0:
            raise ValueError(f"holds {block}, which {reason}: name only the public ranges")
    widest = _WIDEST[network.version]
    if network.prefixlen < widest:
        raise ValueError(
            f"is wider than /{widest}, the widest IPv{network.version} range that one owner has: "
            "name the ranges your office or VPN really has"
        )
    if network.version == 6 and not within(network, _PUBLIC_IPV6):
        raise ValueError(f"is outside {_PUBLIC_IPV6}, where all public IPv6 addresses are: check it for a typing error")
    return str(network)


def narrow_cidr(text: str) -> str:
    network = ipaddress.ip_network(public_cidr(text))
    widest = WIDEST_WITHOUT_REASON[network.version]
    if network.prefixlen < widest:
        raise ValueError(
            f"is wider than /{widest}: name the ranges your office or VPN really has; where your provider publishes "
            f"no narrower one, write {{cidr: {network}, reason: …}}, which each preview reports"
        )
    return str(network)


def reason(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty: write why the range cannot be narrower")
    return " ".join(text.split())


def within(inner: Network, outer: Network) -> bool:
    return inner.network_address in outer and inner.prefixlen >= outer.prefixlen
