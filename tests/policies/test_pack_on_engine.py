"""The pack under the real engine: on the program's own stacks, on a bare state, and from a copy of its folder."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from delegation_pack.rules import RULES
from delegation_pack.sdk import initial_config

from sandbox.workspace import Workspace
from tests.documents import allow, document
from tests.policies.analyzing import PACK, analyze, mandatory
from tests.policies.documents_under_test import GRANT, attachment, group_policy, managed, role, trust
from tests.policies.running import SECURITY, UNKNOWN, Made
from tests.workspaces import initialize, open_workspace


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with open_workspace() as opened:
        yield opened


def state_of(*made: Made) -> dict[str, Any]:
    """Return an exported state that holds these resources, each account with its provider."""
    providers: dict[str, dict[str, Any]] = {}
    resources = []
    for one in made:
        urn = f"urn:pulumi:stack::project::pulumi:providers:aws::{one.account}"
        properties = {"allowedAccountIds": json.dumps([one.account]), "region": "us-east-1"}
        providers[urn] = {
            "urn": urn,
            "custom": True,
            "id": f"id-{one.account}",
            "type": "pulumi:providers:aws",
            "inputs": properties,
            "outputs": properties,
        }
        resources.append(
            {
                "urn": one.urn,
                "custom": True,
                "id": one.name,
                "type": one.type,
                "inputs": one.inputs,
                "outputs": one.inputs,
                "provider": f"{urn}::id-{one.account}",
            }
        )
    return {"version": 3, "deployment": {"manifest": {}, "resources": [*providers.values(), *resources]}}


def config_of(workspace: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((workspace.root / PACK / "config" / "preprod.json").read_text())
    return found


def test_a_preview_prints_a_used_exemption_as_advisory(workspace: Workspace, tmp_path: Path) -> None:
    initialize(workspace, "preprod")
    config = config_of(workspace)
    project = workspace.root / "Pulumi.yaml"
    before = project.read_text()
    assert before.count("roleManagement: {}") == 1
    project.write_text(before.replace("roleManagement: {}", "roleManagement: {mfa: false}"))
    pack = ("--stack", "preprod", "--policy-pack", str(PACK), "--policy-pack-config")
    refused = workspace.run("preview", *pack, str(_written(tmp_path / "plain.json", config)))
    assert refused.returncode != 0
    assert "iam-role-management-requires-mfa" in refused.output
    exempt = [
        {
            "resource": "access-TSU-IAM-ACCESS-role-management",
            "reason": "plain mfa_serial sessions",
            "until": "2999-12-31",
        }
    ]
    config["iam-role-management-requires-mfa"] = {"exempt": exempt}
    passed = workspace.run("preview", *pack, str(_written(tmp_path / "exempt.json", config))).check()
    assert re.search(
        r"\[advisory\] .*delegation-exemptions-used  \(aws:iam:RolePolicy: access-TSU-IAM-ACCESS-role-management\)",
        passed.output,
    )
    assert "for: plain mfa_serial sessions" in passed.output
    project.write_text(before)


def _written(file: Path, content: Any) -> Path:
    file.write_text(json.dumps(content))
    return file


def test_a_copy_of_its_folder_alone_judges_a_state_without_the_program(workspace: Workspace, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(workspace.root / PACK, pack, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    safe = [role(), group_policy(GRANT)]
    open_ = [
        role(trust("*", {}), name="open-role", account="333333333333"),
        group_policy(document(allow("*")), name="open-grant", group="others"),
    ]
    found = analyze(workspace, tmp_path, state_of(*safe, *open_), config_of(workspace), pack)
    refused = [one for one in found if one["enforcementLevel"] == "mandatory"]
    assert {one["resourceUrn"] for one in refused} == {one.urn for one in open_}
    assert mandatory(found) >= {
        "iam-trust-requires-mfa",
        "iam-trust-names-users-only",
        "iam-assume-role-requires-mfa",
        "iam-assume-role-requires-source-ip",
        "iam-assume-role-names-roles",
    }


UNKNOWN_DOCUMENTS = {
    "trust": role(UNKNOWN),
    "grant": group_policy(UNKNOWN),
    "managed": managed(UNKNOWN),
    "attachment": attachment(UNKNOWN, to="group", account=SECURITY),
    "inline-policies": role(inlinePolicies=UNKNOWN),
}


@pytest.fixture(scope="module")
def of_unknown(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What is said of all unknown documents, each a resource of its own."""
    made = [replace(one, name=name) for name, one in UNKNOWN_DOCUMENTS.items()]
    return analyze(workspace, tmp_path_factory.mktemp("unknown"), state_of(*made), config_of(workspace))


@pytest.mark.parametrize("name", UNKNOWN_DOCUMENTS)
def test_what_is_unknown_is_refused(of_unknown: list[dict[str, Any]], name: str) -> None:
    found = [one for one in of_unknown if one["resourceUrn"].endswith(f"::{name}")]
    assert any("cannot be verified" in one["message"] for one in found if one["enforcementLevel"] == "mandatory")


def test_the_engine_gives_up_no_policy_for_what_is_unknown(of_unknown: list[dict[str, Any]]) -> None:
    assert not any("can't run policy" in one["message"] for one in of_unknown)


def test_a_faulty_exemption_is_refused_where_it_is_for_nothing(workspace: Workspace, tmp_path: Path) -> None:
    config = config_of(workspace) | {"iam-trust-requires-mfa": {"exempt": [{"resource": "nothing"}]}}
    state = state_of(role())
    root = {"urn": "urn:pulumi:stack::project::pulumi:pulumi:Stack::project-stack", "type": "pulumi:pulumi:Stack"}
    state["deployment"]["resources"].insert(0, {**root, "custom": False})
    found = analyze(workspace, tmp_path, state, config)
    assert [one["message"].splitlines()[-1] for one in found if one["enforcementLevel"] == "mandatory"] == [
        "Exemption 1 does not count: it has no reason."
    ]


BUCKET = Made(type="aws:s3/bucket:Bucket", name="logs", inputs={"bucket": "logs"})
TYPES = "delegation-types-are-judged"


def test_a_stack_s_file_overrides_what_all_share_property_by_property(workspace: Workspace, tmp_path: Path) -> None:
    default = workspace.root / PACK / "config" / "default.json"
    before = default.read_text()
    shared = {"all": {"securityAccountId": "999999999999"}, TYPES: {"otherTypes": "refuse", "allowedTypes": []}}
    default.write_text(json.dumps(shared))
    try:
        state = state_of(role(), BUCKET)
        of_default = analyze(workspace, tmp_path, state, {})
        # Of the same property the stack's value counts, the other one stays; the level stays that of the policy.
        changed = {
            "iam-trust-names-users-only": {"securityAccountId": SECURITY},
            TYPES: {"allowedTypes": [role().type, "pulumi:providers:aws"]},
        }
        of_stack = analyze(workspace, tmp_path, state, changed)
    finally:
        default.write_text(before)
    assert mandatory(of_default) == {"iam-trust-names-users-only", TYPES}
    assert [one["resourceUrn"] for one in of_stack if one["enforcementLevel"] == "mandatory"] == [BUCKET.urn]
    assert mandatory(of_stack) == {TYPES}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "^Expecting property name"),
        ('{"iam-trust": {}}', "^iam-trust: no such policy"),
        ('{"all": {"securityAccount": "1"}}', "^all: no such policy, or not an object of its properties$"),
    ],
)
def test_a_faulty_shared_configuration_ends_the_pack(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "default.json").write_text(content)
    with pytest.raises(ValueError, match=says):
        initial_config(RULES, tmp_path / "default.json")


def test_a_pack_that_ends_judges_nothing_and_says_so(workspace: Workspace, tmp_path: Path) -> None:
    default = workspace.root / PACK / "config" / "default.json"
    before = default.read_text()
    default.write_text('{"iam-trust": {}}')
    try:
        (tmp_path / "state.json").write_text(json.dumps(state_of(role())))
        arguments = ("--file", str(tmp_path / "state.json"), "--policy-pack", str(PACK))
        result = workspace.run("policy", "analyze", *arguments)
    finally:
        default.write_text(before)
    assert result.returncode != 0
    assert "ValueError" in result.output
