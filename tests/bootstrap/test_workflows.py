"""The workflows' posture, and the script that gives a job its AWS profiles."""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from delegation_pack.facts import PARTITIONS

from operations import preview_summary

TOP = Path(__file__).parents[2]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (TOP / ".github/workflows").glob("*.yml")}
JOBS = [
    pytest.param(workflow, job, id=f"{workflow}-{name}")
    for workflow, content in WORKFLOWS.items()
    for name, job in content["jobs"].items()
]
ALL_STEPS: dict[str, dict[str, Any]] = {
    f"{workflow}-{name}-{number}": step
    for workflow, content in WORKFLOWS.items()
    for name, job in content["jobs"].items()
    for number, step in enumerate(job.get("steps", ()))
}
STEPS = [pytest.param(step, id=name) for name, step in ALL_STEPS.items()]
SCRIPTS = [pytest.param(step, id=name) for name, step in ALL_STEPS.items() if "run" in step]
# YAML 1.1 reads the key `on` as a boolean.
TRIGGERS = {workflow: set(content[True]) for workflow, content in WORKFLOWS.items()}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_has_no_permission_of_its_own(workflow: str) -> None:
    assert WORKFLOWS[workflow]["permissions"] == {}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_no_workflow_gives_a_pull_request_the_base_branchs_rights(workflow: str) -> None:
    assert TRIGGERS[workflow].isdisjoint({"pull_request_target", "workflow_run", "issue_comment"})


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_a_job_that_runs_the_repositorys_code_writes_nothing_to_github(workflow: str, job: dict[str, Any]) -> None:
    writes = {name for name, level in job["permissions"].items() if level == "write"} - {"id-token"}
    checks_out = any("actions/checkout@" in step.get("uses", "") for step in job.get("steps", ()))
    assert not (writes and checks_out), workflow


@pytest.mark.parametrize("step", STEPS)
def test_actions_are_pinned_by_commit(step: dict[str, Any]) -> None:
    assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step.get("uses", "any/action@" + 40 * "0"))


def test_checkouts_leave_no_token_behind() -> None:
    checkouts = [step for step in ALL_STEPS.values() if "actions/checkout@" in step.get("uses", "")]
    assert len(checkouts) >= len(WORKFLOWS)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("step", SCRIPTS)
def test_scripts_take_values_from_the_environment_only(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]


@pytest.mark.parametrize("step", SCRIPTS)
def test_scripts_are_well_formed(step: dict[str, Any]) -> None:
    subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)


def test_the_deploy_role_is_taken_in_an_environment_only() -> None:
    takers = [
        job
        for content in WORKFLOWS.values()
        for job in content["jobs"].values()
        if any("delegation-deploy" in step.get("run", "") for step in job.get("steps", ()))
    ]
    assert [job["environment"] for job in takers] == ["${{ inputs.stack }}"]


def test_security_is_deployed_first_then_those_that_go_first_then_the_rest() -> None:
    jobs = WORKFLOWS["deploy"]["jobs"]
    deploying = {name: job for name, job in jobs.items() if "deploy-stack.yml" in job.get("uses", "")}
    assert {name: job["needs"] for name, job in deploying.items()} == {
        "security": "stages",
        "first": ["stages", "security"],
        "rest": ["stages", "security", "first"],
    }
    assert deploying["security"]["with"] == {"stack": "security"}
    for name in ("first", "rest"):
        job = deploying[name]
        assert job["with"] == {"stack": "${{ matrix.stack }}"}
        assert job["strategy"]["matrix"] == {"stack": f"${{{{ fromJSON(needs.stages.outputs.{name}) }}}}"}
        assert job["strategy"]["max-parallel"] == 4
        # A matrix without an entry is an error, so the job does not begin then.
        assert f"needs.stages.outputs.{name} != '[]'" in job["if"]
    # A function of the status takes the place of "all that are needed succeeded".
    assert "!failure() && !cancelled() && needs.security.result == 'success'" in deploying["rest"]["if"]
    assert "fail" not in deploying["first"]["if"]
    assert "always" not in deploying["first"]["if"]


@pytest.mark.parametrize(
    ("workflow", "job", "first", "listed"),
    [
        ("deploy", "stages", "preprod, prod-*", 'first=["preprod", "prod-de"]\nrest=["staging"]\n'),
        ("deploy", "stages", "security", 'first=[]\nrest=["preprod", "prod-de", "staging"]\n'),
        ("drift", "stacks", "", 'all=["preprod", "prod-de", "security", "staging"]\n'),
    ],
)
def test_workflows_list_the_stacks_from_their_files(
    tmp_path: Path, workflow: str, job: str, first: str, listed: str
) -> None:
    (step,) = (step for step in WORKFLOWS[workflow]["jobs"][job]["steps"] if "run" in step)
    for stack in ("security", "preprod", "staging", "prod-de"):
        (tmp_path / f"Pulumi.{stack}.yaml").touch()

    def list_stacks() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=tmp_path,
            # -S: nothing is installed.
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TOP), "PYTHONSAFEPATH": "1", "FIRST": first}
            | {"GITHUB_OUTPUT": str(tmp_path / "output")},
            capture_output=True,
            text=True,
        )

    assert list_stacks().returncode == 0
    assert listed in (tmp_path / "output").read_text()
    (tmp_path / "Pulumi.$(id).yaml").touch()
    refused = list_stacks()
    assert refused.returncode == 1
    assert "a stack's name has up to 40 lower-case letters" in refused.stderr


def test_states_are_exported_where_nothing_of_the_change_runs() -> None:
    for name, job in WORKFLOWS["preview"]["jobs"].items():
        exports = any("stack export" in step.get("run", "") for step in job["steps"])
        checkouts = [step["with"] for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
        assert exports == (name == "access")
        if exports:
            assert [one["ref"] for one in checkouts] == ["${{ github.event.pull_request.base.sha }}"]


def test_code_of_the_change_runs_only_after_everything_of_the_base_is_installed() -> None:
    steps = WORKFLOWS["preview"]["jobs"]["preview"]["steps"]
    runs = [step.get("run", "") for step in steps]
    of_the_change = [number for number, run in enumerate(runs) if "-C change" in run]
    assert [steps[number]["if"] for number in of_the_change] == ["needs.change.outputs.kind != 'configuration'"]
    assert runs.index("make -C base setup") < of_the_change[0]
    others = [job for name, job in WORKFLOWS["preview"]["jobs"].items() if name != "preview"]
    assert not any("-C change" in step.get("run", "") for job in others for step in job["steps"])


def test_a_change_of_configuration_is_previewed_by_the_base_branchs_program() -> None:
    job = WORKFLOWS["preview"]["jobs"]["preview"]
    assert job["env"]["PROGRAM"] == "${{ needs.change.outputs.kind == 'configuration' && '.' || '../change' }}"


MAKE_LINES = sorted(
    {line for step in ALL_STEPS.values() for line in re.findall(r"^\s*make (.+)$", step.get("run", ""), re.M)}
)


@pytest.mark.parametrize("line", MAKE_LINES)
def test_make_targets_and_variables_exist(line: str) -> None:
    makefile = (TOP / "Makefile").read_text()
    words = shlex.split(re.sub(r" 2>&1.*|-C \w+", "", line))
    assert words
    for word in words:
        name, is_variable, _ = word.partition("=")
        assert f"$({name})" in makefile if is_variable else re.search(rf"^{re.escape(name)}:", makefile, re.MULTILINE)


@pytest.fixture
def run_step(tmp_path: Path) -> Callable[[str, str, str], str]:
    """A function that runs a job's last step on one stack's report; returns its calls of `gh`, and what it posts."""

    def run(workflow: str, job: str, report: str) -> str:
        (tmp_path / "bin").mkdir()
        gh = tmp_path / "bin" / "gh"
        gh.write_text('#!/bin/sh\necho "gh $*" >> calls\ncase "$*" in *--jq*) echo "$FOUND";; esac\n')
        gh.chmod(0o755)
        folder = tmp_path / "reports" / report
        folder.mkdir(parents=True)
        (tmp_path / "reports" / "access").mkdir()
        (tmp_path / "reports" / "access" / "access.md").write_text("carol gains production\n")
        (folder / "preview.txt").write_text("~~~~\n@everyone <img src=x>\n```\n")
        if workflow == "preview":
            summary = "\n".join(preview_summary.page(preview_summary.previews(tmp_path / "reports")))
            (tmp_path / "reports" / "access" / "previews.md").write_text(summary)
        subprocess.run(
            ["bash", "-e", "-c", WORKFLOWS[workflow]["jobs"][job]["steps"][-1]["run"]],
            cwd=tmp_path,
            env={
                "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
                "FOUND": os.environ.get("FOUND", ""),
                "GITHUB_REPOSITORY": "your-org/delegation",
                "KIND": "code",
                "PULL_REQUEST": "7",
                "RESULT": "failure",
                "RUN": "https://example.org/run",
            },
            check=True,
        )
        return (tmp_path / "calls").read_text() + (tmp_path / "body.md").read_text()

    return run


@pytest.mark.parametrize(
    ("workflow", "job", "report", "found", "call"),
    [
        (
            "preview",
            "comment",
            "report-preprod",
            "",
            "--method POST repos/your-org/delegation/issues/7/comments",
        ),
        (
            "preview",
            "comment",
            "report-preprod",
            "99",
            "--method PATCH repos/your-org/delegation/issues/comments/99",
        ),
        ("drift", "issue", "drift-preprod", "", "gh issue create --title The accounts differ from main"),
        ("drift", "issue", "drift-preprod", "12", "gh issue comment 12"),
    ],
    ids=["first comment", "updated comment", "new issue", "open issue"],
)
def test_a_report_is_posted_once_and_stays_text(
    workflow: str,
    job: str,
    report: str,
    found: str,
    call: str,
    run_step: Callable[[str, str, str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOUND", found)
    written = run_step(workflow, job, report)
    assert call in written
    assert re.search("^####? preprod", written, re.MULTILINE)
    assert ("carol gains production" in written) == (workflow == "preview")
    # Two fences of ours and none of the report's own, which would end them.
    assert re.findall("^~~~.*", written, re.MULTILINE) == ["~~~~text", "~~~~"]


def test_the_owners_are_asked_for_all_but_what_runs_without_credentials() -> None:
    lines = [line.split() for line in (TOP / ".github/CODEOWNERS").read_text().splitlines()]
    patterns = {line[0]: line[1:] for line in lines if line and not line[0].startswith("#")}
    assert patterns.pop("*")
    assert patterns == {"/docs/": [], "/tests/": []}


@pytest.fixture
def script() -> Any:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("aws_profiles", TOP / ".github/scripts/aws_profiles.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token_endpoint: str
) -> Callable[..., configparser.ConfigParser]:
    """A function that runs the script on a stack file and returns the AWS configuration that it wrote."""
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", token_endpoint)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer")
    monkeypatch.setenv("GITHUB_RUN_ID", "42")

    def run(stack: str, config: dict[str, Any]) -> configparser.ConfigParser:
        stack_file = tmp_path / f"Pulumi.{stack}.yaml"
        stack_file.write_text(yaml.safe_dump({"config": {f"delegation:{key}": value for key, value in config.items()}}))
        arguments = ["--role", "delegation-preview", "--stack-file", str(stack_file), "--out", str(tmp_path / "aws")]
        monkeypatch.setattr(sys, "argv", ["aws_profiles.py", *arguments])
        script.main()
        parsed = configparser.ConfigParser()
        parsed.read(tmp_path / "aws" / "config")
        return parsed

    return run


def test_a_target_stack_gets_both_accounts(run: Callable[..., configparser.ConfigParser], tmp_path: Path) -> None:
    written = run("preprod", {"securityAccountId": "111111111111", "targetAccountId": "222222222222"})
    assert {name: section["role_arn"] for name, section in written.items() if name != "DEFAULT"} == {
        "profile delegation-security": "arn:aws:iam::111111111111:role/delegation-preview",
        "profile delegation-preprod": "arn:aws:iam::222222222222:role/delegation-preview",
    }
    section = written["profile delegation-preprod"]
    assert (section["region"], section["role_session_name"]) == ("us-east-1", "delegation-preview-42")
    token = Path(section["web_identity_token_file"])
    assert token.read_text() == "/token?api-version=2.0&audience=sts.amazonaws.com Bearer bearer"
    assert {stat.S_IMODE((tmp_path / "aws" / name).stat().st_mode) for name in ("token", "config")} == {0o600}


def test_the_security_stack_gets_one_account(run: Callable[..., configparser.ConfigParser]) -> None:
    assert run("security", {"securityAccountId": "111111111111"}).sections() == ["profile delegation-security"]


@pytest.mark.parametrize("partition", PARTITIONS)
def test_role_and_endpoint_are_of_the_regions_partition(
    run: Callable[..., configparser.ConfigParser],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    partition: str,
) -> None:
    for region in PARTITIONS[partition].regions:
        written = run("security", {"securityAccountId": "111111111111", "region": region})
        role = written["profile delegation-security"]["role_arn"]
        assert role == f"arn:{partition}:iam::111111111111:role/delegation-preview"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws" / "config"))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    sts = boto3.Session(profile_name="delegation-security").client("sts")
    assert sts.meta.endpoint_url == PARTITIONS[partition].sts_endpoint(PARTITIONS[partition].regions[-1])


@pytest.mark.parametrize(
    "declared",
    [
        {"region": {"type": "string", "default": "eusc-de-east-1"}},
        {"delegation:region": {"value": "eusc-de-east-1"}},
        {"delegation:region": "eusc-de-east-1"},
    ],
    ids=["default", "value", "plain"],
)
def test_what_the_project_file_says_for_all_stacks_counts(
    run: Callable[..., configparser.ConfigParser], tmp_path: Path, declared: dict[str, Any]
) -> None:
    shared = {**declared, "delegation:securityAccountId": {"value": "111111111111"}}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "delegation", "config": shared}))
    section = run("security", {})["profile delegation-security"]
    assert section["role_arn"] == "arn:aws-eusc:iam::111111111111:role/delegation-preview"
    assert section["region"] == "eusc-de-east-1"
    section = run("security", {"region": "cn-north-1"})["profile delegation-security"]
    assert section["role_arn"] == "arn:aws-cn:iam::111111111111:role/delegation-preview"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"targetAccountId": "222222222222"}, "delegation:securityAccountId is ''"),
        ({"securityAccountId": "111111111111"}, "delegation:targetAccountId is ''"),
        ({"securityAccountId": "1\n[profile x]", "targetAccountId": "222222222222"}, "12 digits"),
        ({"securityAccountId": 1402433619, "targetAccountId": "222222222222"}, "in quotes"),
        (
            {"securityAccountId": "111111111111", "targetAccountId": "222222222222", "region": "a\nb"},
            "no region of AWS",
        ),
    ],
    ids=["no security account", "no target account", "line break", "mangled number", "region"],
)
def test_a_stack_file_that_names_no_accounts_is_refused(
    config: dict[str, Any], message: str, run: Callable[..., configparser.ConfigParser]
) -> None:
    with pytest.raises(SystemExit, match=re.escape(message)):
        run("preprod", config)


def test_a_job_without_a_token_is_told_why(
    run: Callable[..., configparser.ConfigParser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL")
    with pytest.raises(SystemExit, match="id-token: write"):
        run("security", {"securityAccountId": "111111111111"})
