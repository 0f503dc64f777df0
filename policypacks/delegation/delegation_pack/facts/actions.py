"""The actions on identities and sessions, by what they change.

`actions.json` is generated (`make facts`) from AWS's Service Authorization Reference; source and date are in it. Of
each action it has the access level and the types of resources, "" for none. Every action that is not of a reading
level stands in one of the lists below or is refused to people: what AWS adds is refused until somebody has looked at
it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_suffix(".json")
SERVICES = (
    *("account", "cognito-identity", "eks-auth", "iam", "identity-sync", "identitystore", "organizations"),
    *("rolesanywhere", "sso", "sso-directory", "sts"),
)
"""The services that make or enter identities, by the prefix of their actions."""

_READING = ("List", "Read")
_LISTED: Mapping[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
ACTIONS: Mapping[str, tuple[str, ...]] = {
    name: tuple(types) for name, (level, *types) in _LISTED["actions"].items() if level not in _READING
}
"""Types of resources by the full name of each action that writes, tags or manages permissions."""
KNOWN = frozenset(_LISTED["actions"])
"""The full names of all actions, those that read too."""
SOURCE = f"{_LISTED['source']}, {_LISTED['date']}"
"""Where the table comes from, and of which day it is."""


def _iam(*names: str) -> tuple[str, ...]:
    return tuple(f"iam:{name}" for name in names)


def _on(*types: str) -> tuple[str, ...]:
    """The actions of IAM that change a resource of one of the types."""
    return tuple(name for name, found in ACTIONS.items() if name.startswith("iam:") and set(types) & set(found))


BOUNDABLE = _iam(
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
)
"""What gives a role more, or lets somebody else use it, and can be tied to a boundary by iam:PermissionsBoundary."""

BOUNDARY_CHANGES = _iam("DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary")
"""What takes a boundary away, or puts one on any role so that it can then be changed."""

ROLE_MANAGEMENT = BOUNDABLE + _iam("DeleteRole", "UpdateRole", "UpdateRoleDescription")
"""What role management may be: it is judged by rules of its own."""

TAGS_OF_ROLES = _iam("TagRole", "UntagRole")
"""What changes a role's tags, which no boundary can be asked for."""

ROLE_CHANGES = ROLE_MANAGEMENT + BOUNDARY_CHANGES + TAGS_OF_ROLES
"""What changes a role."""

POLICY_VERSIONS = _iam("CreatePolicyVersion", "SetDefaultPolicyVersion")
"""What changes managed policies, the boundary among them, under the roles that have them."""

POLICIES = _on("policy")
"""What makes, changes, tags or removes managed policies."""

USERS, GROUPS, DEVICES = _on("user"), _on("group"), _on("mfa", "sms-mfa")
"""What makes, changes, tags or removes users and their credentials, groups, and MFA devices."""

IDENTITY_PROVIDERS = {type_: _on(type_) for type_ in ("oidc-provider", "saml-provider")}
"""By type, what makes, changes, tags or removes whoever vouches for people."""

OWN_CREDENTIALS = _iam(
    "ChangePassword",
    "CreateAccessKey",
    "DeactivateMFADevice",
    "DeleteAccessKey",
    "EnableMFADevice",
    "ResyncMFADevice",
    "UpdateAccessKey",
)
"""What self-service may do on the own user: nothing that asks for less than the old password does, and no policy."""
OWN_DEVICES = _iam("CreateVirtualMFADevice", "DeleteVirtualMFADevice")
"""What self-service may do with MFA devices, which carry no owner's name."""
ENROLLMENT = _iam("CreateVirtualMFADevice", "EnableMFADevice", "ResyncMFADevice")
"""What gives a user an MFA device."""
LASTING_CREDENTIALS = (*ENROLLMENT, *_iam("CreateAccessKey", "UpdateAccessKey"))
"""What gives a user credentials that outlive the session."""

SESSIONS = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
"""What a trust policy allows to whom it lets in.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html"""
BESIDE_SESSIONS = ("sts:SetContext", "sts:SetSourceIdentity", "sts:TagSession")
"""What a trust policy allows beside that, and opens nothing by itself."""

_OTHER_SESSIONS = ("eks-auth:AssumeRoleForPodIdentity", "sts:GetFederationToken")
"""What AWS lists as reading and hands out sessions."""
_HARMLESS = frozenset(
    {
        # AWS lets nobody but the linked service have these roles' rights.
        *_iam("CreateServiceLinkedRole", "DeleteServiceLinkedRole"),
        # For these nobody's permission is asked, only the trust policy.
        *SESSIONS[1:],
        *BESIDE_SESSIONS,
        # These read a message, and tag a token that may not be had.
        *("sts:DecodeAuthorizationMessage", "sts:TagGetWebIdentityToken"),
        # AWS answers everybody who asks for the id of a guest.
        "cognito-identity:GetId",
    }
)
_JUDGED_ELSEWHERE = frozenset({*ROLE_MANAGEMENT, *USERS, *GROUPS, *DEVICES, "sts:AssumeRole"})

OTHER_WRITES = tuple(
    name for name in (*ACTIONS, *_OTHER_SESSIONS) if name not in _HARMLESS and name not in _JUDGED_ELSEWHERE
)
"""All that can be written about identities beside role management, users, groups, devices and assuming roles."""
