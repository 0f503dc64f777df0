"""Whether the principals of a trust policy exist.

AWS looks them up when a trust policy is saved:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re

from delegation_pack.facts import PARTITIONS

from sandbox import documents
from sandbox.refusals.account import Account
from sandbox.refusals.answers import IamError

_IAM_ARN = re.compile(
    r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):(?P<kind>user|role)/(?:[!-~]+/)?(?P<name>[\w+=,.@-]+)",
    re.ASCII,
)
_ROOT = re.compile(r"\d{12}|arn:[a-z-]+:iam::\d{12}:root")
_SESSION = re.compile(r"arn:[a-z-]+:sts::\d{12}:(assumed-role/[^/*?]+/[^/*?]+|federated-user/[^/*?]+)")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_FEDERATED = re.compile(r"arn:[a-z-]+:iam::\d{12}:(saml|oidc)-provider/.+|[a-z0-9-]+(\.[a-z0-9-]+)+")


def check_principals(account: Account, trust: str) -> None:
    """Refuse a trust policy that names a principal which does not exist.

    Users and roles are looked up in the local account they belong to; an account itself always exists. Of services,
    identity providers and single sessions only the form is checked, since local accounts hold none.
    """
    for kind, value in documents.principals(trust):
        if not _exists(account, kind, value):
            raise IamError("MalformedPolicyDocument", f'Invalid principal in policy: "{kind}":"{value}"')


def _exists(account: Account, kind: str, value: str) -> bool:
    match kind:
        case "Service":
            suffixes = PARTITIONS[account.partition].service_principal_suffixes
            return any(
                _SERVICE.fullmatch(value.removesuffix(f".{end}")) for end in suffixes if value.endswith(f".{end}")
            )
        case "Federated":
            return bool(_FEDERATED.fullmatch(value))
        case "AWS":
            return bool(value == "*" or _ROOT.fullmatch(value) or _SESSION.fullmatch(value)) or _entity_exists(
                account, value
            )
    return False


def _entity_exists(account: Account, arn: str) -> bool:
    parts = _IAM_ARN.fullmatch(arn)
    if not parts:
        return False
    found = account.other(parts["account"]).owner(parts["kind"].capitalize(), parts["name"])
    return found is not None and found.arn == arn
