"""The pack's folder stands by itself: nothing of the program is in it, and it says what it needs."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
PACK = REPOSITORY / "policypacks" / "delegation"
PACKAGE = PACK / "delegation_pack"
OWN = {"check_config", PACKAGE.name}
MODULES = sorted(path for path in PACK.rglob("*.py") if ".venv" not in path.parts)
STANDARD_LIBRARY_ONLY = [
    *(PACKAGE / "iam").glob("*.py"),
    PACK / "check_config.py",
    *(path for path in PACKAGE.rglob("*.py") if path.name != "sdk.py"),
]


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield str(node.module).partition(".")[0]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACK)))
def test_the_pack_imports_nothing_but_its_own_and_the_policy_sdk(module: Path) -> None:
    assert set(imported(module)) <= OWN | set(sys.stdlib_module_names) | {"pulumi_policy"}


@pytest.mark.parametrize("module", STANDARD_LIBRARY_ONLY, ids=lambda path: path.name)
def test_the_analysis_and_the_check_of_the_configuration_need_no_package(module: Path) -> None:
    assert set(imported(module)) <= OWN | set(sys.stdlib_module_names)


def test_the_pack_needs_the_versions_that_the_program_has() -> None:
    program = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    pack = (PACK / "requirements.txt").read_text().split()
    assert [name.partition("==")[0] for name in pack] == ["pulumi", "pulumi-policy"]
    assert set(pack) <= set(program)


def test_the_pack_has_a_virtual_environment_of_its_own_that_git_ignores() -> None:
    runtime = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())["runtime"]
    # Without `toolchain`, a uv.lock or poetry.lock in any folder above would decide.
    assert runtime == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}
    # `.venv/` would not ignore the link that `make setup` makes.
    assert ".venv" in (REPOSITORY / ".gitignore").read_text().splitlines()
