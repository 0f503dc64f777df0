"""What access hangs on besides MFA and address, in words: the age of MFA, the session's name, last days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from access.diff import changes, sentences
from access.explain import explain
from access.matrix import COLUMNS, rows
from access.model import build
from access.report import write
from access.setup import setup
from access.states import read_states
from access.verdicts import Verdicts
from components import documents
from tests.access.state_builder import (
    OFFICE,
    SECURITY,
    TARGET,
    StateBuilder,
    document,
    grant,
    role_arn,
    trust,
    user_arn,
)
from tests.access.test_access_commands import readable

BEFORE, AFTER = datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 2, 1, 0, 0, 1, tzinfo=UTC)
LAST_DAY = date(2027, 1, 31)


def program(
    *,
    age: int | None = None,
    own_name: bool = False,
    last_day: date | None = None,
    revoked: datetime | None = None,
) -> StateBuilder:
    """What the program makes of carol and dave, who has a last day, in one group, and of one role for it."""
    users = ["carol", "dave"]
    policies = [documents.revoked_sessions(revoked)] if revoked else []
    self_service = documents.self_service(
        partition="aws", account_id=SECURITY, user_path="/", last_days={"dave": last_day} if last_day else {}
    )
    return (
        StateBuilder()
        .user("carol")
        .user("dave")
        .managed("self-service", self_service)
        .group(
            "Auditors",
            documents.grant({role_arn(): documents.Terms(age, (OFFICE,))}),
            attached=[f"arn:aws:iam::{SECURITY}:policy/self-service"],
            members=users,
        )
        .role(
            "ACCESS",
            documents.trust_policy([user_arn(name) for name in users], mfa_max_age_hours=age, session_name=own_name),
            *policies,
        )
    )


def judged(builder: StateBuilder, folder: Path, now: datetime = BEFORE) -> Verdicts:
    return Verdicts(build(read_states([builder.write(folder)])), now)


def conditions(verdicts: Verdicts) -> Mapping[str, str]:
    """The verdict and the conditions of the matrix, by user."""
    found = [dict(zip(COLUMNS, row, strict=True)) for row in rows(verdicts)]
    return {row["user"]: row["conditions"] if row["verdict"] == "allowed" else row["verdict"] for row in found}


def test_age_of_mfa_session_name_and_last_day_are_said_in_words(tmp_path: Path) -> None:
    verdicts = judged(program(age=1, own_name=True, last_day=LAST_DAY), tmp_path)
    own = "with MFA not older than 1 hour; in a session named as the user"
    assert conditions(verdicts) == {"carol": own, "dave": f"{own}; until 2027-01-31"}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "14400"}}, "with MFA not older than 4 hours"),
        ({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "5400"}}, "with MFA not older than 90 minutes"),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "61"}}, "with MFA not older than 61 seconds"),
        ({"DateLessThan": {"aws:CurrentTime": "2027-02-01T00:00:00Z"}}, "until 2027-01-31"),
        ({"DateLessThanEquals": {"aws:CurrentTime": "2027-02-01T10:00:00Z"}}, "until 2027-02-01T10:00:00Z"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2027-06-01"}}, "from 2027-06-01 on"),
        ({"StringEquals": {"sts:RoleSessionName": "audit"}}, "if StringEquals sts:RoleSessionName audit"),
        ({"StringLike": {"sts:ExternalId": ["a", "b"]}}, "if StringLike sts:ExternalId a, b"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2027-01-01"}}, ""),
    ],
)
def test_a_condition_of_an_allow_is_said(tmp_path: Path, condition: Any, said: str) -> None:
    builder = (
        StateBuilder()
        .user("alice", policy=document(grant()))
        .role("ACCESS", document(trust(user_arn("alice"), condition)))
    )
    assert conditions(judged(builder, tmp_path)) == {"alice": said}


def test_what_a_deny_hangs_on_is_said_unless_it_is_mfa_or_address(tmp_path: Path) -> None:
    denies = [
        grant("*", condition, Effect="Deny")
        for condition in (
            {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            {"NotIpAddress": {"aws:SourceIp": OFFICE}},
            {"StringNotEquals": {"sts:ExternalId": "x"}, "Null": {"sts:ExternalId": "false"}},
            {"DateLessThan": {"aws:CurrentTime": "2020-01-01"}},
        )
    ]
    builder = StateBuilder().user("alice", policy=document(grant(), *denies))
    builder.role("ACCESS", document(trust(user_arn("alice"))))
    said = "unless StringNotEquals sts:ExternalId x and Null sts:ExternalId false"
    assert conditions(judged(builder, tmp_path)) == {"alice": said}


def test_after_the_last_day_the_user_is_refused(tmp_path: Path) -> None:
    builder = program(last_day=LAST_DAY)
    assert conditions(judged(builder, tmp_path, AFTER)) == {"carol": "", "dave": "refused"}


def test_explain_agrees_with_itself_before_and_after_the_last_day(tmp_path: Path) -> None:
    builder = program(age=1, last_day=LAST_DAY)
    told = {}
    for now in (BEFORE, AFTER):
        verdicts = judged(builder, tmp_path, now)
        told[now] = explain(verdicts, verdicts.model.user("dave"), verdicts.model.roles[0])
    assert [one.status for one in told.values()] == ["allowed", "refused"]
    assert [check.ok for one in told.values() for check in one.checks if check.what == "Grant"] == [True, False]
    assert told[BEFORE].notes[1:] == [
        "Only with MFA not older than 1 hour, until 2027-01-31.",
        "When MFA is older: in the console sign out and in again; on the command line, get-session-token again.",
    ]
    (change,) = told[AFTER].changes
    assert change.startswith("Give dave a later last day, or none, in self-service")


REVOKED = datetime(2026, 11, 25, 10, tzinfo=UTC)
LATER = datetime(2026, 11, 26, 10, tzinfo=UTC)
OLD = "with MFA not older than {}"
PLACE = f"{TARGET} through ACCESS"
SESSIONS = f"Sessions of ACCESS in {TARGET} that were issued before"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"age": 2}, [f"carol and dave may now enter {PLACE} only with MFA not older than 2 hours."]),
        ({"age": 2}, {}, [f"carol and dave may enter {PLACE} no longer only with MFA not older than 2 hours (!)"]),
        (
            {"age": 1},
            {"age": 2},
            [f"carol and dave may enter {PLACE} {OLD.format('2 hours')} instead of {OLD.format('1 hour')} (!)"],
        ),
        (
            {"age": 2},
            {"age": 1},
            [f"carol and dave may enter {PLACE} {OLD.format('1 hour')} instead of {OLD.format('2 hours')}."],
        ),
        ({}, {"own_name": True}, [f"carol and dave may now enter {PLACE} only in a session named as the user."]),
        ({}, {"last_day": LAST_DAY}, [f"dave may now enter {PLACE} only until 2027-01-31."]),
        ({"last_day": LAST_DAY}, {}, [f"dave may enter {PLACE} no longer only until 2027-01-31 (!)"]),
        (
            {"last_day": LAST_DAY},
            {"last_day": date(2027, 6, 30)},
            [f"dave may enter {PLACE} until 2027-06-30 instead of until 2027-01-31 (!)"],
        ),
        (
            {"last_day": date(2020, 1, 1)},
            {"last_day": LAST_DAY},
            [f"dave gains {PLACE} (MFA required, from {OFFICE}/32, until 2027-01-31)."],
        ),
        ({}, {"revoked": REVOKED}, [f"{SESSIONS} 2026-11-25T10:00:00Z are revoked."]),
        ({"revoked": REVOKED}, {"revoked": LATER}, [f"{SESSIONS} 2026-11-26T10:00:00Z are revoked."]),
        (
            {"revoked": LATER},
            {"revoked": REVOKED},
            [f"{SESSIONS} 2026-11-26T10:00:00Z are no longer revoked, only those before 2026-11-25T10:00:00Z (!)"],
        ),
        ({"revoked": REVOKED}, {}, [f"{SESSIONS} 2026-11-25T10:00:00Z are no longer revoked (!)"]),
    ],
    ids=str,
)
def test_diff_compares_them(tmp_path: Path, before: Any, after: Any, said: list[str]) -> None:
    old, new = (judged(program(**given), tmp_path) for given in (before, after))
    assert readable([text for text, _ in sentences(changes(old, new))]) == said


def test_setup_and_report_say_them(tmp_path: Path) -> None:
    verdicts = judged(program(age=1, own_name=True, last_day=LAST_DAY, revoked=REVOKED), tmp_path)
    (note,) = setup(verdicts, verdicts.model.user("dave")).notes
    assert note == (
        f"{TARGET}, ACCESS: Only with MFA not older than 1 hour, in a session named as the user, until 2027-01-31. "
        "When MFA is older: in the console sign out and in again; on the command line, get-session-token again. "
        "Sessions that were issued before 2026-11-25T10:00:00Z are revoked: they may do nothing."
    )
    page = write(verdicts, tmp_path / "report").read_text(encoding="utf-8")
    data = json.loads(page.split('id="data"')[1].split(">", 1)[1].split("</script>")[0])
    assert data["verdicts"][1]["only"].endswith("in a session named as the user, until 2027-01-31")
    assert data["roles"][0]["revoked"].startswith("Sessions that were issued before 2026-11-25T10:00:00Z")
