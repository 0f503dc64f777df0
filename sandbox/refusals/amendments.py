"""Where the local server answers otherwise than AWS, though AWS does not refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sandbox.refusals import answers
from sandbox.refusals.account import Account
from sandbox.refusals.answers import Answer, IamError

Parameters: TypeAlias = Mapping[str, str]
Afterwards: TypeAlias = Callable[[], None]
"""Puts right what the server did. The request itself stays as it is, for its signature covers it."""


def _update_role(account: Account, parameters: Parameters) -> Afterwards | None:
    """Keep what is not given, where the server clears it."""
    role = account.role(parameters.get("RoleName", ""))
    if role is None:
        return None
    description, seconds = role.description, role.max_session_duration

    def restore() -> None:
        if "Description" not in parameters:
            role.description = description
        if "MaxSessionDuration" not in parameters:
            role.max_session_duration = seconds

    return restore


def _list_service_specific_credentials(account: Account, parameters: Parameters) -> Answer:
    """Answer with none, for nobody can make any here; the server knows no such action."""
    name = parameters.get("UserName")
    if name and not account.user(name):
        raise IamError("NoSuchEntity", f"The user with name {name} cannot be found.")
    return answers.success(
        "ListServiceSpecificCredentials",
        "<ServiceSpecificCredentials/><IsTruncated>false</IsTruncated>",
    )


def _update_group(account: Account, parameters: Parameters) -> Answer | None:
    """Move a group that keeps its name, where the server does nothing, or says that its name is taken."""
    name, path = parameters.get("GroupName", ""), parameters.get("NewPath")
    if account.group(name) is None or parameters.get("NewGroupName", name) != name:
        return None
    if path:
        account.move_group(name, path)
    return answers.success("UpdateGroup")


def _attach(kind: str) -> Callable[[Account, Parameters], Afterwards | None]:
    """Count once what is attached again, where the server counts it twice."""

    def amend(account: Account, parameters: Parameters) -> Afterwards | None:
        owner = account.owner(kind, parameters.get(f"{kind}Name", ""))
        policy = account.policy(parameters.get("PolicyArn", ""))
        if owner is None or policy is None or policy.arn not in owner.managed_policies:
            return None
        count = policy.attachment_count

        def recount() -> None:
            policy.attachment_count = count

        return recount

    return amend


AMENDMENTS: Mapping[str, Callable[[Account, Parameters], Answer | Afterwards | None]] = {
    "AttachGroupPolicy": _attach("Group"),
    "AttachRolePolicy": _attach("Role"),
    "AttachUserPolicy": _attach("User"),
    "ListServiceSpecificCredentials": _list_service_specific_credentials,
    "UpdateGroup": _update_group,
    "UpdateRole": _update_role,
}
"""By action: the answer itself, or what is to be put right after the server's."""
