"""The three stacks in each partition: the program under mocks, then the pack's rules on what it registered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from delegation_pack.facts import PARTITIONS
from delegation_pack.rules import RULES
from delegation_pack.sdk import initial_config

from tests.policies.running import Made, judge, refused
from tests.unit.recording import PROVIDER, Recorded, RunPulumi

CONFIG = Path(__file__).parents[2] / "policypacks" / "delegation" / "config"
SECURITY, TARGET, NETWORK = "111111111111", "222222222222", "203.0.113.10/32"
NO_GROUP = "NoSuchEntity: The group with name IT-Admins cannot be found"
ADDRESS_RULES = ("iam-assume-role-requires-source-ip", "iam-role-management-requires-source-ip")
STACKS = ("security", "preprod", "production")
EACH = pytest.mark.parametrize("partition", PARTITIONS)


def deployed(run_program: RunPulumi, stack: str, partition: str, **config: Any) -> Recorded:
    """Run the program for a stack whose region is the partition's first."""
    target = {} if stack == "security" else {"targetAccountId": TARGET}
    values = {
        "securityAccountId": SECURITY,
        "groups": {"IT-Admins": ["alice", "bob"]},
        "roles": {"TSU-IAM-ACCESS": {"groups": ["IT-Admins"], "roleManagement": {}}},
        "staticIps": [NETWORK],
        **target,
        **config,
    }
    members = [f"arn:{partition}:iam::{SECURITY}:user/{name}" for name in ("alice", "bob")]
    recorded = run_program(
        stack=stack,
        config={f"delegation:{key}": value for key, value in values.items()}
        | {"delegation:region": PARTITIONS[partition].regions[0]},
        members=NO_GROUP if stack == "security" else members,
    )
    assert recorded.said("ERROR") == []
    return recorded


def as_judged(recorded: Recorded, *left_out: str) -> list[Made]:
    """Return the AWS resources as an engine shows them to the pack, but for those named `left_out`."""
    providers = {provider.name: provider.inputs for provider in recorded.of(PROVIDER)}
    return [
        Made(type=one.type, name=one.name, inputs=one.inputs, provider=providers[one.account])
        for one in recorded.resources
        if one.type.startswith("aws:") and one.name not in left_out
    ]


def configuration(stack: str, mode: str = "grant") -> dict[str, Mapping[str, Any]]:
    """Return the pack's own configuration for the stack, over what all stacks share, in a mode."""
    own = json.loads((CONFIG / f"{stack}.json").read_text())
    config: dict[str, Any] = initial_config(RULES, CONFIG / "default.json")
    for name, values in own.items():
        config[name] = config.get(name, {}) | values
    return config | {name: config[name] | {"mode": mode} for name in ADDRESS_RULES}


@EACH
@pytest.mark.parametrize("stack", STACKS)
def test_the_pack_passes_the_programs_own_stacks(run_program: RunPulumi, stack: str, partition: str) -> None:
    made = as_judged(deployed(run_program, stack, partition))
    assert len(made) > 5
    assert refused(*made, config=configuration(stack)) == []


@EACH
def test_the_pack_passes_packed_grants_on_declared_targets_only(run_program: RunPulumi, partition: str) -> None:
    targets = {"preprod": TARGET, "production": "333333333333"}
    recorded = deployed(run_program, "security", partition, grants="packed", targets=targets)
    config = configuration("security")
    assert refused(*as_judged(recorded), config=config) == []
    fewer = {**config["iam-assume-role-names-roles"], "targetAccounts": [TARGET]}
    (violation,) = refused(*as_judged(recorded), config={**config, "iam-assume-role-names-roles": fewer})
    assert f"arn:{partition}:iam::333333333333:role/TSU-IAM-ACCESS" in violation.message


@EACH
def test_mode_both_asks_for_the_deny_in_the_role(run_program: RunPulumi, partition: str) -> None:
    recorded = deployed(run_program, "preprod", partition, staticIpAt="both")
    config = configuration("preprod", "both")
    assert refused(*as_judged(recorded), config=config) == []
    without = as_judged(recorded, "access-TSU-IAM-ACCESS-session-addresses")
    assert len(without) == len(as_judged(recorded)) - 1
    assert judge(*without, config=config, of=["iam-assume-role-requires-source-ip"])


@EACH
def test_a_trust_without_mfa_is_refused(run_program: RunPulumi, partition: str) -> None:
    made = as_judged(deployed(run_program, "preprod", partition))
    (role,) = (one for one in made if one.type == "aws:iam/role:Role")
    trust = json.loads(role.inputs["assumeRolePolicy"])
    del trust["Statement"][0]["Condition"]
    open_role = Made(
        type=role.type,
        name=role.name,
        inputs={**role.inputs, "assumeRolePolicy": json.dumps(trust)},
        provider=role.provider,
    )
    others = (one for one in made if one is not role)
    assert judge(open_role, *others, config=configuration("preprod"), of=["iam-trust-requires-mfa"])


@EACH
def test_no_arn_of_another_partition_is_written(run_program: RunPulumi, partition: str) -> None:
    for stack in STACKS:
        recorded = deployed(run_program, stack, partition, staticIpAt="both")
        texts = json.dumps(
            [[one.inputs for one in recorded.resources if one.type.startswith("aws:")], recorded.outputs]
        )
        written = {text.split(":")[0] for text in texts.split("arn:")[1:]} - {"of"}
        assert written == {partition}
