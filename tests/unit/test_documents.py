"""The policy documents, as data."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from components import documents

USERS = ["arn:aws:iam::111111111111:user/alice", "arn:aws:iam::111111111111:user/bob"]
ROLE = "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS"
ADDRESSES = ["203.0.113.10/32", "2001:db8::/48"]


def statements(document: str) -> dict[str, dict[str, Any]]:
    """Return the statements of a document by Sid."""
    parsed = json.loads(document)
    assert parsed["Version"] == "2012-10-17"
    return {statement["Sid"]: statement for statement in parsed["Statement"]}


def role_management(*, mfa: bool = True, partition: str = "aws") -> dict[str, dict[str, Any]]:
    """Return the statements of role management in account 222222222222."""
    return statements(
        documents.role_management(
            partition=partition,
            account_id="222222222222",
            role_names=["TSU-IAM-ACCESS", "TSU-AUDIT"],
            boundary_policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess",
            static_ips=ADDRESSES,
            mfa=mfa,
        )
    )


def test_trust_names_only_the_given_users_and_demands_mfa_by_bool() -> None:
    assert statements(documents.trust_policy(USERS)) == {
        "AdminsWithMfa": {
            "Sid": "AdminsWithMfa",
            "Effect": "Allow",
            "Principal": {"AWS": USERS},
            "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        }
    }


@pytest.mark.parametrize(
    ("static_ips", "condition"),
    [
        pytest.param(
            ADDRESSES,
            {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "IpAddress": {"aws:SourceIp": ADDRESSES}},
            id="address-tested-at-the-grant",
        ),
        pytest.param(None, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, id="address-tested-in-the-session"),
    ],
)
def test_grant_names_one_role_and_demands_mfa_by_bool(
    static_ips: list[str] | None, condition: dict[str, object]
) -> None:
    assert statements(documents.grant({ROLE: documents.Terms(None, tuple(static_ips) if static_ips else None)})) == {
        "AssumeAccessRole": {
            "Sid": "AssumeAccessRole",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": ROLE,
            "Condition": condition,
        }
    }


def test_trust_asks_for_young_mfa_and_for_the_users_own_session_name() -> None:
    document = documents.trust_policy(USERS, mfa_max_age_hours=2, session_name=True)
    assert statements(document)["AdminsWithMfa"]["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "7200"},
        "StringEquals": {"sts:RoleSessionName": "${aws:username}"},
    }


def test_grant_has_a_statement_for_each_age_of_mfa() -> None:
    anytime = documents.Terms(None, tuple(ADDRESSES))
    found = statements(
        documents.grant({ROLE: anytime, f"{ROLE}-2": anytime, f"{ROLE}-3": documents.Terms(4, tuple(ADDRESSES))})
    )
    addresses = {"IpAddress": {"aws:SourceIp": ADDRESSES}}
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert {sid: (one["Resource"], one["Condition"]) for sid, one in found.items()} == {
        "AssumeAccessRole": ([ROLE, f"{ROLE}-2"], mfa | addresses),
        "AssumeAccessRoleWithMfaOf4Hours": (
            f"{ROLE}-3",
            mfa | {"NumericLessThan": {"aws:MultiFactorAuthAge": "14400"}} | addresses,
        ),
    }


def test_grant_has_a_statement_for_each_set_of_addresses_and_no_sid_twice() -> None:
    terms = [documents.Terms(None, (f"203.0.113.{number}/32",)) for number in (1, 2, 3)]
    found = statements(documents.grant({f"{ROLE}-{number}": one for number, one in enumerate(terms)}))
    assert list(found) == ["AssumeAccessRole", "AssumeAccessRoleFrom2", "AssumeAccessRoleFrom3"]
    assert [one["Condition"]["IpAddress"]["aws:SourceIp"] for one in found.values()] == [
        list(one.static_ips or ()) for one in terms
    ]


def test_revoked_sessions_may_do_nothing() -> None:
    document = documents.revoked_sessions(datetime(2026, 11, 25, 10, tzinfo=UTC))
    assert statements(document) == {
        "NothingForOlderSessions": {
            "Sid": "NothingForOlderSessions",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-11-25T10:00:00Z"}},
        }
    }


def test_a_last_day_ends_every_role_at_24_hours_utc() -> None:
    days = {"dave": date(2027, 12, 31), "erin": date(2027, 1, 31), "Carol": date(2027, 12, 31)}
    document = documents.self_service(partition="aws", account_id="111111111111", user_path="/", last_days=days)
    ends = {sid: one for sid, one in statements(document).items() if sid.startswith("NoRoleAfter")}
    assert list(ends) == ["NoRoleAfter20270131", "NoRoleAfter20271231"]
    assert ends["NoRoleAfter20271231"] == {
        "Sid": "NoRoleAfter20271231",
        "Effect": "Deny",
        "Action": "sts:AssumeRole",
        "Resource": "*",
        "Condition": {
            "StringEqualsIgnoreCase": {"aws:username": ["Carol", "dave"]},
            "DateGreaterThanEquals": {"aws:CurrentTime": "2028-01-01T00:00:00Z"},
        },
    }


def test_session_addresses_deny_everything_from_elsewhere() -> None:
    assert statements(documents.session_addresses(ADDRESSES)) == {
        "NothingFromElsewhere": {
            "Sid": "NothingFromElsewhere",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": ADDRESSES}},
        }
    }


@pytest.mark.parametrize("mfa", [True, False])
@pytest.mark.parametrize("sid", ["ViewIam", "ManageBoundedRoles"])
def test_role_management_asks_each_allow_for_the_address_and_for_mfa_unless_switched_off(sid: str, mfa: bool) -> None:
    condition = role_management(mfa=mfa)[sid]["Condition"]
    assert condition["IpAddress"] == {"aws:SourceIp": ADDRESSES}
    assert condition.get("BoolIfExists") == ({"aws:MultiFactorAuthPresent": "true"} if mfa else None)


def test_role_management_changes_only_roles_that_carry_the_boundary() -> None:
    statement = role_management()["ManageBoundedRoles"]
    assert statement["Condition"]["StringEquals"] == {
        "iam:PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"
    }
    assert statement["Resource"] == "arn:aws:iam::222222222222:role/*"


@pytest.mark.parametrize(
    "action",
    [
        "iam:PassRole",
        "iam:PutRolePermissionsBoundary",
        "iam:DeleteRolePermissionsBoundary",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:AddRoleToInstanceProfile",
        "iam:CreatePolicyVersion",
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "iam:CreateVirtualMFADevice",
    ],
)
def test_role_management_leaves_out_the_ways_around_the_boundary(action: str) -> None:
    allowed = {
        action
        for statement in role_management().values()
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert action not in allowed
    assert {pattern for pattern in allowed if "*" in pattern} == {"iam:Get*", "iam:List*"}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_role_management_keeps_the_roles_of_the_delegation_out_of_reach(partition: str) -> None:
    deny = role_management(partition=partition)["NeverTheseRoles"]
    assert deny["Effect"] == "Deny"
    assert deny["NotAction"] == ["iam:Get*", "iam:List*"]
    assert deny["Resource"] == [
        f"arn:{partition}:iam::222222222222:role/{role}"
        for role in ("TSU-IAM-ACCESS", "TSU-AUDIT", "delegation-*", "OrganizationAccountAccessRole")
    ]


def test_role_management_denies_a_further_hop() -> None:
    assert role_management()["NeverHop"] == {
        "Sid": "NeverHop",
        "Effect": "Deny",
        "Action": "sts:AssumeRole",
        "Resource": "*",
    }


@pytest.mark.parametrize(
    ("path", "user"), [("/", "user/${aws:username}"), ("/people/it/", "user/people/it/${aws:username}")]
)
def test_self_service_reaches_only_the_own_user(path: str, user: str) -> None:
    document = documents.self_service(partition="aws", account_id="111111111111", user_path=path)
    assert statements(document)["OwnCredentials"]["Resource"] == f"arn:aws:iam::111111111111:{user}"


@pytest.mark.parametrize(
    ("sid", "condition"),
    [
        ("NothingElseWithoutMfa", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        ("NoEnrolmentWithAccessKeys", {"Null": {"aws:MultiFactorAuthPresent": "true"}}),
    ],
)
def test_self_service_denies_without_mfa(sid: str, condition: dict[str, object]) -> None:
    document = documents.self_service(partition="aws", account_id="111111111111", user_path="/")
    statement = statements(document)[sid]
    assert (statement["Effect"], statement["Resource"], statement["Condition"]) == ("Deny", "*", condition)


def test_self_service_lets_plain_access_keys_enrol_nothing() -> None:
    document = documents.self_service(partition="aws", account_id="111111111111", user_path="/")
    enrollment = {"iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ResyncMFADevice"}
    assert set(statements(document)["NoEnrolmentWithAccessKeys"]["Action"]) == enrollment


def test_self_service_makes_lasting_credentials_from_the_static_ips_only() -> None:
    document = documents.self_service(
        partition="aws", account_id="111111111111", user_path="/", static_ips=["203.0.113.10/32"]
    )
    statement = statements(document)["NoCredentialsFromElsewhere"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", "*")
    assert {"iam:CreateAccessKey", "iam:CreateVirtualMFADevice", "iam:EnableMFADevice"} < set(statement["Action"])
    assert statement["Condition"] == {"NotIpAddress": {"aws:SourceIp": ["203.0.113.10/32"]}}


def test_self_service_without_static_ips_has_no_address_in_it() -> None:
    document = documents.self_service(partition="aws", account_id="111111111111", user_path="/")
    assert "aws:SourceIp" not in document
