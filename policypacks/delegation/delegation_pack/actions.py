"""The IAM actions that the policies ask about, by the type of resource they change.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from delegation_pack.iam import Resources, Target


def _iam(*names: str) -> tuple[str, ...]:
    return tuple(f"iam:{name}" for name in names)


BOUNDABLE = _iam(
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
)
"""What gives a role more, or lets somebody else use it, and can be tied to a boundary by iam:PermissionsBoundary."""

ROLE_CHANGES = BOUNDABLE + _iam(
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "PutRolePermissionsBoundary",
    "TagRole",
    "UntagRole",
    "UpdateRole",
    "UpdateRoleDescription",
)
"""What changes a role."""

BOUNDARY_CHANGES = _iam("DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary")
"""What takes a boundary away, or puts one on any role so that it can then be changed."""

POLICY_VERSIONS = _iam("CreatePolicyVersion", "SetDefaultPolicyVersion")
"""What changes managed policies, the boundary among them, under the roles that have them."""

_AROUND_BOUNDARIES = {
    "role": _iam("PassRole", "TagRole", "UntagRole"),
    "instance-profile": _iam("AddRoleToInstanceProfile", "CreateInstanceProfile", "RemoveRoleFromInstanceProfile"),
}
"""What has no condition key for the boundary and makes use of a stronger role, beside role management."""

_USERS = _iam(
    "AttachUserPolicy",
    "CreateAccessKey",
    "CreateLoginProfile",
    "CreateServiceSpecificCredential",
    "CreateUser",
    "DeactivateMFADevice",
    "DeleteAccessKey",
    "DeleteLoginProfile",
    "DeleteSSHPublicKey",
    "DeleteServiceSpecificCredential",
    "DeleteSigningCertificate",
    "DeleteUser",
    "DeleteUserPermissionsBoundary",
    "DeleteUserPolicy",
    "DetachUserPolicy",
    "EnableMFADevice",
    "PutUserPermissionsBoundary",
    "PutUserPolicy",
    "ResetServiceSpecificCredential",
    "ResyncMFADevice",
    "TagUser",
    "UntagUser",
    "UpdateAccessKey",
    "UpdateLoginProfile",
    "UpdateSSHPublicKey",
    "UpdateServiceSpecificCredential",
    "UpdateSigningCertificate",
    "UpdateUser",
    "UploadSSHPublicKey",
    "UploadSigningCertificate",
)
_GROUPS = _iam(
    "AddUserToGroup",
    "AttachGroupPolicy",
    "CreateGroup",
    "DeleteGroup",
    "DeleteGroupPolicy",
    "DetachGroupPolicy",
    "PutGroupPolicy",
    "RemoveUserFromGroup",
    "UpdateGroup",
)
_DEVICES = _iam("CreateVirtualMFADevice", "DeleteVirtualMFADevice", "TagMFADevice", "UntagMFADevice")

OWN_USER = ("arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}")
"""The calling user, with or without a path."""

_SERVICE_LINKED = "arn:*:iam::*:role/aws-service-role/*"
"""IAM lets nobody but the linked service change these roles, or make another role with that path.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html"""


def own(account: str | None, *types: str, like: tuple[str, ...] = ("*",), but: tuple[str, ...] = ()) -> Resources:
    """Return resources of the caller's account, the only ones that an action of IAM reaches, but for service-linked
    roles.

    Those of any account where the caller's is not known.
    """
    return Resources(types=types, account=account, like=like, but=(*but, _SERVICE_LINKED))


def role_changes(account: str | None, actions: tuple[str, ...] = ROLE_CHANGES) -> Target:
    """Return these actions on the account's roles as a target."""
    return Target(actions=actions, resources=own(account, "role"))


def policy_versions(account: str | None, *, but: tuple[str, ...] = ()) -> Target:
    """Return the change of the account's managed policies, other than those in `but`, as a target."""
    return Target(actions=POLICY_VERSIONS, resources=own(account, "policy", but=but))


def around_boundaries(account: str | None, *, but: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Return what makes use of a stronger role of the account although role management is bounded.

    `but` are roles that are not of the account as far as anybody knows, so that assuming them is no hop within it.
    """
    hop = Target(actions=("sts:AssumeRole",), resources=own(account, "role", but=but))
    uses = (Target(actions=actions, resources=own(account, type_)) for type_, actions in _AROUND_BOUNDARIES.items())
    return (*uses, hop)


def user_management(account: str | None, *, others_only: bool, but: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Return all that creates or changes users, groups, keys and MFA devices; `others_only` leaves out one's own user
    and devices."""
    others = (*but, *OWN_USER) if others_only else but
    targets = (
        Target(actions=_USERS, resources=own(account, "user", but=others)),
        Target(actions=_GROUPS, resources=own(account, "group", but=but)),
    )
    devices = Target(actions=_DEVICES, resources=own(account, "mfa", but=but))
    return targets if others_only else (*targets, devices)
