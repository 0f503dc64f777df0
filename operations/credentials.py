"""A person's credentials in the Security account, and the rights to make new ones."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def exists(iam: IAMClient, user: str) -> bool:
    """Return whether there is such a user."""
    try:
        iam.get_user(UserName=user)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def groups(iam: IAMClient, user: str, among: Collection[str]) -> Sequence[str]:
    """Return those of some groups that a user is in."""
    pages = iam.get_paginator("list_groups_for_user").paginate(UserName=user)
    return [group["GroupName"] for page in pages for group in page["Groups"] if group["GroupName"] in among]


def active_keys(iam: IAMClient, user: str) -> Sequence[str]:
    """Return the ids of the access keys of a user that work."""
    pages = iam.get_paginator("list_access_keys").paginate(UserName=user)
    return [key["AccessKeyId"] for page in pages for key in page["AccessKeyMetadata"] if key["Status"] == "Active"]


def leave_groups(iam: IAMClient, user: str, among: Collection[str]) -> str:
    """Take a user out of some groups; return what was done, as a sentence."""
    left = groups(iam, user, among)
    for group in left:
        iam.remove_user_from_group(GroupName=group, UserName=user)
    return f"{user} left {', '.join(left)}." if left else f"{user} was in none of them."


def delete_password(iam: IAMClient, user: str) -> str:
    """Delete a user's console password; return what was done, as a sentence."""
    with contextlib.suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_login_profile(UserName=user)
        return "It is deleted."
    return "There was none."


def deactivate_keys(iam: IAMClient, user: str) -> str:
    """Switch off a user's access keys; return what was done, as a sentence. Deleting them is left to the update."""
    keys = active_keys(iam, user)
    for key in keys:
        iam.update_access_key(UserName=user, AccessKeyId=key, Status="Inactive")
    return f"{', '.join(keys)} switched off." if keys else "There was none."
