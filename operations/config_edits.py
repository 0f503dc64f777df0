"""Edits of Pulumi.yaml and of stack files as text: comments, order and format stay as they are.

YAML's marks say where a value stands; everything around it is kept. What comes of an edit is read again and compared.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from configuration.times import written
from operations.errors import OperationError
from settings import NAMESPACE

REVOKE = "revokeSessionsBefore"
_TARGETS = f"{NAMESPACE}:targets"
# Under a key of Pulumi.yaml the value stands in one of these.
_SHARED = ("value", "default")

Span = tuple[int, int]


def without_member(file: Path, text: str, user: str) -> str:
    """Return the text of Pulumi.yaml without a user, in all groups.

    Raises:
        OperationError: the file is written in a way that is not edited here; its text says what to do by hand.
    """
    cuts: list[Span] = []
    for group in _values(_shared_value(_config(text), "groups")):
        cuts += [_cut(text, group, index) for index, item in enumerate(group.value) if _name(item) == user]
    edited = text
    for start, end in sorted(cuts, reverse=True):
        edited = edited[:start] + edited[end:]
    expected = yaml.safe_load(text)
    for entry in _entries(expected, "groups"):
        for field in _SHARED:
            for members in (entry.get(field) or {}).values():
                members[:] = [item for item in members if (item["name"] if isinstance(item, dict) else item) != user]
    return _checked(file, edited, expected, f"take {user} out of groups")


def with_revocation(file: Path, text: str, time: datetime) -> str:
    """Return the text of a stack file, or of Pulumi.yaml where the key stands there, with `revokeSessionsBefore`.

    Raises:
        OperationError: as `without_member`.
    """
    config, value = _config(text), written(time)
    node = _of(config, REVOKE)
    if isinstance(node, yaml.MappingNode):
        node = _shared_value(config, REVOKE)
    expected: Any = yaml.safe_load(text)
    edited: str | None
    if node is not None:
        edited = text[: node.start_mark.index] + value + text[node.end_mark.index :]
        holder = next(key for key in expected["config"] if key.rpartition(":")[2] == REVOKE)
        if isinstance(expected["config"][holder], dict):
            field = next(field for field in _SHARED if field in expected["config"][holder])
            expected["config"][holder][field] = yaml.safe_load(value)
        else:
            expected["config"][holder] = yaml.safe_load(value)
    elif isinstance(config, yaml.MappingNode) and config.value and not config.flow_style:
        first, (_, last) = config.value[0][0], config.value[-1]
        end = text.find("\n", _end(text, last))
        end = len(text) if end < 0 else end
        edited = f"{text[:end]}\n{' ' * first.start_mark.column}{NAMESPACE}:{REVOKE}: {value}{text[end:]}"
        expected["config"][f"{NAMESPACE}:{REVOKE}"] = yaml.safe_load(value)
    else:
        edited = None
    return _checked(file, edited, expected, f"write {NAMESPACE}:{REVOKE}: {value}")


def with_target(text: str, stack: str, entry: str) -> str:
    """Return the text of Pulumi.security.yaml, which has a configuration, with one more target.

    `entry` is its YAML. Unlike the other edits it takes every form, and is not read again.
    """
    config = _config(text)
    targets = _child(config, _TARGETS)
    text = text.removesuffix("\n") + "\n"
    lines = text.splitlines(keepends=True)
    if config and targets is None:
        end = _line_after(config)
        lines[end:end] = [f"  {_TARGETS}:\n", f"    {stack}: {entry}\n"]
    elif isinstance(targets, yaml.MappingNode) and targets.flow_style is False and targets.value:
        key, value = targets.value[-1]
        end = _line_after(value)
        lines[end:end] = [f"{' ' * key.start_mark.column}{stack}: {entry}\n"]
    elif targets:
        last = targets.end_mark.index - 1
        lines = [text[:last], ", " if targets.value else "", f"{stack}: {entry}", text[last:]]
    return "".join(lines)


def has_revocation(text: str) -> bool:
    """Return whether a file has `revokeSessionsBefore`."""
    return _of(_config(text), REVOKE) is not None


def read(file: Path) -> str:
    """Return a file's text, its line ends as they are."""
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise OperationError(f"{file.name} cannot be read: {error}.") from error


def write(file: Path, text: str) -> None:
    """Write a text with its own line ends."""
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise OperationError(f"The files cannot be written: {error}.") from error


def _checked(file: Path, edited: str | None, expected: Any, task: str) -> str:
    try:
        if edited is not None and yaml.safe_load(edited) == expected:
            return edited
    except yaml.YAMLError:
        pass
    raise OperationError(f"{file.name} is written in a way that this command does not edit: {task} by hand.")


def _config(text: str) -> yaml.Node | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return _child(root, "config")


def _of(config: yaml.Node | None, key: str) -> yaml.Node | None:
    return _child(config, key) or _child(config, f"{NAMESPACE}:{key}")


def _shared_value(config: yaml.Node | None, key: str) -> yaml.Node | None:
    entry = _of(config, key)
    return next((node for node in (_child(entry, field) for field in _SHARED) if node is not None), None)


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    entries = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in entries if name.value == key), None)


def _values(node: yaml.Node | None) -> list[yaml.SequenceNode]:
    entries = node.value if isinstance(node, yaml.MappingNode) else []
    return [value for _, value in entries if isinstance(value, yaml.SequenceNode)]


def _entries(content: Any, key: str) -> list[Any]:
    config = content.get("config") or {}
    return [config[name] for name in (key, f"{NAMESPACE}:{key}") if isinstance(config.get(name), dict)]


def _name(item: yaml.Node) -> Any:
    named = _child(item, "name") or item
    return named.value


def _cut(text: str, sequence: yaml.SequenceNode, index: int) -> Span:
    """Return the part of the text that goes with one item of a sequence."""
    item = sequence.value[index]
    if not sequence.flow_style:
        # Whole lines, from that of the dash on.
        start = text.rindex("-", 0, item.start_mark.index)
        end = text.find("\n", _end(text, item))
        return text.rindex("\n", 0, start) + 1, len(text) if end < 0 else end + 1
    if index + 1 < len(sequence.value):
        return item.start_mark.index, sequence.value[index + 1].start_mark.index
    return _end(text, sequence.value[index - 1]) if index else item.start_mark.index, _end(text, item)


def _last(node: yaml.Node) -> yaml.Node:
    """Return the node with the last text of a node; a block ends for YAML where the next token begins."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node


def _line_after(node: yaml.Node) -> int:
    """Return the number of the line after a node."""
    return int(_last(node).end_mark.line) + 1


def _end(text: str, node: yaml.Node) -> int:
    """Return where the last text of a node ends."""
    end: int = _last(node).end_mark.index
    return end - 1 if end and text[end - 1] == "\n" else end
