"""Which stacks of a fleet take part, and in which order."""

from __future__ import annotations

import pytest

from operations.errors import OperationError
from operations.fleet.stages import stages

STACKS = ["audit", "preprod", "prod-de", "prod-fr", "security"]


@pytest.mark.parametrize(
    ("only", "first", "expected"),
    [
        ("", "", [["security"], [], ["audit", "preprod", "prod-de", "prod-fr"]]),
        ("", "preprod", [["security"], ["preprod"], ["audit", "prod-de", "prod-fr"]]),
        ("", "audit, preprod", [["security"], ["audit", "preprod"], ["prod-de", "prod-fr"]]),
        ("prod-*", "", [[], [], ["prod-de", "prod-fr"]]),
        ("prod-* security", "prod-d?", [["security"], ["prod-de"], ["prod-fr"]]),
        ("prod-*", "preprod", [[], [], ["prod-de", "prod-fr"]]),
        ("security", "", [["security"], [], []]),
        ("", "security", [["security"], [], ["audit", "preprod", "prod-de", "prod-fr"]]),
    ],
)
def test_security_goes_first_then_those_named_then_the_rest(only: str, first: str, expected: list[list[str]]) -> None:
    assert stages(STACKS, only=only, first=first) == expected
    assert stages(STACKS, only=only, first=first, backwards=True) == expected[::-1]


@pytest.mark.parametrize(("only", "first", "variable"), [("prd-*", "", "ONLY"), ("", "prod-de prd", "FIRST")])
def test_a_pattern_that_fits_nothing_is_an_error(only: str, first: str, variable: str) -> None:
    with pytest.raises(OperationError, match=rf"{variable}: no stack is named prd.*; the stacks are: audit, preprod"):
        stages(STACKS, only=only, first=first)
