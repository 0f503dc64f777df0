"""What `make up` finds in the state before it begins; Pulumi is stood for by a small executable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from operations import unfinished
from operations.errors import OperationError


def operation(kind: str, name: str) -> dict[str, Any]:
    urn = f"urn:pulumi:preprod::delegation::delegation:iam:AdminGroup$aws:iam/user:User::{name}"
    return {"type": kind, "resource": {"type": "aws:iam/user:User", "urn": urn}}


def write(file: Path, *operations: dict[str, Any]) -> None:
    file.write_text(json.dumps({"version": 3, "deployment": {"pending_operations": list(operations)}}))


def test_creations_without_an_end_are_found(exported: Path, tmp_path: Path) -> None:
    write(exported, operation("creating", "bob"), operation("creating", "alice"))
    assert unfinished.unfinished_creates(tmp_path, "preprod") == ["aws:iam/user:User alice", "aws:iam/user:User bob"]


@pytest.mark.parametrize("kind", ["updating", "deleting", "reading", "importing"])
def test_what_the_next_refresh_finds_out_is_left_to_it(exported: Path, tmp_path: Path, kind: str) -> None:
    write(exported, operation(kind, "alice"))
    assert unfinished.unfinished_creates(tmp_path, "preprod") == []


def test_a_state_as_usual_holds_none(exported: Path, tmp_path: Path) -> None:
    exported.write_text('{"version": 3, "deployment": {"manifest": {}}}')
    assert unfinished.unfinished_creates(tmp_path, "preprod") == []


@pytest.mark.usefixtures("exported")
def test_a_stack_that_cannot_be_read_is_left_to_pulumi(tmp_path: Path) -> None:
    assert unfinished.unfinished_creates(tmp_path, "preprod") == []


def test_a_state_that_a_killed_update_left_unreadable_names_the_file_to_delete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pulumi").write_text("#!/bin/sh\necho 'error: failed to load checkpoint: EOF' >&2\nexit 1\n")
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(OperationError, match=r"Pulumi cannot read the state of stack preprod\. An update was killed"):
        unfinished.check(tmp_path, "preprod")


def test_the_refusal_names_what_may_exist_and_how_to_go_on(exported: Path, tmp_path: Path) -> None:
    write(exported, operation("creating", "alice"))
    with pytest.raises(OperationError) as refusal:
        unfinished.check(tmp_path, "preprod")
    for line in ("  aws:iam/user:User alice", "  pulumi cancel --stack preprod", "  make import-plan STACK=preprod"):
        assert f"{line}\n" in str(refusal.value)
