"""The resource types, by token."""

from __future__ import annotations

from sandbox.aws.resources.attachments import GroupPolicyAttachment, RolePolicyAttachment
from sandbox.aws.resources.base import Resource
from sandbox.aws.resources.exclusive import RolePoliciesExclusive, RolePolicyAttachmentsExclusive
from sandbox.aws.resources.group import Group
from sandbox.aws.resources.inline import GroupPolicy, RolePolicy
from sandbox.aws.resources.membership import GroupMembership
from sandbox.aws.resources.policy import Policy
from sandbox.aws.resources.role import Role
from sandbox.aws.resources.user import User

RESOURCES: dict[str, Resource] = {
    resource.type_name: resource
    for resource in (
        User(),
        Group(),
        GroupMembership(),
        GroupPolicy(),
        GroupPolicyAttachment(),
        Policy(),
        Role(),
        RolePolicy(),
        RolePolicyAttachment(),
        RolePoliciesExclusive(),
        RolePolicyAttachmentsExclusive(),
    )
}
