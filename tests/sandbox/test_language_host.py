"""The Python language host, driven as the engine drives it: a process, spoken to over gRPC."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from sandbox import language_host
from tests.sandbox.processes import ENDLESS, PATIENCE, eventually, inheritors, needs_proc

# Stands for the SDK's launcher: writes down how it was started, then does what the program says.
LAUNCHER = """
import json, os, sys, time
from pathlib import Path

program = Path(sys.argv[sys.argv.index("--root_directory") + 1])
started = {"arguments": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ), "python": sys.executable}
Path(os.environ["TMPDIR"], "started.json").write_text(json.dumps(started))
exec((program / "__main__.py").read_text())
"""


class Host:
    """A running language host and a channel to it."""

    def __init__(self, folder: Path) -> None:
        launcher = folder / "launcher.py"
        launcher.write_text(LAUNCHER)
        self.folder = folder
        self.program = folder / "program"
        self.program.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-P", language_host.__file__, str(launcher), "-v=9", "127.0.0.1:4711"],
            env={**os.environ, "TMPDIR": str(folder)},
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
        host.process.kill()
        host.process.communicate()


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
    options = dict(zip(started["arguments"][:-2:2], started["arguments"][1:-2:2], strict=True))
    assert options == {
        "--engine": "127.0.0.1:4711",
        "--monitor": "127.0.0.1:4712",
        "--project": "delegation",
        "--stack": "preprod",
        "--organization": "organization",
        "--root_directory": str(host.program),
        "--pwd": str(host.program),
        "--parallel": "7",
        "--dry_run": "true",
    }
    assert started["arguments"][-2:] == [str(host.program), "extra"]
    assert json.loads(started["environment"]["PULUMI_CONFIG"]) == {"delegation:admins": '["alice"]'}
    assert json.loads(started["environment"]["PULUMI_CONFIG_SECRET_KEYS"]) == ["delegation:token"]
    assert started["cwd"] == str(host.program)


def test_output_of_a_program_is_passed_on(host: Host) -> None:
    host.stub.Run(host.request("print('seen by the user')"))
    assert "seen by the user" in host.end()


def test_virtualenv_counts_from_the_root_directory(host: Host) -> None:
    (host.program / "venv").symlink_to(sys.prefix)
    host.stub.Run(host.request("", info=host.info(virtualenv="venv")))
    assert host.started()["python"] == str(host.program / "venv" / "bin" / "python")


def test_missing_virtualenv_is_named(host: Host) -> None:
    with pytest.raises(grpc.RpcError, match="make setup") as failure:
        host.stub.Run(host.request("", info=host.info(virtualenv="nowhere")))
    assert code_of(failure) is grpc.StatusCode.FAILED_PRECONDITION
    assert str(host.program / "nowhere") in str(failure.value)


def test_no_package_is_required_so_that_none_is_downloaded(host: Host) -> None:
    request = language_pb2.GetRequiredPackagesRequest(info=host.info())
    assert host.stub.GetRequiredPackages(request) == language_pb2.GetRequiredPackagesResponse()


def test_about_names_the_python_of_the_program(host: Host) -> None:
    assert host.stub.About(language_pb2.AboutRequest(info=host.info())).executable == sys.executable


def test_dependencies_of_a_program_are_listed(host: Host) -> None:
    answer = host.stub.GetProgramDependencies(language_pb2.GetProgramDependenciesRequest(info=host.info()))
    version = host.stub.GetPluginInfo(empty_pb2.Empty()).version
    assert language_pb2.DependencyInfo(name="pulumi", version=version) in answer.dependencies


def test_installing_dependencies_is_refused_with_the_command(host: Host) -> None:
    with pytest.raises(grpc.RpcError, match="make setup") as failure:
        list(host.stub.InstallDependencies(language_pb2.InstallDependenciesRequest()))
    assert code_of(failure) is grpc.StatusCode.FAILED_PRECONDITION


def run_plugin(host: Host, body: str, kind: str = "resource") -> Any:
    (host.program / "__main__.py").write_text(body)
    return host.stub.RunPlugin(
        language_pb2.RunPluginRequest(
            info=host.info(),
            pwd=str(host.folder),
            kind=kind,
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


@pytest.mark.parametrize(("kind", "served"), [("analyzer", b"True\n"), ("resource", b"False\n")])
def test_policy_pack_and_no_other_plugin_is_served_by_the_sdk(host: Host, kind: str, served: bytes) -> None:
    body = "import traceback; print(any('pulumi/policy' in frame.filename for frame in traceback.extract_stack()))"
    assert stdout(run_plugin(host, body, kind)) == served


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


def test_ended_programs_leave_no_zombie(host: Host) -> None:
    for _ in range(3):
        host.stub.Run(host.request(""))
    listing = subprocess.run(["ps", "-o", "stat=", "--ppid", str(host.process.pid)], capture_output=True, text=True)
    assert listing.stdout == ""
