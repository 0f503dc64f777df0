"""The admin group as it is in the Security account, compared with the list of admins.

Each stack checks the live group, because a stack file may narrow or widen the list for its stack alone. ARNs are
compared, so that a user of the same name under another path is another user.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

# AWS's code, and what the Terraform provider makes of it in some of its versions.
_NO_SUCH_GROUP = ("NoSuchEntity", "couldn't find resource")


class LiveGroupError(ValueError):
    """The live group cannot serve this update; the message says what to run."""


def check_admins_are_members(group_name: str, user_arns: Sequence[str], provider: aws.Provider) -> None:
    """Find admins of a target stack who are not in the live group: a warning at preview, an error at up.

    Without this, AWS answers two minutes later with "Invalid principal in policy" for a user that does not exist, and
    not at all for a user who exists outside the group.

    Raises:
        LiveGroupError: at up, the group does not exist, cannot be read, or lacks an admin.
    """
    try:
        members = _members(group_name, provider)
    except LiveGroupError as unread:
        _warn_or_raise(str(unread))
        return
    if members is None:
        _warn_or_raise(
            f"Group {group_name} does not exist in the Security account. "
            "Deploy the security stack first: make up STACK=security"
        )
        return
    missing = [arn for arn in user_arns if arn not in members]
    if missing:
        _warn_or_raise(
            f"Not in group {group_name} of the Security account: {', '.join(missing)}. "
            "Deploy the security stack first (make up STACK=security), or take them out of delegation:admins."
        )


def warn_of_strangers(group_name: str, user_arns: Sequence[str], provider: aws.Provider) -> None:
    """Name the members of the live group who are not on the list of admins.

    A GroupMembership only adds when it is created, so strangers in a group taken over stay until the next refresh.

    Raises:
        LiveGroupError: at up, the group cannot be read.
    """
    try:
        members = _members(group_name, provider) or []
    except LiveGroupError as unread:
        _warn_or_raise(str(unread))
        return
    strangers = [arn for arn in members if arn not in set(user_arns)]
    if strangers:
        pulumi.log.warn(
            f"In group {group_name} but not in delegation:admins: {', '.join(strangers)}. "
            "They leave the group with `pulumi up --refresh`; add them to delegation:admins to keep them."
        )


def _members(group_name: str, provider: aws.Provider) -> list[str] | None:
    """Return the ARNs of the group's members, or None where there is no such group."""
    try:
        group = aws.iam.get_group(group_name=group_name, opts=pulumi.InvokeOptions(provider=provider))
    # The SDK raises bare Exceptions for whatever a provider answers.
    except Exception as error:
        if any(sign in str(error) for sign in _NO_SUCH_GROUP):
            return None
        raise LiveGroupError(f"Group {group_name} of the Security account cannot be read: {error}") from error
    return [user.arn for user in group.users]


def _warn_or_raise(problem: str) -> None:
    if not pulumi.runtime.is_dry_run():
        raise LiveGroupError(problem)
    pulumi.log.warn(problem)
