"""The rules between values; what is wrong with one value alone is left to its field.

All of it reads plain values as they were given, of whatever type: the fields refuse those of a wrong one.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from configuration.addresses import Network, public_cidr, within
from configuration.names import ACCOUNT_ID, POLICY_ARN
from configuration.problems import Location, Problem, missing, path, problem, suggestion

Values = Mapping[str, Any]
Entries = Sequence[tuple[Location, Any]]

MOVED = {
    "admins": "is now part of delegation:groups in Pulumi.yaml: list these people under their group there",
    "groupName": "is now a key of delegation:groups in Pulumi.yaml: write its members under this name there",
    "roleName": "is now a key of delegation:roles in Pulumi.yaml: write the role's settings under this name there",
    **{
        key: f"is now a field of each role: move it to delegation:roles.<role>.{key} in Pulumi.yaml"
        for key in ("managedPolicyArns", "roleManagement", "maxSessionHours")
    },
}
"""What to do about a key of the configuration of one group and one role."""


def accounts(stack: str, given: Values, *, has_target: bool) -> Iterator[Problem]:
    """Yield what is wrong with the accounts of a stack, and with what a target needs."""
    target = given.get("targetAccountId")
    if not has_target:
        for key in ("targetAccountId", "only"):
            if given.get(key) is not None:
                yield problem(
                    (key,), given[key], f"does not belong in stack {stack!r}, which has no target account: delete it"
                )
    elif target is None:
        yield missing(stack, "targetAccountId")
    if has_target:
        for key in ("staticIps", "roles"):
            if given.get(key) in (None, [], (), {}):
                yield missing(stack, key)
    if target is not None and target == given.get("securityAccountId"):
        yield problem(("targetAccountId",), target, "is the Security account too: give the account people work in")


def shared_keys(in_stack_file: Sequence[str], given: Values) -> Iterator[Problem]:
    """Yield the keys of a stack file that belong into Pulumi.yaml, where all stacks have them from."""
    for key in ("groups", "roles"):
        if key in in_stack_file:
            rule = "belongs in Pulumi.yaml, because all stacks must agree: delete it here, or narrow it with only"
            yield problem((key,), given.get(key), rule)


def static_ips(given: Values) -> Iterator[Problem]:
    """Yield the addresses and ranges that lie within others."""
    networks: list[tuple[Network, int, str]] = []
    for location, item in _items(given.get("staticIps"), ("staticIps",)):
        cidr = item.get("cidr") if isinstance(item, Mapping) else item
        if isinstance(cidr, str):
            with contextlib.suppress(ValueError):
                networks.append((ipaddress.ip_network(public_cidr(cidr)), int(location[-1]), cidr))
    # Sorted so, a range stands right before all that it contains.
    networks.sort(key=lambda entry: (entry[0].version, int(entry[0].network_address), entry[0].prefixlen, entry[1]))
    outer: tuple[Network, int, str] | None = None
    for network, index, item in networks:
        if outer is None or not within(network, outer[0]):
            outer = (network, index, item)
        elif network == outer[0]:
            yield problem(("staticIps", index), item, f"repeats staticIps[{outer[1]}]: delete one")
        else:
            yield problem(("staticIps", index), item, f"lies within staticIps[{outer[1]}] ({outer[2]}): delete one")


def groups(given: Values) -> Iterator[Problem]:
    """Yield what is wrong between groups and their members."""
    found = _map(given, "groups")
    if given.get("groups") == {}:
        yield problem(("groups",), {}, "names no group: write one with its members")
    yield from _one_spelling([(("groups", name), name) for name in found], "group")
    everybody: list[tuple[Location, Any, Any]] = []
    for group, members in found.items():
        if members in ([], ()):
            yield problem(("groups", group), [], "has no members: list at least one IAM user, or delete the group")
        entries = _items(members, ("groups", group))
        named = [(location, entry.get("name") if isinstance(entry, Mapping) else entry) for location, entry in entries]
        yield from _repeats(named)
        dates = [entry.get("until") if isinstance(entry, Mapping) else None for _, entry in entries]
        everybody += [(*entry, date) for entry, date in zip(named, dates, strict=True)]
    yield from _one_person(everybody)


def _one_person(members: Sequence[tuple[Location, Any, Any]]) -> Iterator[Problem]:
    """Yield the members of several groups who are spelt or dated in two ways, or are in too many."""
    first: dict[str, tuple[Location, str, Any]] = {}
    counted: dict[str, set[str]] = {}
    for location, name, until in members:
        if not isinstance(name, str):
            continue
        place, spelt, dated = first.setdefault(name.casefold(), (location, name, until))
        counted.setdefault(name.casefold(), set()).add(str(location[1]))
        if place[1] == location[1]:
            continue
        if spelt != name:
            yield problem(location, name, f"is spelt {spelt} in {path(place)}: write it the same, for IAM ignores case")
        if str(dated or "") != str(until or ""):
            rule = f"has another last day than in {path(place)}: an end date ends all access of a person, so write one"
            yield problem(location, name, rule)
        if len(counted[name.casefold()]) == 11:
            yield problem(location, name, "is in more than the 10 groups that IAM allows a user: remove it from some")


def roles(given: Values, partition: str | None) -> Iterator[Problem]:
    """Yield what is wrong between roles, groups and accounts."""
    found = _map(given, "roles")
    yield from _one_spelling([(("roles", name), name) for name in found], "role")
    target = given.get("targetAccountId")
    owner = target if isinstance(target, str) and ACCOUNT_ID.fullmatch(target) else None
    for name, role in found.items():
        if isinstance(role, Mapping):
            yield from _role(given, ("roles", name), role)
            for location, arn in _arns(("roles", name), role):
                yield from _foreign(location, arn, owner, partition)


def _role(given: Values, at: Location, role: Values) -> Iterator[Problem]:
    named = _items(role.get("groups"), (*at, "groups"))
    if role.get("groups") in ([], ()):
        yield problem((*at, "groups"), [], "names no group, so nobody could assume the role: name one")
    yield from _repeats(named)
    known = _map(given, "groups")
    if known:
        for location, group in named:
            if isinstance(group, str) and group not in known:
                yield problem(location, group, f"is no group of delegation:groups: {suggestion(group, known)}")
    policies = _items(role.get("managedPolicyArns"), (*at, "managedPolicyArns"))
    yield from _repeats(policies)
    if len(policies) > 10:
        rule = "policies are more than the 10 a role can have: merge some"
        yield problem((*at, "managedPolicyArns"), len(policies), rule)
    if role.get("sessionName") is True:
        # RoleSessionName has 2 to 64 characters: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        for _, group in named:
            for location, member in _items(known.get(str(group)), ("groups", str(group))):
                user = member.get("name") if isinstance(member, Mapping) else member
                if isinstance(user, str) and len(user) == 1:
                    rule = (
                        f"needs session names of two characters or more, and {user} in {path(location)} has one: rename"
                    )
                    yield problem((*at, "sessionName"), True, rule)


def only(given: Values) -> Iterator[Problem]:
    """Yield what a stack's narrowing names that is not there, and what it leaves to nobody."""
    narrowed = _map(given, "only")
    for kind, word in (("groups", "group"), ("roles", "role")):
        names = _items(narrowed.get(kind), ("only", kind))
        if narrowed.get(kind) in ([], ()):
            yield problem(("only", kind), [], f"leaves no {word}: name one, or delete the line")
        yield from _repeats(names)
        known = _map(given, kind)
        for location, name in names:
            if isinstance(name, str) and known and name not in known:
                yield problem(location, name, f"is no {word} of delegation:{kind}: {suggestion(name, known)}")
    left = narrowed.get("groups")
    if not isinstance(left, list | tuple) or not left or not set(map(str, left)) <= _map(given, "groups").keys():
        return
    reach = {
        name: {group for _, group in _items(role.get("groups"), ()) if isinstance(group, str)}
        for name, role in _map(given, "roles").items()
        if isinstance(role, Mapping)
    }
    kept = {group for group in left if isinstance(group, str)}
    for location, name in _items(narrowed.get("roles"), ("only", "roles")):
        if isinstance(name, str) and name in reach and not reach[name] & kept:
            rule = f"is for {', '.join(sorted(reach[name]))} only, and only.groups leaves none of them: delete one"
            yield problem(location, name, rule)
    if reach and "roles" not in narrowed and not any(groups_ & kept for groups_ in reach.values()):
        yield problem(("only", "groups"), list(left), "leaves no role: no role is for these groups")


def targets(stack: str, given: Values, *, has_target: bool) -> Iterator[Problem]:
    """Yield what is wrong with the declared targets, and with what packed grants need of them."""
    found = _map(given, "targets")
    if has_target:
        if given.get("targets") not in (None, {}):
            rule = (
                "does not belong in the stack of a target: move it to the stack security, which makes the packed grants"
            )
            yield problem(("targets",), given["targets"], rule)
        return
    packed = given.get("grants") == "packed"
    if packed:
        for key in ("targets", "roles"):
            if given.get(key) in (None, {}, ""):
                yield missing(stack, key)
    seen: dict[str, str] = {}
    for name, target in found.items():
        account = target.get("accountId") if isinstance(target, Mapping) else target
        if account is not None and account == given.get("securityAccountId"):
            yield problem(("targets", name), account, "is the Security account: give the account people work in")
        if isinstance(account, str) and (first := seen.setdefault(account, name)) != name:
            yield problem(("targets", name), account, f"is the account of {first} already: delete one")
        if name == stack:
            yield problem(("targets", name), account, "is this stack, which has no target account: delete it")
        entry = target if isinstance(target, Mapping) else {}
        at = entry.get("staticIpAt") or given.get("staticIpAt")
        if packed and at != "session" and not entry.get("staticIps") and not given.get("staticIps"):
            rule = "has no static IPs: add them here, as {accountId: …, staticIps: […]}, or to the stack as staticIps"
            yield problem(("targets", name), target, rule)
        # By the rules of the stack's own narrowing and addresses, under another place.
        for location, text in [*static_ips(entry), *only({**given, "only": entry.get("only")})]:
            yield ("targets", name, *location), f"targets.{name}.{text}"


def tags(given: Values) -> Iterator[Problem]:
    """Yield tags that are too many, or the same to IAM."""
    found = _map(given, "tags")
    if len(found) > 50:
        yield problem(("tags",), len(found), "tags are more than the 50 that IAM takes: delete some")
    # IAM keeps the case of a role's or user's tag keys, but takes keys that differ in case alone for the same.
    seen: dict[str, str] = {}
    for key in map(str, found):
        if (first := seen.setdefault(key.casefold(), key)) != key:
            yield problem(("tags",), key, f"is the same tag key as {first} to IAM, which ignores case: delete one")


def _map(given: Values, key: str) -> Values:
    found = given.get(key)
    return found if isinstance(found, Mapping) else {}


def _items(value: object, at: Location) -> list[tuple[Location, Any]]:
    return [((*at, index), item) for index, item in enumerate(value)] if isinstance(value, list | tuple) else []


def _repeats(items: Entries) -> Iterator[Problem]:
    seen: dict[str, Location] = {}
    for location, item in items:
        if isinstance(item, str) and (first := seen.setdefault(item.casefold(), location)) != location:
            yield problem(location, item, f"repeats {path(first)} (IAM ignores case): delete one")


def _one_spelling(items: Entries, what: str) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for location, name in items:
        if (first := seen.setdefault(str(name).casefold(), name)) != name:
            yield problem(location, name, f"is the same {what} as {first} to IAM, which ignores case: rename one")


def _arns(at: Location, role: Values) -> Iterator[tuple[Location, str]]:
    for location, arn in _items(role.get("managedPolicyArns"), (*at, "managedPolicyArns")):
        if isinstance(arn, str):
            yield location, arn
    boundary = _map(role, "roleManagement").get("boundaryPolicyArn")
    if isinstance(boundary, str):
        yield (*at, "roleManagement", "boundaryPolicyArn"), boundary


def _foreign(location: Location, arn: str, owner: str | None, partition: str | None) -> Iterator[Problem]:
    found = POLICY_ARN.fullmatch(arn)
    if not found:
        return
    if partition and found["partition"] != partition:
        rule = f"is in another partition than the region, which is in {partition}: begin it with arn:{partition}:"
        yield problem(location, arn, rule)
    if owner and found["account"] not in ("aws", owner):
        rule = f"is in another account: a role in {owner} takes AWS-managed policies and that account's own only"
        yield problem(location, arn, f"{rule}, so make the policy there")
