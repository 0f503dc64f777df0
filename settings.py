"""The only reader of Pulumi configuration: every value is checked here, and every error is reported together."""

from __future__ import annotations

import difflib
import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import yaml
from delegation_pack.facts import PARTITIONS, SOURCE, partition_of
from delegation_pack.facts.quotas import TRUST_POLICY, TRUST_POLICY_RAISED
from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, ValidationError
from pydantic.alias_generators import to_camel

from configuration import names, rules
from configuration.addresses import DOCUMENTATION, WIDEST_WITHOUT_REASON, within
from configuration.model import (
    AccountId,
    DeclaredTarget,
    GroupName,
    LimitedMember,
    Member,
    Model,
    Only,
    Role,
    RoleName,
    StackName,
    StaticIp,
    StaticIpAt,
    Target,
    WideRange,
)
from configuration.problems import Problem, explained, problem, suggestion
from configuration.times import past_moment

NAMESPACE = "delegation"
SECURITY_STACK = "security"

_NOTICE_DAYS = 14
"""How long before a member's last day the previews say so."""


class SettingsError(ValueError):
    """Says everything that is wrong with a stack's configuration; its text is ready to be shown.

    `problems` holds one sentence for each, in the order of the documented keys: key, value, rule and what to do.
    """

    def __init__(self, stack: str, problems: tuple[str, ...]) -> None:
        count = "an error" if len(problems) == 1 else f"{len(problems)} errors"
        super().__init__("\n  ".join([f"The configuration of stack {stack!r} has {count}:", *problems]))
        self.problems = problems


def _region(region: str) -> str:
    known = [name for partition in PARTITIONS.values() for name in partition.regions]
    if any(region in partition.unknown_to_provider for partition in PARTITIONS.values()):
        raise ValueError(
            f"is a region that the pinned AWS provider does not know ({SOURCE}): choose another one of the same "
            "partition, for IAM is the same in all of them, or update pulumi-aws and run make facts"
        )
    if region not in known:
        raise ValueError(f"is not a known region: {suggestion(region, known)}")
    return region


def _partition_id(region: object) -> str | None:
    """The partition of a region that `_region` takes; None of another value, which gets its error there."""
    found = partition_of(region) if isinstance(region, str) else None
    return found.id if found and region in found.regions else None


class Settings(Model):
    """One stack's configuration, checked; `parse` makes it. The fields stand in the order of the documented keys."""

    stack: str
    """Name of the stack; the one named `security` has no target account."""
    security_account_id: AccountId
    """Account of the IAM users: 12 digits."""
    target_account_id: AccountId | None = None
    """Account that owns the access roles: 12 digits; None in the stack `security` only."""
    static_ips: tuple[StaticIp, ...] = ()
    """Public CIDRs, normalized (`203.0.113.10/32`) and disjoint. Stack `security` may have none: they say there from
    where people make access keys and enroll MFA devices."""
    static_ip_at: StaticIpAt = "grant"
    """Where the addresses are demanded."""
    groups: dict[GroupName, tuple[Member, ...]]
    """Members by group; at least one group, and one member in each."""
    roles: dict[RoleName, Role] = Field(default={})
    """Access roles by name; at least one where there is a target."""
    only: Only = Only()
    """What this stack leaves of the groups and roles."""
    revoke_sessions_before: Annotated[datetime, BeforeValidator(past_moment)] | None = None
    """Sessions of the access roles that were issued before this time may do nothing any more; UTC."""
    grants: Literal["perTarget", "packed"] = "perTarget"
    """Who makes the grants: each target's stack its own, or the stack `security` all of them, packed."""
    targets: dict[StackName, Target] = Field(default={})
    """The target accounts by stack; in the stack `security` only, and needed there for packed grants."""
    user_path: Annotated[str, AfterValidator(names.user_path)] = "/"
    """IAM path of the users; begins and ends with `/`."""
    create_users: StrictBool = True
    """False if the users exist already: then only membership and trust are managed."""
    trust_policy_quota: Annotated[
        StrictInt, AfterValidator(names.between(TRUST_POLICY, TRUST_POLICY_RAISED, "characters"))
    ] = TRUST_POLICY
    """The target account's quota L-C07B4B0D: characters of a trust policy, white space not counted."""
    protect: StrictBool
    """Whether the access roles and the groups are protected from deletion."""
    region: Annotated[str, AfterValidator(_region)] = "us-east-1"
    """Region of the API calls; IAM is global within the partition."""
    tags: dict[
        Annotated[str, AfterValidator(names.tag("key", 128))], Annotated[str, AfterValidator(names.tag("value", 256))]
    ] = Field(default={})
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
    def members(self) -> dict[str, tuple[str, ...]]:
        """The names of the users in each group that this stack is for."""
        kept = self.groups if self.only.groups is None else self.only.groups
        return {
            group: tuple(entry.name if isinstance(entry, LimitedMember) else entry for entry in entries)
            for group, entries in self.groups.items()
            if group in kept
        }

    @property
    def last_days(self) -> dict[str, date]:
        """The last day of each user who has one."""
        entries = (entry for group in self.groups.values() for entry in group)
        return {entry.name: entry.until for entry in entries if isinstance(entry, LimitedMember)}

    @property
    def access_roles(self) -> dict[str, Role]:
        """The roles that this stack makes, each with the groups that it leaves them."""
        groups = self.members
        kept = self.roles if self.only.roles is None else self.only.roles
        narrowed = {
            name: role.model_copy(update={"groups": tuple(group for group in role.groups if group in groups)})
            for name, role in self.roles.items()
            if name in kept
        }
        return {name: role for name, role in narrowed.items() if role.groups}

    def target(self, stack: str) -> Settings:
        """Return the settings of a declared target's stack, as far as this stack knows them."""
        declared = self.targets[stack]
        if isinstance(declared, str):
            declared = DeclaredTarget.model_validate({"accountId": declared})
        known: dict[str, object] = {
            "stack": stack,
            "target_account_id": declared.account_id,
            "static_ips": declared.static_ips,
            "static_ip_at": declared.static_ip_at,
            "only": declared.only,
        }
        return self.model_copy(update={name: value for name, value in known.items() if value is not None})

    def users(self, groups: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return the names of the users in some groups, of all groups of this stack if None; each once, in order."""
        members = self.members
        return tuple(
            dict.fromkeys(name for group in (members if groups is None else groups) for name in members[group])
        )

    def warnings(self, today: date) -> tuple[str, ...]:
        """Return what is allowed but hardly meant, and what ends soon, a sentence each.

        Args:
            today: the day in UTC, which only these sentences depend on.
        """
        return (*self._documentation_ranges(), *self._wide_ranges(), *self._ends(today))

    def _documentation_ranges(self) -> Iterator[str]:
        for index, cidr in enumerate(self.cidrs):
            for block in DOCUMENTATION:
                if within(ipaddress.ip_network(cidr), block):
                    yield (
                        f"staticIps[{index}]: {cidr} lies in {block}, a range for documentation that no caller can "
                        "have: nobody can use the delegation until it is replaced by the public address of your "
                        "office or VPN"
                    )

    def _wide_ranges(self) -> Iterator[str]:
        for index, entry in enumerate(self.static_ips):
            network = ipaddress.ip_network(self.cidrs[index])
            if isinstance(entry, WideRange) and network.prefixlen < WIDEST_WITHOUT_REASON[network.version]:
                yield (
                    f"staticIps[{index}]: {entry.cidr} is wider than "
                    f"/{WIDEST_WITHOUT_REASON[network.version]}, allowed because: {entry.reason}"
                )

    def _ends(self, today: date) -> Iterator[str]:
        for group, entries in self.groups.items():
            for index, entry in enumerate(entries):
                if not isinstance(entry, LimitedMember) or group not in self.members:
                    continue
                left = (entry.until - today).days
                if left < 0:
                    yield (
                        f"groups.{group}[{index}]: {entry.name}'s last day was {entry.until}: "
                        "AWS refuses them every role, so remove them"
                    )
                elif left <= _NOTICE_DAYS:
                    yield (
                        f"groups.{group}[{index}]: {entry.name}'s last day is {entry.until}, "
                        "after which AWS refuses them every role"
                    )


_KEYS = tuple(to_camel(name) for name in Settings.model_fields if name != "stack")
# The engine hands every value over as text; these keys hold text, the others JSON.
_TEXT_KEYS = {
    "securityAccountId",
    "targetAccountId",
    "staticIpAt",
    "grants",
    "revokeSessionsBefore",
    "userPath",
    "region",
}


def load() -> Settings:
    """Return the settings of the running stack, from Pulumi's configuration.

    Raises:
        SettingsError: anything is missing, refused or unknown.
    """
    # Whoever parses settings elsewhere, such as an operator's command, need not wait for it.
    import pulumi
    from pulumi.runtime.config import CONFIG, get_config_env

    values: dict[str, object] = {}
    # pulumi.Config reads the keys one asks for; the unknown ones are found only in the whole map.
    for full_key, text in {**get_config_env(), **CONFIG.get()}.items():
        namespace, _, key = full_key.rpartition(":")
        if namespace == NAMESPACE:
            values[key] = text if key in _TEXT_KEYS else _decoded(text)
        elif difflib.get_close_matches(namespace.casefold(), [NAMESPACE], cutoff=0.8):
            values[full_key] = text
    stack = pulumi.get_stack()
    return parse(stack, values, in_stack_file=_keys_in(Path(f"Pulumi.{stack}.yaml")))


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _keys_in(stack_file: Path) -> tuple[str, ...]:
    """Return the keys of a stack file: the engine hands them over together with those that all stacks share."""
    try:
        config = yaml.safe_load(stack_file.read_text(encoding="utf-8"))["config"]
        return tuple(str(key).removeprefix(f"{NAMESPACE}:") for key in config)
    # The engine has read it before, and says what is wrong with it; with --config-file it is elsewhere.
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return ()


def parse(stack: str, values: Mapping[str, object], in_stack_file: Sequence[str] = ()) -> Settings:
    """Return the settings that `values` say for `stack`.

    Args:
        stack: name of the stack.
        values: plain values by configuration key, without the namespace.
        in_stack_file: those of the keys that the stack's own file has.

    Raises:
        SettingsError: anything is missing, refused or unknown; it holds all there is to say about the values.
    """
    given = {key: value for key, value in values.items() if key in _KEYS}
    partition = _partition_id(given.get("region", Settings.model_fields["region"].default))
    given = {"protect": stack == "production"} | given
    if isinstance(given.get("roles"), Mapping):
        given["roles"] = _with_defaults(given["roles"], partition)  # type: ignore[arg-type]

    problems = [_unknown(key, value) for key, value in values.items() if key not in _KEYS]
    problems += rules.accounts(stack, given, has_target=stack != SECURITY_STACK)
    problems += rules.shared_keys(in_stack_file, values)
    problems += rules.static_ips(given)
    problems += rules.groups(given)
    problems += rules.roles(given, partition)
    problems += rules.only(given)
    problems += rules.targets(stack, given, has_target=stack != SECURITY_STACK)
    problems += rules.tags(given)
    try:
        settings = Settings.model_validate({"stack": stack, **given})
    except ValidationError as error:
        problems += [explained(stack, details, values) for details in error.errors(include_url=False)]
    if problems:
        raise SettingsError(stack, tuple(text for _, text in sorted(dict.fromkeys(problems), key=_documented_order)))
    return settings


def _with_defaults(roles: Mapping[str, object], partition: str | None) -> dict[str, object]:
    # Of a region that is refused anyway, no partition is known; the ARN is then read by nobody.
    read_only = PARTITIONS[partition or "aws"].arn_of_aws_policy("ReadOnlyAccess")
    filled: dict[str, object] = {}
    for name, role in roles.items():
        if isinstance(role, Mapping):
            role = {"managedPolicyArns": [read_only], **role}
            if isinstance(role.get("roleManagement"), Mapping):
                role["roleManagement"] = {"boundaryPolicyArn": read_only, **role["roleManagement"]}
        filled[name] = role
    return filled


def _unknown(key: str, value: object) -> Problem:
    if key in rules.MOVED:
        return problem((key,), value, f"{rules.MOVED[key]} (docs/operations.md)")
    namespace, _, name = key.rpartition(":")
    rule = f"is outside the namespace {NAMESPACE}" if namespace else "is not a key of this program"
    return problem((key,), value, f"{rule}: {suggestion(name, _KEYS)}")


def _documented_order(found: Problem) -> tuple[int, list[tuple[str, int]]]:
    key, *rest = found[0]
    place = [("", part) if isinstance(part, int) else (part, 0) for part in rest]
    return _KEYS.index(key) if key in _KEYS else len(_KEYS), place
