"""What counts as a change of configuration alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from operations import pull_request
from operations.errors import OperationError
from sandbox.workspace import REPOSITORY

PROJECT = """\
name: delegation
description: d
runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}
config:
  pulumi:disable-default-providers: ["*"]
  admins: {type: array, items: {type: string}, default: [alice, bob]}
"""
STACK = 'config:\n  delegation:targetAccountId: "222222222222"\nencryptionsalt: v1:abc=\n'
PACK_CONFIG = "policypacks/delegation/config/preprod.json"
FILES = {
    "Pulumi.yaml": PROJECT,
    "Pulumi.preprod.yaml": STACK,
    "Pulumi.security.yaml": "config: {}\n",
    "__main__.py": "",
    PACK_CONFIG: "{}",
}


def git(checkout: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", checkout, *identity, *arguments], check=True, capture_output=True)


def commit(checkout: Path) -> None:
    git(checkout, "add", "--all", "--force")
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "change")


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkout = tmp_path_factory.mktemp("committed")
    for name, text in FILES.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)
    git(checkout, "init", "--quiet", "--template=")
    commit(checkout)
    return checkout


@pytest.fixture
def base(tmp_path: Path, committed: Path) -> Path:
    for name in ("base", "change"):
        shutil.copytree(committed, tmp_path / name)
    # What a job makes in its checkout is no part of the change.
    (tmp_path / "base/report").mkdir()
    return tmp_path / "base"


@pytest.fixture
def change(base: Path) -> Path:
    return base.parent / "change"


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(checkout: Path) -> None:
        text = (checkout / name).read_text()
        assert text.count(old) == 1
        (checkout / name).write_text(text.replace(old, new))

    return edit


def add(name: str, text: str = "") -> Callable[[Path], None]:
    def edit(checkout: Path) -> None:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)

    return edit


def remove(name: str) -> Callable[[Path], None]:
    return lambda checkout: (checkout / name).unlink()


def make_executable(checkout: Path) -> None:
    (checkout / "Pulumi.yaml").chmod(0o755)


def make_link(checkout: Path) -> None:
    (checkout / "Pulumi.preprod.yaml").rename(checkout / "other.yaml")
    (checkout / "Pulumi.preprod.yaml").symlink_to("other.yaml")


def make_link_alone(checkout: Path) -> None:
    (checkout / "Pulumi.preprod.yaml").unlink()
    (checkout / "Pulumi.preprod.yaml").symlink_to("Pulumi.security.yaml")


def make_submodule(checkout: Path) -> None:
    commit_id = subprocess.run(
        ["git", "-C", checkout, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    git(checkout, "update-index", "--add", "--cacheinfo", f"160000,{commit_id},policypacks/more")


@pytest.mark.parametrize(
    "edit",
    [
        lambda _: None,
        replace("Pulumi.yaml", "[alice, bob]", "[alice, bob, carol]"),
        replace("Pulumi.preprod.yaml", "222222222222", "444444444444"),
        replace("Pulumi.preprod.yaml", "config:\n", "config:\n  delegation:staticIps: [203.0.113.10]\n"),
        replace("Pulumi.security.yaml", "config: {}", "config:\n  # Why.\n  delegation:protect: true"),
        replace("Pulumi.security.yaml", "config: {}", "# A comment only.\nconfig: {}"),
    ],
    ids=["nothing", "an admin", "an account", "an address", "another stack", "a comment"],
)
def test_a_change_of_values_is_configuration_and_is_taken(
    base: Path, change: Path, edit: Callable[[Path], None]
) -> None:
    edit(change)
    commit(change)
    assert list(pull_request.code_changes(base, change)) == []
    pull_request.take(base, change)
    assert {name: (base / name).read_text() for name in FILES} == {name: (change / name).read_text() for name in FILES}


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (add("__main__.py", "x"), "'__main__.py' is no configuration of the program."),
        (add("policypacks/delegation/config/preprod.json", "{ }"), "is no configuration of the program."),
        (add("Pulumi.json", "{}"), "'Pulumi.json' is no configuration of the program."),
        (add("Pulumi.staging.yaml", STACK), "Pulumi.staging.yaml comes or goes."),
        (add("Pulumi.a b.yaml", STACK), "'Pulumi.a b.yaml' is no configuration of the program."),
        (add("deep/Pulumi.yaml", PROJECT), "'deep/Pulumi.yaml' is no configuration of the program."),
        (add(".gitattributes", "* text=auto"), "'.gitattributes' is no configuration of the program."),
        (add(".venv/bin/python"), "'.venv/bin/python' is no configuration of the program."),
        (add("new\n::x::"), r"'new\n::x::' is no configuration of the program."),
        (remove("Pulumi.preprod.yaml"), "Pulumi.preprod.yaml comes or goes."),
        (remove("__main__.py"), "'__main__.py' is no configuration of the program."),
        (make_executable, "Pulumi.yaml is not an ordinary file before and after."),
        (make_link, "Pulumi.preprod.yaml is not an ordinary file before and after."),
        (make_link_alone, "Pulumi.preprod.yaml is not an ordinary file before and after."),
        (make_submodule, "'policypacks/more' is no configuration of the program."),
        (replace("Pulumi.yaml", "description: d", "description: e"), "Pulumi.yaml changes outside of `config`."),
        (replace("Pulumi.yaml", "description: d\n", ""), "Pulumi.yaml changes outside of `config`."),
        (replace("Pulumi.yaml", "description: d", "plugins: {}"), "`plugins`: it replaces the software"),
        (replace("Pulumi.yaml", "toolchain: pip", "toolchain: uv"), "`runtime` is"),
        (replace("Pulumi.preprod.yaml", "v1:abc=", "v1:abd="), "Pulumi.preprod.yaml changes outside of `config`."),
        (replace("Pulumi.preprod.yaml", "config:", "environment: [x]\nconfig:"), "`environment`: it sets variables"),
        (replace("Pulumi.preprod.yaml", "config:", "config: &a"), "an anchor, an alias or a tag"),
        (
            replace("Pulumi.preprod.yaml", "config:\n", "config:\n  aws:version: 1\n"),
            "aws:version is not of this project",
        ),
    ],
    # A function's own text names its address, which differs between processes.
    ids=lambda value: value if isinstance(value, str) else "edit",
)
def test_everything_else_is_code_and_is_not_taken(
    base: Path, change: Path, edit: Callable[[Path], None], reason: str
) -> None:
    replace("Pulumi.yaml", "[alice, bob]", "[alice, bob, carol]")(change)
    edit(change)
    if edit is not make_submodule:
        commit(change)
    else:
        git(change, "commit", "--quiet", "--message", "change")
    reasons = list(pull_request.code_changes(base, change))
    assert any(reason in one for one in reasons), reasons
    with pytest.raises(OperationError, match="The change is not configuration alone"):
        pull_request.take(base, change)
    assert {name: (base / name).read_text() for name in FILES} == FILES


def test_a_base_file_that_parsers_read_differently_makes_it_code(base: Path, change: Path) -> None:
    add("Pulumi.preprod.yaml", STACK + "encryptionsalt: v1:abc=\n")(base)
    commit(base)
    assert ["second time" in one for one in pull_request.code_changes(base, change)] == [True]


def test_what_is_compared_is_what_git_recorded(base: Path, change: Path) -> None:
    replace("Pulumi.yaml", "[alice, bob]", "[alice, mallory]")(change)
    add("__main__.py", "x")(change)
    assert list(pull_request.code_changes(base, change)) == []
    assert pull_request.take(base, change) == []


def kind(base: Path, change: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "operations.pull_request", "kind", change],
        cwd=base,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )


def test_the_workflow_is_told_kind_and_stacks(base: Path, change: Path) -> None:
    done = kind(base, change)
    assert done.stdout.splitlines() == ["kind=configuration", 'stacks=["preprod", "security"]']
    add("Pulumi.staging.yaml", STACK)(change)
    commit(change)
    done = kind(base, change)
    assert done.stdout.splitlines() == ["kind=code", f"stacks={json.dumps(['staging'])}"]
    assert done.stderr == "Pulumi.staging.yaml comes or goes.\n"


@pytest.mark.parametrize(
    ("edits", "stacks"),
    [
        ([replace("Pulumi.preprod.yaml", "222222222222", "444444444444")], ["preprod"]),
        ([add(PACK_CONFIG, '{"all": "mandatory"}')], ["preprod"]),
        ([add("Pulumi.staging.yaml"), add("policypacks/delegation/config/staging.json")], ["staging"]),
        ([add("Pulumi.staging.yaml"), replace("Pulumi.security.yaml", "{}", "{a: 1}")], ["security", "staging"]),
        ([make_link_alone], ["preprod"]),
        ([remove("Pulumi.preprod.yaml")], ["security"]),
        ([replace("Pulumi.yaml", "[alice, bob]", "[alice]")], ["preprod", "security"]),
        ([add("__main__.py", "x")], ["preprod", "security"]),
        ([add("policypacks/delegation/config/other.json")], ["preprod", "security"]),
        ([remove(PACK_CONFIG), add(f"{PACK_CONFIG}/x")], ["preprod", "security"]),
        ([add("sub/Pulumi.preprod.yaml")], ["preprod", "security"]),
        ([add("Pulumi.preprod.json")], ["preprod", "security"]),
        ([replace("Pulumi.preprod.yaml", "222222222222", "4"), add("docs/a.md")], ["preprod", "security"]),
    ],
    ids=[
        *("stack file", "pack configuration", "new stack", "new stack and security", "link", "removed", "shared"),
        *("code", "no stack's configuration", "folder", "elsewhere", "other format", "with documents"),
    ],
)
def test_a_stacks_own_files_touch_that_stack_and_all_else_touches_all(
    base: Path, change: Path, edits: list[Callable[[Path], None]], stacks: list[str]
) -> None:
    for edit in edits:
        edit(change)
    commit(change)
    assert pull_request.touched(pull_request.tree(base), pull_request.tree(change)) == stacks


@pytest.mark.parametrize(
    "name", ["a`id`", "$(id)", "a b", "a\nkind=configuration", "a\"'", "../x".replace("/", "_"), "é"]
)
def test_a_stack_whose_name_the_shell_would_read_ends_the_workflow(base: Path, change: Path, name: str) -> None:
    add(f"Pulumi.{name}.yaml", STACK)(change)
    commit(change)
    done = kind(base, change)
    assert (done.returncode, done.stdout) == (1, "")
    assert "a stack's name has up to 40 lower-case letters" in done.stderr


def test_a_folder_that_is_no_checkout_is_not_compared_with_what_surrounds_it(base: Path) -> None:
    (base / "inner").mkdir()
    with pytest.raises(OperationError, match="not the top of a git checkout"):
        pull_request.tree(base / "inner")
