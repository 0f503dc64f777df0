"""`make revoke`: where the time is written, and what is deployed; `make` is stood for by a small executable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from configuration.times import moment
from operations import revoke, stack_files

Runs = Callable[..., tuple[int, str, str]]
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
SHARED = "  revokeSessionsBefore:\n    default: 2025-01-01T00:00:00Z\n"
OWN = "  delegation:revokeSessionsBefore: 2025-01-01T00:00:00Z\n"


@pytest.fixture
def run(repository: Path, made: Path, command: Runs) -> Runs:
    del repository, made
    return partial(command, revoke.main)


def append(file: str, text: str) -> None:
    with Path(file).open("a") as opened:
        opened.write(text)


def changed(top: Path, *stacks: str) -> set[str]:
    return {file.name for file in revoke.edits(top, stacks, NOW)}


def test_one_stack_has_the_time_in_its_own_file(repository: Path) -> None:
    append("Pulumi.yaml", SHARED)
    assert changed(repository, "preprod") == {"Pulumi.preprod.yaml"}


def test_all_have_it_in_their_files(repository: Path) -> None:
    assert changed(repository, "preprod", "production") == {"Pulumi.preprod.yaml", "Pulumi.production.yaml"}


def test_all_have_it_where_they_share_it_and_where_one_overrides_it(repository: Path) -> None:
    append("Pulumi.yaml", SHARED)
    append("Pulumi.production.yaml", OWN)
    assert changed(repository, "preprod", "production") == {"Pulumi.yaml", "Pulumi.production.yaml"}


@pytest.mark.parametrize(("stack", "deployed"), [("preprod", ["preprod"]), ("all", ["preprod", "production"])])
def test_the_time_is_now_and_make_deploys(
    run: Runs, repository: Path, made: Path, stack: str, deployed: list[str]
) -> None:
    before = datetime.now(UTC)
    code, told, error = run(f"--stack={stack}", "--yes")
    assert (code, error) == (0, "")
    assert made.read_text().splitlines() == [f"up STACK={each} ARGS=--yes" for each in deployed]
    for each in ("preprod", "production"):
        time = stack_files.read_settings(repository, each).revoke_sessions_before
        assert (time is not None) == (each in deployed)
        if time:
            assert timedelta(seconds=-1) <= time - before < timedelta(minutes=1)
            assert moment(stack_files.read_values(repository, each)["revokeSessionsBefore"]) == time
    assert "Commit Pulumi.preprod.yaml" in told


def test_a_deployment_that_fails_does_not_keep_the_others(run: Runs, made: Path) -> None:
    made.with_name("failing").write_text("STACK=preprod")
    code, _, error = run("--stack=all", "--yes")
    assert code == 1
    assert len(made.read_text().splitlines()) == 2
    assert error.endswith("Sessions are not revoked in preprod: continue with make up STACK=preprod.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--yes"], "Name a stack: make revoke STACK=… with one of: preprod, ", id="no-stack"),
        pytest.param(["--stack=nowhere", "--yes"], "There is no Pulumi.nowhere.yaml", id="unknown-stack"),
        pytest.param(["--stack=security", "--yes"], "Stack security has no sessions to revoke", id="security"),
        pytest.param(["--stack=preprod"], "There is no terminal to confirm on: use make revoke", id="unasked"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(
    run: Runs, repository: Path, made: Path, arguments: list[str], message: str
) -> None:
    before = {file: file.read_text() for file in repository.glob("Pulumi*.yaml")}
    code, told, error = run(*arguments)
    assert (code, told) == (1, "")
    assert error.startswith(message)
    assert {file: file.read_text() for file in before} == before
    assert not made.exists()
