"""The declared targets and the targets' own files, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from operations.errors import OperationError
from operations.targets import check, disagreements
from sandbox.stack_files import configure, share


@pytest.fixture
def packed(repository: Path) -> Path:
    """Stack files that agree on packed grants."""
    share(repository, grants="packed")
    configure(repository, "security", targets={"preprod": "222222222222", "production": {"accountId": "333333333333"}})
    return repository


def test_the_shipped_files_agree(repository: Path) -> None:
    assert list(disagreements(repository)) == []


def test_packed_files_agree(packed: Path) -> None:
    assert list(disagreements(packed)) == []


def test_what_differs_in_both_files_agrees(packed: Path) -> None:
    share(packed, groups={"A": ["alice"], "B": ["bob"]}, roles={"R": {"groups": ["A", "B"]}, "S": {"groups": ["B"]}})
    own = {"staticIps": ["198.51.100.7", "203.0.113.0/28"], "staticIpAt": "both", "only": {"groups": ["A"]}}
    configure(packed, "preprod", **own)
    entry = {"accountId": "222222222222", **own, "staticIps": ["203.0.113.0/28", "198.51.100.7/32"]}
    configure(packed, "security", targets={"preprod": entry, "production": "333333333333"})
    assert list(disagreements(packed)) == []


@pytest.mark.parametrize(
    ("stack", "changes", "sentence"),
    [
        pytest.param(
            "security",
            {"targets": {"preprod": "222222222222"}},
            "Pulumi.security.yaml: delegation:targets lacks production, whose grants are packed. Add the line "
            '`production: "333333333333"`.',
            id="lacking",
        ),
        pytest.param(
            "security",
            {"targets": {"preprod": "222222222222", "production": "333333333333", "staging": "444444444444"}},
            "Pulumi.security.yaml: delegation:targets has staging, and there is no Pulumi.staging.yaml. Delete the "
            "entry, or write the file.",
            id="no-file",
        ),
        pytest.param(
            "security",
            {"targets": {"preprod": "222222222222", "production": "444444444444"}},
            "Pulumi.security.yaml: accountId of target production is 444444444444, and by Pulumi.production.yaml it is "
            "333333333333. Correct the one that is wrong.",
            id="account",
        ),
        pytest.param(
            "preprod",
            {"staticIps": ["198.51.100.7"]},
            "Pulumi.security.yaml: staticIps of target preprod is 203.0.113.10/32, and by Pulumi.preprod.yaml it is "
            "198.51.100.7/32. Correct the one that is wrong.",
            id="addresses",
        ),
        pytest.param(
            "preprod",
            {"staticIpAt": "session"},
            "Pulumi.security.yaml: staticIpAt of target preprod is grant, and by Pulumi.preprod.yaml it is session. "
            "Correct the one that is wrong.",
            id="place-of-the-condition",
        ),
        pytest.param(
            "security",
            {"grants": "perTarget"},
            "Pulumi.preprod.yaml: the grants of preprod are packed, and those of the stack security are not, so that "
            "nobody would grant its roles. Set delegation:grants to packed for security too.",
            id="packed-alone",
        ),
    ],
)
def test_a_disagreement_is_a_sentence(packed: Path, stack: str, changes: dict[str, Any], sentence: str) -> None:
    configure(packed, stack, **changes)
    assert sentence in list(disagreements(packed))


def test_a_narrowing_that_security_does_not_know_is_a_disagreement(packed: Path) -> None:
    share(packed, groups={"A": ["alice"], "B": ["bob"]}, roles={"R": {"groups": ["A", "B"]}})
    configure(packed, "preprod", only={"groups": ["A"]})
    assert list(disagreements(packed)) == [
        "Pulumi.security.yaml: only of target preprod is R for A and B, and by Pulumi.preprod.yaml it is R for A. "
        "Correct the one that is wrong."
    ]


def test_a_target_that_makes_its_own_grants_need_not_be_declared(packed: Path) -> None:
    configure(packed, "production", grants="perTarget")
    configure(packed, "security", targets={"preprod": "222222222222"})
    assert list(disagreements(packed)) == []


def test_one_target_is_compared_alone(packed: Path) -> None:
    (packed / "Pulumi.production.yaml").write_text("config: [")
    check(packed, "preprod")
    with pytest.raises(OperationError, match=r"Pulumi\.production\.yaml is not YAML"):
        check(packed, "security")


def test_all_disagreements_come_together(packed: Path) -> None:
    configure(packed, "security", targets={"staging": "444444444444"})
    with pytest.raises(OperationError) as refused:
        check(packed)
    assert [line.split(", ")[0] for line in str(refused.value).splitlines()] == [
        "Pulumi.security.yaml: delegation:targets lacks preprod",
        "Pulumi.security.yaml: delegation:targets lacks production",
        "Pulumi.security.yaml: delegation:targets has staging",
    ]
