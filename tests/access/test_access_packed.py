"""A fleet with packed grants: who gets in where, and what still fits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from components import QuotaExceededError, Terms, packed_policy_name
from components.packing import pack
from tests.access.conftest import Run
from tests.access.state_builder import (
    OFFICE,
    SECURITY,
    StateBuilder,
    document,
    role_arn,
    trust,
    user_arn,
)
from tests.documents import MFA

PEOPLE = ("alice", "bob")
TERMS = Terms(None, (f"{OFFICE}/32",))
NOTHING = document({"Effect": "Deny", "Action": "iam:*", "Resource": "*"})


def accounts(count: int) -> list[str]:
    return [str(number) for number in range(200000000000, 200000000000 + count)]


def roles(count: int) -> dict[str, Terms]:
    return {role_arn("ACCESS", account): TERMS for account in accounts(count)}


@pytest.fixture
def fleet(tmp_path: Path) -> list[str]:
    """The states of 200 target accounts and the Security account, as arguments."""
    packing = pack("Admins", roles(200), {})
    policies = {packed_policy_name("Admins", number): text for number, text in packing.documents.items()}
    policies["Admins-self-service"] = NOTHING
    security = StateBuilder("security")
    for name in PEOPLE:
        security.user(name)
    security.group("Admins", members=PEOPLE, attached=[f"arn:aws:iam::{SECURITY}:policy/{name}" for name in policies])
    for name, text in policies.items():
        security.managed(name, text)
    trusting = document(trust([user_arn(name) for name in PEOPLE], MFA))
    targets = [StateBuilder(f"t{account}").role("ACCESS", trusting, account=account) for account in accounts(200)]
    return [argument for stack in (security, *targets) for argument in ("--state", stack.write(tmp_path))]


def test_everybody_gets_in_everywhere_on_the_same_terms(run: Run, fleet: list[str]) -> None:
    rows = json.loads(run("matrix", "--format", "json", *fleet).stdout)["access"]
    assert len(rows) == 400
    assert {(row["verdict"], row["mfa"], row["from"]) for row in rows} == {("allowed", "required", f"{OFFICE}/32")}


def test_the_packed_policy_that_decides_is_named(run: Run, fleet: list[str]) -> None:
    told = run("explain", "alice", "200000000150", "--from", "192.0.2.7", *fleet).stdout
    assert "Admins-grants-2 of group Admins, statement 1 ('AssumeAccessRole') does not apply" in told


def test_a_role_that_no_packed_policy_names_is_refused(run: Run, fleet: list[str], tmp_path: Path) -> None:
    trusting = document(trust([user_arn(name) for name in PEOPLE], MFA))
    more = StateBuilder("more").role("ACCESS", trusting, account="299999999999").write(tmp_path)
    rows = json.loads(run("matrix", "--format", "json", *fleet, "--state", more).stdout)["access"]
    assert [row["user"] for row in rows if row["verdict"] == "refused"] == list(PEOPLE)


def test_headroom_counts_the_accounts_that_still_fit(run: Run, fleet: list[str]) -> None:
    told = run("headroom", *fleet).stdout
    row = next(line for line in told.splitlines() if "packed grants of group Admins" in line)
    found = re.search(r"about ([0-9,]+) more accounts \(200 now\)", row)
    assert found
    fit = max(count for count in range(1200, 1500, 5) if packs(count))
    assert abs(200 + int(found[1].replace(",", "")) - fit) <= 20
    assert "7 more policies" in told


def packs(count: int) -> bool:
    try:
        pack("Admins", roles(count), {})
    except QuotaExceededError:
        return False
    return True
