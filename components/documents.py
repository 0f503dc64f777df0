"""Builders of the policy documents, from plain account ids and names only.

Never from outputs of resources: at preview an output of a resource that does not exist yet is unknown, and the policy
pack cannot judge a document that it cannot read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

MFA_PRESENT = "aws:MultiFactorAuthPresent"

# Bool, never BoolIfExists, on an Allow in the Security account's side of the door and in the trust: the key is absent
# with long-term access keys, and IfExists is true on an absent key.
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


def trust_policy(user_arns: Sequence[str]) -> str:
    """Return the trust policy of the access role: the named users may assume it, with MFA."""
    return _document(
        {
            "Sid": "AdminsWithMfa",
            "Effect": "Allow",
            "Principal": {"AWS": list(user_arns)},
            "Action": "sts:AssumeRole",
            "Condition": WITH_MFA,
        }
    )


def grant(role_arn: str, static_ips: Sequence[str] | None) -> str:
    """Return the grant: the group may assume this one role, with MFA, and from `static_ips` only unless it is None."""
    return _document(
        {
            "Sid": "AssumeAccessRole",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": role_arn,
            "Condition": WITH_MFA if static_ips is None else WITH_MFA | _from_addresses(static_ips),
        }
    )


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


def role_management(
    *,
    partition: str,
    account_id: str,
    role_name: str,
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
                f"{roles}/{role_name}",
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


def self_service(*, partition: str, account_id: str, user_path: str, static_ips: Sequence[str] = ()) -> str:
    """Return the admins' self-service: own password, access keys and MFA device; nothing else without MFA.

    With `static_ips`, lasting credentials are made from there only: whoever steals a session cannot turn it into an
    MFA device or an access key of his own elsewhere.

    The actions exempt from the last-but-one Deny are those that a first sign-in needs. sts:GetSessionToken is among
    them as in AWS's own example, for it is how command-line users come by MFA. Enrolment is exempt too, so the last
    Deny refuses it to long-term access keys, whose requests carry no MFA key at all: leaked keys could otherwise
    enrol a device for a user who has none. Temporary credentials that such keys fetch without MFA do carry the key; to
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
    )


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
