"""What the program reads of the live groups, on local accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.documents import Terms, grant, grant_condition
from live_grants import SecurityAccount
from live_group import LiveGroupError

TERMS = Terms(None, ("203.0.113.10/32",))
ROLES = [f"arn:aws:iam::{account}:role/TSU-IAM-ACCESS" for account in ("222222222222", "333333333333")]
S3 = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """IAM of the Security account, and its AWS profile."""
    config = tmp_path / "config"
    config.write_text("[profile delegation-security]\naws_access_key_id = a\naws_secret_access_key = b\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with mock_aws():
        client = boto3.client("iam", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")  # noqa: S106
        client.create_group(GroupName="IT-Admins")
        yield client


def attach(iam: Any, name: str, document: str) -> None:
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="IT-Admins", PolicyArn=arn)


def test_inline_policies_and_the_roles_they_grant(iam: Any) -> None:
    for name, document in (("assume-R", grant({ROLES[0]: TERMS})), ("by-hand", S3)):
        iam.put_group_policy(GroupName="IT-Admins", PolicyName=name, PolicyDocument=document)
    live = SecurityAccount("us-east-1").inline("IT-Admins")
    assert {name: json.dumps(document) for name, document in live.inline.items()} == {
        "assume-R": json.dumps(json.loads(grant({ROLES[0]: TERMS}))),
        "by-hand": json.dumps(json.loads(S3)),
    }
    assert live.inline_roles == {ROLES[0]}


def test_packed_policies_by_number_and_no_other_attached_ones(iam: Any) -> None:
    attach(iam, "IT-Admins-self-service", S3)
    attach(iam, "IT-Admins-grants-1", grant({ROLES[0]: TERMS}))
    attach(iam, "IT-Admins-grants-7", grant({ROLES[1]: TERMS}))
    iam.create_policy(PolicyName="IT-Admins-grants-2", PolicyDocument=S3)
    live = SecurityAccount("us-east-1").packed("IT-Admins")
    assert live.placed == {ROLES[0]: 1, ROLES[1]: 7}
    assert live.packed_roles == [(arn, grant_condition(TERMS)) for arn in ROLES]


def test_of_a_policy_the_version_in_force_is_read(iam: Any) -> None:
    attach(iam, "IT-Admins-grants-1", grant({ROLES[0]: TERMS}))
    arn = "arn:aws:iam::123456789012:policy/IT-Admins-grants-1"
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=grant({ROLES[1]: TERMS}), SetAsDefault=True)
    assert SecurityAccount("us-east-1").packed("IT-Admins").placed == {ROLES[1]: 1}


def test_a_group_that_does_not_exist_holds_nothing(iam: Any) -> None:
    del iam
    account = SecurityAccount("us-east-1")
    assert (account.inline("Auditors").inline, account.packed("Auditors").packed) == ({}, {})


def test_without_the_profile_nothing_can_be_read() -> None:
    with pytest.raises(LiveGroupError, match="The grants of group IT-Admins of the Security account cannot be read: "):
        SecurityAccount("us-east-1").inline("IT-Admins")
