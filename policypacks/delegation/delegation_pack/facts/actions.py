"""The IAM actions that the rules ask about, by the type of resource they change.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html, 2026-11.
"""

from __future__ import annotations


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

AROUND_BOUNDARIES = {
    "role": _iam("PassRole", "TagRole", "UntagRole"),
    "instance-profile": _iam("AddRoleToInstanceProfile", "CreateInstanceProfile", "RemoveRoleFromInstanceProfile"),
}
"""What has no condition key for the boundary and makes use of a stronger role, beside role management."""

USERS = _iam(
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
GROUPS = _iam(
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
DEVICES = _iam("CreateVirtualMFADevice", "DeleteVirtualMFADevice", "TagMFADevice", "UntagMFADevice")
ENROLMENT = _iam("CreateVirtualMFADevice", "EnableMFADevice", "ResyncMFADevice")
"""What gives a user an MFA device."""
LASTING_CREDENTIALS = (*ENROLMENT, *_iam("CreateAccessKey", "UpdateAccessKey"))
"""What gives a user credentials that outlive the session."""
