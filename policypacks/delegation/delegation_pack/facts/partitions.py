"""AWS's partitions: what differs between them for IAM, STS and the console.

`partitions.json` is generated (`make facts`) from what the AWS SDK for Python and Pulumi's AWS provider ship; its
source and date are in it. What only documentation says stands below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

_SWITCH_ROLE = {
    "aws": "https://signin.aws.amazon.com/switchrole",
    "aws-cn": "https://signin.amazonaws.cn/switchrole",
    "aws-us-gov": "https://signin.amazonaws-us-gov.com/switchrole",
}
"""The page that opens Switch Role with its fields filled in, where one is known (2026-11).
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html; for China and GovCloud the
same path on their sign-in hosts is in use. None was found for the European Sovereign Cloud and the isolated
partitions."""

_ACCOUNT_PAGES = frozenset(_SWITCH_ROLE)
"""Partitions in which https://<account>.<sign-in domain>/console is documented as the page of an account's users.
https://docs.aws.amazon.com/signin/latest/userguide/introduction-to-iam-user-sign-in-tutorial.html"""

_OWN_SERVICE_PRINCIPALS = frozenset({"aws-cn", "aws-iso", "aws-iso-b"})
"""Partitions in which some services' principals end in the partition's DNS suffix; all others end in amazonaws.com
everywhere. https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.region_info.Default.html (2026-11)"""


@dataclass(frozen=True, kw_only=True)
class Partition:
    """One partition: accounts, users and roles of two partitions never meet."""

    id: str
    """As in an ARN: `aws`, `aws-cn`."""
    regions: tuple[str, ...]
    """The regions that the pinned AWS provider knows too."""
    unknown_to_provider: tuple[str, ...]
    """The regions that AWS has and the pinned AWS provider does not know."""
    region_pattern: str
    """What a region's name in this partition looks like: a regular expression for the whole name."""
    dns_suffix: str
    """`amazonaws.com`: the end of the services' hosts."""
    iam_endpoint: str
    """The URL of IAM, which is one for the partition."""
    iam_region: str
    """The region that requests to IAM are signed for."""
    sign_in_domain: str
    """`signin.aws.amazon.com`: the console's sign-in; with a region before it, that of the region."""

    @property
    def service_principal_suffixes(self) -> tuple[str, ...]:
        """The ends that the names of service principals may have: `amazonaws.com` for `ec2.amazonaws.com`."""
        return ("amazonaws.com", self.dns_suffix) if self.id in _OWN_SERVICE_PRINCIPALS else ("amazonaws.com",)

    def sts_endpoint(self, region: str) -> str:
        """Return the URL of STS in a region of the partition."""
        return f"https://sts.{region}.{self.dns_suffix}"

    def arn_of_aws_policy(self, name: str) -> str:
        """Return the ARN of a managed policy that AWS keeps."""
        return f"arn:{self.id}:iam::aws:policy/{name}"

    def switch_role_link(self, *, account_id: str, role: str, display_name: str) -> str | None:
        """Return the console's link that fills in Switch Role; None where AWS publishes no such page.

        Args:
            account_id: the role's account.
            role: the role's name, its path before it without the first slash.
            display_name: what the console then shows; it takes 64 characters.
        """
        if self.id not in _SWITCH_ROLE:
            return None
        query = urlencode({"account": account_id, "roleName": role, "displayName": display_name[:64]})
        return f"{_SWITCH_ROLE[self.id]}?{query}"

    def switch_role_by_hand(self, *, account_id: str, role: str) -> str:
        """Say what to do where there is no such link: the sentence names what is missing."""
        return (
            f"AWS publishes no switch-role link for partition {self.id}: "
            f"choose Switch role in the console and give account {account_id} and role {role}"
        )

    def sign_in_page(self, account_id: str) -> str | None:
        """Return the page on which an account's users sign in; None where AWS documents none."""
        return f"https://{account_id}.{self.sign_in_domain}/console" if self.id in _ACCOUNT_PAGES else None

    def regional_sign_in_page(self, region: str) -> str:
        """Return the sign-in of a region, as the AWS SDKs have it."""
        return f"https://{region}.{self.sign_in_domain}/"


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(Path(__file__).with_name("partitions.json").read_text())
    return table


def _partition(id_: str, facts: Mapping[str, Any]) -> Partition:
    lists = {name: tuple(facts[name]) for name in ("regions", "unknown_to_provider")}
    return Partition(**{**facts, **lists, "id": id_})


SOURCE = f"{_table()['source']}, {_table()['date']}"
"""Where the generated facts come from, and of which day they are."""

PARTITIONS: Mapping[str, Partition] = {id_: _partition(id_, facts) for id_, facts in _table()["partitions"].items()}
"""Every partition by its id, `aws` first."""


def partition_of(region: str) -> Partition | None:
    """Return the partition of a region, one newer than the table by the look of its name; None if it looks like none.

    A caller to whom the partition matters takes None for "not known", never for `aws`.
    """
    listed = (one for one in PARTITIONS.values() if region in one.regions + one.unknown_to_provider)
    alike = (one for one in PARTITIONS.values() if re.fullmatch(one.region_pattern, region))
    return next(listed, None) or next(alike, None)
