"""Runs Python programs and policy packs for a Pulumi engine that came without its own Python language host.

Run as `language_host.py LAUNCHER [flags] ENGINE_ADDRESS`, where LAUNCHER is the Pulumi SDK's script
`pulumi-language-python-exec`. Serves `pulumirpc.LanguageRuntime` on loopback and prints its port on the first line of
stdout. Everything printed after that line reaches the user as a diagnostic, which is how the output of a program is
shown. The rules come from the interface definition `proto/pulumi/language.proto` and from the behaviour of Pulumi's own
host.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

_children: set[int] = set()
_children_lock = threading.RLock()


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # macOS answers PermissionError for a group whose only member waits to be reaped.
        return


def _leave(*_: object) -> None:
    """Kill every program and policy pack that runs, with their children, and end at once."""
    # The lock is not released: from here on no other thread may start a child.
    _children_lock.acquire()
    for group in _children:
        _kill_group(group)
    os._exit(0)


if __name__ == "__main__":
    # Before the imports of gRPC, which take 0.2 s: an interrupt in between would print a traceback to the user.
    for _signal in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(_signal, _leave)

import json
import platform
import queue
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

ALREADY_EXPLAINED = 32
"""Exit code of a program that has told the user what is wrong itself (the SDK's launcher defines it)."""

# The engine's own limit (sdk/go/common/util/rpcutil): resources and configuration can be larger than gRPC's 4 MB.
_MAX_MESSAGE_BYTES = 400 * 1024 * 1024


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Serves one engine.

    Args:
        launcher: The SDK's script `pulumi-language-python-exec`.
        engine_address: Address of the engine, passed on to the programs.
    """

    def __init__(self, launcher: Path, engine_address: str) -> None:
        self._launcher = launcher
        self._engine_address = engine_address

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        # None: the engine finds a provider when its first resource is registered, on PATH or among the installed
        # plugins. Naming one here would make it look on the download site first.
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.GetRequiredPluginsResponse()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run the program to its end and say how it ended."""
        python = interpreter(request.info, context)
        command = [
            python,
            "-u",
            str(self._launcher),
            *("--engine", self._engine_address),
            *("--monitor", request.monitor_address),
            *("--project", request.project),
            *("--stack", request.stack),
            *("--organization", request.organization),
            *("--root_directory", request.info.root_directory),
            *("--pwd", request.pwd),
            *("--parallel", str(request.parallel)),
            *("--dry_run", "true" if request.dryRun else "false"),
            str(Path(request.info.program_directory, request.info.entry_point)),
            *request.args,
        ]
        environment = {
            **os.environ,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        try:
            program = _start(command, cwd=request.pwd or request.info.program_directory, env=environment)
        except OSError as error:
            return language_pb2.RunResponse(error=f"The program could not be started: {error}")
        context.add_callback(lambda: _kill(program))
        code = _wait(program)
        if code == 0:
            return language_pb2.RunResponse()
        if code == ALREADY_EXPLAINED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with {_exit_reason(code)}")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Run a policy pack (kind `analyzer`) or another plugin written in Python; stream its output, then its code."""
        python = interpreter(request.info, context)
        directory = request.info.program_directory
        arguments = list(request.args)
        if request.kind == "analyzer":
            command = [python, "-u", "-m", "pulumi.policy", *arguments, directory]
        else:
            command = [python, "-u", str(Path(directory, request.info.entry_point)), *arguments]
        environment = dict(entry.split("=", 1) for entry in request.env)
        try:
            plugin = _start(command, cwd=request.pwd, env=environment, pipes=True)
        except OSError as error:
            context.abort(grpc.StatusCode.INTERNAL, f"The plugin could not be started: {error}")
        context.add_callback(lambda: _kill(plugin))

        for name, data in _output(plugin):
            yield language_pb2.RunPluginResponse(**{name: data})  # type: ignore[arg-type]  # the field's name is a value
        yield language_pb2.RunPluginResponse(exitcode=_wait(plugin))

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Refuse: this project has one virtual environment, installed with its hashes checked."""
        yield language_pb2.InstallDependenciesResponse(
            stderr=b"The sandbox installs nothing: run `make setup` in the repository instead.\n"
        )
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "dependencies are installed by `make setup`")

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.AboutResponse(
            executable=interpreter(request.info, context), version=platform.python_version()
        )

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        """List what is installed beside the program, as `pulumi about` shows it."""
        listing = subprocess.run(
            [interpreter(request.info, context), "-c", _LIST_DISTRIBUTIONS], capture_output=True, text=True, check=True
        )
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version) for name, version in json.loads(listing.stdout)
            ]
        )

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    def Template(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.TemplateResponse()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        with _children_lock:
            for group in _children:
                _kill_group(group)
        return empty_pb2.Empty()


_LIST_DISTRIBUTIONS = """
import json
from importlib import metadata
print(json.dumps(sorted({(d.metadata["Name"], d.version) for d in metadata.distributions()})))
"""


def interpreter(info: Any, context: grpc.ServicerContext) -> str:
    """Return the Python that runs a program: that of its `virtualenv` option, or the host's own.

    Args:
        info: `pulumirpc.ProgramInfo`; a relative `virtualenv` counts from its root directory, as in Pulumi's own host.
        context: Aborted with FAILED_PRECONDITION when the virtual environment does not exist.
    """
    option = dict(info.options).get("virtualenv")
    if not option:
        return sys.executable
    folder = Path(info.root_directory or info.program_directory, str(option))
    python = folder / "bin" / "python"
    if not python.exists():
        context.abort(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"the virtual environment {folder} named by the option `virtualenv` does not exist: run `make setup`",
        )
    return str(python)


def _start(command: Sequence[str], *, cwd: str, env: Mapping[str, str], pipes: bool = False) -> subprocess.Popen[bytes]:
    # A group of its own, so that whatever the program starts ends with it.
    stream = subprocess.PIPE if pipes else None
    with _children_lock:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        _children.add(process.pid)
    return process


def _wait(process: subprocess.Popen[bytes]) -> int:
    # Forgotten before it is reaped: afterwards the id may belong to a process of somebody else.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with _children_lock:
        _kill_group(process.pid)
        _children.discard(process.pid)
        return process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with _children_lock:
        if process.pid in _children:
            _kill_group(process.pid)


def _exit_reason(code: int) -> str:
    return f"non-zero exit code: {code}" if code > 0 else f"signal: {signal.Signals(-code).name}"


def _output(process: subprocess.Popen[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield what a process writes as ("stdout" | "stderr", bytes), as it comes, until both streams end."""
    chunks: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

    def pump(name: str, stream: IO[bytes]) -> None:
        while data := os.read(stream.fileno(), 65536):
            chunks.put((name, data))
        stream.close()
        chunks.put((name, b""))

    assert process.stdout
    assert process.stderr
    for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
        threading.Thread(target=pump, args=(name, stream), daemon=True).start()
    open_streams = 2
    while open_streams:
        name, data = chunks.get()
        if data:
            yield name, data
        else:
            open_streams -= 1


def _leave_with_engine() -> None:
    """End when the engine does: it holds the other end of stdin for as long as it lives."""
    while os.read(0, 4096):
        pass
    _leave()


def main() -> None:
    """Serve the engine until it ends or sends a signal."""
    # Between the two stand the engine's flags for logging, such as -v=9.
    launcher, engine_address = sys.argv[1], sys.argv[-1]
    options = [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=options)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(Path(launcher), engine_address), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    threading.Thread(target=_leave_with_engine, daemon=True).start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
