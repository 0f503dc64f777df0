"""The live group, read at preview and at up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from live_group import LiveGroupError, check_users_are_members, warn_of_unlisted_members
from tests.unit.recording import NO_GROUP, Recorded, RunPulumi

ALICE = "arn:aws:iam::111111111111:user/alice"
BOB = "arn:aws:iam::111111111111:user/bob"
BOB_ELSEWHERE = "arn:aws:iam::111111111111:user/contractors/bob"
DENIED = "AccessDenied: not authorized to perform iam:GetGroup"
NO_GROUP_FOUND = "1 error occurred: reading IAM Group (IT-Admins): couldn't find resource"

Check = Callable[..., Recorded]


@pytest.fixture
def check_admins(run_pulumi: RunPulumi, provider: Callable[[str], Any]) -> Check:
    """Checks that alice and bob are in the live group."""
    return lambda **options: run_pulumi(
        lambda: check_users_are_members("IT-Admins", [ALICE, BOB], provider("security")), **options
    )


@pytest.fixture
def check_unlisted(run_pulumi: RunPulumi, provider: Callable[[str], Any]) -> Check:
    """Looks for members of the live group other than alice."""
    return lambda **options: run_pulumi(
        lambda: warn_of_unlisted_members("IT-Admins", [ALICE], provider("security")), **options
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


def test_unlisted_are_named(check_unlisted: Check) -> None:
    (warning,) = check_unlisted(members=[ALICE, BOB]).said("WARNING")
    assert warning.startswith(f"In group IT-Admins but not in delegation:groups: {BOB}. ")


@pytest.mark.parametrize("members", [NO_GROUP, [], [ALICE]])
def test_no_unlisted_no_warning(check_unlisted: Check, members: Any) -> None:
    assert check_unlisted(members=members).said("WARNING") == []


def test_a_group_that_cannot_be_searched_for_unlisted_is_said_at_preview(check_unlisted: Check) -> None:
    (warning,) = check_unlisted(members=DENIED, preview=True).said("WARNING")
    assert "cannot be read" in warning


def test_a_group_that_cannot_be_searched_for_unlisted_is_an_error_at_up(check_unlisted: Check) -> None:
    with pytest.raises(LiveGroupError, match="cannot be read"):
        check_unlisted(members=DENIED)
