"""Which Pulumi engine is used, and how one is built; Pulumi and Go are stood for by small executables."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sandbox import engine
from sandbox.engine import build
from sandbox.errors import SandboxError
from tests.sandbox.processes import ENDLESS, PATIENCE, eventually, inheritors, needs_proc

REPOSITORY = Path(engine.__file__).parents[2]
Executable = Callable[[str, str], Path]

GO = """
import os, subprocess, sys
from pathlib import Path

calls = Path(os.environ["TMPDIR"]) / "go-calls"
match sys.argv[1]:
    case "env":
        print("go{version}")
    case "build":
        with calls.open("a") as file:
            print(os.environ["GOFLAGS"], file=file)
        # As Go does: the work is done by children.
        subprocess.run([sys.executable, "-c", {work!r}])
        if {code}:
            sys.exit({output!r})
        output = Path(sys.argv[sys.argv.index("-o") + 1])
        output.write_text("#!/bin/sh\\n")
        output.chmod(0o755)
    case "list":
        print(os.environ["FAKE_SDK"])
"""


def go(*, version: str = "1.26.0", work: str = "", code: int = 0, output: str = "") -> str:
    """Return the body of an executable that answers as Go does; `work` is what a build does, in Python."""
    return GO.format(version=version, work=work, code=code, output=output)


def until(file: Path) -> str:
    """Return work that lasts until a file is there, or patience is at its end."""
    return (
        "import pathlib, time\n"
        f"end = time.monotonic() + {PATIENCE}\n"
        f"while not pathlib.Path({str(file)!r}).exists() and time.monotonic() < end: time.sleep(0.05)"
    )


pytestmark = pytest.mark.usefixtures("lonely_path", "machine")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache, and Pulumi's SDK in a module cache; return the folder of the builds."""
    sdk = tmp_path / "sdk"
    (sdk / "python" / "cmd").mkdir(parents=True)
    (sdk / "python" / "cmd" / "pulumi-language-python-exec").write_text("# Copyright 2016, Pulumi Corporation.\n")
    (sdk / "LICENSE").write_text("Apache License\n")
    monkeypatch.setenv("FAKE_SDK", str(sdk))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / "cache" / "delegation" / "engine"


@pytest.fixture
def said() -> list[str]:
    return []


def builds(machine: Path) -> list[str]:
    """Return the names of what stands in the folder of the builds, locks left out."""
    return sorted(path.name for path in machine.iterdir() if path.suffix != ".lock") if machine.exists() else []


def version_of(pulumi: str) -> str:
    return f'print("v{pulumi}")'


def a_minor_after(version: str, difference: int) -> str:
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + difference}.0"


@pytest.mark.parametrize("difference", [0, 1], ids=["pinned", "newer"])
def test_pulumi_on_path_is_used_as_it_is(executable: Executable, said: list[str], difference: int) -> None:
    pulumi = executable("pulumi", version_of(a_minor_after(engine.pinned_version(), difference)))
    executable("pulumi-language-python", "")

    assert engine.obtain(said.append) == engine.Engine(pulumi=pulumi, built=False)
    assert said == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (version_of(a_minor_after(engine.pinned_version(), -1)), "its version is"),
        (version_of("4.0.0"), "its version is v4.0.0"),
        (version_of(engine.pinned_version()), "without pulumi-language-python"),
        ("print('command not understood')", "does not answer with a version"),
        ("raise SystemExit(1)", "does not answer with a version"),
    ],
    ids=["older", "next-major", "no-language-host", "no-version", "fails"],
)
def test_pulumi_that_does_not_fit_is_passed_over_with_the_reason(
    executable: Executable, said: list[str], machine: Path, body: str, reason: str
) -> None:
    pulumi = executable("pulumi", body)
    executable("go", go())

    found = engine.obtain(said.append)

    assert found.built
    assert found.pulumi.is_relative_to(machine)
    assert str(pulumi) in said[0]
    assert reason in said[0]


def test_finished_build_is_used_without_go(executable: Executable, said: list[str], lonely_path: Path) -> None:
    executable("go", go())
    first = engine.obtain(said.append)
    (lonely_path / "go").unlink()
    said.clear()

    assert engine.obtain(said.append) == first
    assert said == []


def test_build_holds_the_launcher_with_its_licence_and_an_executable_language_host(
    executable: Executable, said: list[str]
) -> None:
    executable("go", go())

    folder = engine.obtain(said.append).pulumi.parent

    assert "Copyright" in (folder / "pulumi-language-python-exec").read_text()
    assert (folder / "LICENSE").read_text() == "Apache License\n"
    assert os.access(folder / "pulumi-language-python", os.X_OK)


def test_build_says_beforehand_that_it_takes_minutes(executable: Executable, said: list[str]) -> None:
    executable("go", go())
    engine.obtain(said.append)
    assert "minutes" in said[0]


def test_long_build_says_how_it_goes_on(
    executable: Executable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "SAY_EVERY_SECONDS", 0.1)
    executable("go", go(work=until(tmp_path / "told-twice")))
    how_it_goes_on: list[str] = []

    def say(line: str) -> None:
        if "modules" in line or "module cache" in line:
            how_it_goes_on.append(line)
        if len(how_it_goes_on) == 2:
            (tmp_path / "told-twice").touch()

    engine.obtain(say)
    assert len(how_it_goes_on) >= 2


def test_build_never_changes_the_module_file(
    executable: Executable, said: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    executable("go", go())
    engine.obtain(said.append)
    assert (tmp_path / "go-calls").read_text() == "-mod=readonly\n"


NO_NETWORK = "dial tcp: lookup modules.invalid: no such host"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (None, "neither Pulumi nor Go"),
        (go(version="1.24.9"), "needs Go 1.25 or newer"),
        (go(code=1, output=f"go: cloud.google.com/go@v0.1.0: Get: {NO_NETWORK}"), "connect to a network"),
        (go(code=1, output="compile: signal: killed"), "compile: signal: killed"),
        ("", "does not say its version"),
    ],
    ids=["no-go", "old-go", "no-network", "build-fails", "broken-go"],
)
def test_engine_that_cannot_be_had_is_one_sentence_with_the_way_out(
    executable: Executable, said: list[str], machine: Path, body: str | None, sentence: str
) -> None:
    if body is not None:
        executable("go", body)

    with pytest.raises(SandboxError, match=re.escape(sentence)) as refusal:
        engine.obtain(said.append)

    assert "https://www.pulumi.com/docs" in str(refusal.value)
    assert builds(machine) == []


def test_command_exits_with_the_sentence_and_no_traceback() -> None:
    run = subprocess.run([sys.executable, "-m", "sandbox.engine"], cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("There is neither Pulumi nor Go")
    assert "Traceback" not in run.stderr


def test_build_continues_after_a_failed_one(executable: Executable, said: list[str]) -> None:
    executable("go", go(code=1, output=NO_NETWORK))
    with pytest.raises(SandboxError):
        engine.obtain(said.append)
    executable("go", go())
    assert engine.obtain(said.append).built


@needs_proc
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "terminated"]
)
def test_interrupted_build_leaves_neither_process_nor_half_a_build(
    executable: Executable, said: list[str], machine: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    executable("go", go(work=f"import time; time.sleep({ENDLESS})"))
    command = subprocess.Popen([sys.executable, "-m", "sandbox.engine"], cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    marker = f"XDG_CACHE_HOME={tmp_path}/cache"
    assert eventually((tmp_path / "go-calls").exists)
    assert any("go.py build" in process for process in inheritors(marker).values())

    command.send_signal(number)

    assert command.wait(timeout=PATIENCE) == code
    assert eventually(lambda: inheritors(marker) == {}), inheritors(marker)
    assert builds(machine) == []
    executable("go", go())
    assert engine.obtain(said.append).built


def test_leftovers_of_a_killed_build_are_removed(executable: Executable, said: list[str], machine: Path) -> None:
    executable("go", go())
    finished = engine.obtain(said.append).pulumi.parent
    half = finished.rename(finished.with_name(f"{finished.name}.part-killed"))

    engine.obtain(said.append)

    assert not half.exists()
    assert builds(machine) == [finished.name]


def test_builders_at_the_same_time_build_once(executable: Executable, tmp_path: Path) -> None:
    executable("go", go(work=until(tmp_path / "second-waits")))
    first, second = tmp_path / "first", tmp_path / "second"

    def start(output: Path) -> subprocess.Popen[bytes]:
        with output.open("w") as file:
            return subprocess.Popen([sys.executable, "-u", "-m", "sandbox.engine"], cwd=REPOSITORY, stdout=file)

    both = [start(first)]
    assert eventually((tmp_path / "go-calls").exists)
    both.append(start(second))
    waits = eventually(lambda: "Waiting for another build" in second.read_text())
    (tmp_path / "second-waits").touch()

    assert [process.wait(timeout=PATIENCE) for process in both] == [0, 0]
    assert waits
    assert "Waiting for another build" not in first.read_text()
    assert len((tmp_path / "go-calls").read_text().splitlines()) == 1


def test_module_file_names_the_version_of_the_installed_sdk() -> None:
    text = (REPOSITORY / "sandbox" / "engine" / "go.mod").read_text()
    versions: Mapping[str, str] = dict(re.findall(r"github\.com/pulumi/pulumi/(pkg|sdk)/v3 v([0-9.]+)", text))
    assert versions == {"pkg": engine.pinned_version(), "sdk": engine.pinned_version()}


def test_project_pins_the_version_of_the_installed_sdk() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert f"pulumi=={engine.pinned_version()}" in project["dependencies"]
