"""What AWS refuses and the local server lets pass.

Each function looks as AWS would, inside the account, and raises AWS's error for the operation that is about to be made.
Quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from sandbox.aws import documents
from sandbox.aws.errors import RefusedError, missing_is_fine, refuse
from sandbox.aws.principals import check_principals

if TYPE_CHECKING:
    from sandbox.aws.connection import Connection

MANAGED_POLICY_SIZE = 6144
INLINE_SIZES = {"role": 10240, "group": 5120, "user": 2048}
ATTACHED_POLICIES = 10
GROUPS_PER_USER = 10


def check_identity_document(operation: str, text: str) -> None:
    """Refuse a text that is no policy of a user, group or role."""
    _check_document(operation, text, documents.check_identity)


def check_trust_document(aws: Connection, operation: str, text: str) -> None:
    """Refuse a text that is no trust policy, is too long, or names a principal that does not exist."""
    _check_document(operation, text, documents.check_trust)
    quota = trust_policy_quota()
    if documents.size(text) > quota:
        raise refuse(
            operation,
            "LimitExceeded",
            f"Cannot exceed quota for ACLSizePerRole: {quota} (the trust policy has {documents.size(text)} characters)",
        )
    check_principals(aws, operation, text)


def trust_policy_quota() -> int:
    """Return the local accounts' quota for a trust policy in characters.

    AWS's default is 2,048, and an account's may be raised (quota L-C07B4B0D): DELEGATION_TRUST_POLICY_QUOTA is how the
    local accounts' is.
    """
    text = os.environ.get("DELEGATION_TRUST_POLICY_QUOTA", "2048")
    if not text.isdecimal() or not 2048 <= int(text) <= 8192:
        raise RefusedError(f"DELEGATION_TRUST_POLICY_QUOTA is {text!r}: it must be a number from 2048 to 8192")
    return int(text)


def check_new_name(operation: str, kind: str, name: str, taken: Iterable[str]) -> None:
    """Refuse a name that is taken: IAM's names are unique ignoring case."""
    for other in taken:
        if other.lower() == name.lower():
            raise refuse(operation, "EntityAlreadyExists", f"{kind} with name {other} already exists.")


def check_policy_exists(aws: Connection, operation: str, arn: str) -> None:
    """Refuse an attachment of a managed policy that is not there."""
    if not _policy_exists(aws, arn):
        raise refuse(operation, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")


def check_boundary(aws: Connection, operation: str, arn: str | None) -> None:
    """Refuse a permissions boundary that is not there."""
    if arn and not _policy_exists(aws, arn):
        raise refuse(operation, "NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")


def check_managed_size(operation: str, text: str) -> None:
    """Refuse a managed policy over its quota."""
    if documents.size(text) > MANAGED_POLICY_SIZE:
        raise refuse(
            operation,
            "LimitExceeded",
            f"Cannot exceed quota for PolicySize: {MANAGED_POLICY_SIZE} "
            f"(the policy has {documents.size(text)} characters)",
        )


def check_inline_room(operation: str, kind: str, owner: str, text: str, others: Iterable[str]) -> None:
    """Refuse an inline policy for which there is no room beside the owner's others."""
    used = documents.size(text) + sum(documents.size(other) for other in others)
    quota = INLINE_SIZES[kind]
    if used > quota:
        raise refuse(
            operation,
            "LimitExceeded",
            f"Maximum policy size of {quota} bytes exceeded for {kind} {owner} "
            f"(all its inline policies together would have {used} characters)",
        )


def check_attachment_room(operation: str, kind: str, attached: Iterable[str], arn: str) -> None:
    """Refuse one attached managed policy too many."""
    if len({*attached, arn}) > ATTACHED_POLICIES:
        raise refuse(
            operation, "LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind.capitalize()}: {ATTACHED_POLICIES}"
        )


def check_group_room(groups: Collection[str]) -> None:
    """Refuse one group too many for a user."""
    if len(groups) > GROUPS_PER_USER:
        raise refuse("AddUserToGroup", "LimitExceeded", f"Cannot exceed quota for GroupsPerUser: {GROUPS_PER_USER}")


def check_nothing_left(operation: str, leftovers: Iterable[tuple[object, str]]) -> None:
    """Refuse a deletion while there is a leftover; each comes with what must be done about it first."""
    for present, what in leftovers:
        if present:
            raise refuse(operation, "DeleteConflict", f"Cannot delete entity, must {what} first.")


def _policy_exists(aws: Connection, arn: str) -> bool:
    with missing_is_fine():
        return bool(aws.inside().get_policy(PolicyArn=arn))
    return False


def _check_document(operation: str, text: str, check: Callable[[str], None]) -> None:
    try:
        check(text)
    except documents.InvalidDocumentError as error:
        raise refuse(operation, "MalformedPolicyDocument", str(error)) from error
