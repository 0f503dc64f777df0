"""Generates the pack's table of partitions and regions: `make facts`, after a new botocore or pulumi-aws.

Regions, DNS suffixes and the endpoints of IAM and of the console's sign-in are what botocore ships, AWS's own data;
which regions the provider knows, its Region enum says.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore
import botocore.session
from botocore.config import Config
from delegation_pack import facts
from pulumi_aws import Region

TABLE = Path(facts.__file__).with_name("partitions.json")
_DATA = Path(botocore.__file__).parent / "data"


def table(today: str) -> dict[str, Any]:
    """Return the whole table, as it is written."""
    listed = json.loads((_DATA / "partitions.json").read_text())["partitions"]
    return {
        "source": f"botocore {metadata.version('botocore')} and pulumi-aws {metadata.version('pulumi-aws')}",
        "date": today,
        "partitions": {one["id"]: _facts(one) for one in listed},
    }


def _facts(partition: Mapping[str, Any]) -> dict[str, Any]:
    known = {region.value for region in Region}
    # Beside the regions botocore lists pseudo-regions such as aws-global.
    regions = sorted(name for name in partition["regions"] if not name.endswith("-global"))
    outputs = partition["outputs"]
    return {
        "regions": [name for name in regions if name in known],
        "unknown_to_provider": [name for name in regions if name not in known],
        "region_pattern": partition["regionRegex"].removeprefix("^").removesuffix("$"),
        "dns_suffix": outputs["dnsSuffix"],
        **_iam(outputs["implicitGlobalRegion"]),
        "sign_in_domain": _sign_in_domain(partition["id"]),
    }


def _iam(region: str) -> dict[str, str]:
    """Endpoint of IAM and the region its requests are signed for, from a request that is signed and never sent."""
    iam: Any = botocore.session.Session().create_client(
        "iam",
        region_name=region,
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106  # opens nothing
        config=Config(ignore_configured_endpoint_urls=True),  # type: ignore[call-arg]  # newer than its stubs
    )
    signed = urlsplit(iam.generate_presigned_url("get_user"))
    (credential,) = parse_qs(signed.query)["X-Amz-Credential"]
    return {"iam_endpoint": f"{signed.scheme}://{signed.netloc}", "iam_region": credential.split("/")[2]}


def _sign_in_domain(partition: str) -> str:
    """The host of the partition's sign-in, without the region, from the rules of the service AWS Sign-In."""
    (file,) = (_DATA / "signin").glob("*/endpoint-rule-set-1.json.gz")
    found = {
        match["domain"]
        for rule in _endpoints(json.loads(gzip.decompress(file.read_bytes()))["rules"], [])
        if f"'{partition}'" in rule[1] and "'UseFIPS'}, True" not in rule[1]
        if (match := re.fullmatch(r"https://\{Region\}\.(?P<domain>signin\.[a-z0-9.-]+)", rule[0]))
    }
    (domain,) = found
    return domain


def _endpoints(rules: list[Any], above: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield the URL of each endpoint with all its conditions, as text."""
    for rule in rules:
        conditions = above + rule["conditions"]
        if "rules" in rule:
            yield from _endpoints(rule["rules"], conditions)
        elif rule["type"] == "endpoint" and isinstance(rule["endpoint"]["url"], str):
            yield rule["endpoint"]["url"], repr(conditions)


def main() -> None:
    """Write the table."""
    TABLE.write_text(json.dumps(table(f"{datetime.now(UTC):%Y-%m-%d}"), indent=1) + "\n")


if __name__ == "__main__":
    main()
