"""Edits of configuration files: what is around the edited value stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from operations import config_edits
from operations.errors import OperationError
from sandbox.workspace import REPOSITORY

PROJECT, STACK = Path("Pulumi.yaml"), Path("Pulumi.preprod.yaml")
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
GROUPS = "config:\n  groups:\n    default:\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("      A: [alice, carol, bob]\n", "      A: [alice, bob]\n", id="flow"),
        pytest.param("      A: [carol, bob]  # us\n", "      A: [bob]  # us\n", id="flow-first"),
        pytest.param("      A: [alice, carol]\n", "      A: [alice]\n", id="flow-last"),
        pytest.param('      A: [alice, "carol"]\n', "      A: [alice]\n", id="quoted"),
        pytest.param(
            "      A: [alice, {name: carol, until: 2027-01-31}]\n", "      A: [alice]\n", id="flow-with-last-day"
        ),
        pytest.param(
            "      A: [\n        alice,\n        carol,\n      ]\n",
            "      A: [\n        alice,\n      ]\n",
            id="flow-lines",
        ),
        pytest.param(
            "      # Ours.\n      A:\n        - alice  # first\n        - carol  # leaves\n"
            "      # Theirs.\n      B: [bob]\n",
            "      # Ours.\n      A:\n        - alice  # first\n      # Theirs.\n      B: [bob]\n",
            id="block",
        ),
        pytest.param(
            "      A:\n      - name: carol\n        until: 2027-01-31\n\n      # The rest.\n      - bob\n",
            "      A:\n\n      # The rest.\n      - bob\n",
            id="block-with-last-day",
        ),
        pytest.param("      A:\n        - bob\n        - carol", "      A:\n        - bob\n", id="no-end-of-line"),
        pytest.param(
            "      A: [alice, carol]\n      B: [carol, dave]\n      C: [caroline, carol-2]\n",
            "      A: [alice]\n      B: [dave]\n      C: [caroline, carol-2]\n",
            id="several-groups",
        ),
        pytest.param(
            "      A: [alice, carol]\r\n      B: [bob]\r\n", "      A: [alice]\r\n      B: [bob]\r\n", id="crlf"
        ),
    ],
)
def test_a_member_leaves_and_the_rest_stays_as_written(before: str, after: str) -> None:
    assert config_edits.without_member(PROJECT, GROUPS + before, "carol") == GROUPS + after


def test_the_shipped_project_file_loses_one_name() -> None:
    text = (REPOSITORY / "Pulumi.yaml").read_text()
    edited = config_edits.without_member(PROJECT, text, "bob")
    assert edited == text.replace("[alice, bob]", "[alice]")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            'config:\n  delegation:targetAccountId: "2"\n  delegation:staticIps:\n    - 203.0.113.10\n# End.\n',
            'config:\n  delegation:targetAccountId: "2"\n  delegation:staticIps:\n    - 203.0.113.10\n'
            "  delegation:revokeSessionsBefore: 2026-11-25T10:00:00Z\n# End.\n",
            id="new",
        ),
        pytest.param(
            "config:\n  delegation:protect: false  # for a while\nencryptionsalt: v1:x\n",
            "config:\n  delegation:protect: false  # for a while\n"
            "  delegation:revokeSessionsBefore: 2026-11-25T10:00:00Z\nencryptionsalt: v1:x\n",
            id="before-what-pulumi-writes",
        ),
        pytest.param(
            "config:\n  delegation:revokeSessionsBefore: 2025-01-01T00:00:00Z  # theft\n  delegation:protect: true\n",
            "config:\n  delegation:revokeSessionsBefore: 2026-11-25T10:00:00Z  # theft\n  delegation:protect: true\n",
            id="later",
        ),
        pytest.param(
            "config:\n  delegation:revokeSessionsBefore: '2025-01-01T00:00:00Z'\n",
            "config:\n  delegation:revokeSessionsBefore: 2026-11-25T10:00:00Z\n",
            id="quoted",
        ),
        pytest.param(
            "config:\n  revokeSessionsBefore:\n    description: Sessions\n    default: 2025-01-01T00:00:00Z\n",
            "config:\n  revokeSessionsBefore:\n    description: Sessions\n    default: 2026-11-25T10:00:00Z\n",
            id="shared",
        ),
        pytest.param(
            "config:\n  delegation:protect: true",
            "config:\n  delegation:protect: true\n  delegation:revokeSessionsBefore: 2026-11-25T10:00:00Z",
            id="no-end-of-line",
        ),
    ],
)
def test_the_time_is_written_and_the_rest_stays_as_written(before: str, after: str) -> None:
    assert config_edits.with_revocation(STACK, before, NOW) == after
    assert config_edits.has_revocation(after)


@pytest.mark.parametrize("text", ["config: {delegation:protect: true}\n", "config:\n", "# Nothing.\n", ""])
def test_a_file_of_another_form_is_left_to_a_person(text: str) -> None:
    assert not config_edits.has_revocation(text)
    with pytest.raises(OperationError, match=r"^Pulumi.preprod.yaml is written in a way .* by hand.$"):
        config_edits.with_revocation(STACK, text, NOW)


def test_a_member_written_with_an_alias_is_left_to_a_person() -> None:
    text = GROUPS + "      A: &us [alice, carol]\n      B: *us\n"
    assert yaml.safe_load(text)["config"]["groups"]["default"]["B"] == ["alice", "carol"]
    with pytest.raises(OperationError, match="take carol out of groups by hand"):
        config_edits.without_member(PROJECT, text, "carol")


def test_files_keep_their_bytes(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.yaml"
    config_edits.write(file, "a: ü\r\n")
    assert config_edits.read(file) == "a: ü\r\n"
    with pytest.raises(OperationError, match=r"^The files cannot be written"):
        config_edits.write(tmp_path, "")
    with pytest.raises(OperationError, match=r"^nowhere cannot be read"):
        config_edits.read(tmp_path / "nowhere")
