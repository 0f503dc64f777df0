"""Finds groups that would be deleted and still hold other stacks' grants (`make preview`, `up`, `destroy` of security).

AWS deletes no group that holds policies, and says so only when its members have left it already.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from operations import aws_accounts, stack_files, unfinished
from operations.errors import OperationError
from settings import SECURITY_STACK

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def held_groups(top: Path, *, all_go: bool) -> dict[str, Sequence[str]]:
    """Return the groups of the state that are to be deleted and cannot be, with the policies that they hold.

    Args:
        top: folder of the program.
        all_go: whether all groups are to be deleted, otherwise those that the configuration has no more.

    Raises:
        OperationError: the configuration is refused, or the account cannot be asked.
    """
    resources = unfinished.deployment(top, SECURITY_STACK).get("resources") or []
    groups = [resource["id"] for resource in resources if resource["type"] == "aws:iam/group:Group"]
    settings = stack_files.read_settings(top, SECURITY_STACK)
    leaving = [group for group in groups if all_go or group not in settings.groups]
    if not leaving:
        return {}
    with aws_accounts.explained():
        iam = aws_accounts.iam(SECURITY_STACK, settings.security_account_id, settings.region)
        held = {group: _policies(iam, group) for group in leaving}
    return {group: policies for group, policies in held.items() if policies}


def _policies(iam: IAMClient, group: str) -> Sequence[str]:
    with contextlib.suppress(iam.exceptions.NoSuchEntityException):
        pages = iam.get_paginator("list_group_policies").paginate(GroupName=group)
        return [name for page in pages for name in page["PolicyNames"]]
    return []


def _remedies(top: Path, policies: Sequence[str], verb: str) -> str:
    """Return what takes each policy away."""
    stacks = {
        stack_files.read_values(top, stack).get("targetAccountId"): stack for stack in stack_files.target_stacks(top)
    }
    owners = [(policy, stacks.get(policy.rpartition("-in-")[2])) for policy in policies]
    return ", ".join(f"{policy} ({f'make {verb} STACK={stack}' if stack else 'by hand'})" for policy, stack in owners)


def check(top: Path, verb: str) -> list[str]:
    """Check the security stack before a verb; a preview goes on, and gets back what it should say.

    Raises:
        OperationError: groups would go that hold policies, or the account cannot be asked.
    """
    try:
        held = held_groups(top, all_go=verb == "destroy")
        if held:
            remedy = "destroy" if verb == "destroy" else "up"
            listed = "\n".join(f"  {group}: {_remedies(top, policies, remedy)}" for group, policies in held.items())
            raise OperationError(
                "Stack security would delete groups that still have grants, which AWS refuses. "
                f"Remove the grants first:\n{listed}"
            )
    except OperationError as problem:
        if verb != "preview":
            raise
        return [str(problem)]
    return []
