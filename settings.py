"""The only reader of Pulumi configuration: every value is checked here, and all that is wrong is said at once."""

from __future__ import annotations

import contextlib
import difflib
import ipaddress
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Literal

import pulumi
from delegation_pack.facts import PARTITIONS, SOURCE, partition_of
from delegation_pack.facts.quotas import TRUST_POLICY, TRUST_POLICY_RAISED
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, StrictBool, StrictInt, Tag, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

NAMESPACE = "delegation"
SECURITY_STACK = "security"

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Why a range can never be the source of a request from the internet.
# https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry, 2026-11. Own tables, for
# ipaddress.is_global differs between Python versions (3fff::/20, 100.64.0.0/10, the translation prefixes).
_NOT_PUBLIC: dict[_Network, str] = {
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
_DOCUMENTATION = [
    ipaddress.ip_network(cidr)  # RFC 5737, RFC 3849, RFC 9637
    for cidr in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
]
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
# By IP version. Proxy and VPN vendors publish ranges such as 165.225.0.0/16 and 2a06:98c0::/29; nobody's are wider than
# a /8 of the first days of IPv4 or the /19 of the largest provider (2003::/19).
_WIDEST_WITHOUT_REASON = {4: 24, 6: 48}
_WIDEST = {4: 8, 6: 19}

_ACCOUNT_ID = re.compile("[0-9]{12}")
# IAM names, and the segments of paths. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_NAME = r"[A-Za-z0-9+=,.@_-]+"
_POLICY_ARN = re.compile(rf"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>aws|[0-9]{{12}}):policy/({_NAME}/)*{_NAME}")

_RESERVED_ROLE_PREFIXES = {
    "AWSServiceRoleFor": "AWS keeps these names for service-linked roles",
    "AWSReservedSSO_": "AWS keeps these names for roles of IAM Identity Center",
    "delegation-": "these roles deploy and preview this program, so role management denies any change to them",
}
_ORGANIZATION_ROLE = "OrganizationAccountAccessRole"


class SettingsError(ValueError):
    """Says everything that is wrong with a stack's configuration; its text is ready to be shown.

    `problems` holds one sentence for each, in the order of the documented keys: key, value, rule and what to do.
    """

    def __init__(self, stack: str, problems: tuple[str, ...]) -> None:
        count = "an error" if len(problems) == 1 else f"{len(problems)} errors"
        super().__init__("\n  ".join([f"The configuration of stack {stack!r} has {count}:", *problems]))
        self.problems = problems


def _account_id(text: str) -> str:
    if _ACCOUNT_ID.fullmatch(text):
        return text
    if re.fullmatch("[0-9]+", text):
        # YAML 1.1 takes 012345670123 for octal, and drops the zero of 012345678901.
        raise ValueError(
            f"has {len(text)} digits, where an account id has 12: if it begins with 0, put it in quotes, "
            "for YAML reads the bare number as another one"
        )
    raise ValueError("is not an account id: write its 12 digits, in quotes and without dashes")


def _iam_name(kind: str, longest: int) -> Callable[[str], str]:
    def check(name: str) -> str:
        joined = "-".join(name.split())
        if joined not in ("", name):
            raise ValueError(f"holds a space, which IAM refuses in {kind} names: write {joined}")
        if not re.fullmatch(_NAME, name):
            raise ValueError(
                f"holds characters that IAM refuses in {kind} names: use letters, digits and + = , . @ _ - only"
            )
        if len(name) > longest:
            raise ValueError(f"is {len(name)} characters long, where IAM takes {longest} in {kind} names: shorten it")
        return name

    return check


def _role_name(name: str) -> str:
    if "/" in name:
        raise ValueError("holds a path, which access roles do not have here: give the name alone")
    for prefix, reason in _RESERVED_ROLE_PREFIXES.items():
        if name.casefold().startswith(prefix.casefold()):
            raise ValueError(f"begins with {prefix}: {reason}. Choose another name")
    if name.casefold() == _ORGANIZATION_ROLE.casefold():
        raise ValueError(
            "is AWS Organizations' own way into the account, and role management denies any change to it: "
            "choose another name"
        )
    return _iam_name("role", 64)(name)


def _user_path(path: str) -> str:
    # The API's own pattern takes more, but * and $ would be wildcards and variables in the documents.
    if not re.fullmatch(rf"/({_NAME}/)*", path):
        raise ValueError("is not a path: begin and end it with /, such as /it/, of letters, digits and + = , . @ _ -")
    if len(path) > 512:
        raise ValueError(f"is {len(path)} characters long, where IAM takes 512 in paths: shorten it")
    return path


def _public_cidr(text: str) -> str:
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        interface = None
    if interface is None or "%" in text:  # a zone (fe80::1%eth0) means nothing outside its machine
        raise ValueError("is neither an address nor a CIDR: write one such as 203.0.113.10 or 203.0.113.0/28")
    network = interface.network
    for block, reason in _NOT_PUBLIC.items():
        if _within(network, block):
            mapped = getattr(interface.ip, "ipv4_mapped", None)
            mend = (
                f"write {mapped}/{network.prefixlen - 96}"
                if mapped
                else "give the public address of your office or VPN"
            )
            raise ValueError(f"{reason}; aws:SourceIp holds public addresses only: {mend}")
    if interface.ip != network.network_address:
        raise ValueError(f"has host bits set: write {network} for the whole range or {interface.ip} for one address")
    for block, reason in _NOT_PUBLIC.items():
        if _within(block, network) and network.prefixlen > 0:
            raise ValueError(f"holds {block}, which {reason}: name the public ranges alone")
    widest = _WIDEST[network.version]
    if network.prefixlen < widest:
        raise ValueError(
            f"is wider than /{widest}, the widest IPv{network.version} range there is in one hand: "
            "name the ranges your office or VPN really has"
        )
    if network.version == 6 and not _within(network, _PUBLIC_IPV6):
        raise ValueError(f"is outside {_PUBLIC_IPV6}, where all public IPv6 addresses are: check it for a slip")
    return str(network)


def _narrow_cidr(text: str) -> str:
    network = ipaddress.ip_network(_public_cidr(text))
    widest = _WIDEST_WITHOUT_REASON[network.version]
    if network.prefixlen < widest:
        raise ValueError(
            f"is wider than /{widest}: name the ranges your office or VPN really has; where your provider publishes "
            f"no narrower one, write {{cidr: {network}, reason: …}}, which each preview reports"
        )
    return str(network)


def _reason(text: str) -> str:
    if not text.strip():
        raise ValueError("says nothing: write why the range is no narrower")
    return " ".join(text.split())


def _within(inner: _Network, outer: _Network) -> bool:
    return inner.network_address in outer and inner.prefixlen >= outer.prefixlen


def _policy_arn(arn: str) -> str:
    if not _POLICY_ARN.fullmatch(arn):
        raise ValueError(
            "is not the ARN of a managed policy: write one such as arn:aws:iam::aws:policy/ReadOnlyAccess "
            "or arn:aws:iam::222222222222:policy/NAME"
        )
    return arn


def _between(low: int, high: int, unit: str) -> Callable[[int], int]:
    def check(number: int) -> int:
        if not low <= number <= high:
            raise ValueError(f"is outside {low} to {high}: choose a number of {unit} in between")
        return number

    return check


def _region(region: str) -> str:
    known = [name for partition in PARTITIONS.values() for name in partition.regions]
    if any(region in partition.unknown_to_provider for partition in PARTITIONS.values()):
        raise ValueError(
            f"is a region that the pinned AWS provider does not know ({SOURCE}): choose another one of the same "
            "partition, for IAM is the same in all of them, or update pulumi-aws and run make facts"
        )
    if region not in known:
        raise ValueError(f"is not a known region: {_suggestion(region, known)}")
    return region


def _partition_id(region: object) -> str | None:
    """The partition of a region that `_region` takes; None of another value, which gets its error there."""
    found = partition_of(region) if isinstance(region, str) else None
    return found.id if found and region in found.regions else None


def _tag(kind: str, longest: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        # Letters, spaces and digits of any script: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
        if text.casefold().startswith("aws:"):
            raise ValueError(f"begins with aws:, which AWS keeps for itself: choose another tag {kind}")
        if not all(unicodedata.category(letter)[0] in "LNZ" or letter in "_.:/=+-@" for letter in text):
            raise ValueError(
                f"holds characters that IAM refuses in a tag {kind}: use letters, digits, spaces and _.:/=+-@ only"
            )
        if len(text) > longest:
            raise ValueError(f"is {len(text)} characters long, where a tag {kind} takes {longest}: shorten it")
        if kind == "key" and not text:
            raise ValueError("is an empty tag key: name it")
        return text

    return check


_AccountId = Annotated[str, AfterValidator(_account_id)]
_PolicyArn = Annotated[str, AfterValidator(_policy_arn)]


class _Model(BaseModel):
    # Defaults are trusted (a test validates them); an unknown field is refused, for it is most likely misspelt.
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class WideRange(_Model):
    """An address range wider than /24 (IPv4) or /48 (IPv6), which has to say why; each preview reports it."""

    cidr: Annotated[str, AfterValidator(_public_cidr)]
    """The range, normalized."""
    reason: Annotated[str, AfterValidator(_reason)]
    """Why no narrower range will do."""


def _by_shape(value: object) -> str:
    return "[map]" if isinstance(value, Mapping | BaseModel) else "[text]"


_StaticIp = Annotated[
    Annotated[str, AfterValidator(_narrow_cidr), Tag("[text]")] | Annotated[WideRange, Tag("[map]")],
    Discriminator(_by_shape),
]


class RoleManagement(_Model):
    """What the access role may do to other roles of its account."""

    enabled: StrictBool = True
    """Whether the role gets the role-management policy at all."""
    mfa: StrictBool = True
    """Whether that policy demands MFA of the session; sessions of plain `mfa_serial` profiles do not carry it."""
    boundary_policy_arn: _PolicyArn
    """Permissions boundary that every role made or changed through the access role must carry."""


class Settings(_Model):
    """One stack's configuration, checked; `parse` makes it. The fields stand in the order of the documented keys."""

    stack: str
    """Name of the stack; the one named `security` has no target account."""
    security_account_id: _AccountId
    """Account of the IAM users: 12 digits."""
    target_account_id: _AccountId | None = None
    """Account that owns the access role: 12 digits; None in the stack `security` only."""
    static_ips: tuple[_StaticIp, ...] = ()
    """Public CIDRs, normalized (`203.0.113.10/32`) and disjoint. Stack `security` may have none: they say there from
    where admins make access keys and enrol MFA devices."""
    static_ip_at: Literal["grant", "session", "both"] = "grant"
    """Where the addresses are demanded: on assuming the role, on every request in the session, or on both."""
    admins: tuple[Annotated[str, AfterValidator(_iam_name("user", 64))], ...]
    """IAM user names, without path; at least one."""
    user_path: Annotated[str, AfterValidator(_user_path)] = "/"
    """IAM path of the users; begins and ends with `/`."""
    create_users: StrictBool = True
    """False if the users exist already: then only membership and trust are managed."""
    group_name: Annotated[str, AfterValidator(_iam_name("group", 128))] = "IT-Admins"
    """Name of the admin group in the Security account."""
    role_name: Annotated[str, AfterValidator(_role_name)] = "TSU-IAM-ACCESS"
    """Name of the access role in the target account, without path."""
    managed_policy_arns: tuple[_PolicyArn, ...]
    """Managed policies of the access role, AWS's or the target account's own; at most 10."""
    role_management: RoleManagement
    """The role-management policy."""
    max_session_hours: Annotated[StrictInt, AfterValidator(_between(1, 12, "hours"))] = 1
    """Longest session of the access role, in hours; AWS caps a chained session at 1 whatever stands here."""
    trust_policy_quota: Annotated[
        StrictInt, AfterValidator(_between(TRUST_POLICY, TRUST_POLICY_RAISED, "characters"))
    ] = TRUST_POLICY
    """The target account's quota L-C07B4B0D: characters of a trust policy, white space not counted."""
    protect: StrictBool
    """Whether the access role and the admin group are protected from deletion."""
    region: Annotated[str, AfterValidator(_region)] = "us-east-1"
    """Region of the API calls; IAM is global within the partition."""
    tags: dict[
        Annotated[str, AfterValidator(_tag("key", 128))], Annotated[str, AfterValidator(_tag("value", 256))]
    ] = {}
    """Tags of everything that takes tags."""

    @property
    def partition(self) -> str:
        """Id of the region's partition: `aws`, `aws-cn`, `aws-us-gov`, …"""
        return next(id_ for id_, partition in PARTITIONS.items() if self.region in partition.regions)

    @property
    def cidrs(self) -> tuple[str, ...]:
        """The static IPs as CIDRs, without the reasons of wide ranges."""
        return tuple(entry.cidr if isinstance(entry, WideRange) else entry for entry in self.static_ips)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed but hardly meant, a sentence each."""
        return (*self._documentation_ranges(), *self._wide_ranges())

    def _documentation_ranges(self) -> Iterator[str]:
        for index, cidr in enumerate(self.cidrs):
            for block in _DOCUMENTATION:
                if _within(ipaddress.ip_network(cidr), block):
                    yield (
                        f"staticIps[{index}]: {cidr} lies in {block}, a range for documentation that no caller can "
                        "have: nobody can use the delegation until it is replaced by the public address of your "
                        "office or VPN"
                    )

    def _wide_ranges(self) -> Iterator[str]:
        for index, entry in enumerate(self.static_ips):
            network = ipaddress.ip_network(self.cidrs[index])
            if isinstance(entry, WideRange) and network.prefixlen < _WIDEST_WITHOUT_REASON[network.version]:
                yield (
                    f"staticIps[{index}]: {entry.cidr} is wider than "
                    f"/{_WIDEST_WITHOUT_REASON[network.version]}, allowed because: {entry.reason}"
                )


_KEYS = tuple(to_camel(name) for name in Settings.model_fields if name != "stack")
# The engine hands every value over as text; these keys hold text, the others JSON.
_TEXT_KEYS = {"securityAccountId", "targetAccountId", "staticIpAt", "userPath", "groupName", "roleName", "region"}

# In pydantic's locations: a map's key, as opposed to its value; and an entry's shape, where it may have two.
_MARKS = ("[key]", "[text]", "[map]")

_Location = tuple[str | int, ...]
_Problem = tuple[_Location, str]


def load() -> Settings:
    """Return the settings of the running stack, from Pulumi's configuration.

    Raises:
        SettingsError: anything is missing, refused or unknown.
    """
    values: dict[str, object] = {}
    # pulumi.Config reads the keys one asks for; the unknown ones are found only in the whole map.
    for full_key, text in {**get_config_env(), **CONFIG.get()}.items():
        namespace, _, key = full_key.rpartition(":")
        if namespace == NAMESPACE:
            values[key] = text if key in _TEXT_KEYS else _decoded(text)
        elif difflib.get_close_matches(namespace.casefold(), [NAMESPACE], cutoff=0.8):
            values[full_key] = text
    return parse(pulumi.get_stack(), values)


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def parse(stack: str, values: Mapping[str, object]) -> Settings:
    """Return the settings that `values` say for `stack`.

    Args:
        stack: name of the stack.
        values: plain values by configuration key, without the namespace.

    Raises:
        SettingsError: anything is missing, refused or unknown; it holds all there is to say about the values.
    """
    given = {key: value for key, value in values.items() if key in _KEYS}
    region = given.get("region", Settings.model_fields["region"].default)
    # Of a region that is refused anyway, no partition is known; the ARN is then read by nobody.
    read_only = PARTITIONS[_partition_id(region) or "aws"].arn_of_aws_policy("ReadOnlyAccess")
    given = {"managedPolicyArns": [read_only], "protect": stack == "production", "roleManagement": {}} | given
    if isinstance(given["roleManagement"], Mapping):
        given["roleManagement"] = {"boundaryPolicyArn": read_only, **given["roleManagement"]}

    problems = [_unknown(key, value) for key, value in values.items() if key not in _KEYS]
    problems += _conflicts(stack, given, str(region))
    try:
        settings = Settings.model_validate({"stack": stack, **given})
    except ValidationError as error:
        problems += [_explained(stack, details) for details in error.errors(include_url=False)]
    if problems:
        raise SettingsError(stack, tuple(text for _, text in sorted(problems, key=_documented_order)))
    return settings


def _conflicts(stack: str, given: Mapping[str, object], region: str) -> Iterator[_Problem]:
    """Yield what is wrong between values; what is wrong with one value alone is left to its field."""
    security, target = given.get("securityAccountId"), given.get("targetAccountId")
    if stack == SECURITY_STACK and target is not None:
        yield _problem(("targetAccountId",), target, f"has no place in stack {stack!r}, which has no target: delete it")
    if stack != SECURITY_STACK and target is None:
        yield _missing(stack, "targetAccountId")
    if stack != SECURITY_STACK and given.get("staticIps") in (None, [], ()):
        yield _missing(stack, "staticIps")
    if target is not None and target == security:
        yield _problem(("targetAccountId",), target, "is the Security account too: give the account people work in")

    if given.get("admins") in ([], ()):
        yield _problem(("admins",), [], "names nobody: list at least one IAM user")
    yield from _overlaps(_cidr_texts(given))
    for key in ("admins", "managedPolicyArns"):
        yield from _repeats(key, _texts(given, key))

    arns: list[tuple[_Location, str]] = [
        (("managedPolicyArns", index), arn) for index, arn in _texts(given, "managedPolicyArns")
    ]
    if len(arns) > 10:
        yield _problem(("managedPolicyArns",), len(arns), "policies are more than the 10 a role can have: merge some")
    management = given["roleManagement"]
    if isinstance(management, Mapping):
        arns.append((("roleManagement", "boundaryPolicyArn"), str(management["boundaryPolicyArn"])))
    owner = target if isinstance(target, str) and _ACCOUNT_ID.fullmatch(target) else None
    for location, arn in arns:
        yield from _foreign(location, arn, owner, _partition_id(region))

    tags = given.get("tags")
    if isinstance(tags, Mapping):
        if len(tags) > 50:
            yield _problem(("tags",), len(tags), "tags are more than the 50 that IAM takes: delete some")
        # IAM keeps the case of a role's or user's tag keys, but takes keys that differ in case alone for the same.
        seen: dict[str, str] = {}
        for key in map(str, tags):
            if (first := seen.setdefault(key.casefold(), key)) != key:
                yield _problem(("tags",), key, f"is the same tag key as {first} to IAM, which ignores case: delete one")


def _cidr_texts(given: Mapping[str, object]) -> list[tuple[int, str]]:
    items = given.get("staticIps")
    if not isinstance(items, list | tuple):
        return []
    cidrs = [item.get("cidr") if isinstance(item, Mapping) else item for item in items]
    return [(index, cidr) for index, cidr in enumerate(cidrs) if isinstance(cidr, str)]


def _texts(given: Mapping[str, object], key: str) -> list[tuple[int, str]]:
    items = given.get(key)
    if not isinstance(items, list | tuple):
        return []
    return [(index, item) for index, item in enumerate(items) if isinstance(item, str)]


def _repeats(key: str, items: list[tuple[int, str]]) -> Iterator[_Problem]:
    seen: dict[str, int] = {}
    for index, item in items:
        if (first := seen.setdefault(item.casefold(), index)) != index:
            yield _problem((key, index), item, f"repeats {key}[{first}] (IAM ignores case): delete one")


def _overlaps(items: list[tuple[int, str]]) -> Iterator[_Problem]:
    networks = []
    for index, item in items:
        with contextlib.suppress(ValueError):
            networks.append((ipaddress.ip_network(_public_cidr(item)), index, item))
    # Sorted so, a range stands right before all that it contains.
    networks.sort(key=lambda entry: (entry[0].version, int(entry[0].network_address), entry[0].prefixlen, entry[1]))
    outer: tuple[_Network, int, str] | None = None
    for network, index, item in networks:
        if outer is None or not _within(network, outer[0]):
            outer = (network, index, item)
        elif network == outer[0]:
            yield _problem(("staticIps", index), item, f"repeats staticIps[{outer[1]}]: delete one")
        else:
            yield _problem(("staticIps", index), item, f"lies within staticIps[{outer[1]}] ({outer[2]}): delete one")


def _foreign(location: _Location, arn: str, owner: str | None, partition: str | None) -> Iterator[_Problem]:
    found = _POLICY_ARN.fullmatch(arn)
    if not found:
        return
    if partition and found["partition"] != partition:
        rule = f"is of another partition than the region, which is in {partition}: begin it with arn:{partition}:"
        yield _problem(location, arn, rule)
    if owner and found["account"] not in ("aws", owner):
        rule = f"is of another account: a role of {owner} takes AWS-managed policies and that account's own only"
        yield _problem(location, arn, f"{rule}, so make the policy there")


_EXAMPLES = {
    "securityAccountId": '"111111111111"',
    "targetAccountId": '"222222222222"',
    "staticIps": "[203.0.113.10]",
    "admins": "[alice, bob]",
}

# What pydantic finds, in words that name no Python.
_TYPES = {
    "string_type": "is not text: put it in quotes",
    "string_unicode": "is not valid Unicode: type it anew",
    "int_type": "is not a whole number: write it in digits, without quotes",
    "bool_type": "is not a yes or no: write true or false, without quotes",
    "tuple_type": "is not a list: write one entry a line, each after a dash",
    "dict_type": "is not a map: write one `name: value` a line, indented",
    "model_type": "is not a map: write one `name: value` a line, indented",
}


def _explained(stack: str, details: ErrorDetails) -> _Problem:
    location, value = details["loc"], details["input"]
    match details["type"]:
        case "missing" if len(location) > 1:
            rule = f"lacks its {location[-1]}: add it"
            location = location[:-1]
        case "missing":
            return _missing(stack, str(location[0]))
        case _ if value in (None, ""):
            rule = "is empty: give it a value, or delete the line"
        case "value_error":
            rule = str(details["ctx"]["error"])
        case "literal_error":
            rule = f"is none of its values: write {details['ctx']['expected']}"
        case "extra_forbidden":
            model = WideRange if location[0] == "staticIps" else RoleManagement
            fields = [to_camel(name) for name in model.model_fields]
            rule = f"is not a field of {location[0]}: {_suggestion(str(location[-1]), fields)}"
        case kind:
            rule = _TYPES.get(kind, details["msg"])
    return _problem(location, value, rule)


def _unknown(key: str, value: object) -> _Problem:
    namespace, _, name = key.rpartition(":")
    rule = f"is outside the namespace {NAMESPACE}" if namespace else "belongs to no key of this program"
    return _problem((key,), value, f"{rule}: {_suggestion(name, _KEYS)}")


def _missing(stack: str, key: str) -> _Problem:
    example = f"{NAMESPACE}:{key}: {_EXAMPLES[key]}"
    return (key,), f"{key}: is missing: add a line such as `{example}` to Pulumi.{stack}.yaml"


def _problem(location: _Location, value: object, rule: str) -> _Problem:
    path = str(location[0])
    for part in location[1:]:
        if part not in _MARKS:
            path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return location, f"{path}: {shown(value)} {rule}"


def shown(value: object) -> str:
    """Return a value as a person typed it, in at most 80 characters; what a terminal would not print is escaped."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    text = "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _documented_order(problem: _Problem) -> tuple[int, list[int]]:
    key, *rest = problem[0]
    return _KEYS.index(key) if key in _KEYS else len(_KEYS), [part for part in rest if isinstance(part, int)]


def _suggestion(name: str, known: Iterable[str]) -> str:
    likeness = {item: difflib.SequenceMatcher(None, name.casefold(), item.casefold()).ratio() for item in known}
    best = max(likeness.values())
    if best < 0.6:  # what difflib itself takes for "close"
        return f"choose one of {', '.join(likeness)}"
    return f"did you mean {' or '.join(item for item in likeness if likeness[item] == best)}?"
