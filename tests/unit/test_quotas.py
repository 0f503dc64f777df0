"""Sizes against quotas, judged before anything is registered."""

from __future__ import annotations

from typing import Any

import pytest
from delegation_pack.facts.quotas import characters

from components import CrossAccountAccessArgs, QuotaExceededError, documents
from components.quotas import DocumentSize, within_quota

ARGS: dict[str, Any] = {
    "security_provider": None,
    "target_provider": None,
    "partition": "aws",
    "security_account_id": "111111111111",
    "target_account_id": "222222222222",
    "target_name": "preprod",
    "admins": ["alice"],
    "group_name": "IT-Admins",
    "role_name": "TSU-IAM-ACCESS",
    "static_ips": ["203.0.113.10/32"],
    "managed_policy_arns": [],
    "boundary_policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
}


def test_white_space_is_free() -> None:
    assert characters('{ "a":\n\t"b c" }') == len('{"a":"bc"}')
    # AWS does not say that other blanks are free, so they count.
    assert characters("\u00a0\u0085") == 2


def test_a_document_of_just_the_limit_fits() -> None:
    assert within_quota("It", "x" * 10, limit=10, mend="") == DocumentSize(used=10, limit=10)


def test_documents_count_together() -> None:
    with pytest.raises(QuotaExceededError, match=r"^Both: 11 characters, and IAM allows 10\. Cut one\.$"):
        within_quota("Both", "x" * 5, "y" * 6, limit=10, mend="Cut one.")


@pytest.mark.parametrize(("count", "fits"), [(34, True), (50, False)])
def test_a_trust_of_2048_characters_holds_thirty_four_admins_and_not_fifty(count: int, fits: bool) -> None:
    admins = [f"admin{number:02}" for number in range(count)]
    size = characters(documents.trust_policy(documents.user_arns("aws", "1" * 12, "/", admins)))
    assert (size <= 2048) == fits


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"admins": [f"somebody{number}" for number in range(60)]},
            r"^The trust policy of role TSU-IAM-ACCESS with 60 admins: [\d,]+ characters, and IAM allows 2,048\. "
            r"Shorten delegation:admins .* L-C07B4B0D",
            id="trust",
        ),
        pytest.param(
            {"static_ips": [f"203.0.{n // 256}.{n % 256}/32" for n in range(300)]},
            r"^The inline policies of role TSU-IAM-ACCESS with 300 static IPs: [\d,]+ characters, and IAM allows "
            r"10,240\. Shorten delegation:staticIps",
            id="role-policies",
        ),
        pytest.param(
            {"static_ips": [f"203.0.{n // 256}.{n % 256}/32" for n in range(300)], "role_management": False},
            r"^The grant on group IT-Admins with 300 static IPs: [\d,]+ characters, and IAM allows 5,120\.",
            id="grant",
        ),
    ],
)
def test_over_a_quota_is_refused_with_used_limit_and_mend(change: dict[str, Any], message: str) -> None:
    with pytest.raises(QuotaExceededError, match=message):
        CrossAccountAccessArgs(**(ARGS | change))


def test_a_raised_trust_quota_is_honoured() -> None:
    admins = [f"somebody{number}" for number in range(60)]
    args = CrossAccountAccessArgs(**(ARGS | {"admins": admins, "trust_policy_quota": 4096}))
    assert args.sizes["trust"].limit == 4096
