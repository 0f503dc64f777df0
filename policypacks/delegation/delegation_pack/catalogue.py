"""What each policy of the pack is called, says and takes as configuration.

Standard library only: `check_config` reads it before Pulumi, and anything installed, is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DOCUMENTATION = "docs/policies.md"

MODES = ("grant", "session", "both")
"""Where the source address is tested: when the role is assumed, on each request of its session, or both."""

_EXEMPT: Mapping[str, Any] = {
    "type": "array",
    "items": {"type": "object"},
    "description": (
        "Exceptions, each an object of resource (a name or URN; * and ? are wildcards), reason, and until, the last "
        "day on which it counts (YYYY-MM-DD)."
    ),
}
_CIDR: Mapping[str, Any] = {
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
_NETWORKS: Mapping[str, Any] = {
    "allowedCidrs": {
        "type": "array",
        "items": _CIDR,
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
_SECURITY_ACCOUNT: Mapping[str, Any] = {
    "securityAccountId": {
        "type": "string",
        "pattern": "^[0-9]{12}$",
        "description": "The only account with IAM users: 12 digits, quoted.",
    }
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One policy, without its validator."""

    name: str
    description: str
    """One sentence: the rule."""
    severity: str
    """low, medium, high or critical."""
    remediation: str
    """What to do, with a corrected snippet."""
    mandatory: bool = True
    """Whether a violation refuses the deployment."""
    may_be_disabled: bool = False
    """Whether a configuration may switch the policy off."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema by property, without `exempt`, which all but advisory policies take."""

    @property
    def properties(self) -> dict[str, Any]:
        """JSON schema by property."""
        return {**self.configuration, **({"exempt": _EXEMPT} if self.mandatory else {})}

    @property
    def url(self) -> str:
        """Where the policy is described."""
        return f"{DOCUMENTATION}#{self.name}"


_MFA_ON_ALLOW = '"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}'
_ADDRESS_ON_ALLOW = '"Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.10/32"]}}'

_ENTRIES = (
    Entry(
        name="iam-trust-requires-mfa",
        description="A trust policy lets IAM users and other accounts in only with MFA.",
        severity="critical",
        remediation=(
            f"Put {_MFA_ON_ALLOW} on each Allow statement. Bool, not BoolIfExists: requests with plain access keys "
            "have no MFA key, and IfExists is true for a missing key."
        ),
    ),
    Entry(
        name="iam-trust-names-users-only",
        description=(
            "A trust policy names IAM users of the Security account: no wildcard, account, role or other account."
        ),
        severity="critical",
        remediation='Name each user: "Principal": {"AWS": ["arn:aws:iam::111111111111:user/alice"]}.',
        configuration={
            **_SECURITY_ACCOUNT,
            "adminUsers": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The users that may be trusted, by name or ARN; without it, every user of the "
                "Security account.",
            },
        },
    ),
    Entry(
        name="iam-assume-role-requires-mfa",
        description="A grant allows sts:AssumeRole on another account's role only with MFA.",
        severity="critical",
        remediation=(
            f"Put {_MFA_ON_ALLOW} on the Allow statement. Bool, not BoolIfExists: requests with plain access keys "
            "have no MFA key, and IfExists is true for a missing key."
        ),
    ),
    Entry(
        name="iam-assume-role-requires-source-ip",
        description="A grant allows sts:AssumeRole on another account's role only from the allowed networks.",
        severity="high",
        remediation=(
            f"Put {_ADDRESS_ON_ALLOW}, within allowedCidrs, on the Allow statement; or, with mode session, give the "
            "role "
            '{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": '
            '["203.0.113.10/32"]}}}.'
        ),
        configuration=_NETWORKS,
    ),
    Entry(
        name="iam-assume-role-names-roles",
        description="A grant names the roles of other accounts that may be assumed, without wildcards.",
        severity="high",
        remediation='Name each role: "Resource": "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS".',
    ),
    Entry(
        name="iam-role-management-requires-mfa",
        description="Roles are created, changed and removed only with MFA.",
        severity="critical",
        remediation=(
            f"Put {_MFA_ON_ALLOW} on the Allow statement. On a role's own policy BoolIfExists will do: in a role's "
            "session the key is never absent."
        ),
    ),
    Entry(
        name="iam-role-management-requires-source-ip",
        description="Roles are created, changed and removed only from the allowed networks.",
        severity="high",
        remediation=f"Put {_ADDRESS_ON_ALLOW}, within allowedCidrs, on the Allow statement.",
        configuration=_NETWORKS,
    ),
    Entry(
        name="iam-role-management-is-bounded",
        description="Who may change roles can give them no more than a permissions boundary allows.",
        severity="critical",
        remediation=(
            'Put "Condition": {"StringEquals": {"iam:PermissionsBoundary": '
            '"arn:aws:iam::aws:policy/ReadOnlyAccess"}} on what '
            "creates or changes roles; leave out iam:PassRole, the boundary, tag, instance-profile and "
            "policy-version actions; deny sts:AssumeRole, and every change of the access role and of protectedRoles."
        ),
        configuration={
            "boundaryPolicyArns": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The only permissions boundaries to accept; without it, any that opens no way around "
                "itself.",
            },
            "protectedRoles": {
                "type": "array",
                "items": {"type": "string"},
                "default": ["OrganizationAccountAccessRole"],
                "description": (
                    "Role names, * and ? as wildcards, that an access role with role management must be denied to "
                    "change, besides itself."
                ),
            },
        },
    ),
    Entry(
        name="iam-no-user-management",
        description="Nothing in a target account may create or change users, groups, access keys or MFA devices.",
        severity="critical",
        remediation=(
            'Name the actions that are needed instead of a wildcard, such as "Action": ["iam:Get*", "iam:List*"], or '
            "deny the others."
        ),
        configuration=_SECURITY_ACCOUNT,
    ),
    Entry(
        name="iam-permissions-on-groups-only",
        description="No policy is attached to a user.",
        severity="medium",
        remediation='Attach it to a group: aws.iam.GroupPolicy("…", group="IT-Admins", policy=…).',
    ),
    Entry(
        name="iam-users-in-security-account-only",
        description="IAM users and their credentials exist in the Security account only.",
        severity="high",
        remediation=(
            'Create the user in the Security account, through a provider with allowed_account_ids=["111111111111"], '
            "and let it assume a role here."
        ),
        configuration=_SECURITY_ACCOUNT,
    ),
    Entry(
        name="iam-mfa-devices-own-only",
        description=(
            "Nobody may enrol an MFA device for somebody else or with plain access keys, or remove one without MFA."
        ),
        severity="critical",
        remediation=(
            'Allow it on "Resource": "arn:aws:iam::111111111111:user/${aws:username}" only, and add {"Effect": '
            '"Deny", "Action": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ResyncMFADevice"], '
            '"Resource": "*", "Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}}}.'
        ),
        configuration={
            "allowedCidrs": {
                "type": "array",
                "items": _CIDR,
                "description": (
                    "Public addresses and CIDRs from which alone MFA devices may be enrolled and access keys made. "
                    "Without the list, from anywhere."
                ),
            },
        },
    ),
    Entry(
        name="iam-explicit-account-provider",
        description="Each AWS resource has a provider that can act in one named account only.",
        severity="high",
        remediation=(
            'Make the provider with aws.Provider("…", allowed_account_ids=["222222222222"]) and pass it to '
            "the resource."
        ),
    ),
    Entry(
        name="iam-policy-size",
        description=(
            "Each document, and the inline documents of one role, group or user together, keep to IAM's quotas."
        ),
        severity="low",
        remediation="Shorten names and lists, or move statements to a managed policy; white space does not count.",
        configuration={
            "trustPolicyQuota": {
                "type": "integer",
                "minimum": 2048,
                "maximum": 8192,
                "default": 2048,
                "description": "The account's quota L-C07B4B0D for a trust policy, in characters.",
            }
        },
    ),
    Entry(
        name="iam-source-ip-can-match",
        description="The source addresses are ones that a caller can have.",
        severity="medium",
        remediation=f"Name the public addresses of the office or VPN: {_ADDRESS_ON_ALLOW}.",
        mandatory=False,
        may_be_disabled=True,
    ),
    Entry(
        name="delegation-sides-agree",
        description="Grants and trust policies of one stack belong together.",
        severity="medium",
        remediation=(
            'Let "Resource" of the grant be the role\'s ARN, let the role trust the members of the group, and use '
            "the same networks on both."
        ),
    ),
    Entry(
        name="delegation-exemptions-used",
        description="Says which exemption let something pass that a policy would refuse.",
        severity="low",
        remediation="Mend what the exemption covers and take the exemption out of the pack's configuration.",
        mandatory=False,
    ),
)

CATALOGUE: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}
"""The policies by name, in reporting order."""
