"""Sizes against quotas, judged before anything is registered."""

from __future__ import annotations

from typing import Any

import pytest
from delegation_pack.facts.quotas import characters

from components import QuotaExceededError, TargetAccess, documents
from components.quotas import DocumentSize, Quota, refuse_excess
from settings import parse


def access(**changed: Any) -> TargetAccess:
    """The access to a target account, with keys of the configuration changed."""
    values = {
        "securityAccountId": "111111111111",
        "targetAccountId": "222222222222",
        "staticIps": ["203.0.113.10"],
        "groups": {"IT-Admins": ["alice"]},
        "roles": {"TSU-IAM-ACCESS": {"groups": ["IT-Admins"], "managedPolicyArns": [], "roleManagement": {}}},
    }
    settings = parse("preprod", values | changed)
    return TargetAccess(
        partition="aws",
        security_account_id=settings.security_account_id,
        target_account_id="222222222222",
        target_name="preprod",
        members=settings.members,
        roles=settings.access_roles,
        static_ips=settings.cidrs,
        trust_policy_quota=settings.trust_policy_quota,
    )


def test_white_space_is_free() -> None:
    assert characters('{ "a":\n\t"b c" }\r\n') == characters({"a": "b c"}) == len('{"a":"bc"}')
    # AWS does not say that other blanks are free, so they count.
    assert characters("\u00a0\u0085") == 2


def test_a_document_of_just_the_limit_fits() -> None:
    quota = Quota(what="It", documents=["x" * 10], limit=10, remedy="")
    refuse_excess([quota])
    assert quota.size == DocumentSize(used=10, limit=10)


def test_documents_count_together_and_every_excess_is_named() -> None:
    quotas = [
        Quota(what="Both", documents=["x" * 5, "y" * 6], limit=10, remedy="Cut one."),
        Quota(what="Small", documents=["x"], limit=10, remedy=""),
        Quota(what="Long", documents=["x" * 2000], limit=1000, remedy="Cut it."),
    ]
    with pytest.raises(QuotaExceededError) as refusal:
        refuse_excess(quotas)
    assert str(refusal.value).splitlines() == [
        "Both: 11 characters, and IAM allows 10. Cut one.",
        "Long: 2,000 characters, and IAM allows 1,000. Cut it.",
    ]


@pytest.mark.parametrize(("count", "fits"), [(34, True), (50, False)])
def test_a_trust_of_2048_characters_holds_thirty_four_admins_and_not_fifty(count: int, fits: bool) -> None:
    admins = [f"admin{number:02}" for number in range(count)]
    size = characters(documents.trust_policy(documents.user_arns("aws", "1" * 12, "/", admins)))
    assert (size <= 2048) == fits


SIXTY = {"IT-Admins": [f"somebody{number}" for number in range(60)]}
MANY = [f"198.{100 + n // 100}.{100 + n % 100}.100" for n in range(300)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"groups": SIXTY},
            r"^The trust policy of role TSU-IAM-ACCESS with 60 users: [\d,]+ characters, and IAM allows 2,048\. "
            r"Have fewer people in delegation:groups .* L-C07B4B0D",
            id="trust",
        ),
        pytest.param(
            {"staticIps": MANY},
            r"^The inline policies of role TSU-IAM-ACCESS with 300 static IPs: [\d,]+ characters, and IAM allows "
            r"10,240\. Shorten delegation:staticIps",
            id="role-policies",
        ),
        pytest.param(
            {"staticIps": MANY, "roles": {"R": {"groups": ["IT-Admins"]}}},
            r"^The grant on group IT-Admins with 300 static IPs: [\d,]+ characters, and IAM allows 5,120\.",
            id="grant",
        ),
    ],
)
def test_over_a_quota_is_refused_with_used_limit_and_remedy(change: dict[str, Any], message: str) -> None:
    with pytest.raises(QuotaExceededError, match=message):
        access(**change)


def test_a_raised_trust_quota_is_honoured() -> None:
    assert access(groups=SIXTY, trustPolicyQuota=4096).trust_quotas["TSU-IAM-ACCESS"].limit == 4096
