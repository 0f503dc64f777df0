"""What Pulumi.yaml and a stack file may hold before `make preview` and `make up` let Pulumi read them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from operations import project_files
from operations.errors import OperationError
from operations.stack import check
from sandbox.workspace import REPOSITORY
from settings import NAMESPACE

STACKS = sorted(path.name.split(".")[1] for path in REPOSITORY.glob("Pulumi.*.yaml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in REPOSITORY.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def found(folder: Path, stack: str = "preprod") -> list[str]:
    return [problem.removeprefix(f"{folder}/") for problem in project_files.problems(folder, stack)]


@pytest.mark.parametrize("stack", STACKS)
def test_the_repositorys_own_files_pass(stack: str) -> None:
    assert list(project_files.problems(REPOSITORY, stack)) == []


def test_the_project_is_named_as_the_programs_namespace() -> None:
    assert project_files.PROJECT == NAMESPACE


@pytest.mark.parametrize(
    "added",
    [
        "encryptionsalt: v1:abc=\n",
        "secretsprovider: awskms://alias/pulumi?region=us-east-1\nencryptedkey: abc\n",
        "",
    ],
    ids=["passphrase", "kms", "nothing"],
)
def test_what_pulumi_writes_into_a_stack_file_passes(folder: Path, added: str) -> None:
    with (folder / "Pulumi.preprod.yaml").open("a") as file:
        file.write(added)
    assert found(folder) == []


def test_an_empty_stack_file_passes(folder: Path) -> None:
    (folder / "Pulumi.preprod.yaml").write_text("# Nothing yet.\n")
    assert found(folder) == []


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("plugins", {"languages": [{"name": "python", "path": "x"}]}, "it replaces the software"),
        ("plugins", {"analyzers": [{"name": "policy-python", "path": "x"}]}, "it replaces the software"),
        ("plugins", {"providers": [{"name": "aws", "path": "x"}]}, "it replaces the software"),
        ("backend", {"url": "file:///tmp"}, "set PULUMI_BACKEND_URL instead"),
        ("main", "other/", "it runs another program"),
        ("packages", {"random": "https://example.org/x"}, "it brings software"),
        ("stackConfigDir", "other", "from another folder"),
        ("options", {"refresh": "always"}, "nobody has looked"),
        ("template", {}, "nobody has looked"),
        ("Plugins", {}, "nobody has looked"),
        ("a key of a later Pulumi", 1, "nobody has looked"),
    ],
)
def test_other_keys_of_the_project_are_refused_with_a_reason(folder: Path, key: str, value: object, why: str) -> None:
    file = folder / "Pulumi.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {key: value}))
    (problem,) = found(folder)
    assert problem.startswith(f"Pulumi.yaml: `{key}`: ")
    assert why in problem
    assert "Remove it; the keys used here are name, description" in problem


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("name", "aws", "`name` is 'aws': call the project delegation"),
        ("runtime", "python", "`runtime` is 'python'"),
        ("runtime", {"name": "attacker", "options": {}}, "`runtime` is {'name': 'attacker'"),
        ("runtime", {"name": "python", "options": {"toolchain": "uv", "virtualenv": ".venv"}}, "`runtime` is"),
        ("config", "other", "`config` is 'other', not a map"),
        ("config", {"pulumi:disable-default-providers": []}, "pulumi:disable-default-providers is []"),
        ("config", {"aws:version": "1.0.0"}, "aws:version is not of this project"),
        ("config", {"pulumi:autonaming": {"mode": "verbatim"}}, "pulumi:autonaming is not of this project"),
        ("config", {"delegation:x:y": 1}, "delegation:x:y is not of this project"),
    ],
    ids=str,
)
def test_values_that_choose_what_runs_are_fixed(folder: Path, key: str, value: object, says: str) -> None:
    file = folder / "Pulumi.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {key: value}))
    (problem,) = found(folder)
    assert says in problem


@pytest.mark.parametrize("key", ["environment", "plugins", "configuration"])
def test_other_keys_of_a_stack_file_are_refused(folder: Path, key: str) -> None:
    with (folder / "Pulumi.preprod.yaml").open("a") as file:
        file.write(f"{key}: [x]\n")
    (problem,) = found(folder)
    assert problem.startswith(f"Pulumi.preprod.yaml: `{key}`: it ") or "nobody has looked" in problem
    assert "the keys used here are config, encryptionsalt, encryptedkey, secretsprovider." in problem


@pytest.mark.parametrize("name", project_files.OTHER_PROJECT_FILES)
def test_another_project_file_is_refused_a_dangling_link_too(folder: Path, name: str) -> None:
    (folder / name).symlink_to("nowhere")
    (problem,) = found(folder)
    assert problem.startswith(f"{name}: Pulumi reads it in place of Pulumi.yaml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"config: {}\n---\nplugins: {}\n", "a single document"),
        (b"%YAML 1.1\n---\nconfig: {}\n", "line 1 is a YAML directive"),
        (b"config: &a {}\n", "line 1 has an anchor"),
        (b"config: {}\nx: *a\n", "line 2 has an anchor, an alias"),
        (b"!!str config: {}\n", "a tag"),
        (b"config:\n  <<: {delegation:a: 1}\n", "line 2 has a key that is not text"),
        (b"config: {}\nconfig: {}\n", "line 2 has the key config a second time"),
        (b"config:\n  delegation:a:\n    - {b: 1, b: 2}\n", "line 3 has the key b a second time"),
        (b"? [config]\n: {}\n", "a key that is not text"),
        (b"config: {1: x}\n", "the key 1 is not text"),
        (b"on: {}\n", "the key True is not text"),
        (b"- config\n", "it is not a map"),
        (b"config: [\n", "it is not YAML"),
        (b"\xff\xfec\x00", "it is not UTF-8"),
        (b"\xef\xbb\xbfconfig: {}\n", "byte order mark"),
        ("# x\u2028plugins: {}\n".encode(), "a rare line break"),
        (5000 * b"[" + 5000 * b"]", "nested too deeply"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_parsers_read_differently_is_refused(folder: Path, text: bytes, says: str) -> None:
    (folder / "Pulumi.preprod.yaml").write_bytes(text)
    (problem,) = found(folder)
    assert problem.startswith("Pulumi.preprod.yaml: ")
    assert says in problem


def test_every_problem_is_one_line(folder: Path) -> None:
    (folder / "Pulumi.preprod.yaml").unlink()
    (folder / "Pulumi.yml").touch()
    with pytest.raises(OperationError) as refusal:
        check(REPOSITORY, "preprod", folder)
    assert str(refusal.value).splitlines() == [
        f"{folder}/Pulumi.yml: Pulumi reads it in place of Pulumi.yaml, or refuses both. Remove it.",
        f"{folder}/Pulumi.preprod.yaml: it cannot be read: No such file or directory.",
    ]
