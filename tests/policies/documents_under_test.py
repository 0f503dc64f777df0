"""Documents, safe and unsafe, and the resources that carry them."""

from __future__ import annotations

import json
from typing import Any

from tests.documents import MFA, allow, deny, document, trusting
from tests.policies.running import NETWORK, SECURITY, TARGET, Made

ALICE = f"arn:aws:iam::{SECURITY}:user/alice"
ROLE = f"arn:aws:iam::{TARGET}:role/ACCESS"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"

MFA_IF_EXISTS: dict[str, Any] = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}
YOUNG: dict[str, Any] = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
YOUNG_IF_EXISTS: dict[str, Any] = {"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "3600"}}
ADDRESS: dict[str, Any] = {"IpAddress": {"aws:SourceIp": [NETWORK]}}
BOUNDED: dict[str, Any] = {"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}


def trust(principal: Any = None, condition: dict[str, Any] = MFA, **more: Any) -> dict[str, Any]:
    return document(trusting(principal or [ALICE], **condition) | more)


CHANGES = ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"]
GRANT = document(allow("sts:AssumeRole", ROLE, **MFA, **ADDRESS))
MANAGEMENT = document(
    allow(CHANGES, f"arn:aws:iam::{TARGET}:role/*", **BOUNDED, **MFA_IF_EXISTS, **ADDRESS),
    deny("sts:AssumeRole"),
    deny(["iam:*Role*"], [ROLE, f"arn:aws:iam::{TARGET}:role/OrganizationAccountAccessRole"]),
)
SELF_SERVICE = document(
    allow(
        ["iam:EnableMFADevice", "iam:DeactivateMFADevice", "iam:CreateAccessKey"],
        f"arn:aws:iam::{SECURITY}:user/${{aws:username}}",
    ),
    allow("iam:CreateVirtualMFADevice", f"arn:aws:iam::{SECURITY}:mfa/*"),
    {
        "Effect": "Deny",
        "NotAction": ["iam:EnableMFADevice", "iam:CreateVirtualMFADevice"],
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    },
    deny(["iam:EnableMFADevice", "iam:CreateVirtualMFADevice"], Null={"aws:MultiFactorAuthPresent": "true"}),
)
SESSION_DENY = document(deny("*", NotIpAddress={"aws:SourceIp": [NETWORK]}))
READS = document(allow(["iam:Get*", "iam:List*", "s3:*"]))


def role(trusted: Any = None, *, name: str = "role", account: str | None = TARGET, **inputs: Any) -> Made:
    content = trust() if trusted is None else trusted
    return Made(
        type="aws:iam/role:Role",
        name=name,
        account=account,
        inputs={"name": "ACCESS", "assumeRolePolicy": _text(content), **inputs},
    )


def group_policy(content: Any, *, name: str = "grant", account: str | None = SECURITY, **inputs: Any) -> Made:
    return Made(
        type="aws:iam/groupPolicy:GroupPolicy",
        name=name,
        account=account,
        inputs={"group": "admins", "policy": _text(content), **inputs},
    )


def role_policy(content: Any, *, name: str = "management", account: str | None = TARGET, **inputs: Any) -> Made:
    return Made(
        type="aws:iam/rolePolicy:RolePolicy",
        name=name,
        account=account,
        inputs={"role": "ACCESS", "policy": _text(content), **inputs},
    )


def managed(content: Any, *, name: str = "managed", account: str | None = TARGET, **inputs: Any) -> Made:
    return Made(
        type="aws:iam/policy:Policy",
        name=name,
        account=account,
        inputs={"name": name, "policy": _text(content), **inputs},
    )


def attachment(arn: Any, *, to: str = "role", account: str | None = TARGET, name: str = "attachment") -> Made:
    kind = f"{to.capitalize()}PolicyAttachment"
    return Made(
        type=f"aws:iam/{to}PolicyAttachment:{kind}",
        name=name,
        account=account,
        inputs={to: "somebody", **({} if arn is None else {"policyArn": arn})},
    )


def _text(content: Any) -> Any:
    return json.dumps(content) if isinstance(content, dict) else content
