"""What `access` says of the program's stacks in each partition."""

from __future__ import annotations

from pathlib import Path

import pytest
from delegation_pack.facts import PARTITIONS

from tests.access.conftest import Run
from tests.access.state_builder import FROM_OFFICE, SECURITY, TARGET, StateBuilder, document, grant, trust
from tests.documents import MFA

EACH = pytest.mark.parametrize("partition", PARTITIONS)


def plan(partition: str, region: str | None = None) -> StateBuilder:
    """A stack before its first deployment: nothing has an ARN, only the provider tells the partition."""
    user, role = f"arn:{partition}:iam::{SECURITY}:user/alice", f"arn:{partition}:iam::{TARGET}:role/ACCESS"
    builder = StateBuilder(region=PARTITIONS[partition].regions[0] if region is None else region)
    builder.add("aws:iam/user:User", "alice", {"name": "alice", "path": "/"}, SECURITY)
    builder.add("aws:iam/group:Group", "Admins", {"name": "Admins", "path": "/"}, SECURITY)
    builder.add("aws:iam/groupMembership:GroupMembership", "members", {"group": "Admins", "users": ["alice"]}, SECURITY)
    inline = {"group": "Admins", "name": "grant", "policy": document(grant(role, MFA | FROM_OFFICE))}
    builder.add("aws:iam/groupPolicy:GroupPolicy", "grant", inline, SECURITY)
    trusting = {"name": "ACCESS", "path": "/", "assumeRolePolicy": document(trust(user, MFA))}
    return builder.add("aws:iam/role:Role", "ACCESS", trusting, TARGET)


@EACH
def test_arns_are_of_the_providers_partition(run: Run, tmp_path: Path, partition: str) -> None:
    state = plan(partition).write(tmp_path)
    out = run("setup", "alice", "--state", state).stdout
    assert f"role_arn = arn:{partition}:iam::{TARGET}:role/ACCESS" in out
    assert f"mfa_serial = arn:{partition}:iam::{SECURITY}:mfa/<your-device>" in out
    assert {text.split(":")[0] for text in out.split("arn:")[1:]} == {partition}


@EACH
def test_the_console_is_that_of_the_partition_or_said_to_be_missing(run: Run, tmp_path: Path, partition: str) -> None:
    out = run("setup", "alice", "--state", plan(partition).write(tmp_path)).stdout
    host = PARTITIONS[partition].sign_in_domain
    assert host in out
    assert ("signin.aws.amazon.com" in out) is (partition == "aws")
    if partition in ("aws", "aws-cn", "aws-us-gov"):
        assert f"https://{host}/switchrole?account={TARGET}" in out
        assert f"https://{SECURITY}.{host}/console" in out
    else:
        assert f"AWS publishes no switch-role link for partition {partition}" in out
        assert f"AWS publishes no sign-in page of one account in partition {partition}" in out
        assert "/switchrole" not in out


def test_a_provider_without_region_places_nothing(run: Run, tmp_path: Path) -> None:
    result = run("matrix", "--state", plan("aws", region="").write(tmp_path))
    assert result.exit_code == 2
    assert "not both allowedAccountIds and a region" in result.stderr


def test_a_partition_that_is_not_in_the_table_is_said(run: Run, tmp_path: Path) -> None:
    builder = plan("aws").add(
        "aws:iam/role:Role", "X", {"name": "X", "arn": f"arn:aws-moon:iam::{TARGET}:role/X"}, TARGET
    )
    result = run("matrix", "--state", builder.write(tmp_path))
    assert result.exit_code == 2
    assert "in partition aws-moon, of which nothing is known here" in result.stderr
