"""The access to one target account as plain values, and the documents and texts built from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from delegation_pack.facts import PARTITIONS
from delegation_pack.facts.quotas import INLINE_POLICIES, TRUST_POLICY

from components import documents
from components.quotas import Quota, refuse_excess
from components.target_roles import TargetRoles
from configuration.model import Role
from configuration.names import REVOKED_SESSIONS

KEYS_PROFILE = "security-keys"
"""The AWS CLI profile with a person's access keys, as `access setup` names it too: after the security stack."""


@dataclass(frozen=True, kw_only=True)
class TargetAccess(TargetRoles):
    """Who may assume which roles of one target account, and from where."""

    security_account_id: str
    """Account that owns the users and the groups: 12 digits."""
    target_name: str
    """What people call the target account, in the switch-role links and the CLI profiles: the stack's name."""
    user_path: str = "/"
    """Path of those users."""
    packed: bool = False
    """Whether the stack of the Security account makes the grants, packed, and this one none."""
    revoke_sessions_before: datetime | None = None
    """Time before which sessions were issued that may do nothing any more, in UTC."""
    trust_policy_quota: int = TRUST_POLICY
    """The target account's quota for a trust policy, in characters."""
    protect: bool = False
    """Whether the engine refuses to remove or replace the access roles."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the access roles."""

    def __post_init__(self) -> None:
        """Refuse documents that IAM would refuse for their size.

        Raises:
            QuotaExceededError: documents are larger than IAM takes.
        """
        refuse_excess([*self.trust_quotas.values(), *self.role_quotas.values(), *self.grant_quotas.values()])

    def user_arns(self, groups: Sequence[str]) -> list[str]:
        """Return the ARNs of the users in some groups, each once, in order."""
        names = list(dict.fromkeys(name for group in groups for name in self.members[group]))
        return documents.user_arns(self.partition, self.security_account_id, self.user_path, names)

    @cached_property
    def trusted_users(self) -> dict[str, list[str]]:
        """ARNs of the users that each role trusts."""
        return {name: self.user_arns(role.groups) for name, role in self.roles.items()}

    @cached_property
    def trust_policies(self) -> dict[str, str]:
        """Trust policy of each role, as JSON text."""
        return {
            name: documents.trust_policy(
                self.trusted_users[name], mfa_max_age_hours=role.mfa_max_age_hours, session_name=role.session_name
            )
            for name, role in self.roles.items()
        }

    @cached_property
    def role_policies(self) -> dict[str, dict[str, str]]:
        """Inline policies of each role: JSON text by policy name."""
        return {name: self._role_policies(role) for name, role in self.roles.items()}

    def _role_policies(self, role: Role) -> dict[str, str]:
        policies: dict[str, str] = {}
        if role.role_management:
            policies["role-management"] = documents.role_management(
                partition=self.partition,
                account_id=self.target_account_id,
                role_names=list(self.roles),
                boundary_policy_arn=role.role_management.boundary_policy_arn,
                static_ips=self.static_ips,
                mfa=role.role_management.mfa,
            )
        if self.static_ip_at != "grant":
            policies["session-addresses"] = documents.session_addresses(self.static_ips)
        if self.revoke_sessions_before:
            policies[REVOKED_SESSIONS] = documents.revoked_sessions(self.revoke_sessions_before)
        return policies

    @cached_property
    def grants(self) -> dict[str, str]:
        """The grant on each group for all its roles, as JSON text; none if they are packed."""
        return {} if self.packed else {group: documents.grant(arns) for group, arns in self.terms.items()}

    def grant_name(self, group: str) -> str:
        """Return the name of the grant on a group, which several stacks write to."""
        names = self.roles_of_groups[group]
        return f"assume-{names[0] if len(names) == 1 else 'roles'}-in-{self.target_account_id}"

    @cached_property
    def trust_quotas(self) -> dict[str, Quota]:
        """The trust policy of each role against its quota."""
        return {
            name: Quota(
                what=f"The trust policy of role {name} with {len(self.trusted_users[name])} users",
                documents=[document],
                limit=self.trust_policy_quota,
                remedy="Have fewer people in delegation:groups for the role, or a shorter delegation:userPath, or have "
                "AWS raise the target account's quota L-C07B4B0D (to 8,192 at most) and then set "
                "delegation:trustPolicyQuota.",
            )
            for name, document in self.trust_policies.items()
        }

    @cached_property
    def role_quotas(self) -> dict[str, Quota]:
        """The inline policies of each role, together, against their quota."""
        return {
            name: Quota(
                what=f"The inline policies of role {name} with {len(self.static_ips)} static IPs",
                documents=list(policies.values()),
                limit=INLINE_POLICIES["role"],
                remedy="Shorten delegation:staticIps: fewer, wider networks.",
            )
            for name, policies in self.role_policies.items()
        }

    @cached_property
    def grant_quotas(self) -> dict[str, Quota]:
        """The grant on each group against the quota that all inline policies of the group share."""
        return {
            group: Quota(
                what=f"The grant on group {group} with {len(self.static_ips)} static IPs",
                documents=[document],
                limit=INLINE_POLICIES["group"],
                remedy="Shorten delegation:staticIps: fewer, wider networks. All inline policies of the group share "
                "this quota.",
            )
            for group, document in self.grants.items()
        }

    @property
    def document_sizes(self) -> dict[str, dict[str, dict[str, Mapping[str, int]]]]:
        """Characters used and allowed: by role its `trust` and `rolePolicies`, by group its `grant`."""
        return {
            "roles": {
                name: {
                    "trust": self.trust_quotas[name].size.as_output(),
                    "rolePolicies": self.role_quotas[name].size.as_output(),
                }
                for name in self.roles
            },
            "groups": {group: {"grant": quota.size.as_output()} for group, quota in self.grant_quotas.items()},
        }

    def switch_role_link(self, role: str) -> str | None:
        """Return the console link that opens Switch Role with account and role filled in, if the partition has one."""
        return PARTITIONS[self.partition].switch_role_link(
            account_id=self.target_account_id, role=role, display_name=f"{role} {self.target_name}"
        )

    def cli_profiles(self, role: str) -> dict[str, str]:
        """Return texts for the AWS CLI: `mfaInSession` carries MFA into the session, `mfaSerial` does not."""
        settings = self.roles[role]
        device = f"arn:{self.partition}:iam::{self.security_account_id}:mfa/<your-device>"
        profile = self.target_name if len(self.roles) == 1 else f"{self.target_name}-{role}"
        begin = f"[profile {profile}]\nrole_arn = {self.role_arn(role)}\n"
        return {
            # AssumeRole does not carry MFA into the role's session, GetSessionToken does, so this one comes first.
            # A session opened with temporary credentials is role chaining, which AWS ends after an hour.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
            "mfaInSession": (
                f"# 1. aws sts get-session-token --profile {KEYS_PROFILE} --token-code <code> \\\n"
                f"#      --serial-number {device}\n"
                f"# 2. Put the three values into profile {KEYS_PROFILE}-mfa of ~/.aws/credentials.\n"
                f"{self._renewal(settings.mfa_max_age_hours)}"
                f"{begin}source_profile = {KEYS_PROFILE}-mfa\n"
                "role_session_name = <your-user-name>\n"
            ),
            "mfaSerial": (
                f"{begin}source_profile = {KEYS_PROFILE}\n"
                f"mfa_serial = {device}\n"
                "role_session_name = <your-user-name>\n"
                f"duration_seconds = {settings.max_session_hours * 3600}\n"
            ),
        }

    def _renewal(self, hours: int | None) -> str:
        if hours is None:
            return ""
        age = "1 hour" if hours == 1 else f"{hours} hours"
        return (
            f"# 3. The role takes MFA that is up to {age} old: then begin at 1 again.\n"
            "#    In the console sign out and in again.\n"
        )
