"""Every document that the program can build is proved equal to itself, written otherwise."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from delegation_pack.iam import Kind, new_access, parse

from components import documents
from tests.access.test_access_proof import Json, each, respelt, split_by, split_principals

IPS = ["203.0.113.10/32", "198.51.100.0/24"]
USERS = [f"arn:aws:iam::111111111111:user/people/{name}" for name in ("alice", "bob", "carol")]
ROLES = [f"arn:aws:iam::{account}:role/ACCESS" for account in ("222222222222", "333333333333")]
BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
LAST = {"alice": date(2026, 12, 31), "bob": date(2027, 6, 30)}


def management(**options: Any) -> str:
    return documents.role_management(
        partition="aws", account_id="222222222222", role_names=["ACCESS"], boundary_policy_arn=BOUNDARY, **options
    )


DOCUMENTS: dict[str, tuple[Kind, Callable[[], str]]] = {
    "trust": (Kind.TRUST, lambda: documents.trust_policy(USERS)),
    "trust, strict": (Kind.TRUST, lambda: documents.trust_policy(USERS, mfa_max_age_hours=8, session_name=True)),
    "grant": (Kind.IDENTITY, lambda: documents.grant(dict.fromkeys(ROLES, documents.Terms(None, tuple(IPS))))),
    "grant, age of MFA": (
        Kind.IDENTITY,
        lambda: documents.grant(
            {ROLES[0]: documents.Terms(8, tuple(IPS)), ROLES[1]: documents.Terms(None, tuple(IPS))}
        ),
    ),
    "grant, lock in the session": (
        Kind.IDENTITY,
        lambda: documents.grant(dict.fromkeys(ROLES, documents.Terms(None, None))),
    ),
    "session": (Kind.IDENTITY, lambda: documents.session_addresses(IPS)),
    "revocation": (Kind.IDENTITY, lambda: documents.revoked_sessions(datetime(2026, 11, 1, tzinfo=UTC))),
    "management": (Kind.IDENTITY, lambda: management(static_ips=IPS, mfa=True)),
    "management, no MFA": (Kind.IDENTITY, lambda: management(static_ips=IPS, mfa=False)),
    "self-service": (
        Kind.IDENTITY,
        lambda: documents.self_service(partition="aws", account_id="111111111111", user_path="/"),
    ),
    "self-service, last days": (
        Kind.IDENTITY,
        lambda: documents.self_service(
            partition="aws", account_id="111111111111", user_path="/people/", static_ips=IPS, last_days=LAST
        ),
    ),
}


def written_otherwise(statements: list[Json]) -> list[Json]:
    """Split as far as it goes, respelt and turned round."""
    rest = [{**one, "Sid": f"S{i}"} for i, one in enumerate(statements)]
    for change in (split_by("Action"), each(respelt), each(split_principals)):
        rest = [{**one, "Sid": f"S{i}"} for i, one in enumerate(change(rest))]
    return list(reversed(rest))


@pytest.mark.parametrize(("kind", "build"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_written_otherwise_is_proved_equal(kind: Kind, build: Callable[[], str]) -> None:
    content = json.loads(build())
    other = {**content, "Statement": written_otherwise(copy.deepcopy(content["Statement"]))}
    # A Deny allows nothing: it is compared beside an Allow of everything.
    beside = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for one in (content, other) if kind is Kind.IDENTITY else ():
        if all(statement["Effect"] == "Deny" for statement in one["Statement"]):
            one["Statement"] = [*one["Statement"], beside]
    before, after = parse(content, kind), parse(other, kind)
    assert before != after
    assert new_access([before], [after]) is None
    assert new_access([after], [before]) is None
