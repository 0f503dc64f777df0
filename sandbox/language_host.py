"""Runs Python programs and policy packs for a Pulumi engine that came without its own Python language host.

Run as `language_host.py LAUNCHER [flags] ENGINE_ADDRESS`, where LAUNCHER is the Pulumi SDK's script
`pulumi-language-python-exec`. Serves `pulumirpc.LanguageRuntime` on loopback and prints its port on the first line of
stdout. Everything printed after that line reaches the user as a diagnostic, which is how the output of a program is
shown. The rules come from the interface definition `proto/pulumi/language.proto` and from Pulumi's own host of 3.259.0
(`sdk/python/cmd/pulumi-language-python` and `sdk/python/toolchain` of pulumi/pulumi). What that one decides (which
Python runs what, where, with which arguments and environment, and what it installs) this one decides the same way: what
works here works with the official command line. It knows the toolchain pip only, and ends with its engine at once,
where Pulumi's own stays for up to five minutes.
"""

from __future__ import annotations

import importlib.util
import os
import platform
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
    # The protocol without the rest of the SDK, whose import takes another 0.2 s.
    for _name in ("pulumi", "pulumi.runtime"):
        if _spec := importlib.util.find_spec(_name):
            sys.modules[_name] = importlib.util.module_from_spec(_spec)

import json
import queue
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, language_pb2, language_pb2_grpc, plugin_pb2

ALREADY_EXPLAINED = 32
"""Exit code of a program that has told the user what is wrong itself (the SDK's launcher defines it)."""

# The engine's own limit (sdk/go/common/util/rpcutil): resources and configuration can be larger than gRPC's 4 MB.
_MAX_MESSAGE_BYTES = 400 * 1024 * 1024
_SERVER_OPTIONS = [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES), ("grpc.max_send_message_length", -1)]


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
        """Name no package, and make the virtual environment of the program where there is none."""
        info = request.info
        venv = _virtual_environment(info, context)
        if venv and _is_to_be_made(venv, context):
            for command in _installation(venv, info.program_directory, _ambient_python(context)):
                done = subprocess.run(command, cwd=info.program_directory, env=_activated(venv), capture_output=True)
                if done.returncode != 0:
                    context.abort(grpc.StatusCode.UNKNOWN, f"{command}: {done.stderr.decode(errors='replace')}")
        # None: the engine finds a provider when its first resource is registered, on PATH or among the installed
        # plugins. Naming one here would make it look on the download site first.
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.GetRequiredPluginsResponse()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run the program to its end and say how it ended."""
        python = _python(request.info, context)
        if python.venv and not _has_python(python.venv):
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"the option `virtualenv` names {python.venv}, which is no virtual environment: run `make setup`",
            )
        options = {
            "monitor": request.monitor_address,
            "engine": self._engine_address,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        command = [python.executable, str(self._launcher)]
        for name, value in options.items():
            command += [f"--{name}", value] if value else []
        environment = {**python.environment, "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys))}
        if request.config:
            environment["PULUMI_CONFIG"] = _as_json(request.config)
        try:
            # In the host's own folder: the launcher goes to --pwd.
            program = _start([*command, request.info.entry_point, *request.args], cwd=None, env=environment)
        except OSError as error:
            return language_pb2.RunResponse(error=f"The program could not be started: {error}")
        _kill_with_call(context, program)
        code = _wait(program)
        if code == 0:
            return language_pb2.RunResponse()
        if code == ALREADY_EXPLAINED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"program exited with {_exit_reason(code)}")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Run a policy pack (kind `analyzer`) or another plugin written in Python; stream its output, then its code."""
        environment = dict(entry.split("=", 1) for entry in request.env)
        if request.kind == "analyzer":
            yield from _run_policy_pack(request, environment, context)
            return
        python = _python(request.info, context, plugin=True)
        command = [python.executable, request.info.program_directory, *request.args]
        try:
            plugin = _start(command, cwd=request.pwd, env={**python.environment, **environment}, pipes=True)
        except OSError as error:
            context.abort(grpc.StatusCode.INTERNAL, f"The plugin could not be started: {error}")
        _kill_with_call(context, plugin)
        for name, data in _output(plugin):
            yield language_pb2.RunPluginResponse(**{name: data})  # type: ignore[arg-type]  # the field's name is a value
        yield language_pb2.RunPluginResponse(exitcode=_wait(plugin))

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Make the virtual environment, and install a plugin that is a package and what requirements.txt names."""
        folder = request.info.program_directory
        venv = _virtual_environment(request.info, context, plugin=request.is_plugin)
        ambient = _ambient_python(context)
        commands = _installation(venv, folder, ambient)
        if request.is_plugin and _is_package(Path(folder)):
            package = [*_pip(venv, ambient), folder]
            made = commands if venv and _is_to_be_made(venv, context) else []
            commands = [*made, package, *commands]
        for command in commands:
            step = _start(command, cwd=folder, env=_activated(venv) if venv else dict(os.environ), pipes=True)
            _kill_with_call(context, step)
            for name, data in _output(step):
                yield language_pb2.InstallDependenciesResponse(**{name: data})
            if code := _wait(step):
                context.abort(grpc.StatusCode.UNKNOWN, f"`{' '.join(command)}`: {_exit_reason(code)}")

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        python = _python(request.info, context)
        if Path(python.executable).samefile(sys.executable):
            # The engine asks in every run: no process is needed to know of the same Python.
            executable, version = python.executable, platform.python_version()
        else:
            executable, version = _ask(python, "-IS", "-c", _ABOUT).splitlines()
        return language_pb2.AboutResponse(executable=executable, version=version)

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        """List what is installed beside the program, as `pulumi about` shows it."""
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version)
                for name, version in json.loads(_ask(_python(request.info, context), "-c", _LIST_DISTRIBUTIONS))
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


# A message without fields, and one with none set.
_NOTHING = b""


class PolicyProxy:
    """Takes the place of a policy pack until it runs: a pack is started with the stack's configuration.

    The engine tells a pack its stack by a call; a pack in Python looks into its environment. So the proxy takes that
    call, and passes on the others to the pack as soon as there is one.
    """

    def __init__(self) -> None:
        self._configuration: Future[Any] = Future()
        self._pack: Future[grpc.Channel] = Future()
        service = analyzer_pb2.DESCRIPTOR.services_by_name["Analyzer"]
        methods = {method.name: self._passing_on(f"/{service.full_name}/{method.name}") for method in service.methods}
        methods["Handshake"] = self._handshake
        methods["ConfigureStack"] = self._configure
        handlers = {name: grpc.unary_unary_rpc_method_handler(method) for name, method in methods.items()}
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8), options=_SERVER_OPTIONS)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def configuration(self) -> Any:
        """Wait for the stack's `AnalyzerStackConfigureRequest`; None when the engine asks something else first.

        Raises:
            CancelledError: The engine has hung up.
        """
        return self._configuration.result()

    def attach(self, port: int) -> None:
        """Pass on all calls to the pack that serves on a port."""
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", [*_SERVER_OPTIONS, ("grpc.enable_http_proxy", 0)])
        if configuration := self._configuration.result():
            try:
                _call(channel, "/pulumirpc.Analyzer/ConfigureStack")(configuration.SerializeToString())
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                    self.refuse(f"policy pack configuration failed: {error.details()}")
                    return
        self._pack.set_result(channel)

    def refuse(self, reason: str) -> None:
        """Answer what waits for the pack with the reason why there is none; without effect once it runs."""
        with suppress(InvalidStateError):
            self._pack.set_exception(RuntimeError(reason))

    def stop(self) -> None:
        """End the service, whatever waits for it."""
        self._configuration.cancel()
        self.refuse("the engine has hung up")
        # Time for the answers: what waited was just told why.
        self._server.stop(grace=1)

    def _handshake(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        return _NOTHING

    def _configure(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        with suppress(InvalidStateError):
            self._configuration.set_result(analyzer_pb2.AnalyzerStackConfigureRequest.FromString(request))
        return _NOTHING

    def _passing_on(self, method: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def pass_on(request: bytes, context: grpc.ServicerContext) -> bytes:
            with suppress(InvalidStateError):
                self._configuration.set_result(None)
            try:
                channel = self._pack.result()
            except RuntimeError as error:
                context.abort(grpc.StatusCode.UNKNOWN, f"policy pack not started: {error}")
            call = _call(channel, method).future(request)
            context.add_callback(call.cancel)
            try:
                answer: bytes = call.result()
            except grpc.RpcError as error:
                context.set_trailing_metadata(error.trailing_metadata() or ())
                context.abort(error.code(), error.details())
            return answer

        return pass_on


def _call(channel: grpc.Channel, method: str) -> Any:
    # Bytes in and out: what a call means is between the engine and the pack.
    return channel.unary_unary(method)


def _run_policy_pack(request: Any, environment: Mapping[str, str], context: grpc.ServicerContext) -> Iterator[Any]:
    folder = request.info.program_directory
    python = _python(request.info, context)
    proxy = PolicyProxy()
    context.add_callback(proxy.stop)
    yield language_pb2.RunPluginResponse(stdout=b"%d\n" % proxy.port)
    try:
        stack = _stack_environment(proxy.configuration())
    except CancelledError:
        return
    try:
        pack = _start(
            [python.executable, "-u", "-m", "pulumi.policy", *request.args, folder],
            # Not the program's: `python -m` puts its own folder first among those it imports from.
            cwd=folder,
            # The engine's own environment last, its PATH too: a pack finds its Python activated in VIRTUAL_ENV only.
            env={**(python.environment if python.venv else {}), **stack, **environment},
            pipes=True,
        )
    except OSError as error:
        proxy.refuse(f"{error}: run `make setup` in the repository, or `pulumi install` in the pack's folder")
        # As long as the engine has not got that answer, this call must not end: its end is the end of the proxy.
        _ended(context).wait()
        return
    _kill_with_call(context, pack)

    announced: bytes | None = b""
    for name, data in _output(pack):
        if name == "stdout" and announced is not None:
            announced += data
            line, newline, data = announced.partition(b"\n")
            if not newline:
                continue
            announced = None
            if line.strip().isdigit():
                proxy.attach(int(line))
            else:
                proxy.refuse(f"its first line is no port: {line.decode(errors='replace')}")
        if data:
            yield language_pb2.RunPluginResponse(**{name: data})  # type: ignore[arg-type]  # the field's name is a value
    code = _wait(pack)
    proxy.refuse("could not read policy pack port")
    yield language_pb2.RunPluginResponse(exitcode=code)


def _ended(context: grpc.ServicerContext) -> threading.Event:
    ended = threading.Event()
    if not context.add_callback(ended.set):
        ended.set()
    return ended


def _stack_environment(stack: Any) -> dict[str, str]:
    if stack is None:
        return {}
    named = {
        "PULUMI_ORGANIZATION": stack.organization,
        "PULUMI_PROJECT": stack.project,
        "PULUMI_STACK": stack.stack,
        "PULUMI_DRY_RUN": "true" if stack.dry_run else "false",
        "PULUMI_CONFIG": _as_json(stack.config) if stack.config else "",
    }
    return {name: value for name, value in named.items() if value}


def _as_json(config: Mapping[str, str]) -> str:
    return json.dumps(dict(config), separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class Python:
    """What runs a program or a policy pack."""

    executable: str
    venv: Path | None
    """Its virtual environment, or None for the Python of the machine."""
    environment: Mapping[str, str]
    """The environment to start it with: the host's own, with the virtual environment activated."""


def _python(info: Any, context: grpc.ServicerContext, *, plugin: bool = False) -> Python:
    """Return what runs a program or policy pack: never the host's own Python, never one folder's for another.

    Args:
        info: `pulumirpc.ProgramInfo`, with the options of Pulumi.yaml, or of the pack's own PulumiPolicy.yaml.
        context: Aborted where there is none.
        plugin: Neither program nor policy pack: `virtualenv` is `venv` unless named.
    """
    venv = _virtual_environment(info, context, plugin=plugin)
    if venv:
        return Python(executable=str(venv / "bin" / "python"), venv=venv, environment=_activated(venv))
    return Python(executable=_ambient_python(context), venv=None, environment=dict(os.environ))


def _virtual_environment(info: Any, context: grpc.ServicerContext, *, plugin: bool = False) -> Path | None:
    """Return the folder that the option `virtualenv` names, relative to the folder of the file that holds it."""
    options = dict(info.options)
    if options.get("toolchain", "pip") != "pip" or ("toolchain" not in options and _other_lock(info.program_directory)):
        context.abort(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"{info.root_directory}: this language host knows the toolchain pip only; write `toolchain: pip`",
        )
    option = options.get("virtualenv") or ("venv" if plugin else "")
    if not isinstance(option, str):
        context.abort(grpc.StatusCode.UNKNOWN, "virtualenv option must be a string")
    return Path(info.root_directory, option) if option else None


def _other_lock(folder: str) -> bool:
    """Say whether a lock file here or in a folder above makes Pulumi's own host take uv or poetry."""
    path = Path(folder).absolute()
    return any((above / name).exists() for above in (path, *path.parents) for name in ("uv.lock", "poetry.lock"))


def _ambient_python(context: grpc.ServicerContext) -> str:
    """Return the Python of the machine: PULUMI_PYTHON_CMD, a path or a name on PATH, else python3, else python."""
    named = os.environ.get("PULUMI_PYTHON_CMD")
    names = [named] if named else ["python3", "python"]
    found = [path for path in map(shutil.which, names) if path]
    if not found:
        context.abort(grpc.StatusCode.UNKNOWN, f"failed to locate any of {names} on your PATH")
    return found[0]


def _activated(venv: Path) -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONHOME"}
    path = os.pathsep.join(filter(None, [str(venv / "bin"), environment.get("PATH")]))
    return environment | {"PATH": path, "VIRTUAL_ENV": str(venv)}


def _has_python(venv: Path) -> bool:
    return (venv / "bin" / "python").is_file()


def _is_to_be_made(venv: Path, context: grpc.ServicerContext) -> bool:
    """Say whether a virtual environment is missing: neither there, nor another folder with something in it."""
    if venv.exists() and not venv.is_dir():
        context.abort(grpc.StatusCode.UNKNOWN, f"the 'virtualenv' option is set to {venv} but it is not a directory")
    return not venv.exists() or not any(venv.iterdir())


def _installation(venv: Path | None, folder: str, ambient: str) -> list[list[str]]:
    """Return the commands that make a virtual environment and install the requirements.txt of a folder into it."""
    pip = _pip(venv, ambient)
    commands = [[ambient, "-m", "venv", str(venv)]] if venv else []
    commands.append([*pip, "--upgrade", "pip", "setuptools", "wheel"])
    if Path(folder, "requirements.txt").exists():
        commands.append([*pip, "-r", "requirements.txt"])
    return commands


def _pip(venv: Path | None, ambient: str) -> list[str]:
    return [str(venv / "bin" / "python") if venv else ambient, "-m", "pip", "install"]


def _is_package(folder: Path) -> bool:
    """Say whether a folder is a Python package that can be built: its pyproject.toml has a name and a build backend."""
    # Here, for hardly any run needs it, and each takes the time of its import.
    import tomllib

    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text())
    except FileNotFoundError:
        return False
    return bool(project.get("project", {}).get("name") and project.get("build-system", {}).get("build-backend"))


# The engine asks before each preview and update, so without `site` and any import that takes time.
_ABOUT = "import platform, sys; print(sys.executable, platform.python_version(), sep=chr(10))"
_LIST_DISTRIBUTIONS = """
import json
from importlib import metadata
print(json.dumps(sorted({(d.metadata["Name"], d.version) for d in metadata.distributions()})))
"""


def _ask(python: Python, *arguments: str) -> str:
    command = [python.executable, *arguments]
    return subprocess.run(command, env=python.environment, capture_output=True, text=True, check=True).stdout


def _start(
    command: Sequence[str], *, cwd: str | None, env: Mapping[str, str], pipes: bool = False
) -> subprocess.Popen[bytes]:
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


def _kill_with_call(context: grpc.ServicerContext, process: subprocess.Popen[bytes]) -> None:
    # A call that has ended meanwhile takes no callback.
    if not context.add_callback(lambda: _kill(process)):
        _kill(process)


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
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=_SERVER_OPTIONS)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(Path(launcher), engine_address), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    threading.Thread(target=_leave_with_engine, daemon=True).start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
