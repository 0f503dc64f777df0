"""The texts of the errors and warnings that the sources hold, with `…` for what is filled in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

# What raises or reports: the call's name, and which argument holds the text.
_SPEAKERS = {
    "ValueError": 0,
    "LiveGroupError": 0,
    "QuotaExceededError": 0,
    "OperationError": 0,
    "SandboxError": 0,
    "warn": 0,
    "warn_or_raise": 0,
    "LiveRoleError": 0,
    "problem": 2,
}
# Functions that put a text together themselves.
_AUTHORS = {
    "missing",
    "_documentation_ranges",
    "_wide_ranges",
    "_ends",
    "_inline_policies",
    "refuse_excess",
    "_too_many",
    "_unread",
    "explanation",
    "unreadable",
}
# Where a text stands before it is reported: variables, and the values of tables.
_VARIABLES = {"rule", "_TYPES"}


def messages(file: Path) -> set[str]:
    """Return the texts in one source file that begin with words of their own or have words after what is filled in."""
    return {text for node in ast.walk(ast.parse(file.read_text())) for text in _spoken(node) if text.strip("… :,.")}


def _spoken(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef) and node.name in _AUTHORS:
        inner = [part for part in ast.walk(node) if isinstance(part, ast.JoinedStr)]
        yield from map(_text, inner)
    elif isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        position = _SPEAKERS.get(name)
        if position is not None and len(node.args) > position:
            yield _text(node.args[position])
    elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id in _VARIABLES for t in node.targets):
        match node.value:
            case ast.Dict(values=values):
                yield from map(_text, values)
            case ast.IfExp(body=one, orelse=other):
                yield from map(_text, (one, other))
            case value:
                yield _text(value)


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return " ".join(text.split())
        case ast.JoinedStr(values=parts):
            return " ".join("".join(p.value if isinstance(p, ast.Constant) else "…" for p in parts).split())  # type: ignore[misc]
        case ast.BinOp(left=left, right=right):
            return f"{_text(left)} {_text(right)}"
    return "…"
