"""The table of partitions: complete, as its sources say, and silent where AWS is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore
import botocore.session
import pytest
from botocore.config import Config
from delegation_pack.facts import PARTITIONS, partition_of
from pulumi_aws import Region

from operations import partition_facts

EACH = pytest.mark.parametrize("partition", PARTITIONS)


def test_the_table_is_what_its_generator_makes_of_the_installed_sources() -> None:
    written = json.loads(partition_facts.TABLE.read_text())
    assert written == partition_facts.table(written["date"])


def test_every_region_of_botocore_and_of_the_provider_has_its_partition() -> None:
    listed = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())
    expected = {
        region: part["id"] for part in listed["partitions"] for region in part["regions"] if "-global" not in region
    }
    in_table = {region: one.id for one in PARTITIONS.values() for region in (*one.regions, *one.unknown_to_provider)}
    assert in_table == expected
    assert {region for one in PARTITIONS.values() for region in one.regions} == {region.value for region in Region}
    assert {region: found.id for region in expected if (found := partition_of(region))} == expected


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-9", "aws"),
        ("cn-south-1", "aws-cn"),
        ("us-gov-north-1", "aws-us-gov"),
        ("eusc-de-west-1", "aws-eusc"),
        ("us-isob-west-7", "aws-iso-b"),
    ],
)
def test_a_region_newer_than_the_table_is_told_by_its_name(region: str, partition: str) -> None:
    found = partition_of(region)
    assert found is not None
    assert found.id == partition


@pytest.mark.parametrize("region", ["", "None", "aws-global", "mars-east-1", "us-east-1 ", "eusc-fr-east-1"])
def test_what_looks_like_no_region_has_no_partition(region: str) -> None:
    assert partition_of(region) is None


@EACH
def test_sts_is_where_the_sdk_finds_it(partition: str) -> None:
    session = botocore.session.Session()
    for region in PARTITIONS[partition].regions:
        client: Any = session.create_client(
            "sts",
            region_name=region,
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",  # noqa: S106
            config=Config(ignore_configured_endpoint_urls=True),  # type: ignore[call-arg]  # newer than its stubs
        )
        signed = urlsplit(client.generate_presigned_url("get_caller_identity"))
        assert parse_qs(signed.query)["X-Amz-Credential"][0].split("/")[2] == region
        assert f"https://{signed.netloc}" == PARTITIONS[partition].sts_endpoint(region)


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "signin.aws.amazon.com"),
        ("aws-cn", "signin.amazonaws.cn"),
        ("aws-us-gov", "signin.amazonaws-us-gov.com"),
    ],
)
def test_a_link_and_a_sign_in_page_where_aws_publishes_them(partition: str, host: str) -> None:
    facts = PARTITIONS[partition]
    assert facts.switch_role_link(account_id="2" * 12, role="it/ACCESS", display_name="x" * 70) == (
        f"https://{host}/switchrole?account=222222222222&roleName=it%2FACCESS&displayName={'x' * 64}"
    )
    assert facts.sign_in_page("1" * 12) == f"https://111111111111.{host}/console"


@pytest.mark.parametrize("partition", ["aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"])
def test_no_link_and_what_is_missing_where_aws_publishes_none(partition: str) -> None:
    facts = PARTITIONS[partition]
    assert facts.switch_role_link(account_id="2" * 12, role="ACCESS", display_name="it") is None
    assert facts.sign_in_page("1" * 12) is None
    said = facts.switch_role_by_hand(account_id="2" * 12, role="ACCESS")
    assert f"AWS publishes no switch-role link for partition {partition}" in said
    assert "222222222222" in said
    assert "ACCESS" in said
    assert "aws.amazon.com" not in facts.regional_sign_in_page(facts.regions[0])


def test_the_sovereign_cloud_signs_in_at_the_address_that_aws_publishes() -> None:
    # https://docs.aws.amazon.com/marketplace/latest/userguide/ links to it.
    page = PARTITIONS["aws-eusc"].regional_sign_in_page("eusc-de-east-1")
    assert page == "https://eusc-de-east-1.signin.amazonaws-eusc.eu/"


@EACH
def test_every_partition_takes_the_common_service_principals(partition: str) -> None:
    assert "amazonaws.com" in PARTITIONS[partition].service_principal_suffixes
