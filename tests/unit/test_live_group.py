"""The live group, read at preview and at up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from live_group import LiveGroupError, check_admins_are_members, warn_of_strangers
from tests.unit.recording import Recorded, RunPulumi

ALICE = "arn:aws:iam::111111111111:user/alice"
BOB = "arn:aws:iam::111111111111:user/bob"
BOB_ELSEWHERE = "arn:aws:iam::111111111111:user/contractors/bob"
DENIED = "AccessDenied: not authorized to perform iam:GetGroup"
NO_GROUP = "NoSuchEntity: The group with name IT-Admins cannot be found"
NO_GROUP_FOUND = "1 error occurred: reading IAM Group (IT-Admins): couldn't find resource"

Check = Callable[..., Recorded]


@pytest.fixture
def check_admins(run_pulumi: RunPulumi, provider: Callable[[str], Any]) -> Check:
    """Checks that alice and bob are in the live group."""
    return lambda **options: run_pulumi(
        lambda: check_admins_are_members("IT-Admins", [ALICE, BOB], provider("security")), **options
    )


@pytest.fixture
def check_strangers(run_pulumi: RunPulumi, provider: Callable[[str], Any]) -> Check:
    """Looks for members of the live group other than alice."""
    return lambda **options: run_pulumi(
        lambda: warn_of_strangers("IT-Admins", [ALICE], provider("security")), **options
    )


UNFIT = [
    pytest.param([ALICE], f"Not in group IT-Admins of the Security account: {BOB}. ", id="admin-missing"),
    pytest.param([ALICE, BOB_ELSEWHERE], f"Not in group IT-Admins of the Security account: {BOB}. ", id="other-path"),
    pytest.param(
        NO_GROUP, "Group IT-Admins does not exist in the Security account. Deploy the security", id="no-group"
    ),
    pytest.param(NO_GROUP_FOUND, "Group IT-Admins does not exist in the Security account. ", id="no-group-found"),
    pytest.param(DENIED, "Group IT-Admins of the Security account cannot be read: ", id="not-readable"),
]


@pytest.mark.parametrize(("members", "message"), UNFIT)
def test_a_group_that_cannot_serve_is_a_warning_at_preview(check_admins: Check, members: Any, message: str) -> None:
    (warning,) = check_admins(members=members, preview=True).said("WARNING")
    assert warning.startswith(message)


@pytest.mark.parametrize(("members", "message"), UNFIT)
def test_a_group_that_cannot_serve_is_an_error_at_up(check_admins: Check, members: Any, message: str) -> None:
    with pytest.raises(LiveGroupError) as refusal:
        check_admins(members=members)
    assert str(refusal.value).startswith(message)


def test_a_group_with_all_admins_is_read_by_the_security_provider_and_says_nothing(check_admins: Check) -> None:
    recorded = check_admins(members=[BOB, ALICE])
    assert recorded.calls == ["aws:iam/getGroup:getGroup IT-Admins by security"]
    assert recorded.said("WARNING") == []


def test_strangers_are_named(check_strangers: Check) -> None:
    (warning,) = check_strangers(members=[ALICE, BOB]).said("WARNING")
    assert warning.startswith(f"In group IT-Admins but not in delegation:admins: {BOB}. ")


@pytest.mark.parametrize("members", [NO_GROUP, [], [ALICE]])
def test_no_strangers_no_warning(check_strangers: Check, members: Any) -> None:
    assert check_strangers(members=members).said("WARNING") == []


def test_a_group_that_cannot_be_searched_for_strangers_is_said_at_preview(check_strangers: Check) -> None:
    (warning,) = check_strangers(members=DENIED, preview=True).said("WARNING")
    assert "cannot be read" in warning


def test_a_group_that_cannot_be_searched_for_strangers_is_an_error_at_up(check_strangers: Check) -> None:
    with pytest.raises(LiveGroupError, match="cannot be read"):
        check_strangers(members=DENIED)
