"""The grants that the groups of the Security account hold now, read before an update changes them.

No function of the AWS provider tells a group's inline policies, so they are read by AWS's own client, under the AWS
profile of the Security account's provider.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import pulumi
from botocore.exceptions import BotoCoreError, ClientError
from delegation_pack.facts.quotas import INLINE_POLICIES, characters

from components import PACKED_POLICIES, QuotaExceededError, Terms, grant_condition, packed_policy_name
from listing import few
from live_group import LiveGroupError, warn_or_raise

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

Document = Mapping[str, Any]

_ALMOST_FULL = 2
"""How many more grants of its size may fit when a target's preview speaks of it."""


@dataclass(frozen=True, kw_only=True)
class LiveGrants:
    """The grants of one group as they are."""

    group: str
    inline: Mapping[str, Document] = field(default_factory=dict)
    """Inline policies by name, the grants of targets' stacks among them."""
    packed: Mapping[int, Document] = field(default_factory=dict)
    """Packed policies that are attached, by number."""

    @cached_property
    def placed(self) -> dict[str, int]:
        """The number of the packed policy that grants a role, by the role's ARN."""
        return {arn: number for number, document in self.packed.items() for arn, _ in _granted(document)}

    @cached_property
    def inline_roles(self) -> frozenset[str]:
        """ARNs of the roles that inline policies grant."""
        return frozenset(arn for document in self.inline.values() for arn, _ in _granted(document))

    @cached_property
    def packed_roles(self) -> list[tuple[str, Any]]:
        """ARN and condition of each role that packed policies grant."""
        return [granted for document in self.packed.values() for granted in _granted(document)]


def _granted(document: Document) -> Iterable[tuple[str, Any]]:
    """Yield ARN and condition of each role that a document of this program's making grants."""
    for statement in _list(document.get("Statement")):
        if statement.get("Effect") == "Allow" and statement.get("Action") == "sts:AssumeRole":
            yield from ((arn, statement.get("Condition")) for arn in _list(statement.get("Resource")))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


class SecurityAccount:
    """Reads the groups of the Security account.

    Its methods raise LiveGroupError where a group cannot be read, and find nothing on one that does not exist.
    """

    def __init__(self, region: str) -> None:
        self._region = region

    @cached_property
    def _iam(self) -> IAMClient:
        # Without boto3, which makes the same client in twice the time: a sixth of the program's.
        session = botocore.session.Session(profile="delegation-security")
        return cast("IAMClient", session.create_client("iam", region_name=self._region))

    def inline(self, group: str) -> LiveGrants:
        """Return what a group's inline policies grant."""
        return LiveGrants(group=group, inline=self._read(group, self._inline))

    def packed(self, group: str) -> LiveGrants:
        """Return what a group's packed policies grant."""
        return LiveGrants(group=group, packed=self._read(group, self._packed))

    def _read(self, group: str, read: Callable[[str], dict[Any, Document]]) -> dict[Any, Document]:
        try:
            return read(group)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchEntity":
                return {}
            raise LiveGroupError(_unread(group, error)) from error
        except BotoCoreError as error:
            raise LiveGroupError(_unread(group, error)) from error

    def _inline(self, group: str) -> dict[str, Document]:
        pages = self._iam.get_paginator("list_group_policies").paginate(GroupName=group)
        return {
            name: _document(self._iam.get_group_policy(GroupName=group, PolicyName=name)["PolicyDocument"])
            for page in pages
            for name in page["PolicyNames"]
        }

    def _packed(self, group: str) -> dict[int, Document]:
        numbers = {packed_policy_name(group, number): number for number in PACKED_POLICIES}
        pages = self._iam.get_paginator("list_attached_group_policies").paginate(GroupName=group)
        attached = [policy for page in pages for policy in page["AttachedPolicies"]]
        return {
            numbers[policy["PolicyName"]]: self._managed(policy["PolicyArn"])
            for policy in attached
            if policy["PolicyName"] in numbers
        }

    def _managed(self, arn: str) -> Document:
        version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return _document(self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def _document(content: Any) -> Document:
    # A dict from AWS's client, though its types say it may be text.
    return json.loads(content) if isinstance(content, str) else content  # type: ignore[no-any-return]


def _unread(group: str, error: Exception) -> str:
    return f"The grants of group {group} of the Security account cannot be read: {error}"


def refuse_what_does_not_fit(group: str, name: str, grant: str, account: SecurityAccount) -> None:
    """Refuse a grant that does not fit beside the group's other inline policies.

    A group that cannot be read is a warning.

    Args:
        group: the group's name.
        name: the grant's; one of another name counts, also if this update removes it, for the new one is made first.
        grant: the document, as JSON text.
        account: who reads the group.

    Raises:
        QuotaExceededError: IAM would refuse it.
    """
    try:
        inline = account.inline(group).inline
    except LiveGroupError as unread:
        pulumi.log.warn(f"{unread} Whether one more grant fits is not known.")
        return
    limit, size = INLINE_POLICIES["group"], characters(grant)
    others = {other: characters(document) for other, document in inline.items() if other != name}
    used = sum(others.values()) + size
    if used > limit:
        raise QuotaExceededError(
            f"The grant {name} does not fit on group {group}: its {size:,} characters and the {used - size:,} of the "
            f"group's other inline policies ({len(others)}) are more than the {limit:,} that IAM allows together. Set "
            "delegation:grants to packed, which holds about a thousand accounts (docs/operations.md#pack-the-grants)."
        )
    fit = (limit - used) // size
    if name not in inline and fit <= _ALMOST_FULL:
        pulumi.log.warn(
            f"With this grant, {fit or 'no'} more of its size {'fits' if fit == 1 else 'fit'} on group {group}. Set "
            "delegation:grants to packed in time (docs/operations.md#pack-the-grants)."
        )


def check_packed(group: str, roles: Mapping[str, Terms], account: SecurityAccount) -> None:
    """Find roles of a target that the group's packed grants do not cover as configured: a warning at preview, an error
    at up.

    The target's own grants go with this update, so whoever relied on them would be shut out.

    Raises:
        LiveGroupError: at up, a role is not covered, or the group cannot be read.
    """
    try:
        granted = account.packed(group).packed_roles
    except LiveGroupError as unread:
        warn_or_raise(str(unread))
        return
    # By content: IAM gives documents back as they were written.
    missing = [arn for arn, terms in roles.items() if (arn, grant_condition(terms)) not in granted]
    if missing:
        warn_or_raise(
            f"The packed grants of group {group} do not cover {', '.join(missing)} as configured. "
            "Deploy the security stack first (make up STACK=security), with this account among its delegation:targets."
        )


def packed_now(group: str, account: SecurityAccount) -> LiveGrants:
    """Return the packed grants of a group as they are; at preview those of a group that cannot be read are a warning
    and taken for none.

    Raises:
        LiveGroupError: at up, the group cannot be read.
    """
    try:
        return account.packed(group)
    except LiveGroupError as unread:
        warn_or_raise(str(unread))
        return LiveGrants(group=group)


def check_nobody_is_shut_out(now: LiveGrants, wanted: Iterable[str], account: SecurityAccount, *, packed: bool) -> None:
    """Find roles that lose their packed grant and have no other on the group.

    Where packed grants stay, that is right for an account that goes: a warning. Where they all go, the targets have not
    made their own yet: a warning at preview, an error at up.

    Args:
        now: the group's packed grants as they are.
        wanted: ARNs of the roles that stay in them.
        account: who reads the group.
        packed: whether there still are packed grants.

    Raises:
        LiveGroupError: at up, a role would have no grant, or the group cannot be read.
    """
    leaving = sorted(now.placed.keys() - set(wanted))
    if not leaving:
        return
    try:
        others = account.inline(now.group).inline_roles
    except LiveGroupError as unread:
        warn_or_raise(str(unread))
        return
    lost = [arn for arn in leaving if arn not in others]
    if not lost:
        return
    named = few(lost, 5)
    if packed:
        pulumi.log.warn(
            f"Group {now.group} loses {named}, which no other grant names. That is right for a role that is gone. "
            "If its stack is to make its own grant again, deploy that stack first."
        )
    else:
        warn_or_raise(
            f"Group {now.group} would lose {named}, which its packed grants alone name. Deploy the targets' stacks "
            "with delegation:grants perTarget first, and this stack last (docs/operations.md#unpack-the-grants)."
        )
