"""A Python that is forked does what one does that is started."""

from __future__ import annotations

import marshal
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.warm_python import warm_python, write_caller
from tests.sandbox.processes import ENDLESS, PATIENCE, eventually

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux watches a process by a descriptor")

TELLING = """
import os, sys, tempfile, threading
print(sys.argv, sys.path, os.getcwd(), tempfile.gettempdir(), __name__, sys.dont_write_bytecode, sys.stdin.read())
print(sorted(os.environ.items()), sys.stdout.line_buffering, sys.stdout.write_through, file=sys.stderr)
threading.Timer(0.1, print, ["a thread ends"]).start()
"""
LATE = "import atexit; atexit.register(print, 'at the end')\n"


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with warm_python(tmp_path_factory.mktemp("warm")) as executable:
        yield executable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "telling.py").write_text(TELLING)
    (tmp_path / "elsewhere/__main__.py").write_text("import sibling")
    (tmp_path / "elsewhere/sibling.py").write_text("print('imported')\n")
    (tmp_path / "elsewhere/script.py").write_text("import sibling; print(__file__)\nraise LookupError('why')\n")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", TELLING, "-x", "argument"],
        ["-m", "telling", "argument"],
        ["-u", "-m", "telling"],
        ["-uP", "-c", TELLING],
        ["-P", "telling.py", "argument"],
        ["-I", "-c", TELLING],
        ["telling.py"],
        ["-B", "telling.py"],
        ["elsewhere/script.py"],
        ["elsewhere"],
        ["missing.py"],
        ["-m", "missing"],
        ["-V"],
        ["-W", "error", "-c", "import warnings; warnings.warn('refused')"],
        ["-c", LATE + "raise SystemExit"],
        ["-c", LATE + "raise SystemExit(3)"],
        ["-c", LATE + "raise SystemExit('a reason')"],
        ["-c", LATE + "1 / 0"],
        ["-c", LATE + "raise KeyboardInterrupt"],
        ["-c", "import os; os.abort()"],
        ["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
        ["-c", "import sys; sys.stdout.close()"],
        ["-c", "def annotated(x: print('when it is defined')): ..."],
        ["-c", "not Python"],
        ["-"],
    ],
    ids=lambda arguments: " ".join(arguments).replace("\n", " ")[:60],
)
@pytest.mark.parametrize(
    "environment", [{}, {"PYTHONPATH": "elsewhere"}, {"PYTHONSAFEPATH": "1", "TMPDIR": "."}], ids=str
)
def test_it_ends_and_prints_as_python_does(
    warm: Path, folder: Path, arguments: list[str], environment: dict[str, str]
) -> None:
    def run(python: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [python, *arguments],
            cwd=folder,
            env={name: os.environ[name] for name in ("LANG", "LC_ALL", "LC_CTYPE") if name in os.environ} | environment,
            input="print('read')",
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr.replace(str(warm), sys.executable)

    assert run(str(warm)) == run(sys.executable)


def test_libraries_are_imported_and_the_projects_own_modules_are_not(warm: Path) -> None:
    done = subprocess.run([warm, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True)
    modules = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"pulumi", "pulumi_aws", "pulumi_policy", "boto3", "moto"} <= modules
    own = {path.stem for path in Path(__file__).parents[2].iterdir() if path.suffix == ".py" or path.is_dir()}
    assert (own | {"delegation_pack"}) & modules == {"__main__"}


@pytest.mark.parametrize("name", ["MOTO_RECORDER_FILEPATH", "PYTHONHASHSEED"])
def test_what_is_read_at_the_start_is_read(warm: Path, name: str) -> None:
    code = "import sys; print(sys.executable)"
    environment = {**os.environ, name: "0"}
    told = subprocess.run([warm, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    assert told.strip() == sys.executable


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_it(warm: Path, number: signal.Signals) -> None:
    code = f"import signal, time\nsignal.signal({int(number)}, lambda *_: exit(7))\nprint(flush=True)\n"
    with subprocess.Popen([warm, "-c", f"{code}time.sleep({ENDLESS})"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait() == 7


def test_a_signal_while_it_calls_is_handed_on_after_the_call(tmp_path: Path) -> None:
    address, caller = tmp_path / "socket", tmp_path / "python"
    write_caller(caller, address)
    # More than the socket takes before somebody reads.
    arguments = ["-c", "pass", *["x" * 100_000] * 5]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.settimeout(PATIENCE)
        listener.bind(str(address))
        listener.listen()
        with subprocess.Popen([caller, *arguments]) as process:
            connection, _ = listener.accept()
            with connection:
                head, streams, _, _ = socket.recv_fds(connection, 4, 3)
                process.send_signal(signal.SIGTERM)
                call = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
                assert marshal.loads(call)[3] == arguments  # noqa: S302
                assert connection.recv(1) == bytes([signal.SIGTERM])
                connection.sendall((7).to_bytes(4, "big"))
            assert process.wait() == 7
    for stream in streams:
        os.close(stream)


def test_it_ends_with_a_caller_that_is_killed_and_so_do_its_children(warm: Path) -> None:
    code = (
        "import os, subprocess\n"
        f"child = subprocess.Popen(['sleep', '{ENDLESS}'])\n"
        "print(os.getpid(), child.pid, flush=True)\nchild.wait()"
    )
    with subprocess.Popen([warm, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        started = process.stdout.readline().split()
        process.kill()
        assert eventually(lambda: not any(_runs(pid) for pid in started))


def test_a_script_that_is_edited_runs_as_it_is_now(warm: Path, folder: Path) -> None:
    for text in ("first", "other"):
        (folder / "edited.py").write_text(f"print({text!r})")
        done = subprocess.run([warm, "edited.py"], cwd=folder, capture_output=True, text=True)
        assert (done.stdout, done.stderr) == (f"{text}\n", "")


@pytest.mark.parametrize("sent", [b"", (100).to_bytes(4, "big"), (100).to_bytes(4, "big") + b"half"])
def test_it_goes_on_after_a_caller_that_is_killed_while_it_calls(warm: Path, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(warm.with_name("python.socket")))
        caller.sendall(sent)
    assert subprocess.run([warm, "-c", "print('runs')"], capture_output=True, text=True).stdout == "runs\n"


def test_its_server_ends_with_the_context(tmp_path: Path) -> None:
    with warm_python(tmp_path) as executable:
        code = f"import os, time; print(os.getpid(), flush=True); time.sleep({ENDLESS})"
        process = subprocess.Popen([executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        started = process.stdout.readline().strip()
    process.kill()
    process.communicate()
    assert eventually(lambda: not _runs(started))
    assert subprocess.run([executable, "-c", "pass"], stderr=subprocess.DEVNULL).returncode != 0


def _runs(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
