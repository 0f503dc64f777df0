"""What several rules take as configuration: schemas, and the values read."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from delegation_pack.iam import Unverifiable

Config = Mapping[str, Any]
"""One rule's configuration."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

WIDEST_WITHOUT_REASON = {4: 24, 6: 48}
WIDEST = {4: 8, 6: 19}
"""The shortest prefixes, by IP version, of ranges that are allowed without a reason and at all."""

ALWAYS_PROTECTED = ("OrganizationAccountAccessRole",)
"""Names of the roles that are protected whatever the configuration says."""

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
TOGETHER: Mapping[str, Any] = {
    "together": {
        "type": "boolean",
        "default": False,
        "description": (
            "Judge the documents that one principal holds together, so that a Deny in one counts for the others; of a "
            "group also the Denies that each of its members carries."
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
PROTECTED_ROLES: Mapping[str, Any] = {
    "protectedRoles": {
        "type": "array",
        "items": {"type": "string"},
        "default": list(ALWAYS_PROTECTED),
        "description": (
            "Names of roles, * and ? as wildcards, that nobody may change or be granted, besides those that are always "
            f"protected: {', '.join(ALWAYS_PROTECTED)}."
        ),
    },
}
EXEMPT: Mapping[str, Any] = {
    "type": "array",
    "items": {"type": "object"},
    "description": (
        "Exceptions, each an object of resource (a name, a URN, or a URN up to the beginning of a name and *), reason, "
        "and until, the last day on which it counts (YYYY-MM-DD)."
    ),
}


def allowed_networks(config: Config) -> list[str]:
    """Return the networks of a rule's configuration.

    Raises:
        Unverifiable: there are none, or something is wrong with one or with all together.
    """
    networks = config.get("allowedCidrs")
    if not isinstance(networks, Sequence) or isinstance(networks, str):
        raise Unverifiable("allowedCidrs is not in the policy's configuration, so no network is known to be allowed.")
    for problem in network_problems(networks):
        raise Unverifiable(f"allowedCidrs{problem}")
    return [_parts(entry)[0] for entry in networks]


def network_problems(entries: Sequence[Any]) -> Iterator[str]:
    """Yield what is wrong with a list of networks, as sentences that begin with the place in it.

    Without a reason nothing is wider than `WIDEST_WITHOUT_REASON`, in one entry or in adjacent ones; all together are
    no more than `WIDEST`.
    """
    narrow, everything = list[Network](), list[Network]()
    for i, entry in enumerate(entries):
        cidr, reason = _parts(entry)
        if not cidr:
            yield f"[{i}] is {json.dumps(entry, ensure_ascii=False)}, not a text, nor an object of cidr and reason."
            continue
        try:
            network = ipaddress.ip_network(cidr)
        except ValueError as error:
            yield f"[{i}] is {cidr!r}, no address and no CIDR: {error}."
            continue
        everything.append(network)
        if not reason:
            narrow.append(network)
            if network.prefixlen < WIDEST_WITHOUT_REASON[network.version]:
                yield (
                    f"[{i}] is {cidr}, wider than /{WIDEST_WITHOUT_REASON[network.version]}: write "
                    f'{{"cidr": "{cidr}", "reason": "…"}}.'
                )
    for network in merged(narrow):
        if network not in narrow and network.prefixlen < WIDEST_WITHOUT_REASON[network.version]:
            yield (
                f" holds all of {network}, wider than /{WIDEST_WITHOUT_REASON[network.version]}: write "
                f'{{"cidr": "{network}", "reason": "…"}} in place of its parts.'
            )
    for version, bits in ((4, ipaddress.IPV4LENGTH), (6, ipaddress.IPV6LENGTH)):
        widest = WIDEST[version]
        of_version = (network for network in merged(everything) if network.version == version)
        if sum(network.num_addresses for network in of_version) > 2 ** (bits - widest):
            yield (
                f" holds more than a /{widest} of IPv{version}, the widest range there is in one hand, which would "
                "switch the policy off: name the ranges that the office or VPN really has."
            )


def _parts(entry: Any) -> tuple[str, str]:
    """The CIDR and the reason of an entry; no CIDR if it has another form."""
    match entry:
        case str(cidr):
            return cidr, ""
        # Not a dict where the policy SDK made it.
        case {"cidr": str(cidr), "reason": str(reason), **rest} if reason.strip() and not rest:
            return cidr, reason
        case _:
            return "", ""


def merged(networks: Iterable[Network]) -> list[Network]:
    """Return networks without overlaps, adjacent ones as one."""
    v4 = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    v6 = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6)]


def protected_roles(config: Config) -> list[str]:
    """Return the names of the roles that nobody may change or enter: those that are always, and the rule's own."""
    return list(dict.fromkeys([*ALWAYS_PROTECTED, *config.get("protectedRoles", ())]))


def shared(content: Mapping[str, Any], properties: Mapping[str, Collection[str]]) -> dict[str, dict[str, Any]]:
    """Return the properties by policy of what all stacks share, from the pack's own file.

    Under "all" stand the properties of every policy that has them, so that each value has one place.

    Args:
        content: the file's: objects by policy.
        properties: names of properties by policy.

    Raises:
        ValueError: a policy or a property is unknown.
    """
    for_all = content.get("all", {})
    for name, values in content.items():
        known = set().union(*properties.values()) if name == "all" else properties.get(name)
        if known is None or not isinstance(values, Mapping) or values.keys() - known:
            raise ValueError(f"{name}: no such policy, or not an object of its properties")
    return {
        name: {key: value for key, value in for_all.items() if key in known} | content.get(name, {})
        for name, known in properties.items()
    }


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
