"""What preview.yml says about access, and how far it vouches for it: its own steps, on stacks that are deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.workspace import Workspace
from tests.bootstrap.pull_requests import PullRequest, check_out, commit
from tests.workspaces import initialize, open_workspace

STACKS = ("security", "preprod")
BY_THE_CODE = "**This preview was produced by the code under review**"
VERIFIED = "**Verified preview: success**"
CAROL_GAINS = "carol gains preprod through TSU-IAM-ACCESS"


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with open_workspace() as workspace:
        (workspace.root / "Pulumi.production.yaml").unlink()
        for stack in STACKS:
            initialize(workspace, stack)
            workspace.run("up", "--yes", "--skip-preview", "--stack", stack).check()
        yield workspace


@pytest.fixture
def job(workspace: Workspace, tmp_path: Path, token_endpoint: str) -> PullRequest:
    """The folder of a job that has checked out nothing yet."""
    (tmp_path / "bin").mkdir()
    gh = tmp_path / "bin/gh"
    gh.write_text("#!/bin/sh\n")
    gh.chmod(0o755)
    return PullRequest(
        folder=tmp_path,
        environment={
            **workspace.env,
            "PATH": f"{gh.parent}:{workspace.env['PATH']}",
            "ACTIONS_ID_TOKEN_REQUEST_URL": token_endpoint,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_REPOSITORY": "your-org/delegation",
            "GITHUB_RUN_ID": "42",
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "PULL_REQUEST": "7",
            "RUN": "https://example.org/run",
            "FAIL_ON_WEAKER": "",
        },
    )


@pytest.fixture
def pull_request(workspace: Workspace, job: PullRequest) -> PullRequest:
    """A pull request that makes carol an admin."""
    for checkout in (job.base, job.change):
        check_out(workspace.root, checkout)
    project = job.change / "Pulumi.yaml"
    project.write_text(project.read_text().replace("[alice, bob]", "[alice, bob, carol]"))
    return job


def run_all_jobs(pull_request: PullRequest) -> str:
    """Run the workflow's jobs one after the other, on one machine; return the comment."""
    commit(pull_request.change)
    pull_request.step("change", "kind").check_returncode()
    outputs = dict(line.split("=", 1) for line in (pull_request.folder / "output").read_text().splitlines())
    kind, stacks = outputs["kind"], json.loads(outputs["stacks"])
    assert sorted(stacks) == sorted(STACKS)
    verified = kind == "configuration"
    program = "." if verified else "../change"
    if verified:
        pull_request.step("preview", "Take the configuration").check_returncode()
    for stack in stacks:
        code, report = pull_request.preview(stack, program)
        assert code == 0, report
        done = pull_request.step("preview", "Plan", STACK=stack, PROGRAM=program)
        assert done.returncode == 0, done.stderr
        pull_request.step("preview", "Record how", OUTCOME="success").check_returncode()
        # What upload-artifact and download-artifact do with it.
        (pull_request.base / "reports").mkdir(exist_ok=True)
        (pull_request.folder / "report").rename(pull_request.base / f"reports/report-{stack}")
    for step in (
        "Export the states",
        "Sum up",
        "Compare who gets in where, and prove that nothing else is newly allowed",
    ):
        done = pull_request.step("access", step, cwd="base")
        assert done.returncode == 0, done.stderr
    (pull_request.base / "report").rename(pull_request.base / "reports/access")
    pull_request.step("comment", "Comment", cwd="base", KIND=kind, RESULT="success").check_returncode()
    marker, _, comment = (pull_request.base / "body.md").read_text().partition("\n")
    assert marker == "<!-- delegation preview -->"
    return comment


def test_a_change_of_configuration_alone_is_verified(pull_request: PullRequest) -> None:
    comment = run_all_jobs(pull_request)
    assert comment.startswith(VERIFIED)
    assert CAROL_GAINS in comment
    assert "### 2 previewed: 0 failed, 2 would change" in comment
    assert "#### preprod: 1 to update" in comment


def test_a_change_that_forges_its_evidence_is_not_verified(pull_request: PullRequest) -> None:
    # The program leaves carol out of previews, and writes a state that has nobody in it.
    main = pull_request.change / "__main__.py"
    forge = (
        "import json, pathlib, re, pulumi\n"
        "states = pathlib.Path(__file__).parent.parent / 'report/states'\n"
        "states.mkdir(parents=True, exist_ok=True)\n"
        "(states / (pulumi.get_stack() + '.json')).write_text(json.dumps({'deployment': {'resources': []}}))\n"
        "if pulumi.runtime.is_dry_run():\n"
        "    for key, value in pulumi.runtime.get_config_env().items():\n"
        "        pulumi.runtime.set_config(key, re.sub(', *\"carol\"', '', value))\n"
    )
    first = "from __future__ import annotations\n"
    assert first in main.read_text()
    main.write_text(main.read_text().replace(first, first + forge))
    comment = run_all_jobs(pull_request)
    assert comment.startswith(BY_THE_CODE)
    assert "erified" not in comment
    # What it forged is believed no further: the plan says so, and nobody else does.
    assert CAROL_GAINS not in comment
    forged = json.loads((pull_request.base / "reports/report-preprod/states/preprod.json").read_text())
    exported = json.loads((pull_request.base / "states/preprod.json").read_text())
    assert forged["deployment"]["resources"] == []
    assert "aws:iam/role:Role" in {one["type"] for one in exported["deployment"]["resources"]}


def test_code_beside_configuration_is_not_verified(pull_request: PullRequest) -> None:
    (pull_request.change / "Pulumi.json").write_text(
        json.dumps(yaml.safe_load((pull_request.change / "Pulumi.yaml").read_text()))
    )
    commit(pull_request.change)
    done = pull_request.step("change", "kind")
    assert (pull_request.folder / "output").read_text().startswith("kind=code\n")
    assert "'Pulumi.json' is no configuration of the program." in done.stderr


@pytest.mark.parametrize("kind", ["", "code", "Configuration", "configuration\n"])
def test_only_a_kind_that_is_known_is_verified(job: PullRequest, kind: str) -> None:
    (job.folder / "reports").mkdir()
    job.step("comment", "Comment", KIND=kind, RESULT="success").check_returncode()
    assert (job.folder / "body.md").read_text().splitlines()[1].startswith(BY_THE_CODE)
