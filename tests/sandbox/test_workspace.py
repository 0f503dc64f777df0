"""The throw-away copy: what it holds, which environment it gives, and that nothing of it stays behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path

import pytest

from sandbox import engine, workspace
from sandbox.errors import SandboxError
from sandbox.workspace import REPOSITORY, Workspace
from tests.sandbox.processes import ENDLESS, PATIENCE, eventually, inheritors, needs_proc
from tests.workspaces import forking_python, initialize

PROJECT = """
name: tiny
runtime:
  name: python
  options:
    virtualenv: .venv
"""

PACK = """
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: .venv
"""

PROGRAM = """
import pulumi
config = pulumi.Config("delegation")
pulumi.export("account", config.get("securityAccountId"))
exec(config.get("statement") or "")
"""

REFUSING_PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy
PolicyPack("pack", policies=[StackValidationPolicy(
    name="refuses", description="Refuses everything.", enforcement_level=EnforcementLevel.MANDATORY,
    validate=lambda args, report: report("Not this stack."),
)])
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def sleeping(started: Path) -> str:
    """Return a statement that says that it has come, and stays."""
    return f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep({ENDLESS})"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project with three stacks, under git."""
    folder = tmp_path_factory.mktemp("repository")
    write(
        folder,
        {
            "Pulumi.yaml": PROJECT,
            "Pulumi.security.yaml": 'config:\n  delegation:securityAccountId: "111111111111"\n',
            "Pulumi.preprod.yaml": "config:\n"
            '  delegation:securityAccountId: "111111111111"\n  delegation:targetAccountId: "222222222222"\n'
            "  delegation:region: eu-west-1\n",
            "Pulumi.broken.yaml": "config:\n  delegation:targetAccountId: 12\n",
            "__main__.py": PROGRAM,
            "policypacks/delegation/PulumiPolicy.yaml": PACK,
            "policypacks/delegation/__main__.py": REFUSING_PACK,
            "policypacks/delegation/config/security.json": "{}",
            "deleted.txt": "",
            ".gitignore": "ignored.txt\n.venv\n",
            "ignored.txt": "",
        },
    )
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", "-C", folder, *command], check=True)
    (folder / "deleted.txt").unlink()
    write(folder, {"new.txt": "", "with space.txt": ""})
    return folder


def forking(repository: Path) -> Workspace:
    """Return a workspace whose processes are forked: where it does not matter how they are started."""
    return Workspace(repository, python=forking_python())


@pytest.fixture(scope="module")
def open_workspace(repository: Path) -> Iterator[Workspace]:
    with forking(repository) as opened:
        opened.run("stack", "init", "security").check()
        yield opened


def test_copy_holds_tracked_and_new_files_and_no_ignored_ones(open_workspace: Workspace) -> None:
    names = {path.name for path in open_workspace.root.iterdir()}
    assert {"__main__.py", "Pulumi.yaml", "new.txt", "with space.txt"} <= names
    assert names.isdisjoint({"ignored.txt", "deleted.txt", ".git"})


def test_copy_outside_git_holds_all_but_environment_and_caches(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write(source, {"__main__.py": "", ".venv/big": "", "components/__pycache__/x.pyc": "", "components/a.py": ""})
    workspace._copy(source, tmp_path / "copy")
    copied = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert copied == {"__main__.py", "components/a.py"}


def test_make_finds_nothing_to_install_in_a_copy(tmp_path: Path) -> None:
    """It would install the copy, and so change the environment that it shares."""
    source = tmp_path / "source"
    newer = ("requirements-dev.txt", f"{workspace.PACK}/pyproject.toml")
    write(source, dict.fromkeys(newer, ""))
    workspace._copy(source, tmp_path / "copy")
    assert {(tmp_path / "copy" / name).stat().st_mtime for name in newer} == {0}


def test_copy_shares_the_virtual_environment(elsewhere: Workspace) -> None:
    for folder in (elsewhere.root, elsewhere.root / workspace.PACK):
        assert (folder / ".venv").resolve() == Path(sys.prefix).resolve()


def test_profiles_come_from_the_stack_files(open_workspace: Workspace) -> None:
    assert [(profile.name, profile.account_id, profile.region) for profile in open_workspace.profiles] == [
        ("delegation-security", "111111111111", "us-east-1"),
        ("delegation-preprod", "222222222222", "eu-west-1"),
    ]


@pytest.fixture(scope="module")
def elsewhere(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace on a machine whose environment leads elsewhere, and whose PATH holds the real provider."""
    folder = tmp_path_factory.mktemp("real")
    write(folder, {"pulumi-resource-aws": "#!/bin/sh\n"})
    (folder / "pulumi-resource-aws").chmod(0o755)
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("AWS_PROFILE", "PULUMI_ACCESS_TOKEN", "HTTPS_PROXY", "all_proxy", "PYTHONPATH"):
                patch.setenv(name, "of-the-machine")
            patch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{folder}")
            opened = stack.enter_context(Workspace(repository))
        yield opened


def test_environment_of_the_machine_does_not_get_in(elsewhere: Workspace) -> None:
    env = elsewhere.env
    assert "of-the-machine" not in env.values()
    assert env["PULUMI_BACKEND_URL"].startswith("file://")
    assert env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_real_provider_on_path_is_left_alone(elsewhere: Workspace) -> None:
    assert list(Path(elsewhere.env["PATH"].split(os.pathsep)[0]).iterdir()) == []


def test_stand_in_is_on_path_where_the_real_provider_is_not(open_workspace: Workspace) -> None:
    first = open_workspace.env["PATH"].split(os.pathsep)[0]
    assert (Path(first) / "pulumi-resource-aws").exists()


def port_of_stand_in(opened: Workspace, **environment: str) -> str:
    """Start the stand-in as the engine does, and return the port that it prints."""
    plugin = Path(opened.env["PATH"].split(os.pathsep)[0], "pulumi-resource-aws")
    with subprocess.Popen(
        [plugin, "127.0.0.1:1"],
        env=opened.env | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        port = process.stdout.readline()
        os.killpg(process.pid, signal.SIGKILL)
    return port


def test_one_stand_in_answers_every_run_of_the_same_environment(open_workspace: Workspace) -> None:
    shared = open_workspace.root.parent / "port"
    assert eventually(lambda: shared.read_text() != "")
    assert port_of_stand_in(open_workspace) == port_of_stand_in(open_workspace) == shared.read_text()
    for elsewhere in ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, {"DELEGATION_CALL_LOG": "calls"}):
        assert int(port_of_stand_in(open_workspace, **elsewhere)) != int(shared.read_text())


@pytest.mark.parametrize("partial", [False, True], ids=["installed", "half-installed"])
def test_installed_real_provider_is_used_once_it_is_whole(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partial: bool
) -> None:
    name = f"resource-aws-v{metadata.version('pulumi-aws')}"
    write(tmp_path, {f"plugins/{name}/pulumi-resource-aws": "#!/bin/sh\n"})
    (tmp_path / "plugins" / name / "pulumi-resource-aws").chmod(0o755)
    if partial:
        write(tmp_path, {f"plugins/{name}.partial": ""})
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    with forking(repository) as opened:
        assert (Path(opened.env["PULUMI_HOME"]) / "plugins" / name).exists() is not partial
        assert (Path(opened.env["PATH"].split(os.pathsep)[0]) / "pulumi-resource-aws").exists() is partial


def test_program_is_deployed(open_workspace: Workspace) -> None:
    open_workspace.run("up", "--yes", "--stack", "security").check()
    outputs = open_workspace.run("stack", "output", "--json", "--stack", "security")
    assert outputs.json() == {"account": "111111111111"}


def test_policy_pack_is_run_and_output_is_passed_on_line_by_line(open_workspace: Workspace) -> None:
    lines: list[str] = []
    pack = open_workspace.policy_pack("security")
    refused = open_workspace.run("preview", "--stack", "security", *pack, each_line=lines.append)
    assert refused.returncode != 0
    assert "Not this stack." in refused.stdout
    assert lines == refused.stdout.splitlines()
    assert lines[0] == "Previewing update (security):"


def test_failed_run_shows_all_that_the_engine_said(open_workspace: Workspace) -> None:
    with pytest.raises(SandboxError, match=r"`pulumi preview --stack nowhere` failed with exit code \d+:\n.*no stack"):
        open_workspace.run("preview", "--stack", "nowhere").check()


def test_missing_passphrase_is_said_and_changes_nothing(open_workspace: Workspace) -> None:
    before = open_workspace.run("stack", "export", "--stack", "security").check().json()
    refused = open_workspace.run("up", "--yes", "--stack", "security", env={"PULUMI_CONFIG_PASSPHRASE": None})
    assert refused.returncode != 0
    assert "passphrase must be set with PULUMI_CONFIG_PASSPHRASE" in refused.output
    assert "Traceback" not in refused.output
    assert open_workspace.run("stack", "export", "--stack", "security").check().json() == before


def test_missing_provider_is_said_without_a_download(repository: Path) -> None:
    with forking(repository) as opened:
        Path(opened.env["PATH"].split(os.pathsep)[0], "pulumi-resource-aws").unlink()
        write(opened.root, {"__main__.py": "import pulumi_aws as aws\naws.Provider('aws')\n"})
        initialize(opened, "security")
        refused = opened.run("preview", "--stack", "security")
    assert refused.returncode != 0
    assert "aws" in refused.output
    assert "ownload" not in refused.output


@needs_proc
def test_run_of_another_thread_is_ended_on_leaving(repository: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    with ThreadPoolExecutor() as threads, forking(repository) as opened:
        home = opened.env["PULUMI_HOME"]
        initialize(opened, "security")
        statement = f"delegation:statement={sleeping(started)}"
        run = threads.submit(opened.run, "up", "--yes", "--stack", "security", "--config", statement)
        assert eventually(started.exists)
    # The program would sleep for much longer.
    assert run.result(timeout=PATIENCE).returncode != 0
    assert eventually(lambda: inheritors(home) == {}), inheritors(home)


# As Pulumi's own host: it ends when the engine asks it to, and stays when the engine is killed.
STAYING_HOST = """#!/bin/sh
trap exit INT TERM
{own} "$@"
sleep 300
"""


@pytest.fixture
def staying_host(tmp_path: Path) -> Path:
    """A Python language host that stays behind after its engine has gone."""
    own = engine.obtain(lambda _line: None).pulumi.with_name("pulumi-language-python")
    host = tmp_path / "pulumi-language-python"
    host.write_text(STAYING_HOST.format(own=own))
    host.chmod(0o755)
    return host


@needs_proc
def test_language_host_that_stays_behind_a_killed_engine_is_ended(
    repository: Path, tmp_path: Path, staying_host: Path
) -> None:
    started = tmp_path / "started"
    with ThreadPoolExecutor() as threads, forking(repository) as opened:
        mark = f"OF_THIS_RUN={tmp_path}"
        shutil.copy(staying_host, opened.env["PATH"].split(os.pathsep)[0])
        initialize(opened, "security")
        statement = f"delegation:statement={sleeping(started)}"
        up = ("up", "--yes", "--stack", "security", "--config", statement)
        run = threads.submit(opened.run, *up, env={"OF_THIS_RUN": str(tmp_path)})
        assert eventually(started.exists)
        (pulumi,) = (pid for pid, command in inheritors(mark).items() if "/pulumi up " in command)
        os.kill(pulumi, signal.SIGKILL)
        assert run.result(timeout=PATIENCE).returncode != 0
        assert inheritors(mark) == {}


DRIVER = """
import os
import shutil
import sys
import time
from pathlib import Path
from sandbox.workspace import Workspace
from tests.workspaces import initialize
python = Path(sys.argv[3]) if sys.argv[3] else None
with Workspace(Path(sys.argv[1]), python=python) as opened:
    for host in sys.argv[4:]:
        shutil.copy(host, opened.env["PATH"].split(os.pathsep)[0])
    initialize(opened, "security")
    opened.run("up", "--yes", "--stack", "security", "--config", "delegation:statement=" + sys.argv[2])
"""


@needs_proc
@pytest.mark.parametrize("staying", [False, True], ids=["own-host", "staying-host"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_signal_leaves_neither_process_nor_folder(
    repository: Path, tmp_path: Path, staying_host: Path, number: signal.Signals, staying: bool
) -> None:
    started = tmp_path / "started"
    hosts = [str(staying_host)] if staying else []
    # Once with processes that are started, as users' are.
    python = forking_python() if staying else None
    driver = subprocess.Popen(
        [python or sys.executable, "-c", DRIVER, str(repository), sleeping(started), str(python or ""), *hosts],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert eventually(started.exists)
    before = inheritors(f"TMPDIR={tmp_path}")
    assert len(before) >= 4, before

    # More than one, as from an impatient person: they must not stop the clearing up.
    for _ in range(20):
        driver.send_signal(number)
        time.sleep(0.02)
    driver.communicate(timeout=PATIENCE)

    assert driver.returncode != 0
    assert eventually(lambda: inheritors(f"TMPDIR={tmp_path}") == {}), inheritors(f"TMPDIR={tmp_path}")
    assert list(tmp_path.glob("delegation-*")) == []
