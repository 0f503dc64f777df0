"""Reads what really stands in the accounts, by the AWS API alone: no state, no output, no configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Group:
    """An IAM group."""

    name: str
    members: tuple[str, ...]
    """ARNs of its users."""
    inline: Mapping[str, Document]
    """Inline policies by name."""
    attached: tuple[str, ...]
    """ARNs of its managed policies."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """An IAM role."""

    name: str
    arn: str
    trust: Document
    inline: Mapping[str, Document]
    attached: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Account:
    """The IAM users, groups and roles of one account."""

    account_id: str
    users: tuple[str, ...]
    """Their ARNs."""
    groups: tuple[Group, ...]
    roles: tuple[Role, ...]


def read(account_id: str, iam: IAMClient) -> Account:
    """Return what stands in an account now."""
    pages = iam.get_paginator("get_account_authorization_details").paginate(Filter=["User", "Group", "Role"])
    details: dict[str, list[Any]] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": []}
    for page in pages:
        for kind, found in details.items():
            found.extend(page[kind])  # type: ignore[literal-required]  # one of the three keys above
    return Account(
        account_id=account_id,
        users=tuple(sorted(user["Arn"] for user in details["UserDetailList"])),
        groups=tuple(
            Group(
                name=group["GroupName"],
                members=tuple(
                    sorted(user["Arn"] for user in details["UserDetailList"] if group["GroupName"] in user["GroupList"])
                ),
                inline={policy["PolicyName"]: policy["PolicyDocument"] for policy in group["GroupPolicyList"]},
                attached=_attached(group),
            )
            for group in details["GroupDetailList"]
        ),
        roles=tuple(
            Role(
                name=role["RoleName"],
                arn=role["Arn"],
                trust=role["AssumeRolePolicyDocument"],
                inline={policy["PolicyName"]: policy["PolicyDocument"] for policy in role["RolePolicyList"]},
                attached=_attached(role),
            )
            for role in details["RoleDetailList"]
        ),
    )


def _attached(owner: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(policy["PolicyArn"] for policy in owner["AttachedManagedPolicies"]))
