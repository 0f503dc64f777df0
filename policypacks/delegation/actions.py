"""The IAM actions that the policies ask about, by the type of resource they change.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from iam import Resources, Target


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
"""What changes a role. Service-linked roles are left out, for AWS defines what they may do."""

BOUNDARY_CHANGES = _iam("DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary")
"""What takes a boundary away, or puts one on any role so that it can then be changed."""

POLICY_VERSIONS = _iam("CreatePolicyVersion", "SetDefaultPolicyVersion")
"""What changes managed policies, the boundary among them, under the roles that have them."""

AROUND_BOUNDARIES = _iam(
    "AddRoleToInstanceProfile",
    "CreateInstanceProfile",
    "PassRole",
    "RemoveRoleFromInstanceProfile",
    "TagRole",
    "UntagRole",
)
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


def role_changes(actions: tuple[str, ...] = ROLE_CHANGES) -> Target:
    """Return these actions on roles as a target."""
    return Target(actions=actions, resources=Resources(types=("role",)))


def on_anything(*actions: str, but: tuple[str, ...] = ()) -> Target:
    """Return actions on resources of any type as a target."""
    return Target(actions=actions, resources=Resources(types=(), but=but))


def user_management(account: str | None, *, others_only: bool, but: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Return all that creates or changes users, groups, keys and MFA devices; `others_only` leaves out one's own user
    and devices."""
    own = (*but, *OWN_USER) if others_only else but
    targets = (
        Target(actions=_USERS, resources=Resources(types=("user",), account=account, but=own)),
        Target(actions=_GROUPS, resources=Resources(types=("group",), account=account, but=but)),
    )
    devices = Target(actions=_DEVICES, resources=Resources(types=("mfa",), account=account, but=but))
    return targets if others_only else (*targets, devices)
