"""The program run whole, for each kind of stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from delegation_pack.facts.quotas import characters

from components import documents
from live_grants import LiveGrants
from tests.unit.recording import NO_GROUP, PROVIDER, Recorded, RunPulumi

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


def packed_policy(*arns: str, ips: str = "203.0.113.10/32") -> dict[str, Any]:
    """A packed policy as the program writes it."""
    return json.loads(documents.grant(dict.fromkeys(arns, documents.Terms(None, (ips,)))))  # type: ignore[no-any-return]


ROLE_ARN, OTHER_ARN = (f"arn:aws:iam::{account}:role/TSU-IAM-ACCESS" for account in ("222222222222", "333333333333"))
PACKING = {"delegation:grants": "packed", "delegation:targets": {"preprod": "222222222222"}}
PACKED_SECURITY = SECURITY | PACKING | {"delegation:staticIps": ["203.0.113.10"]}
PACKED_PREPROD = PREPROD | {"delegation:grants": "packed"}


def held(**documents_: dict[str, Any]) -> LiveGrants:
    """What group IT-Admins holds inline, by policy name."""
    return LiveGrants(group="IT-Admins", inline=documents_)


def packed(document: dict[str, Any], number: int = 1) -> LiveGrants:
    """What group IT-Admins holds in one packed policy."""
    return LiveGrants(group="IT-Admins", packed={number: document})


def fillers(characters_: int) -> LiveGrants:
    """Inline policies of other targets, of so many characters together."""
    document = {"Statement": "x" * (characters_ - len('{"Statement":""}'))}
    return LiveGrants(group="IT-Admins", inline={"assume-TSU-IAM-ACCESS-in-333333333333": document})


GRANT_SIZE = characters(packed_policy(ROLE_ARN))


def warnings(recorded: Recorded) -> list[str]:
    """What the program warned of besides the example's addresses."""
    return [warning for warning in recorded.said("WARNING") if "a range for documentation" not in warning]


@pytest.mark.parametrize("preview", [True, False])
def test_a_grant_that_the_live_group_has_no_room_for_is_refused_before_anything_is_made(
    run_program: RunPulumi, preview: bool
) -> None:
    grants = [fillers(5120 - GRANT_SIZE + 1)]
    recorded = run_program(config=PREPROD, members=MEMBERS, grants=grants, preview=preview)
    (error,) = recorded.said("ERROR")
    assert error == (
        "The grant assume-TSU-IAM-ACCESS-in-222222222222 does not fit on group IT-Admins: "
        f"its {GRANT_SIZE} characters and the {5120 - GRANT_SIZE + 1:,} of the group's other inline policies (1) "
        "are more than the 5,120 that IAM allows together. Set delegation:grants to packed, "
        "which holds about a thousand accounts (docs/operations.md#pack-the-grants)."
    )
    assert {resource.type for resource in recorded.resources} <= {"pulumi:pulumi:Stack", PROVIDER}
    assert recorded.exit_code == 32


@pytest.mark.parametrize(
    ("more", "warned"),
    [(0, "no more of its size fit on"), (1, "1 more of its size fits"), (2, "2 more of its size fit on"), (3, "")],
)
def test_a_group_that_is_almost_full_is_said_with_a_new_grant(run_program: RunPulumi, more: int, warned: str) -> None:
    recorded = run_program(config=PREPROD, members=MEMBERS, grants=[fillers(5120 - (more + 1) * GRANT_SIZE)])
    assert recorded.exit_code == 0
    assert [warned in said for said in warnings(recorded)] == ([True] if warned else [])


def test_a_grant_that_is_there_already_counts_once(run_program: RunPulumi) -> None:
    name = "assume-TSU-IAM-ACCESS-in-222222222222"
    live = LiveGrants(group="IT-Admins", inline={name: {"x": "y" * 5000}})
    recorded = run_program(config=PREPROD, members=MEMBERS, grants=[live])
    assert (recorded.exit_code, warnings(recorded)) == (0, [])


@pytest.mark.parametrize("preview", [True, False])
def test_a_group_whose_grants_cannot_be_read_is_a_warning(run_program: RunPulumi, preview: bool) -> None:
    recorded = run_program(config=PREPROD, members=MEMBERS, grants="AccessDenied", preview=preview)
    assert recorded.exit_code == 0
    (warning,) = warnings(recorded)
    assert warning.endswith("cannot be read: AccessDenied Whether one more grant fits is not known.")


def test_security_stack_makes_packed_grants_and_exports_their_sizes(run_program: RunPulumi) -> None:
    recorded = run_program(stack="security", config=PACKED_SECURITY, members=NO_GROUP)
    assert recorded.named("admins-IT-Admins-grants-1").document() == packed_policy(ROLE_ARN)
    assert recorded.outputs["packedGrants"]["IT-Admins-grants-1"]["limit"] == 6144


def test_packed_roles_stay_where_they_are(run_program: RunPulumi) -> None:
    targets = {"delegation:targets": {"a": "333333333333", "preprod": "222222222222"}}
    live = [packed(packed_policy(ROLE_ARN), number=3)]
    recorded = run_program(stack="security", config=PACKED_SECURITY | targets, members=MEMBERS, grants=live)
    assert recorded.named("admins-IT-Admins-grants-1").document() == packed_policy(OTHER_ARN)
    assert recorded.named("admins-IT-Admins-grants-3").document() == packed_policy(ROLE_ARN)


def test_a_target_with_packed_grants_makes_its_roles_alone(run_program: RunPulumi) -> None:
    live = [packed(packed_policy(OTHER_ARN, ROLE_ARN))]
    recorded = run_program(config=PACKED_PREPROD, members=MEMBERS, grants=live)
    assert (recorded.exit_code, warnings(recorded)) == (0, [])
    assert recorded.of("aws:iam/groupPolicy:GroupPolicy") == []
    assert recorded.outputs["grantsThatFit"] == {}


NOT_COVERED = [
    pytest.param([], "The packed grants of group IT-Admins do not cover", id="nothing-packed"),
    pytest.param([packed(packed_policy(OTHER_ARN))], f"do not cover {ROLE_ARN} as configured", id="another-account"),
    pytest.param(
        [packed(packed_policy(ROLE_ARN, ips="203.0.113.9/32"))], f"cover {ROLE_ARN} as configured", id="other-terms"
    ),
    pytest.param("AccessDenied", "cannot be read: AccessDenied", id="unreadable"),
]


@pytest.mark.parametrize(("grants", "said"), NOT_COVERED)
def test_a_target_waits_for_the_packed_grants_before_its_own_go(run_program: RunPulumi, grants: Any, said: str) -> None:
    up = run_program(config=PACKED_PREPROD, members=MEMBERS, grants=grants)
    assert up.exit_code == 32
    assert said in up.said("ERROR")[0]
    preview = run_program(config=PACKED_PREPROD, members=MEMBERS, grants=grants, preview=True)
    assert preview.exit_code == 0
    assert any(said in warning for warning in warnings(preview))


def test_packed_grants_stay_until_the_targets_have_made_their_own(run_program: RunPulumi) -> None:
    live = LiveGrants(
        group="IT-Admins", packed={1: packed_policy(ROLE_ARN, OTHER_ARN)}, inline={"a": packed_policy(ROLE_ARN)}
    )
    up = run_program(stack="security", config=SECURITY, members=MEMBERS, grants=[live])
    assert up.exit_code == 32
    assert up.said("ERROR")[0].startswith(
        f"Group IT-Admins would lose {OTHER_ARN}, which its packed grants alone name. "
    )
    preview = run_program(stack="security", config=SECURITY, members=MEMBERS, grants=[live], preview=True)
    assert preview.exit_code == 0
    assert any("would lose" in warning for warning in warnings(preview))


def test_packed_grants_go_when_each_role_has_its_own(run_program: RunPulumi) -> None:
    live = LiveGrants(group="IT-Admins", packed={1: packed_policy(ROLE_ARN)}, inline={"a": packed_policy(ROLE_ARN)})
    recorded = run_program(stack="security", config=SECURITY, members=MEMBERS, grants=[live])
    assert (recorded.exit_code, warnings(recorded)) == (0, [])
    assert "admins-IT-Admins-grants-1" not in {resource.name for resource in recorded.resources}


def test_an_account_that_goes_is_named(run_program: RunPulumi) -> None:
    live = [packed(packed_policy(ROLE_ARN, OTHER_ARN))]
    recorded = run_program(stack="security", config=PACKED_SECURITY, members=MEMBERS, grants=live)
    assert recorded.exit_code == 0
    assert warnings(recorded)[0].startswith(f"Group IT-Admins loses {OTHER_ARN}, which no other grant names. ")


def test_groups_that_cannot_be_read_stop_an_update_of_the_security_stack(run_program: RunPulumi) -> None:
    up = run_program(stack="security", config=PACKED_SECURITY, members=MEMBERS, grants="AccessDenied")
    assert up.exit_code == 32
    preview = run_program(
        stack="security", config=PACKED_SECURITY, members=MEMBERS, grants="AccessDenied", preview=True
    )
    assert preview.exit_code == 0
    assert any("AccessDenied" in warning for warning in warnings(preview))


def test_too_many_packed_grants_are_refused_before_aws_is_asked(run_program: RunPulumi) -> None:
    targets = {f"t{number}": f"{number:012}" for number in range(200000, 201300)}
    recorded = run_program(stack="security", config=PACKED_SECURITY | {"delegation:targets": targets}, members=MEMBERS)
    (error,) = recorded.said("ERROR")
    assert error.startswith("The packed grants of group IT-Admins on 1,300 roles: ")
    assert recorded.calls == []


def test_the_policy_pack_allows_exactly_the_types_that_the_stacks_use(run_program: RunPulumi) -> None:
    runs = [
        run_program(stack="security", config=SECURITY, members=NO_GROUP),
        run_program(stack="preprod", config=PREPROD | {"delegation:staticIpAt": "both"}, members=MEMBERS),
    ]
    used = {resource.type for recorded in runs for resource in recorded.resources} - {"pulumi:pulumi:Stack"}
    shared = json.loads((REPOSITORY / "policypacks" / "delegation" / "config" / "default.json").read_text())
    assert sorted(used) == shared["delegation-types-are-judged"]["allowedTypes"]
