"""The Python language host, driven as the engine drives it: a process, spoken to over gRPC."""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, language_pb2, language_pb2_grpc

from sandbox import language_host
from tests.sandbox.processes import ENDLESS, PATIENCE, eventually, inheritors, needs_proc
from tests.workspaces import forking_python

# Stands for the SDK's launcher: writes down how it was started, then does what the program says.
LAUNCHER = """
import json, os, sys, time
from pathlib import Path

program = Path(sys.argv[sys.argv.index("--root_directory") + 1])
python = os.environ["STARTED_AS"]
started = {"arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ), "python": python}
Path(os.environ["TMPDIR"], "started.json").write_text(json.dumps(started))
exec((program / "__main__.py").read_text())
"""


def put_python(path: Path) -> None:
    """Put a Python that says in its environment which it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nSTARTED_AS="$0" exec {sys.executable} "$@"\n')
    path.chmod(0o755)


class Host:
    """A running language host and a channel to it.

    Its machine has no Python but `python3`, which is that of the tests: programs find it there, policy packs too.
    """

    def __init__(self, folder: Path, python: Path | None = None, **environment: str) -> None:
        python = python or forking_python() or Path(sys.executable)
        launcher = folder / "launcher.py"
        launcher.write_text(LAUNCHER)
        self.folder = folder
        self.program = folder / "program"
        self.program.mkdir()
        self.bin = folder / "bin"
        self.bin.mkdir()
        put_python(self.bin / "python3")
        self.process = subprocess.Popen(
            [python, "-P", language_host.__file__, str(launcher), "-v=9", "127.0.0.1:4711"],
            # The host's own Python is never one of its programs': neither VIRTUAL_ENV nor PATH says which it is.
            env={**os.environ, "TMPDIR": str(folder), "PATH": f"{self.bin}:/usr/bin:/bin", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", [("grpc.enable_http_proxy", 0)])
        self.stub = language_pb2_grpc.LanguageRuntimeStub(self.channel)

    def info(self, **options: str) -> Any:
        struct = struct_pb2.Struct()
        struct.update(options)
        return language_pb2.ProgramInfo(
            root_directory=str(self.program), program_directory=str(self.program), entry_point=".", options=struct
        )

    def request(self, body: str, **fields: Any) -> Any:
        (self.program / "__main__.py").write_text(body)
        fields.setdefault("info", self.info())
        return language_pb2.RunRequest(pwd=str(self.program), monitor_address="127.0.0.1:4712", **fields)

    def started(self) -> Any:
        return json.loads((self.folder / "started.json").read_text())

    def end(self) -> str:
        """End the host by closing its stdin; return what it still printed."""
        self.channel.close()
        output, _ = self.process.communicate(timeout=PATIENCE)
        return output


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    if host.process.poll() is None:
        # Not SIGKILL: what the host has started would stay.
        host.process.terminate()
        host.process.communicate(timeout=PATIENCE)


def code_of(failure: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    code: grpc.StatusCode = failure.value.code()
    return code


def test_program_that_succeeds_is_no_error(host: Host) -> None:
    assert host.stub.Run(host.request("")) == language_pb2.RunResponse()


def test_program_that_has_explained_itself_bails(host: Host) -> None:
    assert host.stub.Run(host.request("sys.exit(32)")) == language_pb2.RunResponse(bail=True)


@pytest.mark.parametrize(
    ("body", "reason"),
    [("sys.exit(3)", "exit code: 3"), ("os.kill(os.getpid(), 9)", "SIGKILL")],
    ids=["exit-code", "signal"],
)
def test_program_that_fails_is_an_error_with_the_reason(host: Host, body: str, reason: str) -> None:
    answer = host.stub.Run(host.request(body))
    assert reason in answer.error
    assert not answer.bail


def test_program_gets_what_the_engine_says_about_the_run(host: Host) -> None:
    host.stub.Run(
        host.request(
            "",
            project="delegation",
            stack="preprod",
            organization="organization",
            dryRun=True,
            parallel=7,
            config={"delegation:admins": '["alice"]'},
            configSecretKeys=["delegation:token"],
            args=["extra"],
        )
    )
    started = host.started()
    assert started["arguments"] == [
        *("--monitor", "127.0.0.1:4712"),
        *("--engine", "127.0.0.1:4711"),
        *("--project", "delegation"),
        *("--root_directory", str(host.program)),
        *("--stack", "preprod"),
        *("--pwd", str(host.program)),
        *("--dry_run", "true"),
        *("--parallel", "7"),
        *("--organization", "organization"),
        *(".", "extra"),
    ]
    assert json.loads(started["environment"]["PULUMI_CONFIG"]) == {"delegation:admins": '["alice"]'}
    assert json.loads(started["environment"]["PULUMI_CONFIG_SECRET_KEYS"]) == ["delegation:token"]


def test_output_of_a_program_is_passed_on(host: Host) -> None:
    host.stub.Run(host.request("print('seen by the user')"))
    assert "seen by the user" in host.end()


def test_virtualenv_counts_from_the_root_directory_and_is_activated(host: Host) -> None:
    python = host.program / "venv" / "bin" / "python"
    put_python(python)
    host.stub.Run(host.request("", info=host.info(virtualenv="venv")))
    started = host.started()
    assert started["python"] == str(python)
    assert started["environment"]["VIRTUAL_ENV"] == str(host.program / "venv")
    assert started["environment"]["PATH"].startswith(f"{python.parent}:")


@pytest.mark.parametrize("named", ["python-of-mine", "/bin/python-of-mine"], ids=["name", "path"])
def test_without_virtualenv_a_named_python_comes_before_python3(tmp_path: Path, named: str) -> None:
    mine = tmp_path / "bin" / "python-of-mine"
    command = f"{tmp_path}{named}" if named.startswith("/") else named
    host = Host(tmp_path, PULUMI_PYTHON_CMD=command)
    put_python(mine)
    try:
        host.stub.Run(host.request(""))
        assert host.started()["python"] == str(mine)
    finally:
        host.end()


def test_without_virtualenv_python3_of_the_path_runs_a_program(host: Host) -> None:
    host.stub.Run(host.request(""))
    assert host.started()["python"] == str(host.bin / "python3")


def test_without_python3_it_is_python(tmp_path: Path) -> None:
    host = Host(tmp_path, PATH=str(tmp_path / "bin"))
    (host.bin / "python3").unlink()
    put_python(host.bin / "python")
    try:
        host.stub.Run(host.request(""))
        assert host.started()["python"] == str(host.bin / "python")
    finally:
        host.end()


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    host = Host(tmp_path, PATH=str(tmp_path / "bin"))
    (host.bin / "python3").unlink()
    try:
        with pytest.raises(grpc.RpcError, match="failed to locate any of"):
            host.stub.Run(host.request(""))
    finally:
        host.end()


@pytest.mark.parametrize("lock", ["uv.lock", "poetry.lock"])
def test_another_toolchain_is_refused(host: Host, lock: str) -> None:
    # Pulumi's own host finds the lock file above the program, and takes its toolchain.
    (host.folder / lock).touch()
    with pytest.raises(grpc.RpcError, match="toolchain: pip"):
        host.stub.Run(host.request(""))
    assert host.stub.Run(host.request("", info=host.info(toolchain="pip"))) == language_pb2.RunResponse()


def test_missing_virtualenv_is_named(host: Host) -> None:
    with pytest.raises(grpc.RpcError, match="make setup") as failure:
        host.stub.Run(host.request("", info=host.info(virtualenv="nowhere")))
    assert code_of(failure) is grpc.StatusCode.FAILED_PRECONDITION
    assert str(host.program / "nowhere") in str(failure.value)


def test_no_package_is_required_so_that_none_is_downloaded(host: Host) -> None:
    request = language_pb2.GetRequiredPackagesRequest(info=host.info())
    assert host.stub.GetRequiredPackages(request) == language_pb2.GetRequiredPackagesResponse()


def test_about_names_the_python_of_the_program(host: Host) -> None:
    (host.program / "venv").symlink_to(sys.prefix)
    answer = host.stub.About(language_pb2.AboutRequest(info=host.info(virtualenv="venv")))
    executable = str(host.program / "venv" / "bin" / "python")
    assert (answer.executable, answer.version) == (executable, platform.python_version())


def test_about_asks_a_python_that_is_not_its_own(host: Host) -> None:
    python = host.program / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho /of/another\necho 3.99.0\n")
    python.chmod(0o755)
    answer = host.stub.About(language_pb2.AboutRequest(info=host.info(virtualenv="venv")))
    assert (answer.executable, answer.version) == ("/of/another", "3.99.0")


def test_dependencies_of_a_program_are_listed(host: Host) -> None:
    (host.program / "venv").symlink_to(sys.prefix)
    request = language_pb2.GetProgramDependenciesRequest(info=host.info(virtualenv="venv"))
    answer = host.stub.GetProgramDependencies(request)
    version = host.stub.GetPluginInfo(empty_pb2.Empty()).version
    assert language_pb2.DependencyInfo(name="pulumi", version=version) in answer.dependencies


# Stands for python -m venv and for pip: writes down what it is asked to do.
RECORDING = """#!/bin/sh
echo "${{0##*/}} $* in $PWD" >> {calls}
if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi
[ "$4" != "${{FAILING:-none}}" ]
"""


def put_recording_python(host: Host) -> Path:
    calls = host.folder / "calls"
    (host.bin / "python3").write_text(RECORDING.format(calls=calls))
    return calls


def install(host: Host, **fields: Any) -> list[Any]:
    request = language_pb2.InstallDependenciesRequest(info=host.info(virtualenv=".venv"), **fields)
    return list(host.stub.InstallDependencies(request))


UPGRADE = "python -m pip install --upgrade pip setuptools wheel"
REQUIREMENTS = "python -m pip install -r requirements.txt"


def test_install_makes_the_virtual_environment_and_installs_the_requirements(host: Host) -> None:
    calls = put_recording_python(host)
    (host.program / "requirements.txt").touch()
    install(host)
    here = f" in {host.program}"
    venv = f"python3 -m venv {host.program}/.venv"
    assert calls.read_text().splitlines() == [venv + here, UPGRADE + here, REQUIREMENTS + here]


def test_install_builds_a_policy_pack_that_is_a_package(host: Host) -> None:
    calls = put_recording_python(host)
    (host.program / "requirements.txt").touch()
    (host.program / "pyproject.toml").write_text('[project]\nname = "x"\n[build-system]\nbuild-backend = "y"\n')
    install(host, is_plugin=True)
    package = f"python -m pip install {host.program} in {host.program}"
    assert package in calls.read_text().splitlines()


def test_failed_install_is_an_error_with_the_command(tmp_path: Path) -> None:
    host = Host(tmp_path, FAILING="--upgrade")
    put_recording_python(host)
    try:
        with pytest.raises(grpc.RpcError, match="pip install --upgrade pip"):
            install(host)
    finally:
        host.end()


def test_missing_virtual_environment_of_a_program_is_made(host: Host) -> None:
    calls = put_recording_python(host)
    info = host.info(virtualenv=".venv")
    for _ in range(2):
        host.stub.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info))
    assert len(calls.read_text().splitlines()) == 2
    assert (host.program / ".venv" / "bin" / "python").exists()


def run_plugin(host: Host, body: str, **fields: Any) -> Any:
    (host.program / "__main__.py").write_text(body)
    put_python(host.program / "venv" / "bin" / "python")
    return host.stub.RunPlugin(
        language_pb2.RunPluginRequest(
            info=fields.get("info") or host.info(),
            pwd=str(host.folder),
            kind=fields.get("kind", "resource"),
            args=["127.0.0.1:4711"],
            env=[*(f"{key}={value}" for key, value in os.environ.items()), f"TMPDIR={host.folder}", "SIGN=a=b"],
        )
    )


def stdout(answers: Iterable[Any]) -> bytes:
    # In pieces of any size, as they come.
    return b"".join(answer.stdout for answer in answers)


def test_plugin_streams_its_output_and_then_its_exit_code(host: Host) -> None:
    body = "import os, sys; print(os.environ['SIGN']); print('bad', file=sys.stderr); sys.exit(4)"
    answers = list(run_plugin(host, body))
    assert stdout(answers) == b"a=b\n"
    assert b"".join(answer.stderr for answer in answers) == b"bad\n"
    assert answers[-1] == language_pb2.RunPluginResponse(exitcode=4)


def test_plugin_gets_its_arguments_and_the_working_directory(host: Host) -> None:
    answers = run_plugin(host, "import os, sys; print(sys.argv[1:], os.getcwd())")
    assert stdout(answers) == f"['127.0.0.1:4711'] {host.folder}\n".encode()


# A policy pack that tells how it was started by its name and by the description of its only policy.
PACK = """
import json, os, sys
from pulumi_policy import PolicyPack, StackValidationPolicy
keys = ("PULUMI_STACK", "PULUMI_CONFIG", "PULUMI_DRY_RUN", "VIRTUAL_ENV", "SIGN")
command = [os.environ["STARTED_AS"], *sys.orig_argv[1:]]
started = {"command": command, "cwd": os.getcwd(), "path": sys.path, **{key: os.environ.get(key) for key in keys}}
PolicyPack("pack", policies=[StackValidationPolicy(
    name="started", description=json.dumps(started), validate=lambda args, report: None,
)])
"""


def connect(answers: Iterator[Any]) -> analyzer_pb2_grpc.AnalyzerStub:
    port = int(next(answers).stdout)
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.enable_http_proxy", 0)])
    return analyzer_pb2_grpc.AnalyzerStub(channel)


def start_pack(host: Host, *, configured: bool = True, **options: str) -> Any:
    answers = run_plugin(host, PACK, kind="analyzer", info=host.info(**options))
    engine = connect(answers)
    engine.Handshake(analyzer_pb2.AnalyzerHandshakeRequest(), timeout=PATIENCE)
    if configured:
        stack = analyzer_pb2.AnalyzerStackConfigureRequest(stack="preprod", config={"a:b": "c"}, dry_run=True)
        engine.ConfigureStack(stack, timeout=PATIENCE)
    info = engine.GetAnalyzerInfo(empty_pb2.Empty(), timeout=PATIENCE)
    answers.cancel()
    return json.loads(next(policy.description for policy in info.policies if policy.name == "started"))


def test_policy_pack_runs_on_its_own_virtualenv_in_its_own_folder(host: Host) -> None:
    started = start_pack(host, virtualenv="venv")
    python = host.program / "venv" / "bin" / "python"
    assert started["command"] == [str(python), "-u", "-m", "pulumi.policy", "127.0.0.1:4711", str(host.program)]
    assert started["cwd"] == str(host.program)
    assert str(host.folder) not in started["path"]
    assert started["VIRTUAL_ENV"] == str(host.program / "venv")
    assert started["SIGN"] == "a=b"


def test_policy_pack_without_virtualenv_runs_on_python3_of_the_path(host: Host) -> None:
    assert start_pack(host)["command"][0] == str(host.bin / "python3")


def test_policy_pack_is_started_with_the_configuration_of_the_stack(host: Host) -> None:
    started = start_pack(host, virtualenv="venv")
    assert [started[key] for key in ("PULUMI_STACK", "PULUMI_CONFIG", "PULUMI_DRY_RUN")] == [
        "preprod",
        '{"a:b":"c"}',
        "true",
    ]


def test_policy_pack_starts_without_configuration_when_the_engine_has_none(host: Host) -> None:
    assert start_pack(host, virtualenv="venv", configured=False)["PULUMI_STACK"] is None


@pytest.mark.parametrize(
    ("body", "virtualenv", "reason"),
    [("raise SystemExit(3)", "venv", "could not read policy pack port"), ("", "nowhere", "run `make setup`")],
    ids=["ends", "no-python"],
)
def test_policy_pack_that_does_not_start_is_said(host: Host, body: str, virtualenv: str, reason: str) -> None:
    answers = run_plugin(host, body, kind="analyzer", info=host.info(virtualenv=virtualenv))
    with pytest.raises(grpc.RpcError, match=f"policy pack not started: .*{re.escape(reason)}"):
        connect(answers).GetAnalyzerInfo(empty_pb2.Empty(), timeout=PATIENCE)
    answers.cancel()


# Long after the engine, which waits 5 s, and the test have lost patience.
SLEEPING = f"import subprocess; print('up', flush=True); subprocess.run(['sleep', '{ENDLESS}'])"


def sleepers(folder: Path) -> dict[int, str]:
    return {pid: command for pid, command in inheritors(f"TMPDIR={folder}").items() if "language_host" not in command}


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_host_program_and_what_the_program_started_at_once(host: Host, number: signal.Signals) -> None:
    call = host.stub.Run.future(host.request(SLEEPING))
    assert eventually(lambda: any(f"sleep {ENDLESS}" in command for command in sleepers(host.folder).values()))

    host.process.send_signal(number)

    assert host.process.wait(timeout=PATIENCE) == 0
    assert eventually(lambda: sleepers(host.folder) == {}), sleepers(host.folder)
    output, _ = host.process.communicate()
    assert output == "up\n"
    call.cancel()


@needs_proc
def test_host_ends_with_its_engine(host: Host) -> None:
    answers = run_plugin(host, SLEEPING)
    assert next(answers).stdout.startswith(b"up")
    assert host.process.stdin

    host.process.stdin.close()

    assert host.process.wait(timeout=PATIENCE) == 0
    assert eventually(lambda: sleepers(host.folder) == {}), sleepers(host.folder)


@needs_proc
def test_plugin_ends_when_the_engine_hangs_up(host: Host) -> None:
    answers = run_plugin(host, SLEEPING)
    assert next(answers).stdout.startswith(b"up")

    answers.cancel()

    assert eventually(lambda: sleepers(host.folder) == {}), sleepers(host.folder)
    assert host.process.poll() is None


def test_cancel_ends_the_program_and_its_run_is_an_error(host: Host) -> None:
    call = host.stub.Run.future(host.request(SLEEPING))
    assert eventually((host.folder / "started.json").exists)

    host.stub.Cancel(empty_pb2.Empty())

    assert "SIGKILL" in call.result(timeout=PATIENCE).error


def test_ended_programs_leave_no_zombie(tmp_path: Path) -> None:
    # Started, for a forked one is no child of this process, and so its own children are not found.
    host = Host(tmp_path, Path(sys.executable))
    try:
        for _ in range(3):
            host.stub.Run(host.request(""))
        listing = subprocess.run(["ps", "-o", "stat=", "--ppid", str(host.process.pid)], capture_output=True, text=True)
        assert listing.stdout == ""
    finally:
        host.end()
