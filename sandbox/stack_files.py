"""Edits of Pulumi.yaml and of the stack files in a copy of the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def configure(top: Path, stack: str, **values: Any) -> None:
    """Set keys of a stack file; None takes one away."""
    file = top / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(file.read_text())
    for key, value in values.items():
        content["config"].pop(f"delegation:{key}", None)
        if value is not None:
            content["config"][f"delegation:{key}"] = value
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def share(top: Path, **values: Any) -> None:
    """Set keys that all stacks share, in Pulumi.yaml."""
    file = top / "Pulumi.yaml"
    content = yaml.safe_load(file.read_text())
    for key, value in values.items():
        content["config"].setdefault(key, {})["default"] = value
    file.write_text(yaml.safe_dump(content, sort_keys=False))
