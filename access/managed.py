"""What a few AWS-managed policies say about roles, for verdicts on people who carry them.

From the AWS Managed Policy Reference (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/), as of
2026-11-23. Each document is reduced to what bears on assuming and managing roles; a policy that is not listed cannot be
verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def _allow(*scopes: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **scope} for scope in scopes]}


_READS_IAM = _allow({"Action": ["iam:Get*", "iam:List*"]})

KNOWN: Mapping[str, Mapping[str, Any]] = {
    "AdministratorAccess": _allow({"Action": "*"}),
    "PowerUserAccess": _allow(
        {"NotAction": ["account:*", "iam:*", "organizations:*"]},
        {"Action": ["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles"]},
    ),
    "AWSDenyAll": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]},
    "IAMFullAccess": _allow({"Action": "iam:*"}),
    "IAMReadOnlyAccess": _READS_IAM,
    "IAMUserChangePassword": _allow({"Action": ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"]}),
    "ReadOnlyAccess": _READS_IAM,
    "SecurityAudit": _READS_IAM,
    "ViewOnlyAccess": _allow({"Action": "iam:List*"}),
}
