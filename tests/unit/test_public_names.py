"""What a package offers is what its `__init__` lists: nobody outside imports past it."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ROOTS = (REPOSITORY, REPOSITORY / "policypacks" / "delegation")
"""Where top-level modules and packages stand."""
_OTHERS = {"tests", "node_modules", ".venv", ".git", ".mypy_cache"}


def _files() -> Iterator[Path]:
    for folder, folders, files in os.walk(REPOSITORY):
        # A virtual environment holds a hundred times as many.
        folders[:] = set(folders) - _OTHERS
        yield from (Path(folder, file) for file in files if file.endswith(".py"))


FILES = sorted(_files())


def public(package: Path) -> set[str] | None:
    """The names in a package's `__all__`; None if it lists none, so that its modules are what it offers."""
    for node in ast.parse((package / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return set(ast.literal_eval(node.value))
    return None


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "imports are absolute"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def past(source: str, file: Path) -> Iterator[str]:
    """The imports of a file that reach past what this project's packages list, or for a private name of them."""
    for line, name in imported(ast.parse(source)):
        parts = name.split(".")
        folder = next((root / parts[0] for root in ROOTS if (root / parts[0]).is_dir()), Path())
        for i, part in enumerate(parts[1:] if folder != Path() else (), 1):
            is_package = (folder / "__init__.py").is_file()
            offered = public(folder) if is_package and not file.is_relative_to(folder) else None
            if (part.startswith("_") and not part.startswith("__")) or (offered is not None and part not in offered):
                yield f"line {line}: {'.'.join(parts[:i])} does not offer {part}"
                break
            folder /= part


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_nobody_imports_past_what_a_package_lists(file: Path) -> None:
    assert list(past(file.read_text(), file)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from delegation_pack.iam.conditions import Check", ["line 1: delegation_pack.iam does not offer conditions"]),
        ("import delegation_pack.iam.conditions", ["line 1: delegation_pack.iam does not offer conditions"]),
        ("from delegation_pack.iam import keys", ["line 1: delegation_pack.iam does not offer keys"]),
        ("from access.model import _sorted", ["line 1: access.model does not offer _sorted"]),
        ("import json\nfrom delegation_pack.facts.quotas import TRUST_POLICY", []),
    ],
)
def test_an_import_past_a_list_is_found(source: str, found: list[str]) -> None:
    assert list(past(source, REPOSITORY / "operations" / "new.py")) == found


def test_a_package_reaches_its_own_modules() -> None:
    inside = REPOSITORY / "policypacks/delegation/delegation_pack/iam/new.py"
    assert list(past("from delegation_pack.iam.conditions import Check", inside)) == []
