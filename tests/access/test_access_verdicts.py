"""Verdicts on awkward states, and every verdict against a brute-force evaluation of both documents."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from delegation_pack.iam import Decision, Effect, PrincipalKind, Request, evaluate
from delegation_pack.model import Resource
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.effective_access import Credentials
from access.model import Role, User, build
from access.states import Stack
from access.verdicts import Cell, Status, Verdicts
from tests.access.state_builder import (
    FROM_OFFICE,
    OFFICE,
    OTHER,
    SECURITY,
    TARGET,
    StateBuilder,
    demo,
    document,
    grant,
    role_arn,
    trust,
    user_arn,
)
from tests.documents import MFA

Judged = Callable[[StateBuilder], Verdicts]
ALICE = user_arn("alice")
ROOT = f"arn:aws:iam::{SECURITY}:root"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def cell_of(verdicts: Verdicts, user: str = "alice", role: str = "ACCESS") -> Cell:
    return next(cell for cell in verdicts.cells() if (cell.user.name, cell.role.name) == (user, role))


def told(cell: Cell) -> tuple[str, str, str, str]:
    keys, session, mfa = (str(cell.access.by[credentials]) for credentials in Credentials)
    return cell.status, keys, session, mfa


OPEN = ("allowed", "anywhere", "anywhere", "anywhere")
SHUT = ("refused", "nowhere", "nowhere", "nowhere")
STRICT = ("allowed", "nowhere", "nowhere", f"{OFFICE}/32")
GRANT = document(grant())
LOOSE_TRUST = document(trust(ALICE))
DENY_ELSEWHERE = grant("*", {"NotIpAddress": {"aws:SourceIp": OFFICE}}, Effect="Deny", Action="*")
DENY_WITHOUT_MFA = grant("*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, Effect="Deny", Action="*")

AWKWARD: dict[str, tuple[StateBuilder, tuple[str, str, str, str]]] = {
    "as the delegation makes it": (demo(), STRICT),
    "no group and no policy": (StateBuilder().user("alice").role("ACCESS", LOOSE_TRUST), SHUT),
    "a policy of the user's own": (StateBuilder().user("alice", policy=GRANT).role("ACCESS", LOOSE_TRUST), OPEN),
    "a grant of another group": (
        StateBuilder().user("alice").group("G", GRANT, members=["bob"]).role("ACCESS", LOOSE_TRUST),
        SHUT,
    ),
    "membership given on the user": (
        StateBuilder().user("alice", "G").group("G", GRANT).role("ACCESS", LOOSE_TRUST),
        OPEN,
    ),
    "trust of somebody else": (
        StateBuilder().user("alice", policy=GRANT).role("ACCESS", document(trust(user_arn("bob")))),
        SHUT,
    ),
    "trust of the same name on another path": (
        StateBuilder().user("alice", policy=GRANT, path="/x/").role("ACCESS", LOOSE_TRUST),
        SHUT,
    ),
    "root trust": (StateBuilder().user("alice", policy=GRANT).role("ACCESS", document(trust(ROOT))), OPEN),
    "root trust without a grant": (StateBuilder().user("alice").role("ACCESS", document(trust(ROOT))), SHUT),
    "root trust by bare account id, on one path": (
        StateBuilder()
        .user("alice", policy=GRANT, path="/admins/")
        .role(
            "ACCESS",
            document(trust(SECURITY, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{SECURITY}:user/admins/*"}})),
        ),
        OPEN,
    ),
    "root trust on another path": (
        StateBuilder()
        .user("alice", policy=GRANT)
        .role(
            "ACCESS", document(trust(ROOT, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{SECURITY}:user/admins/*"}}))
        ),
        SHUT,
    ),
    "root trust by tag": (
        StateBuilder()
        .user("alice", policy=GRANT, tags={"team": "ops"})
        .role("ACCESS", document(trust(ROOT, {"StringEquals": {"aws:PrincipalTag/team": "ops"}}))),
        OPEN,
    ),
    "root trust by another tag": (
        StateBuilder()
        .user("alice", policy=GRANT, tags={"team": "dev"})
        .role("ACCESS", document(trust(ROOT, {"StringEquals": {"aws:PrincipalTag/team": "ops"}}))),
        SHUT,
    ),
    "wildcard trust": (StateBuilder().user("alice", policy=GRANT).role("ACCESS", document(trust("*"))), OPEN),
    "wildcard trust without a grant": (StateBuilder().user("alice").role("ACCESS", document(trust("*"))), SHUT),
    "trust of all but her": (
        StateBuilder()
        .user("alice", policy=GRANT)
        .role("ACCESS", document({**trust("*"), "NotPrincipal": {"AWS": ALICE}} | {"Principal": None})),
        SHUT,
    ),
    "trust by the id of a deleted user": (
        StateBuilder().user("alice", policy=GRANT, uniqueId="AIDANEW").role("ACCESS", document(trust("AIDAOLD"))),
        SHUT,
    ),
    "trust by her own id": (
        StateBuilder().user("alice", policy=GRANT, uniqueId="AIDANEW").role("ACCESS", document(trust("AIDANEW"))),
        OPEN,
    ),
    "a deny in a sibling policy": (
        StateBuilder()
        .user("alice", "G", policy=document(DENY_WITHOUT_MFA))
        .group("G", GRANT)
        .role("ACCESS", LOOSE_TRUST),
        ("allowed", "nowhere", "nowhere", "anywhere"),
    ),
    "a deny by address in the trust": (
        StateBuilder()
        .user("alice", policy=GRANT)
        .role("ACCESS", document(trust(ALICE), trust("*", {"NotIpAddress": {"aws:SourceIp": OFFICE}}, Effect="Deny"))),
        ("allowed", f"{OFFICE}/32", f"{OFFICE}/32", f"{OFFICE}/32"),
    ),
    "both sides' conditions together": (
        StateBuilder()
        .user("alice", policy=document(grant(condition=FROM_OFFICE)))
        .role("ACCESS", document(trust(ALICE, MFA))),
        STRICT,
    ),
    "conditions that exclude each other": (
        StateBuilder()
        .user("alice", policy=document(grant(condition={"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}})))
        .role("ACCESS", document(trust(ALICE, FROM_OFFICE))),
        SHUT,
    ),
    "BoolIfExists on both sides": (
        demo("alice", condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}),
        ("allowed", f"{OFFICE}/32", "nowhere", f"{OFFICE}/32"),
    ),
    "an age of MFA": (
        StateBuilder()
        .user("alice", policy=GRANT)
        .role("ACCESS", document(trust(ALICE, {"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}))),
        ("allowed", "nowhere", "nowhere", "anywhere"),
    ),
    "a required session name": (
        StateBuilder()
        .user("alice", policy=GRANT)
        .role("ACCESS", document(trust(ALICE, {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}))),
        OPEN,
    ),
    "through a VPC endpoint only": (
        StateBuilder()
        .user("alice", policy=GRANT)
        .role("ACCESS", document(trust(ALICE, {"StringEquals": {"aws:SourceVpce": "vpce-1"}}))),
        ("allowed", "VPC endpoints", "VPC endpoints", "VPC endpoints"),
    ),
    "a grant by the user's own name": (
        StateBuilder()
        .user("ACCESS", policy=document(grant(f"arn:aws:iam::{TARGET}:role/${{aws:username}}")))
        .user("alice", policy=document(grant(f"arn:aws:iam::{TARGET}:role/${{aws:username}}")))
        .role("ACCESS", document(trust(ROOT))),
        SHUT,
    ),
    "a variable in a document of 2008 is plain text": (
        StateBuilder()
        .user("alice", policy=GRANT)
        .role(
            "ACCESS",
            document(trust(ALICE, {"StringEquals": {"aws:username": "${aws:username}"}}), version="2008-10-17"),
        ),
        SHUT,
    ),
    "administrator by AWS's policy": (
        StateBuilder().user("alice", attached=[ADMINISTRATOR]).role("ACCESS", LOOSE_TRUST),
        OPEN,
    ),
    "denied by AWS's policy": (
        StateBuilder()
        .user("alice", policy=GRANT, attached=["arn:aws:iam::aws:policy/AWSDenyAll"])
        .role("ACCESS", LOOSE_TRUST),
        SHUT,
    ),
    "a customer's managed policy": (
        StateBuilder()
        .managed("assume", GRANT)
        .user("alice", attached=[f"arn:aws:iam::{SECURITY}:policy/assume"])
        .role("ACCESS", LOOSE_TRUST),
        OPEN,
    ),
    "a boundary that allows it": (
        StateBuilder().user("alice", policy=GRANT, permissionsBoundary=ADMINISTRATOR).role("ACCESS", LOOSE_TRUST),
        OPEN,
    ),
    "a boundary that does not": (
        StateBuilder()
        .user("alice", policy=GRANT, permissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
        .role("ACCESS", LOOSE_TRUST),
        SHUT,
    ),
    "same account, named in the trust": (
        StateBuilder().user("alice", account=TARGET).role("ACCESS", document(trust(user_arn("alice", TARGET)))),
        OPEN,
    ),
    "same account, root trust, no grant": (
        StateBuilder().user("alice", account=TARGET).role("ACCESS", document(trust(f"arn:aws:iam::{TARGET}:root"))),
        SHUT,
    ),
    "same account, root trust and grant": (
        StateBuilder()
        .user("alice", account=TARGET, policy=GRANT)
        .role("ACCESS", document(trust(f"arn:aws:iam::{TARGET}:root"))),
        OPEN,
    ),
    "same account, named, but denied on her side": (
        StateBuilder()
        .user("alice", account=TARGET, policy=document(DENY_ELSEWHERE))
        .role("ACCESS", document(trust(user_arn("alice", TARGET)))),
        ("allowed", f"{OFFICE}/32", f"{OFFICE}/32", f"{OFFICE}/32"),
    ),
    "same account, named, with a boundary that says nothing": (
        StateBuilder()
        .user("alice", account=TARGET, permissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
        .role("ACCESS", document(trust(user_arn("alice", TARGET)))),
        OPEN,
    ),
}


def _fixed(builder: StateBuilder) -> StateBuilder:
    """Leave out elements written as None."""
    text = json.dumps(builder.resources).replace('\\"Principal\\": null, ', "").replace(', \\"Principal\\": null', "")
    builder.resources = json.loads(text)
    for resource in builder.resources:
        text = resource["outputs"].get("assumeRolePolicy", "")
        if isinstance(text, str) and "NotPrincipal" in text:
            data = json.loads(text)
            for statement in data["Statement"]:
                statement.pop("Principal", None)
            resource["outputs"]["assumeRolePolicy"] = json.dumps(data)
    return builder


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_states_get_the_verdict_that_aws_would_give(judged: Judged, name: str) -> None:
    builder, expected = AWKWARD[name]
    assert told(cell_of(judged(_fixed(builder)))) == expected


def test_two_roles_in_one_account_are_told_apart(judged: Judged) -> None:
    builder = demo("alice").role("READ", document(trust(ALICE)))
    verdicts = judged(builder)
    assert told(cell_of(verdicts)) == STRICT
    assert told(cell_of(verdicts, role="READ")) == SHUT


UNKNOWN_AWS = "arn:aws:iam::aws:policy/NewerThanTheTable"
UNKNOWN_OWN = f"arn:aws:iam::{SECURITY}:policy/elsewhere"


@pytest.mark.parametrize(
    ("builder", "status", "said"),
    [
        (
            StateBuilder().user("alice", attached=[UNKNOWN_AWS]).role("ACCESS", LOOSE_TRUST),
            Status.UNVERIFIED,
            "NewerThanTheTable of user alice cannot be read",
        ),
        (
            StateBuilder().user("alice", attached=[UNKNOWN_AWS]).role("ACCESS", document(trust(user_arn("bob")))),
            Status.REFUSED,
            "",
        ),
        (
            StateBuilder().user("alice", policy=GRANT, attached=[UNKNOWN_AWS]).role("ACCESS", LOOSE_TRUST),
            Status.ALLOWED,
            "NewerThanTheTable",
        ),
        (
            StateBuilder().user("alice", policy=GRANT, attached=[UNKNOWN_OWN]).role("ACCESS", LOOSE_TRUST),
            Status.UNVERIFIED,
            "elsewhere",
        ),
        (
            StateBuilder()
            .user("alice", policy=document(DENY_WITHOUT_MFA), attached=[UNKNOWN_OWN])
            .role("ACCESS", LOOSE_TRUST),
            Status.UNVERIFIED,
            "elsewhere",
        ),
        (
            StateBuilder().user("alice", policy=GRANT).role("ACCESS", "{"),
            Status.UNVERIFIED,
            "trust policy of role ACCESS cannot be read: The document is not JSON",
        ),
        (StateBuilder().user("alice").role("ACCESS", "{"), Status.REFUSED, ""),
        (
            StateBuilder().user("alice", policy=GRANT, permissionsBoundary=UNKNOWN_OWN).role("ACCESS", LOOSE_TRUST),
            Status.UNVERIFIED,
            "the boundary of user alice",
        ),
        (
            StateBuilder()
            .user("alice", policy=document(grant(condition={"StringEquals": {"aws:SourceIp": OFFICE}})))
            .role("ACCESS", LOOSE_TRUST),
            Status.UNVERIFIED,
            "cannot be verified",
        ),
        (
            StateBuilder()
            .user("alice", policy=document(grant(f"arn:aws:iam::{TARGET}:role/${{aws:FederatedProvider}}")))
            .role("ACCESS", LOOSE_TRUST),
            Status.UNVERIFIED,
            "its resources hang on a variable that no state knows",
        ),
    ],
)
def test_what_cannot_be_read_is_said_where_it_matters_and_only_there(
    judged: Judged, builder: StateBuilder, status: Status, said: str
) -> None:
    cell = cell_of(judged(builder))
    assert cell.status is status
    assert said in " ".join(cell.notes)
    assert bool(cell.notes) == bool(said)


def test_a_known_deny_still_counts_beside_a_policy_that_cannot_be_read(judged: Judged) -> None:
    builder = (
        StateBuilder()
        .user("alice", policy=document(DENY_WITHOUT_MFA), attached=[UNKNOWN_OWN])
        .role("ACCESS", LOOSE_TRUST)
    )
    assert not cell_of(judged(builder)).access.without_mfa


def test_the_deciding_statements_of_both_sides_are_named(judged: Judged) -> None:
    identity, trusting = cell_of(judged(demo())).statements
    assert [ref.title for ref in identity] == ["grant-1 of group Admins, statement 1"]
    assert [ref.title for ref in trusting] == ["trust policy of role ACCESS, statement 1"]


@pytest.mark.parametrize(
    ("principal", "title"),
    [
        ("*", "everyone"),
        (f"arn:aws:iam::{OTHER}:root", f"everyone in account {OTHER}"),
        (f"arn:aws:iam::{OTHER}:user/x/eve", f"user eve of account {OTHER}"),
        (user_arn("gone"), f"user gone of account {SECURITY}"),
        (f"arn:aws:iam::{OTHER}:role/ci", f"role ci of account {OTHER}"),
        ("AIDAOLD", "the deleted or unknown principal AIDAOLD"),
        ({"Service": "ec2.amazonaws.com"}, "service ec2.amazonaws.com"),
        ({"Federated": "cognito-identity.amazonaws.com"}, "identity provider cognito-identity.amazonaws.com"),
    ],
)
def test_whom_a_trust_admits_beyond_the_users_is_reported(judged: Judged, principal: Any, title: str) -> None:
    verdicts = judged(
        StateBuilder().user("alice", policy=GRANT).role("ACCESS", document(trust(principal), trust(ALICE)))
    )
    assert [one.title for one in verdicts.outsiders()] == [title]


def test_known_users_and_their_account_are_no_outsiders(judged: Judged) -> None:
    verdicts = judged(StateBuilder().user("alice").role("ACCESS", document(trust([ALICE, ROOT]))))
    assert list(verdicts.outsiders()) == []


def test_the_address_lock_of_a_session_is_seen(judged: Judged) -> None:
    builder = (
        demo("alice")
        .role("LOCKED", LOOSE_TRUST, document(DENY_ELSEWHERE))
        .role("HALF", LOOSE_TRUST, document(grant("*", FROM_OFFICE)))
    )
    verdicts = judged(builder)
    locks = {role.name: verdicts.session_addresses(role) for role in verdicts.model.roles}
    assert {name: lock and str(lock) for name, lock in locks.items()} == {
        "ACCESS": None,
        "LOCKED": f"{OFFICE}/32",
        "HALF": None,
    }


def test_every_policy_that_aws_keeps_is_known(judged: Judged) -> None:
    builder = (
        StateBuilder()
        .user("alice", attached=["arn:aws:iam::aws:policy/AmazonS3FullAccess"])
        .role("ACCESS", LOOSE_TRUST)
    )
    cell = cell_of(judged(builder))
    assert (cell.status, cell.notes) == (Status.REFUSED, ())


# Brute force: every context that the documents of a small universe can tell apart, one by one.

USERS = [("alice", SECURITY, "/"), ("bob", SECURITY, "/contractors/"), ("carl", TARGET, "/")]
ADDRESSES = [None, "203.0.113.10", "203.0.113.11", "198.51.100.7", "2001:db8::1", "0.0.0.0"]  # noqa: S104
NAMES = [None, "alice", "bob", "carl", "other"]

CONDITIONS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {},
        MFA,
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        {"Null": {"aws:MultiFactorAuthPresent": "true"}},
        {"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "60"}},
        FROM_OFFICE,
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}},
        {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/28"}},
        {"IpAddressIfExists": {"aws:SourceIp": "198.51.100.0/24"}, **MFA},
        {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}},
        {"StringLike": {"sts:RoleSessionName": "a*"}},
        {"StringNotEquals": {"sts:RoleSessionName": "bob"}},
        {"StringEquals": {"aws:username": ["alice", "carl"]}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/contractors/*"}},
        {"StringNotEquals": {"aws:PrincipalAccount": TARGET}},
        {"StringEquals": {"aws:PrincipalTag/team": "ops"}},
        {"StringEquals": {"aws:ResourceAccount": TARGET}},
    ]
)
EFFECTS = st.sampled_from(["Allow", "Allow", "Allow", "Deny"])
VERSIONS = st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"])
RESOURCES = st.sampled_from(
    [
        role_arn(),
        role_arn(),
        "*",
        role_arn("OTHER"),
        f"arn:aws:iam::{TARGET}:role/A*",
        "arn:aws:iam::*:role/${aws:username}",
    ]
)
PRINCIPALS = st.sampled_from(
    [
        [user_arn("alice"), user_arn("bob", path="/contractors/"), user_arn("carl", TARGET)],
        [user_arn("alice")],
        [user_arn("bob")],
        SECURITY,
        f"arn:aws:iam::{TARGET}:root",
        "*",
        f"arn:aws:iam::{OTHER}:root",
    ]
)


@st.composite
def granting(draw: st.DrawFn) -> str:
    def statement() -> dict[str, Any]:
        effect, resource = draw(EFFECTS), draw(RESOURCES)
        scope = {"NotResource": resource} if draw(st.integers(0, 7)) == 0 else {"Resource": resource}
        action = draw(st.sampled_from(["sts:AssumeRole", "sts:AssumeRole", "*", "sts:Assume*", "iam:*"]))
        return {"Effect": effect, "Action": action, **scope, "Condition": draw(CONDITIONS)}

    return document(*(statement() for _ in range(draw(st.integers(1, 3)))), version=draw(VERSIONS))


@st.composite
def trusting(draw: st.DrawFn) -> str:
    found = [trust(draw(PRINCIPALS), draw(CONDITIONS), Effect=draw(EFFECTS)) for _ in range(draw(st.integers(1, 3)))]
    return document(*found, version=draw(VERSIONS))


def contexts() -> Iterator[tuple[Credentials, str | None, dict[str, str]]]:
    for credentials, address, name in itertools.product(Credentials, ADDRESSES, NAMES):
        context = {} if name is None else {"sts:RoleSessionName": name}
        if address:
            context["aws:SourceIp"] = address
        if credentials is Credentials.MFA:
            context |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "10"}
            yield credentials, address, {**context, "aws:MultiFactorAuthAge": "100"}
        elif credentials is Credentials.SESSION:
            context["aws:MultiFactorAuthPresent"] = "false"
        yield credentials, address, context


def opens(user: User, role: Role, context: Mapping[str, str]) -> bool:
    """Whether AWS would let one request through, by its evaluation logic of one and of two accounts."""
    request = Request(
        principal=user.arn,
        action="sts:AssumeRole",
        resource=role.arn,
        context={**context, **{f"aws:PrincipalTag/{key}": value for key, value in user.tags.items()}},
    )
    documents = [policy.document for policy in user.all_policies if policy.document]
    assert role.trust.document
    identity, trusted = evaluate(documents, request), evaluate(role.trust.document, request)
    bounds = [user.boundary.document] if user.boundary and user.boundary.document else []
    within = [evaluate(document, request) for document in bounds]
    granted = identity.allowed and all(verdict.allowed for verdict in within)
    if user.account != role.account:
        return granted and trusted.allowed
    if any(verdict.decision is Decision.DENIED for verdict in (identity, *within)) or not trusted.allowed:
        return False
    whole = role.trust.document
    named = [
        s
        for s in whole.statements
        if s.effect is Effect.DENY or all(p.kind is not PrincipalKind.ACCOUNT for p in s.principals or ())
    ]
    alone = type(whole)(whole.kind, whole.version, tuple(named))
    return granted or evaluate(alone, request).allowed


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    grant=granting(),
    own=st.none() | granting(),
    bound=st.none() | granting(),
    trusted=trusting(),
    tags=st.sampled_from([{}, {"team": "ops"}]),
)
def test_every_pair_agrees_with_a_brute_force_evaluation_of_both_documents(
    grant: str, own: str | None, bound: str | None, trusted: str, tags: dict[str, str]
) -> None:
    builder = StateBuilder().role("ACCESS", trusted).group("Security", grant).group("Target", grant, account=TARGET)
    for name, account, path in USERS:
        group = "Security" if account == SECURITY else "Target"
        limit = {"permissionsBoundary": f"arn:aws:iam::{account}:policy/bound"} if bound and name != "bob" else {}
        if limit:
            builder.managed("bound", bound, account=account)
        own_policy = own if name == "alice" else None
        builder.user(name, group, account=account, path=path, policy=own_policy, tags=tags, **limit)
    plain = [
        Resource(
            urn=r["urn"],
            type=r["type"],
            name=r["urn"].rpartition("::")[2],
            inputs={},
            outputs=r["outputs"],
            provider_urn=r.get("provider", "").rpartition("::")[0],
        )
        for r in builder.resources
    ]
    verdicts = Verdicts(build([Stack("all", "delegation", plain, "test")]))
    for cell in verdicts.cells():
        expected: dict[tuple[Credentials, str | None], bool] = {}
        for credentials, address, context in contexts():
            key = credentials, address
            expected[key] = expected.get(key, False) or opens(cell.user, cell.role, context)
        found = {
            (credentials, address): cell.access.by[credentials].endpoints
            if address is None
            else address in cell.access.by[credentials]
            for credentials, address in expected
        }
        assert cell.status is not Status.UNVERIFIED
        assert found == expected, cell.user.name
