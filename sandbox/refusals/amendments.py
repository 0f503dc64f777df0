"""Where the local server answers otherwise than AWS, though AWS does not refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sandbox.refusals import answers
from sandbox.refusals.account import Account
from sandbox.refusals.answers import Answer, IamError

Parameters: TypeAlias = Mapping[str, str]


def _update_role(account: Account, parameters: Parameters) -> Parameters:
    """Keep what is not given, where the server clears it."""
    if role := account.role(parameters.get("RoleName", "")):
        kept = {"Description": role.description or "", "MaxSessionDuration": str(role.max_session_duration or 3600)}
        return {**kept, **parameters}
    return parameters


def _list_service_specific_credentials(account: Account, parameters: Parameters) -> Answer:
    """Answer with none, for nobody can make any here; the server knows no such action."""
    name = parameters.get("UserName")
    if name and not account.user(name):
        raise IamError("NoSuchEntity", f"The user with name {name} cannot be found.")
    return answers.success(
        "ListServiceSpecificCredentials",
        "<ServiceSpecificCredentials/><IsTruncated>false</IsTruncated>",
    )


def _update_group(account: Account, parameters: Parameters) -> Parameters | Answer:
    """Move a group that keeps its name, where the server does nothing, or says that its name is taken."""
    name, path = parameters.get("GroupName", ""), parameters.get("NewPath")
    if account.group(name) is None or parameters.get("NewGroupName", name) != name:
        return parameters
    if path:
        account.move_group(name, path)
    return answers.success("UpdateGroup")


def _attach(kind: str) -> Callable[[Account, Parameters], Parameters | Answer]:
    """Leave alone what is attached already, where the server counts it twice."""

    def amend(account: Account, parameters: Parameters) -> Parameters | Answer:
        owner = account.owner(kind, parameters.get(f"{kind}Name", ""))
        if owner and parameters.get("PolicyArn") in owner.managed_policies:
            return answers.success(f"Attach{kind}Policy")
        return parameters

    return amend


AMENDMENTS: Mapping[str, Callable[[Account, Parameters], Parameters | Answer]] = {
    "AttachGroupPolicy": _attach("Group"),
    "AttachRolePolicy": _attach("Role"),
    "AttachUserPolicy": _attach("User"),
    "ListServiceSpecificCredentials": _list_service_specific_credentials,
    "UpdateGroup": _update_group,
    "UpdateRole": _update_role,
}
"""By action: the parameters that make the server answer as AWS, or the answer itself."""
