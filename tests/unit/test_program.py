"""The program run whole, for each kind of stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.recording import NO_GROUP, PROVIDER, RunPulumi

REPOSITORY = Path(__file__).parents[2]
SECURITY = {
    "delegation:securityAccountId": "111111111111",
    "delegation:groups": {"IT-Admins": ["alice", "bob"]},
    "delegation:roles": {"TSU-IAM-ACCESS": {"groups": ["IT-Admins"], "roleManagement": {}}},
}
PREPROD = SECURITY | {"delegation:targetAccountId": "222222222222", "delegation:staticIps": ["203.0.113.10"]}
REVOKED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": ["*"],
                "Resource": ["*"],
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2025-11-25T10:00:00.000Z"}},
            }
        ],
    }
)
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
    assert set(outputs["groupArns"]) == {"IT-Admins"}
    assert outputs["users"] == MEMBERS


def test_target_stack_exports_what_people_need_to_get_in(run_program: RunPulumi) -> None:
    outputs = run_program(stack="preprod", config=PREPROD, members=MEMBERS).outputs
    assert set(outputs) == {
        "cliProfiles",
        "documentSizes",
        "grantsThatFit",
        "roleArns",
        "switchRoleLinks",
        "trustedUsers",
    }
    assert outputs["trustedUsers"] == {"TSU-IAM-ACCESS": MEMBERS}
    assert outputs["documentSizes"]["roles"]["TSU-IAM-ACCESS"]["trust"]["limit"] == 2048
    assert 18 <= outputs["grantsThatFit"]["IT-Admins"] <= 25


def test_production_is_protected(run_program: RunPulumi) -> None:
    recorded = run_program(stack="production", config=PREPROD, members=MEMBERS)
    assert [resource.name for resource in recorded.resources if resource.protect] == ["access-TSU-IAM-ACCESS"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        pytest.param({}, "securityAccountId", id="settings"),
        pytest.param(
            PREPROD | {"delegation:groups": {"IT-Admins": [f"somebody{n}" for n in range(60)]}},
            "L-C07B4B0D",
            id="trust-quota",
        ),
        pytest.param(
            PREPROD | {"delegation:staticIps": [f"8.8.{n}.8" for n in range(200)] + [f"9.9.{n}.9" for n in range(200)]},
            "delegation:staticIps",
            id="address-quotas",
        ),
    ],
)
def test_a_refusal_is_one_error_before_there_is_a_provider(
    run_program: RunPulumi, config: dict[str, Any], message: str
) -> None:
    recorded = run_program(config=config)
    (error,) = recorded.said("ERROR")
    assert message in error
    assert [resource.name for resource in recorded.resources if resource.type != "pulumi:pulumi:Stack"] == []
    assert recorded.calls == []
    assert recorded.exit_code == 32


@pytest.mark.parametrize(
    ("document", "configured", "kept", "warned"),
    [
        pytest.param(REVOKED, None, True, "those issued before 2025-11-25T10:00:00Z", id="nothing-configured"),
        pytest.param(REVOKED, "2025-11-25T09:59:59Z", True, "before 2025-11-25T10:00:00Z", id="configured-earlier"),
        pytest.param(REVOKED, "2025-11-25T10:00:00Z", False, "", id="configured-the-same"),
        pytest.param(REVOKED, "2025-11-25T10:00:01Z", False, "", id="configured-later"),
        pytest.param('{"Statement": []}', "2025-11-25T10:00:01Z", True, "a time that cannot be read", id="unreadable"),
    ],
)
def test_a_revocation_made_in_the_console_stays_until_the_configuration_has_a_later_one(
    run_program: RunPulumi, document: str, configured: str | None, kept: bool, warned: str
) -> None:
    config = PREPROD | ({"delegation:revokeSessionsBefore": configured} if configured else {})
    recorded = run_program(config=config, members=MEMBERS, revocations={"TSU-IAM-ACCESS": document})
    names = recorded.one("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive").inputs["policyNames"]
    own = ["role-management"] + ["revoked-sessions"] * bool(configured)
    assert names == own + ["AWSRevokeOlderSessions"] * kept
    said = [warning for warning in recorded.said("WARNING") if "revoked the sessions of role TSU-IAM-ACCESS" in warning]
    assert len(said) == kept
    assert warned in "".join(said)


def test_a_role_that_is_not_there_yet_has_no_revocation(run_program: RunPulumi) -> None:
    recorded = run_program(config=PREPROD, members=MEMBERS, revocations="NoSuchEntity: cannot be found")
    assert recorded.exit_code == 0
    assert "aws:iam/getRolePolicies:getRolePolicies TSU-IAM-ACCESS by preprod" in recorded.calls


def test_a_role_that_cannot_be_read_stops_an_update_and_warns_in_a_preview(run_program: RunPulumi) -> None:
    denied = "AccessDenied: not authorized to perform iam:ListRolePolicies"
    up = run_program(config=PREPROD, members=MEMBERS, revocations=denied)
    assert up.exit_code == 32
    assert up.said("ERROR")[0].startswith("Role TSU-IAM-ACCESS of the target account cannot be read: ")
    preview = run_program(config=PREPROD, members=MEMBERS, revocations=denied, preview=True)
    assert preview.exit_code == 0
    assert any("cannot be read" in warning for warning in preview.said("WARNING"))


def test_each_group_is_compared_with_its_own_members(run_program: RunPulumi) -> None:
    config = PREPROD | {
        "delegation:groups": {"IT-Admins": ["alice"], "Auditors": ["bob"]},
        "delegation:roles": {"R": {"groups": ["IT-Admins"]}, "S": {"groups": ["Auditors", "IT-Admins"]}},
    }
    recorded = run_program(config=config, members={"IT-Admins": MEMBERS[:1], "Auditors": []})
    assert recorded.said("ERROR")[0].startswith(f"Not in group Auditors of the Security account: {MEMBERS[1]}. ")


def test_an_admin_outside_the_live_group_stops_an_update(run_program: RunPulumi) -> None:
    recorded = run_program(stack="preprod", config=PREPROD, members=MEMBERS[:1])
    (error,) = recorded.said("ERROR")
    assert error.startswith(f"Not in group IT-Admins of the Security account: {MEMBERS[1]}. ")
    assert recorded.exit_code == 32


def test_the_policy_pack_allows_exactly_the_types_that_the_stacks_use(run_program: RunPulumi) -> None:
    runs = [
        run_program(stack="security", config=SECURITY, members=NO_GROUP),
        run_program(stack="preprod", config=PREPROD | {"delegation:staticIpAt": "both"}, members=MEMBERS),
    ]
    used = {resource.type for recorded in runs for resource in recorded.resources} - {"pulumi:pulumi:Stack"}
    shared = json.loads((REPOSITORY / "policypacks" / "delegation" / "config" / "default.json").read_text())
    assert sorted(used) == shared["delegation-types-are-judged"]["allowedTypes"]
