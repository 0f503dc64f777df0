"""What outlives a person's access: roles made through role management, and what a user who stays still has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from operations import trusts
from settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# Where only AWS itself makes roles.
_PATHS_OF_AWS = ("/aws-service-role/", "/aws-reserved/")


def bounded_roles(iam: IAMClient, settings: Settings) -> Sequence[str]:
    """Return the roles of a target account that role management can make and change, newest first, a sentence each.

    They are those that carry its permissions boundary. IAM does not say who made a role; CloudTrail does.
    """
    boundaries = {
        role.role_management.boundary_policy_arn for role in settings.access_roles.values() if role.role_management
    }
    names = [
        role["RoleName"]
        for page in iam.get_paginator("list_roles").paginate()
        for role in page["Roles"]
        if not role["Path"].startswith(_PATHS_OF_AWS) and role["RoleName"] not in settings.access_roles
    ]
    found: list[tuple[datetime, str]] = []
    for name in names:
        # The list leaves out boundary and last use.
        role = iam.get_role(RoleName=name)["Role"]
        if role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") not in boundaries:
            continue
        trusted = ", ".join(sorted(trusts.principals(role["AssumeRolePolicyDocument"]))) or "nobody"
        used = role.get("RoleLastUsed", {}).get("LastUsedDate")
        last = f"last used on {used:%Y-%m-%d}" if used else "not used lately"
        found.append(
            (role["CreateDate"], f"Role {name}, made on {role['CreateDate']:%Y-%m-%d}, {last}, trusts {trusted}.")
        )
    return [sentence for _, sentence in sorted(found, reverse=True)]


def kept_by_user(iam: IAMClient, user: str) -> Sequence[str]:
    """Return the groups and policies that a user of the Security account still has, a sentence each."""
    groups = [
        g["GroupName"]
        for page in iam.get_paginator("list_groups_for_user").paginate(UserName=user)
        for g in page["Groups"]
    ]
    attached = [
        policy["PolicyArn"]
        for page in iam.get_paginator("list_attached_user_policies").paginate(UserName=user)
        for policy in page["AttachedPolicies"]
    ]
    inline = [
        name for page in iam.get_paginator("list_user_policies").paginate(UserName=user) for name in page["PolicyNames"]
    ]
    kept = (("is in group", groups), ("has the policy", attached), ("has the inline policy", inline))
    return [f"User {user} {what} {name}, which the program does not manage." for what, names in kept for name in names]
