"""What the configuration says of people, roles and addresses, as frozen plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    StrictBool,
    StrictInt,
    Tag,
)
from pydantic.alias_generators import to_camel

from configuration import addresses
from configuration.names import account_id, between, iam_name, policy_arn, role_name, stack_name
from configuration.times import day

AccountId = Annotated[str, AfterValidator(account_id)]
PolicyArn = Annotated[str, AfterValidator(policy_arn)]
UserName = Annotated[str, AfterValidator(iam_name("user", 64))]
GroupName = Annotated[str, AfterValidator(iam_name("group", 128))]
RoleName = Annotated[str, AfterValidator(role_name)]
StackName = Annotated[str, AfterValidator(stack_name)]
StaticIpAt = Literal["grant", "session", "both"]
"""Where the addresses are demanded: on assuming the role, on every request in the session, or on both."""


class Model(BaseModel):
    """Frozen values by camel-case key; an unknown field is refused, for it is most likely misspelt."""

    # Defaults are trusted (a test validates them).
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


def _by_shape(value: object) -> str:
    return "[map]" if isinstance(value, Mapping | BaseModel) else "[text]"


class WideRange(Model):
    """An address range wider than /24 (IPv4) or /48 (IPv6), which has to say why; each preview reports it."""

    cidr: Annotated[str, AfterValidator(addresses.public_cidr)]
    """The range, normalized."""
    reason: Annotated[str, AfterValidator(addresses.reason)]
    """Why no narrower range will do."""


StaticIp = Annotated[
    Annotated[str, AfterValidator(addresses.narrow_cidr), Tag("[text]")] | Annotated[WideRange, Tag("[map]")],
    Discriminator(_by_shape),
]


class LimitedMember(Model):
    """A member of a group for whom the access ends."""

    name: UserName
    """IAM user name, without path."""
    until: Annotated[date, BeforeValidator(day)]
    """Last day of the access; it ends at 24:00 UTC."""


Member = Annotated[
    Annotated[UserName, Tag("[text]")] | Annotated[LimitedMember, Tag("[map]")],
    Discriminator(_by_shape),
]


class RoleManagement(Model):
    """What an access role may do to other roles of its account."""

    mfa: StrictBool = True
    """Whether the policy demands MFA of the session; sessions of plain `mfa_serial` profiles do not carry it."""
    boundary_policy_arn: PolicyArn
    """Permissions boundary that every role made or changed through the access role must carry."""


class Role(Model):
    """One access role, as each target account gets it."""

    groups: tuple[GroupName, ...]
    """Groups whose members may assume it; at least one."""
    managed_policy_arns: tuple[PolicyArn, ...]
    """What it may do: managed policies, AWS's or the target account's own; at most 10."""
    role_management: RoleManagement | None = None
    """None: it may not manage roles."""
    max_session_hours: Annotated[StrictInt, AfterValidator(between(1, 12, "hours"))] = 1
    """Longest session, in hours; AWS caps a chained session at 1 whatever stands here."""
    mfa_max_age_hours: Annotated[StrictInt, AfterValidator(between(1, 12, "hours"))] | None = None
    """How old the MFA sign-in may be when the role is assumed, in hours; None: any age."""
    session_name: StrictBool = False
    """Whether the session must be named as the user is, so that CloudTrail names the person."""


class Only(Model):
    """What a target's stack file leaves of the shared groups and roles."""

    groups: tuple[GroupName, ...] | None = None
    """None: all."""
    roles: tuple[RoleName, ...] | None = None
    """None: all that have a group left."""


class DeclaredTarget(Model):
    """A target account as the security stack knows it, for packed grants; what is None is as in the security stack."""

    account_id: AccountId
    """The account: 12 digits."""
    static_ips: tuple[StaticIp, ...] | None = None
    """Where they differ from those of the security stack."""
    static_ip_at: StaticIpAt | None = None
    """Where it differs."""
    only: Only = Only()
    """What the target's stack file leaves of the shared groups and roles."""


Target = Annotated[
    Annotated[AccountId, Tag("[text]")] | Annotated[DeclaredTarget, Tag("[map]")],
    Discriminator(_by_shape),
]
