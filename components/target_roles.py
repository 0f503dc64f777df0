"""The access roles of one target account, whom a grant lets assume them, and on which terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from components.documents import Terms
from configuration.model import Role, StaticIpAt


@dataclass(frozen=True, kw_only=True)
class TargetRoles:
    """Which groups may assume which roles of one target account, and from where."""

    partition: str
    """Partition of both accounts, by its id: `aws`, `aws-cn`, `aws-us-gov`, …"""
    target_account_id: str
    """Account that owns the access roles: 12 digits."""
    members: Mapping[str, Sequence[str]]
    """Names of the IAM users in each group."""
    roles: Mapping[str, Role]
    """The access roles by name; their groups are among `members`."""
    static_ips: Sequence[str]
    """CIDRs from which the delegation may be used."""
    static_ip_at: StaticIpAt = "grant"
    """Where the address is tested: when the role is assumed, on each request of its session, or both."""

    def role_arn(self, role: str) -> str:
        """Return the ARN of an access role."""
        return f"arn:{self.partition}:iam::{self.target_account_id}:role/{role}"

    @cached_property
    def roles_of_groups(self) -> dict[str, list[str]]:
        """The roles that each group may assume; a group without one is left out."""
        reach = {group: [name for name, role in self.roles.items() if group in role.groups] for group in self.members}
        return {group: names for group, names in reach.items() if names}

    @cached_property
    def terms(self) -> dict[str, dict[str, Terms]]:
        """What the grant on each group asks for besides MFA: the terms by role ARN, by group."""
        addresses = None if self.static_ip_at == "session" else tuple(self.static_ips)
        return {
            group: {self.role_arn(name): Terms(self.roles[name].mfa_max_age_hours, addresses) for name in names}
            for group, names in self.roles_of_groups.items()
        }
