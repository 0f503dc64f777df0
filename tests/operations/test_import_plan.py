"""`make import-plan`: what is found, said to change, and refused. The recipe itself is tested end to end."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from operations import import_plan, stack_files
from operations.errors import OperationError, exit_code
from sandbox.local_accounts import LocalAccounts
from sandbox.workspace import REPOSITORY
from tests.documents import MFA, document, trusting
from tests.sandbox.processes import PATIENCE, eventually

ROLE = "arn:aws:iam::222222222222:role/"


def state(kind: str, logical_name: str, provider: str, **inputs: Any) -> dict[str, Any]:
    """Return what a preview says of a resource that it would create."""
    urn = "urn:pulumi:preprod::delegation"
    return {
        "type": kind,
        "urn": f"{urn}::{kind}::{logical_name}",
        "provider": f"{urn}::pulumi:providers:aws::{provider}::id",
        "inputs": inputs,
    }


def trust(*principals: str, mfa: bool = True) -> str:
    return json.dumps(document(trusting(list(principals), **(MFA if mfa else {}))))


def planned_role(name: str) -> dict[str, Any]:
    return state(
        "aws:iam/role:Role",
        "access-role",
        "preprod",
        name=name,
        description="Access",
        assumeRolePolicy=trust("arn:aws:iam::111111111111:user/alice"),
        maxSessionDuration=3600.0,
        tags={},
    )


def find(repository: Path, accounts: LocalAccounts, *states: dict[str, Any]) -> import_plan.Found:
    clients = {"security": accounts.iam("111111111111"), "preprod": accounts.iam("222222222222")}
    return import_plan.find(stack_files.read_settings(repository, "preprod"), clients, states)


def changes(found: import_plan.Found) -> list[str]:
    return [change for existing in found.values() for change in existing.changes]


def test_what_does_not_exist_is_not_found(repository: Path, accounts: LocalAccounts) -> None:
    assert find(repository, accounts, planned_role("nobody-made-this")) == {}


def test_a_resource_is_looked_for_in_the_account_of_its_provider(repository: Path, accounts: LocalAccounts) -> None:
    accounts.iam("111111111111").create_role(RoleName="elsewhere", AssumeRolePolicyDocument=trust("*"))
    assert find(repository, accounts, planned_role("elsewhere")) == {}


def test_a_role_as_planned_is_found_without_a_change(repository: Path, accounts: LocalAccounts) -> None:
    accounts.iam("111111111111").create_user(UserName="alice")
    accounts.iam("222222222222").create_role(
        RoleName="as-planned",
        Description="Access",
        AssumeRolePolicyDocument=trust("arn:aws:iam::111111111111:user/alice"),
    )
    found = find(repository, accounts, planned_role("as-planned"))
    assert found["aws:iam/role:Role", "access-role"] == import_plan.Existing(what="Role as-planned", id="as-planned")


def test_everything_that_a_role_loses_is_said(repository: Path, accounts: LocalAccounts) -> None:
    accounts.iam("111111111111").create_user(UserName="carol")
    accounts.iam("222222222222").create_role(
        RoleName="other",
        Description="By hand",
        AssumeRolePolicyDocument=trust("arn:aws:iam::111111111111:user/carol", "111111111111", mfa=False),
        MaxSessionDuration=7200,
        PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess",
        Tags=[{"Key": "owner", "Value": "it"}],
    )
    assert changes(find(repository, accounts, planned_role("other"))) == [
        "loses the tags owner: put what must stay into delegation:tags",
        "gets the program's description",
        "gets the program's trust policy instead of its own",
        "no longer lets in 111111111111, arn:aws:iam::111111111111:user/carol",
        "has sessions of up to 3600 s instead of 7200 s",
        "loses its permissions boundary arn:aws:iam::aws:policy/ReadOnlyAccess",
    ]


def test_a_role_under_another_path_cannot_be_taken_over(repository: Path, accounts: LocalAccounts) -> None:
    accounts.iam("222222222222").create_role(RoleName="deep", Path="/it/", AssumeRolePolicyDocument=trust("*"))
    with pytest.raises(
        OperationError, match=r"Role deep exists under path /it/, .*give the role another name in delegation:roles\."
    ):
        find(repository, accounts, planned_role("deep"))


def test_a_user_under_another_path_is_told_how_to_keep_it(repository: Path, accounts: LocalAccounts) -> None:
    accounts.iam("111111111111").create_user(UserName="dora", Path="/it/")
    found = find(repository, accounts, state("aws:iam/user:User", "admins-dora", "security", name="dora", path="/"))
    assert changes(found) == [
        "moves from path /it/ to /, and with it its ARN: set delegation:userPath to /it/ to keep it"
    ]


def test_the_file_holds_what_exists_and_what_it_hangs_on(repository: Path, accounts: LocalAccounts) -> None:
    accounts.iam("111111111111").create_user(UserName="erin")
    found = find(repository, accounts, state("aws:iam/user:User", "admins-erin", "security", name="erin", path="/"))
    pulumis = {
        "nameTable": {"a": "b"},
        "resources": [
            {"type": "pulumi:providers:aws", "name": "security"},
            {"type": "delegation:iam:AdminGroup", "name": "admins", "component": True},
            {"type": "aws:iam/user:User", "name": "admins-erin", "id": "<PLACEHOLDER>", "parent": "admins"},
            {"type": "aws:iam/user:User", "name": "admins-fay", "id": "<PLACEHOLDER>", "parent": "admins"},
        ],
    }
    written = import_plan.import_file(pulumis, found)
    assert written["nameTable"] == {"a": "b"}
    assert [(entry["name"], entry.get("id")) for entry in written["resources"]] == [
        ("security", None),
        ("admins", None),
        ("admins-erin", "erin"),
    ]


def put_pulumi(folder: Path, body: str) -> Path:
    file = folder / "pulumi"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return folder


FAILED = json.dumps({"steps": [], "diagnostics": [{"severity": "error", "message": "error: no stack named 'preprod'"}]})


@pytest.mark.parametrize(
    ("pulumi", "message"),
    [
        pytest.param(None, "Pulumi is not installed", id="no-pulumi"),
        pytest.param(f"cat <<'E'\n{FAILED}\nE\nexit 1", "error: no stack named 'preprod'\n", id="json"),
        pytest.param("echo passphrase must be set >&2; exit 255", "passphrase must be set\n", id="text"),
        pytest.param("echo Installing policy pack", "run `pulumi preview --stack preprod --json`", id="no-plan"),
        pytest.param("echo '{}'", "run `pulumi preview --stack preprod --json`", id="other-json"),
    ],
)
@pytest.mark.usefixtures("accounts")
def test_a_preview_that_fails_is_shown(
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pulumi: str | None,
    message: str,
) -> None:
    folder = repository.parent
    monkeypatch.setenv("PATH", str(put_pulumi(folder, pulumi) if pulumi else folder), prepend=":" if pulumi else None)
    monkeypatch.setattr("sys.argv", ["import_plan", "--stack=preprod"])
    assert exit_code(import_plan.main) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (repository / "import-preprod.json").exists()


@pytest.mark.usefixtures("accounts")
def test_text_before_the_plan_is_passed_over(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = """echo '{"steps": [], "deployment": {}}'"""
    pulumi = f"echo 'Installing policy pack it/guard@1.2.0...'\n{answers}"
    monkeypatch.setenv("PATH", str(put_pulumi(repository.parent, pulumi)), prepend=":")
    monkeypatch.setattr("sys.argv", ["import_plan", "--stack=preprod"])
    assert exit_code(import_plan.main) == 0
    assert "Nothing that stack preprod would create exists" in capsys.readouterr().out


def test_ctrl_c_waits_until_pulumi_has_ended(tmp_path: Path) -> None:
    put_pulumi(tmp_path, "trap 'sleep 1; echo > ended; exit 1' INT\necho > started\nwhile :; do sleep 0.1; done")
    statement = "from operations import import_plan; from pathlib import Path; import_plan.preview(Path(), 'preprod')"
    command = subprocess.Popen(
        [sys.executable, "-c", statement],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert eventually((tmp_path / "started").exists)
    os.killpg(command.pid, signal.SIGINT)
    _, error = command.communicate(timeout=PATIENCE)
    assert b"KeyboardInterrupt" in error
    assert (tmp_path / "ended").exists()


@pytest.mark.parametrize(
    ("stack", "profiles", "message"),
    [
        pytest.param("", None, "Name a stack: make import-plan STACK=… with one of: preprod,", id="no-stack"),
        pytest.param("nowhere", None, "There is no Pulumi.nowhere.yaml; the stacks are: preprod,", id="unknown-stack"),
        pytest.param("preprod", "", "There is no AWS profile delegation-security: add it", id="no-profile"),
        pytest.param("preprod", "444444444444", "reaches account 444444444444, and the stack's is", id="other-account"),
    ],
)
def test_what_cannot_be_planned_is_one_sentence(
    repository: Path,
    accounts: LocalAccounts,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stack: str,
    profiles: str | None,
    message: str,
) -> None:
    if profiles is not None:
        text = accounts.config_file.read_text().replace("222222222222", profiles) if profiles else ""
        config = repository / "aws-config"
        config.write_text(text)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setattr("sys.argv", ["import_plan", f"--stack={stack}"])
    assert exit_code(import_plan.main) == 1
    assert message in capsys.readouterr().err


def test_after_a_killed_update_the_plan_names_the_command_that_forgets_what_is_unfinished() -> None:
    found = {("aws:iam/user:User", "admins-alice"): import_plan.Existing(what="User alice", id="alice")}
    forget = "  pulumi refresh --stack security --clear-pending-creates\n"
    told = import_plan.report("security", Path("import-security.json"), found, interrupted=True)
    assert "--generate-code=false --protect=false\n" + forget + "  make preview STACK=security\n" in told
    nothing = import_plan.report("security", Path("import-security.json"), {}, interrupted=True)
    assert nothing.startswith("Nothing that stack security would create exists. Next:\n" + forget)
    assert forget not in import_plan.report("security", Path("import-security.json"), found)


def test_what_a_killed_replacement_left_is_named_with_what_to_do(repository: Path, accounts: LocalAccounts) -> None:
    accounts.iam("222222222222").create_role(RoleName="left-behind", AssumeRolePolicyDocument=trust("*"))
    told = import_plan.in_the_way("preprod", find(repository, accounts, planned_role("left-behind")))
    assert "  Role left-behind\n" in told
    assert "remove it by hand" in told
    assert import_plan.in_the_way("preprod", {}) == ""
