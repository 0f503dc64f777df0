"""The stacks in the European Sovereign Cloud, on the real engine with the pack: all follows from the region."""

from __future__ import annotations

import json

import pytest

from sandbox import inventory
from tests.e2e.stacks import ACCOUNTS, Stacks

REGION, PARTITION = "eusc-de-east-1", "aws-eusc"
READ_ONLY = f"arn:{PARTITION}:iam::aws:policy/ReadOnlyAccess"


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What the updates printed, by stack."""
    return {}


@pytest.fixture(scope="module")
def sovereign(stacks: Stacks, said: dict[str, str]) -> Stacks:
    """Two stacks, deployed in the region that Pulumi.yaml names for all."""
    stacks.share(region=REGION)
    for stack in ("security", "preprod"):
        said[stack] = stacks.update(stack).output
    return stacks


def look(stacks: Stacks, stack: str) -> inventory.Account:
    account_id = ACCOUNTS[stack]
    return inventory.read(account_id, stacks.workspace.accounts.iam(account_id, REGION))


def test_users_group_and_grant_stand_in_the_partition(sovereign: Stacks) -> None:
    account = look(sovereign, "security")
    (group,) = account.groups
    assert account.users == tuple(
        f"arn:{PARTITION}:iam::{ACCOUNTS['security']}:user/{name}" for name in ("alice", "bob")
    )
    (grant,) = group.inline.values()
    assert grant["Statement"][0]["Resource"] == f"arn:{PARTITION}:iam::{ACCOUNTS['preprod']}:role/TSU-IAM-ACCESS"


def test_the_role_and_its_policies_are_of_the_partition(sovereign: Stacks) -> None:
    (role,) = look(sovereign, "preprod").roles
    assert role.arn == f"arn:{PARTITION}:iam::{ACCOUNTS['preprod']}:role/TSU-IAM-ACCESS"
    assert role.attached == (READ_ONLY,)
    management = role.inline["role-management"]
    bounded = next(one for one in management["Statement"] if one["Sid"] == "ManageBoundedRoles")
    assert bounded["Condition"]["StringEquals"] == {"iam:PermissionsBoundary": READ_ONLY}


def test_what_the_console_lacks_is_said(sovereign: Stacks, said: dict[str, str]) -> None:
    assert f"AWS publishes no switch-role link for partition {PARTITION}" in said["preprod"]
    outputs = json.loads(sovereign.workspace.run("stack", "output", "--json", "--stack", "preprod").check().stdout)
    assert not any(outputs["switchRoleLinks"].values())


def test_the_commercial_partition_stays_empty(sovereign: Stacks) -> None:
    assert sovereign.account("preprod").roles == ()
