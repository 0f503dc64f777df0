"""The commands of the Makefile that speak to real AWS or to a fresh machine; Pulumi and Python are stood for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.workspace import REPOSITORY

MAKE = shutil.which("make") or "make"
PACK = "policypacks/delegation"
Executable = Callable[[str, str], Path]

pytestmark = pytest.mark.usefixtures("lonely_path")


@pytest.fixture
def repository(tmp_path: Path, lonely_path: Path) -> Path:
    """A repository with the Makefile, two stacks, and a pack whose configuration for one of them is not accepted."""
    (lonely_path / "ln").symlink_to(shutil.which("ln", path="/usr/bin:/bin") or "ln")
    folder = tmp_path / "repository"
    (folder / PACK).mkdir(parents=True)
    shutil.copy(REPOSITORY / "Makefile", folder)
    (folder / ".venv").symlink_to(sys.prefix)
    for name in ("Pulumi.security.yaml", "Pulumi.preprod.yaml", "requirements-dev.txt", f"{PACK}/pyproject.toml"):
        (folder / name).touch()
    for name in (
        "Pulumi.yaml",
        *(f"operations/{name}.py" for name in ("__init__", "errors", "project_files", "stack", "stack_names")),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, folder / name)
    (folder / PACK / "check_config.py").write_text(
        "def problems(file):\n"
        "    return ['it lowers a policy.'] if 'security' in file.name else []\n"
        "def wide_ranges(file):\n"
        "    return ['one range is wide']\n"
    )
    (folder / "operations" / "unfinished.py").write_text(
        "import sys\ndef check(top, stack):\n    if (top / 'killed').exists(): sys.exit(f'{stack} has not ended.')\n"
    )
    (folder / "operations" / "held_groups.py").write_text(
        "import sys\ndef check(top, verb):\n    sys.exit(f'Asked in {top} before {verb}.')\n"
    )
    (folder / "operations" / "targets.py").write_text(
        "import sys\ndef check(top, stack):\n"
        "    if (top / 'differ').exists(): sys.exit(f'The files of {stack} disagree.')\n"
    )
    return folder


def make(repository: Path, *arguments: str, installed: bool = True) -> subprocess.CompletedProcess[str]:
    # -o: the virtual environment counts as installed.
    assumed = ["-o", ".venv/installed"] if installed else []
    return subprocess.run([MAKE, *assumed, *arguments], cwd=repository, capture_output=True, text=True)


@pytest.fixture
def pulumi(executable: Executable, tmp_path: Path) -> Path:
    """Put a Pulumi on PATH that only writes down its arguments; return that file."""
    calls = tmp_path / "calls"
    executable("pulumi", f"import sys\nopen({str(calls)!r}, 'a').write(' '.join(sys.argv[1:]))\n")
    return calls


WITH_PACK = f"--policy-pack {PACK} --policy-pack-config {PACK}/config/preprod.json"


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        ("preview", f"preview --refresh --stack preprod {WITH_PACK}"),
        ("up", f"up --refresh --stack preprod {WITH_PACK}"),
        ("destroy", "destroy --refresh --stack preprod"),
    ],
)
def test_verb_is_the_plain_pulumi_command(repository: Path, pulumi: Path, verb: str, command: str) -> None:
    done = make(repository, verb, "STACK=preprod")
    assert done.returncode == 0, done.stderr
    assert pulumi.read_text() == command
    assert f"pulumi {command}" in done.stdout


@pytest.mark.parametrize(
    ("verb", "judged"),
    [("preview", True), ("up", True), ("destroy", False)],
)
def test_another_folders_program_runs_with_this_ones_policy_pack(
    repository: Path, pulumi: Path, tmp_path: Path, verb: str, judged: bool
) -> None:
    shutil.copytree(repository, tmp_path / "change", symlinks=True)
    shutil.rmtree(tmp_path / "change/policypacks")
    (tmp_path / "change/Pulumi.preprod.yaml").rename(tmp_path / "change/Pulumi.staging.yaml")
    done = make(repository, verb, "STACK=staging", "PROGRAM=../change")
    assert done.returncode == 0, done.stderr
    pack = repository / PACK
    options = f" --policy-pack {pack} --policy-pack-config {pack}/config/staging.json" if judged else ""
    assert pulumi.read_text() == f"--cwd ../change {verb} --refresh --stack staging{options}"


@pytest.mark.parametrize("verb", ["preview", "up"])
def test_modules_of_the_folder_and_of_the_callers_environment_stay_out(
    repository: Path, executable: Executable, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    executable(
        "pulumi", "import os\nprint([os.environ.get(f'PYTHON{name}') for name in ('SAFEPATH', 'PATH', 'HOME')])\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(repository))
    done = make(repository, verb, "STACK=preprod")
    assert "['1', None, None]" in done.stdout, done.stderr


@pytest.mark.parametrize("verb", ["preview", "up", "destroy"])
@pytest.mark.parametrize("name", ["Pulumi.yaml", "Pulumi.preprod.yaml"])
def test_files_that_name_software_are_refused(repository: Path, pulumi: Path, verb: str, name: str) -> None:
    with (repository / name).open("a") as file:
        file.write("plugins: {languages: [{name: python, path: mine}]}\n")
    refused = make(repository, verb, "STACK=preprod")
    assert refused.returncode != 0
    assert f"{name}: `plugins`: it replaces the software that runs the policy pack." in refused.stderr
    assert not pulumi.exists()


def test_the_name_of_a_file_is_no_command(repository: Path) -> None:
    (repository / "Pulumi.`: >made`.yaml").touch()
    (repository / "Pulumi.$(: >made).yaml").touch()
    for stack in ([], ["STACK=prod"]):
        assert make(repository, "preview", *stack).returncode != 0
    assert not (repository / "made").exists()


@pytest.mark.parametrize("verb", ["preview", "up", "destroy"])
@pytest.mark.parametrize(
    ("stack", "sentence"),
    [
        ([], "Name a stack: make {verb} STACK=… with one of: preprod, security."),
        (["STACK=prod"], "There is no Pulumi.prod.yaml; the stacks are: preprod, security."),
    ],
    ids=["no-stack", "unknown-stack"],
)
def test_wrong_stack_is_one_sentence(
    repository: Path, pulumi: Path, verb: str, stack: list[str], sentence: str
) -> None:
    refused = make(repository, verb, *stack)
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert refused.stderr.splitlines()[0] == sentence.format(verb=verb)
    assert not pulumi.exists()


def test_missing_pulumi_is_one_sentence(repository: Path) -> None:
    refused = make(repository, "preview", "STACK=preprod")
    assert refused.returncode != 0
    assert refused.stderr.startswith("Pulumi is not installed: see https://")


@pytest.mark.parametrize("verb", ["preview", "up"])
def test_pack_configuration_is_checked_first(repository: Path, pulumi: Path, verb: str) -> None:
    refused = make(repository, verb, "STACK=security")
    assert refused.returncode != 0
    assert f"{PACK}/config/security.json: it lowers a policy." in refused.stderr
    assert not pulumi.exists()


def test_what_the_pack_allows_for_a_reason_is_told(repository: Path, pulumi: Path) -> None:
    done = make(repository, "preview", "STACK=preprod")
    assert f"{PACK}/config/preprod.json: one range is wide" in done.stdout.splitlines()
    assert pulumi.exists()


def test_the_check_alone_runs_no_pulumi(repository: Path, pulumi: Path) -> None:
    assert make(repository, ".ready", "STACK=preprod").returncode == 0
    assert make(repository, ".ready", "STACK=security").returncode != 0
    assert not pulumi.exists()


def test_further_arguments_reach_pulumi(repository: Path, pulumi: Path) -> None:
    assert make(repository, "up", "STACK=preprod", "ARGS=--yes --message 'two words'").returncode == 0
    assert pulumi.read_text().endswith("config/preprod.json --yes --message two words")


def test_nothing_is_updated_on_top_of_a_killed_update(repository: Path, pulumi: Path) -> None:
    (repository / "killed").touch()
    refused = make(repository, "up", "STACK=preprod")
    assert refused.returncode != 0
    assert "preprod has not ended." in refused.stderr
    assert not pulumi.exists()


@pytest.mark.parametrize("verb", ["preview", "up", "destroy"])
def test_groups_that_hold_grants_are_looked_for_in_the_security_account(
    repository: Path, pulumi: Path, verb: str
) -> None:
    (repository / PACK / "check_config.py").write_text(
        "def problems(file):\n    return []\ndef wide_ranges(file):\n    return []\n"
    )
    refused = make(repository, verb, "STACK=security")
    assert refused.returncode != 0
    assert f"Asked in . before {verb}." in refused.stderr
    assert not pulumi.exists()


@pytest.mark.parametrize(("confirmed", "options"), [("YES=1", "--yes"), ("YES=0", ""), ("YES=", "")])
@pytest.mark.parametrize(("verb", "given"), [("revoke", "--stack all"), ("offboard", "--admin carol")])
def test_only_one_confirms(repository: Path, verb: str, given: str, confirmed: str, options: str) -> None:
    (repository / "operations" / f"{verb}.py").write_text("import sys\nprint(*sys.argv[1:])\n")
    done = make(repository, verb, "STACK=all", "ADMIN=carol", confirmed)
    assert done.stdout == f"{given} {options}".rstrip() + "\n"


def test_setup_gives_the_policy_pack_the_virtual_environment(repository: Path) -> None:
    # Nothing else may lead the pack to its Python: neither PATH nor an activated environment.
    assert make(repository, "setup").returncode == 0
    link = repository / PACK / ".venv"
    assert link.readlink() == Path("../../.venv")
    assert link.resolve() == Path(sys.prefix).resolve()


def test_setup_keeps_the_virtual_environment_that_the_pack_has(repository: Path) -> None:
    own = repository / PACK / ".venv"
    own.mkdir()
    assert make(repository, "setup").returncode == 0
    assert not own.is_symlink()


@pytest.mark.parametrize(("verb", "refused"), [("preview", True), ("up", True), ("destroy", False)])
def test_stack_files_that_disagree_on_a_target_are_refused(
    repository: Path, pulumi: Path, verb: str, refused: bool
) -> None:
    (repository / "differ").touch()
    done = make(repository, verb, "STACK=preprod")
    assert ("The files of preprod disagree." in done.stderr) == refused
    assert pulumi.exists() != refused


def test_commands_leave_the_path_as_it_is(repository: Path, executable: Executable, tmp_path: Path) -> None:
    executable("pulumi", f"import os\nopen({str(tmp_path / 'path')!r}, 'w').write(os.environ['PATH'])\n")
    assert make(repository, "preview", "STACK=preprod").returncode == 0
    assert (tmp_path / "path").read_text() == os.environ["PATH"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (None, "There is no python-x here: install Python 3.11 or newer"),
        ("import sys\nsys.exit('version_info' in sys.argv[2])", "python-x is older than 3.11"),
        ("import sys\nsys.exit('ensurepip' in sys.argv[2])", "python-x comes without venv"),
    ],
    ids=["missing", "old", "no-venv"],
)
def test_unfit_python_is_one_sentence(
    repository: Path, executable: Executable, body: str | None, sentence: str
) -> None:
    if body:
        executable("python-x", body)
    (repository / ".venv").unlink()
    refused = make(repository, "setup", "PYTHON=python-x", installed=False)
    assert refused.returncode != 0
    assert refused.stdout.startswith(sentence)
    assert not (repository / ".venv").exists()


def test_a_python_newer_than_those_tested_is_taken_with_a_warning(repository: Path, executable: Executable) -> None:
    # Goes as far as the virtual environment, and not further.
    executable("python-x", "import sys\nif sys.argv[2] == 'venv': sys.exit('made')\nsys.exit('(3, 14)' in sys.argv[2])")
    (repository / ".venv").unlink()
    started = make(repository, "setup", "PYTHON=python-x", installed=False)
    assert started.stdout.startswith("python-x is newer than 3.13, the newest that is tested here. ")
    assert started.stderr.startswith("made"), "the virtual environment is made nevertheless"


def test_help_is_the_default_and_lists_every_command(repository: Path, lonely_path: Path) -> None:
    (lonely_path / "awk").symlink_to(shutil.which("awk", path="/usr/bin:/bin") or "awk")
    text = (repository / "Makefile").read_text()
    commands = set(re.findall(r"^\.PHONY: ([a-z-]+)$", text, re.MULTILINE))
    listed = make(repository)
    assert set(re.findall(r"^make ([a-z-]+) +\S", listed.stdout, re.MULTILINE)) == commands
    assert listed.returncode == 0
