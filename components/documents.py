"""Builders of the policy documents, from plain account ids and names only.

Never from outputs of resources: at preview an output of a resource that does not exist yet is unknown, and the policy
pack cannot judge a document that it cannot read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from configuration.times import end_of, written

MFA_PRESENT = "aws:MultiFactorAuthPresent"

# Bool, never BoolIfExists, on an Allow in grants and trust policies: the key is absent with long-term access keys, and
# IfExists is true on an absent key.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
WITH_MFA = {"Bool": {MFA_PRESENT: "true"}}

ROLE_CHANGES = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
]
"""What role management allows: the actions that create, change and remove a role and have the condition key
`iam:PermissionsBoundary`. iam:PassRole, the boundary actions and iam:TagRole are left out on purpose: each is a way
around the boundary.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html"""


def user_arns(partition: str, account_id: str, user_path: str, names: Sequence[str]) -> list[str]:
    """Return the ARNs of IAM users of one account and one path (`/` or `/…/`), in the order of the names."""
    return [f"arn:{partition}:iam::{account_id}:user{user_path}{name}" for name in names]


def trust_policy(user_arns: Sequence[str], *, mfa_max_age_hours: int | None = None, session_name: bool = False) -> str:
    """Return the trust policy of an access role: the named users may assume it, with MFA.

    Args:
        user_arns: the users.
        mfa_max_age_hours: how old their MFA sign-in may be, in hours; None for any age.
        session_name: whether the session has to be named as the user is, so that CloudTrail names the person.
    """
    own_name = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}} if session_name else {}
    return _document(
        {
            "Sid": "AdminsWithMfa",
            "Effect": "Allow",
            "Principal": {"AWS": list(user_arns)},
            "Action": "sts:AssumeRole",
            "Condition": _with_mfa(mfa_max_age_hours) | own_name,
        }
    )


class Terms(NamedTuple):
    """What a grant asks for besides MFA."""

    mfa_max_age_hours: int | None
    """How old the MFA sign-in may be, in hours; None for any age."""
    static_ips: tuple[str, ...] | None
    """Networks from where alone a role may be assumed; None for anywhere."""


def grant(roles: Mapping[str, Terms]) -> str:
    """Return a grant: the members of a group may assume roles, with MFA and on the terms of each.

    Args:
        roles: the terms by role ARN; roles of equal terms share a statement.
    """
    arns: dict[Terms, list[str]] = {}
    for arn, terms in roles.items():
        arns.setdefault(terms, []).append(arn)
    statements: dict[str, Mapping[str, object]] = {}
    for terms, named in arns.items():
        hours = terms.mfa_max_age_hours
        sid = "AssumeAccessRole" if hours is None else f"AssumeAccessRoleWithMfaOf{hours}Hours"
        if sid in statements:
            # IAM takes each Sid once in a document; the terms of one age differ in their addresses.
            sid += f"From{len(statements) + 1}"
        statements[sid] = {
            "Sid": sid,
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            # As before there were several roles, so that a grant on one role stays what it is.
            "Resource": named[0] if len(named) == 1 else named,
            "Condition": grant_condition(terms),
        }
    return _document(*statements.values())


def grant_condition(terms: Terms) -> dict[str, Any]:
    """Return the condition of a grant's statement."""
    addresses = {} if terms.static_ips is None else _from_addresses(terms.static_ips)
    return _with_mfa(terms.mfa_max_age_hours) | addresses


def _with_mfa(max_age_hours: int | None) -> dict[str, dict[str, str]]:
    if max_age_hours is None:
        return WITH_MFA
    # In seconds; like the other key it is there with MFA only, and no IfExists may make it pass when absent.
    return WITH_MFA | {"NumericLessThan": {"aws:MultiFactorAuthAge": str(max_age_hours * 3600)}}


def session_addresses(static_ips: Sequence[str]) -> str:
    """Return the access role's Deny of everything that does not come from the static IPs."""
    return _document(
        {
            "Sid": "NothingFromElsewhere",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": list(static_ips)}},
        }
    )


def revoked_sessions(before: datetime) -> str:
    """Return an access role's Deny of everything to sessions that were issued before a time, in UTC.

    It is what the console writes for "Revoke active sessions".
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
    """
    return _document(
        {
            "Sid": "NothingForOlderSessions",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": written(before)}},
        }
    )


def role_management(
    *,
    partition: str,
    account_id: str,
    role_names: Sequence[str],
    boundary_policy_arn: str,
    static_ips: Sequence[str],
    mfa: bool,
) -> str:
    """Return role management: read IAM, and create, change and remove roles that carry the permissions boundary.

    `mfa` adds the article's BoolIfExists. In a role's session the MFA key is "true" or "false" and never absent, so
    the operator is not the hole there that it is in a trust or a grant; it refuses sessions that a plain `mfa_serial`
    profile opened, because AssumeRole does not carry MFA into the session.
    """
    condition = ({"BoolIfExists": {MFA_PRESENT: "true"}} if mfa else {}) | _from_addresses(static_ips)
    roles = f"arn:{partition}:iam::{account_id}:role"
    return _document(
        {
            "Sid": "ViewIam",
            "Effect": "Allow",
            "Action": ["iam:Get*", "iam:List*"],
            "Resource": "*",
            "Condition": condition,
        },
        {
            "Sid": "ManageBoundedRoles",
            "Effect": "Allow",
            "Action": ROLE_CHANGES,
            "Resource": f"{roles}/*",
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary_policy_arn}} | condition,
        },
        # The roles that hold the delegation up. Reading them stays allowed.
        {
            "Sid": "NeverTheseRoles",
            "Effect": "Deny",
            "NotAction": ["iam:Get*", "iam:List*"],
            "Resource": [
                *(f"{roles}/{name}" for name in role_names),
                f"{roles}/delegation-*",
                f"{roles}/OrganizationAccountAccessRole",
            ],
        },
        {
            "Sid": "NeverHop",
            "Effect": "Deny",
            "Action": "sts:AssumeRole",
            "Resource": "*",
        },
    )


def self_service(
    *,
    partition: str,
    account_id: str,
    user_path: str,
    static_ips: Sequence[str] = (),
    last_days: Mapping[str, date] | None = None,
) -> str:
    """Return a group's self-service: own password, access keys and MFA device; nothing else without MFA.

    `last_days` are the last days of those users who have one, by name: at their end, 24:00 UTC, AWS refuses them
    every role, whatever a grant and a trust policy say.

    With `static_ips`, lasting credentials are made from there only: whoever steals a session cannot turn it into an
    MFA device or an access key of his own elsewhere.

    The actions exempt from the last-but-one Deny are those that a first sign-in needs. sts:GetSessionToken is among
    them as in AWS's own example, for it is how command-line users come by MFA. Enrollment is exempt too, so the last
    Deny refuses it to long-term access keys, whose requests carry no MFA key at all: leaked keys could otherwise
    enroll a device for a user who has none. Temporary credentials that such keys fetch without MFA do carry the key; to
    those AWS itself refuses every IAM call.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
    """
    account = f"arn:{partition}:iam::{account_id}"
    return _document(
        {
            "Sid": "ViewAccount",
            "Effect": "Allow",
            "Action": [
                "iam:GetAccountPasswordPolicy",
                "iam:GetAccountSummary",
                "iam:ListVirtualMFADevices",
            ],
            "Resource": "*",
        },
        {
            "Sid": "OwnCredentials",
            "Effect": "Allow",
            "Action": [
                "iam:ChangePassword",
                "iam:CreateAccessKey",
                "iam:DeactivateMFADevice",
                "iam:DeleteAccessKey",
                "iam:EnableMFADevice",
                "iam:GetAccessKeyLastUsed",
                "iam:GetMFADevice",
                "iam:GetUser",
                "iam:ListAccessKeys",
                "iam:ListMFADevices",
                "iam:ResyncMFADevice",
                "iam:UpdateAccessKey",
            ],
            "Resource": f"{account}:user{user_path}${{aws:username}}",
        },
        # Devices enrolled in the console have no path and any name, so no narrower resource covers them.
        {
            "Sid": "MfaDevices",
            "Effect": "Allow",
            "Action": ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
            "Resource": f"{account}:mfa/*",
        },
        {
            "Sid": "NothingElseWithoutMfa",
            "Effect": "Deny",
            "NotAction": [
                "iam:ChangePassword",
                "iam:CreateVirtualMFADevice",
                "iam:EnableMFADevice",
                "iam:GetAccountPasswordPolicy",
                "iam:GetAccountSummary",
                "iam:GetMFADevice",
                "iam:GetUser",
                "iam:ListMFADevices",
                "iam:ListVirtualMFADevices",
                "iam:ResyncMFADevice",
                "sts:GetSessionToken",
            ],
            "Resource": "*",
            "Condition": {"BoolIfExists": {MFA_PRESENT: "false"}},
        },
        {
            "Sid": "NoEnrolmentWithAccessKeys",
            "Effect": "Deny",
            "Action": [
                "iam:CreateVirtualMFADevice",
                "iam:EnableMFADevice",
                "iam:ResyncMFADevice",
            ],
            "Resource": "*",
            "Condition": {"Null": {MFA_PRESENT: "true"}},
        },
        *([_no_credentials_from_elsewhere(static_ips)] if static_ips else []),
        *_no_role_after(last_days or {}),
    )


def _no_role_after(last_days: Mapping[str, date]) -> list[dict[str, object]]:
    users: dict[date, list[str]] = {}
    for name, last_day in sorted(last_days.items(), key=lambda entry: (entry[1], entry[0])):
        users.setdefault(last_day, []).append(name)
    return [
        {
            "Sid": f"NoRoleAfter{last_day:%Y%m%d}",
            "Effect": "Deny",
            "Action": "sts:AssumeRole",
            "Resource": "*",
            "Condition": {
                # Users that exist already may be spelt otherwise, and IAM ignores case in their names.
                "StringEqualsIgnoreCase": {"aws:username": names},
                "DateGreaterThanEquals": {"aws:CurrentTime": written(end_of(last_day))},
            },
        }
        for last_day, names in users.items()
    ]


def _no_credentials_from_elsewhere(static_ips: Sequence[str]) -> dict[str, object]:
    return {
        "Sid": "NoCredentialsFromElsewhere",
        "Effect": "Deny",
        "Action": [
            "iam:CreateAccessKey",
            "iam:CreateVirtualMFADevice",
            "iam:EnableMFADevice",
            "iam:ResyncMFADevice",
            "iam:UpdateAccessKey",
        ],
        "Resource": "*",
        "Condition": {"NotIpAddress": {"aws:SourceIp": list(static_ips)}},
    }


def _from_addresses(static_ips: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    return {"IpAddress": {"aws:SourceIp": list(static_ips)}}


def _document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))
