"""The stack files as the program reads them, without a Pulumi engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from operations.errors import OperationError
from operations.project_files import PACK, pack_config
from operations.stack_names import stacks
from settings import NAMESPACE, SECURITY_STACK, Settings, SettingsError, parse


def stack_file(top: Path, stack: str) -> Path:
    """Return the path of a stack's file."""
    return top / f"Pulumi.{stack}.yaml"


def target_stacks(top: Path) -> list[str]:
    """Return the stacks of target accounts, in alphabetical order."""
    return [stack for stack in stacks(top) if stack != SECURITY_STACK]


def read_values(top: Path, stack: str) -> dict[str, Any]:
    """Return what a stack's own file says, by configuration key without the namespace.

    Raises:
        OperationError: the file cannot be read.
    """
    return _of_namespace(_config(stack_file(top, stack)))


def shared_values(top: Path) -> dict[str, Any]:
    """Return what `Pulumi.yaml` says for all stacks, by configuration key without the namespace.

    Raises:
        OperationError: the file cannot be read.
    """
    shared = {
        key: next((entry[field] for field in ("value", "default") if field in entry), None)
        if isinstance(entry, dict)
        else entry
        for key, entry in _config(top / "Pulumi.yaml").items()
    }
    return _of_namespace(shared)


def read_settings(top: Path, stack: str) -> Settings:
    """Return a stack's settings, the defaults of `Pulumi.yaml` included.

    Raises:
        OperationError: a file cannot be read, or the program would refuse the configuration; the text is the program's.
    """
    return settings_of(top, stack, read_values(top, stack))


def settings_of(top: Path, stack: str, values: Mapping[str, Any]) -> Settings:
    """Return the settings that a stack file with these values would make.

    Raises:
        OperationError: as `read_settings`.
    """
    try:
        return parse(stack, {**shared_values(top), **values}, in_stack_file=list(values))
    except SettingsError as error:
        raise OperationError(str(error)) from error


def read_pack_config(top: Path, stack: str) -> dict[str, Any]:
    """Return a stack's policy pack configuration: settings by policy name.

    Raises:
        OperationError: the file cannot be read, or is no JSON object.
    """
    file = pack_config(PACK, stack)
    try:
        content = json.loads(_text(top / file))
    except ValueError as error:
        raise OperationError(f"{file} is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise OperationError(f"{file} is not a JSON object: write the settings of one policy on each line.")
    return content


def _of_namespace(config: Mapping[str, Any]) -> dict[str, Any]:
    # A key without a namespace is of the project's own.
    return {key.rpartition(":")[2]: value for key, value in config.items() if key.rpartition(":")[0] in ("", NAMESPACE)}


def _config(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(_text(file))
    except yaml.YAMLError as error:
        raise OperationError(f"{file.name} is not YAML: {' '.join(str(error).split())}.") from error
    config = content.get("config") if isinstance(content, dict) else None
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise OperationError(
            f"{file.name}: `config` is not a map: write one `{NAMESPACE}:key: value` a line, indented."
        )
    return {str(key): value for key, value in config.items()}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperationError(f"{file.name} cannot be read: {error}.") from error
