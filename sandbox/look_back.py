"""Reads what really stands in the accounts, by the AWS API alone: no state, no output, no configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way into a role that both sides open: users in a group with a grant, whom the role's trust names."""

    users: tuple[str, ...]
    """Names of the users."""
    role: Role
    trust: tuple[str, ...]
    """Conditions of the trust, in words."""
    grant: tuple[str, ...]
    """Conditions of the grant, in words."""
    session: tuple[str, ...]
    """What the role's own policies refuse to a session, in words."""


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


def ways(security: Account, target: Account) -> Iterator[Way]:
    """Yield each way from a group of the Security account into a role of a target account.

    Reads the documents as this project writes them: an Allow on sts:AssumeRole that names its roles, and a trust that
    names its users. Verdicts on documents of any shape are the policy pack's matter.
    """
    for role in target.roles:
        for group in security.groups:
            for grant in _statements(group.inline.values()):
                if role.arn not in _listed(grant["Resource"]):
                    continue
                for trust in _statements([role.trust]):
                    trusted = set(_listed(trust["Principal"]["AWS"]))
                    users = tuple(arn.rpartition("/")[2] for arn in group.members if arn in trusted)
                    if users:
                        yield Way(
                            users=users,
                            role=role,
                            trust=in_words(trust),
                            grant=in_words(grant),
                            session=tuple(_session_limits(role)),
                        )


def in_words(statement: Document) -> tuple[str, ...]:
    """Say the conditions of an Allow in words; one without words of its own is shown as it stands."""
    words = []
    for operator, tests in statement.get("Condition", {}).items():
        for key, value in tests.items():
            values = ", ".join(_listed(value))
            match operator, key:
                case "Bool", "aws:MultiFactorAuthPresent" if values == "true":
                    words.append("with MFA")
                case "NumericLessThan", "aws:MultiFactorAuthAge":
                    words.append(f"MFA not older than {int(values) / 3600:g} h")
                case "StringEquals", "sts:RoleSessionName" if values == "${aws:username}":
                    words.append("session named as the user")
                case "IpAddress", "aws:SourceIp":
                    words.append(f"from {values}")
                case _:
                    words.append(f"{operator} {key} {values}")
    return tuple(words) or ("no condition",)


def _session_limits(role: Role) -> Iterator[str]:
    for document in role.inline.values():
        for statement in _listed(document["Statement"]):
            addresses = statement.get("Condition", {}).get("NotIpAddress", {}).get("aws:SourceIp")
            if statement["Effect"] == "Deny" and addresses:
                yield f"only from {', '.join(_listed(addresses))}"


def _attached(owner: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(policy["PolicyArn"] for policy in owner["AttachedManagedPolicies"]))


def _statements(documents: Any) -> Iterator[Document]:
    for document in documents:
        for statement in _listed(document["Statement"]):
            if statement["Effect"] == "Allow" and "sts:AssumeRole" in _listed(statement["Action"]):
                yield statement


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
