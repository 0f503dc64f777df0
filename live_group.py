"""The groups as they are in the Security account, compared with the configuration.

Each stack checks the live groups, for the security stack may be behind. ARNs are
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


def check_users_are_members(group_name: str, user_arns: Sequence[str], provider: aws.Provider) -> None:
    """Find users of a target stack who are not in the live group: a warning at preview, an error at up.

    Without this, AWS answers two minutes later with "Invalid principal in policy" for a user that does not exist, and
    not at all for a user who exists outside the group.

    Raises:
        LiveGroupError: at up, the group does not exist, cannot be read, or lacks a user.
    """
    try:
        members = _members(group_name, provider)
    except LiveGroupError as unread:
        warn_or_raise(str(unread))
        return
    if members is None:
        warn_or_raise(
            f"Group {group_name} does not exist in the Security account. "
            "Deploy the security stack first: make up STACK=security"
        )
        return
    missing = [arn for arn in user_arns if arn not in members]
    if missing:
        warn_or_raise(
            f"Not in group {group_name} of the Security account: {', '.join(missing)}. "
            "Deploy the security stack first (make up STACK=security), or remove them from delegation:groups."
        )


def warn_of_unlisted_members(group_name: str, user_arns: Sequence[str], provider: aws.Provider) -> None:
    """Name the members of the live group whom the configuration does not list.

    A GroupMembership only adds when it is created, so they stay in a group taken over until the next refresh.

    Raises:
        LiveGroupError: at up, the group cannot be read.
    """
    try:
        members = _members(group_name, provider) or []
    except LiveGroupError as unread:
        warn_or_raise(str(unread))
        return
    unlisted = [arn for arn in members if arn not in set(user_arns)]
    if unlisted:
        pulumi.log.warn(
            f"In group {group_name} but not in delegation:groups: {', '.join(unlisted)}. "
            "They leave the group with `pulumi up --refresh`; add them to delegation:groups to keep them."
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


def warn_or_raise(problem: str) -> None:
    """Warn at preview, and raise LiveGroupError at up."""
    if not pulumi.runtime.is_dry_run():
        raise LiveGroupError(problem)
    pulumi.log.warn(problem)
