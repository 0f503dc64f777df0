"""The program run whole, for each kind of stack."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.recording import PROVIDER, RunPulumi

SECURITY = {
    "delegation:securityAccountId": "111111111111",
    "delegation:admins": ["alice", "bob"],
    "delegation:groupName": "IT-Admins",
    "delegation:roleName": "TSU-IAM-ACCESS",
}
PREPROD = SECURITY | {"delegation:targetAccountId": "222222222222", "delegation:staticIps": ["203.0.113.10"]}
NO_GROUP = "NoSuchEntity: The group with name IT-Admins cannot be found"
MEMBERS = ["arn:aws:iam::111111111111:user/alice", "arn:aws:iam::111111111111:user/bob"]


def test_security_stack_makes_the_admin_group_in_one_account(run_program: RunPulumi) -> None:
    recorded = run_program(stack="security", config=SECURITY, members=NO_GROUP)
    assert [provider.inputs["allowedAccountIds"] for provider in recorded.of(PROVIDER)] == ['["111111111111"]']
    assert [component.name for component in recorded.of("delegation:iam:AdminGroup")] == ["admins"]
    assert recorded.of("delegation:iam:CrossAccountAccess") == []


def test_security_stack_binds_lasting_credentials_to_its_static_ips(run_program: RunPulumi) -> None:
    config = SECURITY | {"delegation:staticIps": ["203.0.113.10"]}
    recorded = run_program(stack="security", config=config, members=NO_GROUP)
    last = recorded.one("aws:iam/policy:Policy").document()["Statement"][-1]
    assert last["Condition"] == {"NotIpAddress": {"aws:SourceIp": ["203.0.113.10/32"]}}


def test_target_stack_makes_the_access_between_two_accounts(run_program: RunPulumi) -> None:
    recorded = run_program(stack="preprod", config=PREPROD, members=MEMBERS)
    assert {provider.name: provider.inputs["allowedAccountIds"] for provider in recorded.of(PROVIDER)} == {
        "security": '["111111111111"]',
        "preprod": '["222222222222"]',
    }
    assert [component.name for component in recorded.of("delegation:iam:CrossAccountAccess")] == ["access"]
    assert recorded.of("aws:iam/user:User") == []


@pytest.mark.parametrize(
    ("stack", "config"),
    [pytest.param("security", SECURITY, id="security"), pytest.param("preprod", PREPROD, id="target")],
)
def test_every_resource_has_an_explicit_provider(run_program: RunPulumi, stack: str, config: dict[str, Any]) -> None:
    recorded = run_program(stack=stack, config=config, members=MEMBERS)
    assert [r.name for r in recorded.resources if r.type.startswith("aws:") and not r.provider] == []


def test_security_stack_exports_the_group(run_program: RunPulumi) -> None:
    outputs = run_program(stack="security", config=SECURITY, members=NO_GROUP).outputs
    assert outputs["groupName"] == "IT-Admins"
    assert outputs["admins"] == MEMBERS


def test_target_stack_exports_what_people_need_to_get_in(run_program: RunPulumi) -> None:
    outputs = run_program(stack="preprod", config=PREPROD, members=MEMBERS).outputs
    assert set(outputs) == {
        "cliProfiles",
        "documentSizes",
        "grantsThatFit",
        "roleArn",
        "roleName",
        "switchRoleLink",
        "trustedUsers",
    }
    assert outputs["trustedUsers"] == MEMBERS
    assert outputs["documentSizes"]["trust"]["limit"] == 2048
    assert 18 <= outputs["grantsThatFit"] <= 25


def test_production_is_protected(run_program: RunPulumi) -> None:
    recorded = run_program(stack="production", config=PREPROD, members=MEMBERS)
    assert [resource.name for resource in recorded.resources if resource.protect] == ["access-role"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        pytest.param({}, "securityAccountId", id="settings"),
        pytest.param(PREPROD | {"delegation:admins": [f"somebody{n}" for n in range(60)]}, "L-C07B4B0D", id="quota"),
    ],
)
def test_a_refusal_is_one_error_and_no_registration(
    run_program: RunPulumi, config: dict[str, Any], message: str
) -> None:
    recorded = run_program(config=config)
    (error,) = recorded.said("ERROR")
    assert message in error
    assert [resource.name for resource in recorded.resources if resource.account] == []
    assert recorded.exit_code == 32


def test_an_admin_outside_the_live_group_stops_an_update(run_program: RunPulumi) -> None:
    recorded = run_program(stack="preprod", config=PREPROD, members=MEMBERS[:1])
    (error,) = recorded.said("ERROR")
    assert error.startswith(f"Not in group IT-Admins of the Security account: {MEMBERS[1]}. ")
    assert recorded.exit_code == 32
