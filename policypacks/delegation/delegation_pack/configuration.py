"""What several rules take as configuration: schemas, and the values read."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from delegation_pack.iam import Unverifiable

Config = Mapping[str, Any]
"""One rule's configuration."""

MODES = ("grant", "session", "both")
"""Where the source address is tested: when the role is assumed, on each request of its session, or both."""

CIDR: Mapping[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"cidr": {"type": "string"}, "reason": {"type": "string", "minLength": 1}},
            "required": ["cidr", "reason"],
            "additionalProperties": False,
        },
    ]
}
NETWORKS: Mapping[str, Any] = {
    "allowedCidrs": {
        "type": "array",
        "items": CIDR,
        "description": (
            "Public addresses and CIDRs from which the delegation may be used, ranges wider than /24 (IPv6: /48) as an "
            "object of cidr and reason; an empty list means nowhere."
        ),
    },
    "mode": {
        "type": "string",
        "enum": list(MODES),
        "default": "grant",
        "description": (
            "grant: each document tests the address. session: a grant or a role's document may lack it where the role "
            "denies everything from outside the networks. both: the document tests it and the role denies the rest."
        ),
    },
}
BY_ACCOUNT: Mapping[str, Any] = {
    "byAccount": {
        "type": "object",
        "additionalProperties": {"type": "object", "properties": NETWORKS, "additionalProperties": False},
        "description": (
            "allowedCidrs and mode of the roles of single accounts, in place of the others, by account. With mode "
            "session a grant on them may lack the address: the account's own stack, with the same mode, has to prove "
            "the rest."
        ),
    }
}
SECURITY_ACCOUNT: Mapping[str, Any] = {
    "securityAccountId": {
        "type": "string",
        "pattern": "^[0-9]{12}$",
        "description": "The only account with IAM users: 12 digits, quoted.",
    }
}
EXEMPT: Mapping[str, Any] = {
    "type": "array",
    "items": {"type": "object"},
    "description": (
        "Exceptions, each an object of resource (a name or URN; * and ? are wildcards), reason, and until, the last "
        "day on which it counts (YYYY-MM-DD)."
    ),
}


def allowed_networks(config: Config) -> list[str]:
    """Return the networks of a rule's configuration.

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


def by_account(config: Config) -> Mapping[tuple[str, ...], Config]:
    """Return the configurations of single accounts, those with the same one together.

    Raises:
        Unverifiable: one is no object.
    """
    found: dict[str, tuple[tuple[str, ...], Config]] = {}
    accounts = config.get("byAccount", {})
    for account, own in accounts.items() if isinstance(accounts, Mapping) else [("byAccount", accounts)]:
        if not isinstance(own, Mapping):
            raise Unverifiable(f"byAccount holds {own!r}, which is no object of allowedCidrs and mode.")
        key = f"{own.get('mode')} {own.get('allowedCidrs')}"
        found[key] = ((*found.get(key, ((), own))[0], str(account)), own)
    return dict(found.values())


def mode(config: Config) -> str:
    """Return where the address is to be tested.

    Raises:
        Unverifiable: the configuration names no such mode.
    """
    found = config.get("mode", MODES[0])
    if found not in MODES:
        raise Unverifiable(f"mode is {found!r}; it must be one of {', '.join(MODES)}.")
    return str(found)
