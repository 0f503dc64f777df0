"""A Python that starts in a tenth of the time: each process is forked from one that has imported the libraries.

For tests, which start Pulumi, its language host, programs and policy packs hundreds of times. What is forked has the
arguments, environment, working folder and streams of its call and imports the project's own modules anew; only what
is installed is imported already. As a script (`python warm_python.py SOCKET`) it is the process that forks.
"""

from __future__ import annotations

import atexit
import gc
import io
import marshal
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

# What the processes of a workspace import, or most of it.
_LIBRARIES = (
    *("asyncio", "concurrent.futures.thread", "ctypes", "difflib", "http.server", "tomllib"),
    *("boto3", "boto3.session", "botocore.client", "botocore.handlers", "botocore.parsers", "botocore.paginate"),
    *("dateutil.parser", "grpc", "grpc._channel", "grpc.aio", "grpc.experimental", "jsonschema", "packaging.version"),
    *("pydantic", "pydantic.alias_generators", "pydantic.fields", "pydantic.main", "pydantic.plugin._loader"),
    *("pydantic.type_adapter", "pydantic.types", "rich.live", "rich.table", "typer", "yaml"),
    *("moto.server", "moto.iam.access_control", "moto.iam.urls", "moto.kms.urls", "moto.s3.urls", "moto.sts.urls"),
    "moto.moto_server.werkzeug_app",
    *("pulumi", "pulumi.policy", "pulumi.provider.experimental.server", "pulumi.runtime.proto.language_pb2_grpc"),
    *("pulumi_aws", "pulumi_aws.iam", "pulumi_policy", "pulumi_policy.proxy"),
)

# Without imports beyond what Python holds in itself, so that it starts at once. It leaves to Python what a forked
# process cannot have: other switches than these, another language, and what is read where Python starts or where moto
# is imported.
_CLIENT = """#!{python} -ISE
import _signal, _socket, marshal, os, sys
PYTHON, SOCKET, LOCALE = {python!r}, {socket!r}, {locale!r}
KNOWN = ("PYTHONPATH", "PYTHONSAFEPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
# What moto reads whenever it is asked.
KNOWN += ("MOTO_IAM_LOAD_MANAGED_POLICIES",)
environment, rest, switches = dict(os.environ), sys.argv[1:], ""
while rest and rest[0][:1] == "-" and rest[0][1:2] not in ("c", "m", "") and not set(rest[0][1:]) - set("uPIEsB"):
    switches += rest.pop(0)[1:]
kind = rest[0] if rest[:1] in (["-c"], ["-m"]) else ""
if (
    len(rest) < 1 + bool(kind)
    or (not kind and not os.path.isfile(rest[0]))
    or any(name.startswith(("PYTHON", "MOTO_")) and name not in KNOWN for name in environment)
    or [environment.get(name) for name in ("LANG", "LC_ALL", "LC_CTYPE")] != LOCALE
):
    os.execv(PYTHON, [PYTHON, *sys.argv[1:]])
server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
# A signal is handed on once the call is made: what it starts may run before this does again.
handed = [n for n in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP) if _signal.getsignal(n) != _signal.SIG_IGN]
before = _signal.pthread_sigmask(_signal.SIG_BLOCK, handed)
for number in handed:
    _signal.signal(number, lambda number, _frame: server.sendall(bytes([number])))
server.connect(SOCKET)
call = marshal.dumps((sys.argv[0], switches, kind, rest, environment, os.getcwd()))
length = len(call).to_bytes(4, "big")
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
server.sendmsg([length], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
server.sendall(call)
_signal.pthread_sigmask(_signal.SIG_SETMASK, before)
answer = server.recv(4)
code = int.from_bytes(answer, "big", signed=True) if answer else 70
if code < 0:
    _signal.signal(-code, _signal.SIG_DFL) if -code not in (_signal.SIGKILL, _signal.SIGSTOP) else None
    os.kill(os.getpid(), -code)
os._exit(code)
"""


@contextmanager
def warm_python(folder: Path) -> Iterator[Path]:
    """Make an executable that is called as Python is; its processes end with this context.

    Args:
        folder: Where the executable and its socket are put.
    """
    address, executable = folder / "python.socket", folder / "python"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(address))
    listener.listen(64)
    write_caller(executable, address)
    server = subprocess.Popen(
        [sys.executable, "-I", __file__, str(listener.fileno())],
        pass_fds=[listener.fileno()],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    listener.close()
    try:
        yield executable
    finally:
        assert server.stdin
        server.stdin.close()
        server.wait()


def write_caller(executable: Path, address: Path) -> None:
    """Write what is called as Python is, and hands on each call to the process that listens at a socket."""
    locale = [os.environ.get(name) for name in ("LANG", "LC_ALL", "LC_CTYPE")]
    executable.write_text(_CLIENT.format(python=sys.executable, socket=str(address), locale=locale))
    executable.chmod(0o755)


def _serve(listener: socket.socket) -> tuple[Any, ...]:
    """Fork a process for each call, and tell each caller how its process ended, until stdin ends.

    Returns:
        What a process was called with, in that process.
    """
    # By a descriptor that tells when a process has ended: the process, and the connection to who called it.
    running: dict[int, tuple[int, socket.socket]] = {}
    while True:
        callers = {connection.fileno(): ended for ended, (_, connection) in running.items()}
        ready, _, _ = select.select([0, listener.fileno(), *running, *callers], [], [])
        if 0 in ready:
            for process, _ in running.values():
                _kill(process)
            os._exit(0)
        for number in ready:
            if number == listener.fileno():
                if called := _fork(listener, running):
                    return called
            elif number in running:
                process, connection = running.pop(number)
                _, status = os.waitpid(process, 0)
                with connection, suppress(BrokenPipeError):
                    connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
                os.close(number)
            elif callers[number] in running:
                process, connection = running[callers[number]]
                if sent := connection.recv(1):
                    os.kill(process, ord(sent))
                else:
                    # The caller was killed: so is what it stands for.
                    _kill(process)


def _fork(listener: socket.socket, running: dict[int, tuple[int, socket.socket]]) -> tuple[Any, ...] | None:
    """Read a call and fork its process; return, in that process alone, what it says."""
    connection, _ = listener.accept()
    head, streams, _, _ = socket.recv_fds(connection, 4, 3)
    content = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
    try:
        # The socket stands in a folder of this user alone.
        called: tuple[Any, ...] = marshal.loads(content)  # noqa: S302
    except (EOFError, ValueError, TypeError):
        # Who called was killed meanwhile.
        connection.close()
        for stream in streams:
            os.close(stream)
        return None
    _, _, kind, rest, _, cwd = called
    if not kind:
        # An error belongs into the process.
        with suppress(OSError, SyntaxError, ValueError):
            _script(Path(cwd, rest[0]))
    process = os.fork()
    if process == 0:
        for ended, (_, other) in running.items():
            os.close(ended)
            other.close()
        connection.close()
        listener.close()
        os.setsid()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        return called
    for stream in streams:
        os.close(stream)
    running[os.pidfd_open(process)] = process, connection
    return None


def _kill(process: int) -> None:
    """Kill a process that nobody has waited for, with its children once it leads a group."""
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(process, signal.SIGKILL)


def _run(executable: str, switches: str, kind: str, rest: list[str], environment: dict[str, str], cwd: str) -> None:
    """Run in this process what Python would run when it is called so."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    time.tzset()
    tempfile.tempdir = None
    obeyed = {} if set(switches) & set("IE") else environment
    _reopen(unbuffered="u" in switches or bool(obeyed.get("PYTHONUNBUFFERED")))
    sys.dont_write_bytecode = "B" in switches or bool(obeyed.get("PYTHONDONTWRITEBYTECODE"))
    sys.executable = executable
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    first = {"-m": cwd, "-c": ""}.get(kind, str(Path(rest[0]).resolve().parent))
    safe = set(switches) & set("IP") or obeyed.get("PYTHONSAFEPATH")
    paths = [str(Path(path).absolute()) for path in obeyed.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = paths if safe else [first, *paths]
    if kind == "-m":
        sys.argv = ["-m", *rest[2:]]
        runpy._run_module_as_main(rest[1])  # type: ignore[attr-defined]  # what `python -m` runs itself
        return
    main.__dict__["__builtins__"] = __builtins__
    if kind == "-c":
        sys.argv, code = ["-c", *rest[2:]], _compiled(rest[1].encode(), "<string>")
    else:
        file = Path(rest[0]).absolute()
        sys.argv, code = rest, _script(file)
        main.__file__ = str(file)
    exec(code, main.__dict__)  # noqa: S102  # as Python does


def _script(file: Path) -> types.CodeType:
    return _compiled(file.read_bytes(), str(file))


@cache
def _compiled(source: bytes, file: str) -> types.CodeType:
    """Compile; what is called again and again, as the language host is, once, in the process that forks."""
    code: types.CodeType = compile(source, file, "exec", dont_inherit=True)
    return code


def _reopen(*, unbuffered: bool) -> None:
    """Make the streams anew, on what file descriptors 0 to 2 are now."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        raw = io.FileIO(number, "r" if number == 0 else "w", closefd=False)
        buffered: Any = io.BufferedReader(raw) if number == 0 else raw if unbuffered else io.BufferedWriter(raw)
        new = io.TextIOWrapper(
            buffered,
            encoding=old.encoding,
            errors=old.errors,
            line_buffering=number == 2 or raw.isatty(),
            write_through=unbuffered and number > 0,
        )
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def _exit_code(run: Callable[[], None]) -> int:
    """Run something; return the exit code that Python would end with, and print what it would print."""
    try:
        run()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
    except BaseException as error:
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        if isinstance(error, KeyboardInterrupt):
            return -signal.SIGINT
    else:
        return 0
    return 1


def _end(code: int) -> None:
    """End as Python does, without taking apart all that is imported: that takes longer than most programs here."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for other threads
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _read_service_models() -> None:
    """Read AWS's service models: each session would read its own, a fifth of the time of a program that makes one."""
    session: Any = import_module("botocore.session")
    session.create_loader = cache(session.create_loader)
    loader = session.create_loader(None)
    loader.load_data_with_path("endpoints")
    for data in ("partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(data)
    for service in ("iam", "sts"):
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind, api_version=None)
    # moto keeps its own.
    moto: Any = import_module("moto.core.utils")
    for service in ("iam", "kms", "s3", "sts"):
        moto.get_service_model(service)


if __name__ == "__main__":
    for _name in _LIBRARIES:
        # The SDKs import their modules when they are asked for something.
        hasattr(import_module(_name), "__all__")
    _read_service_models()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
    _called = _serve(socket.socket(fileno=int(sys.argv[1])))
    _end(_exit_code(lambda: _run(*_called)))
