"""The functions, by token; each takes its arguments and returns its results, in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.aws.connection import Connection


def get_group(aws: Connection, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return a group and all its members."""
    pages = list(aws.iam.get_paginator("get_group").paginate(GroupName=arguments["groupName"]))
    group = pages[0]["Group"]
    return {
        "id": group["GroupId"],
        "arn": group["Arn"],
        "groupId": group["GroupId"],
        "groupName": group["GroupName"],
        "path": group["Path"],
        "users": [
            {"arn": user["Arn"], "path": user["Path"], "userId": user["UserId"], "userName": user["UserName"]}
            for page in pages
            for user in page["Users"]
        ],
    }


def get_role_policies(aws: Connection, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the names of a role's inline policies."""
    role = arguments["roleName"]
    pages = aws.iam.get_paginator("list_role_policies").paginate(RoleName=role)
    return {"id": role, "roleName": role, "policyNames": [name for page in pages for name in page["PolicyNames"]]}


def get_caller_identity(aws: Connection, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return whose the provider's credentials are."""
    del arguments
    return {"id": aws.account_id, "accountId": aws.account_id, "arn": aws.caller_arn, "userId": aws.caller_id}


FUNCTIONS: dict[str, Callable[[Connection, dict[str, Any]], dict[str, Any]]] = {
    "aws:iam/getGroup:getGroup": get_group,
    "aws:iam/getRolePolicies:getRolePolicies": get_role_policies,
    "aws:index/getCallerIdentity:getCallerIdentity": get_caller_identity,
}
