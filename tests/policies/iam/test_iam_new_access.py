"""What a change of documents newly allows: rows, and pairs of generated documents against the naive evaluator."""

from __future__ import annotations

import copy
import functools
import json
from itertools import pairwise
from typing import Any

import pytest
from delegation_pack.iam import Document, Kind, NewAccess, Unverifiable, new_access, parse
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.documents import MFA as MFA_TRUE
from tests.documents import allow, deny, document, trusting
from tests.policies.iam import naive
from tests.policies.iam.test_iam_properties import (
    ANYTHING,
    BOUNDED,
    KINDS,
    OWN,
    RESOURCES,
    ROLES,
    UNIVERSE,
    USERS,
    documents,
    spellings,
    statements,
)

NOTHING_NEW: tuple[object, ...] = (False, None)
"""Results where no access is new: proved, or hanging on what AWS does not say."""
FEWER = settings(BOUNDED, max_examples=40)
"""Where the naive evaluator tries a whole small universe for two documents."""
MFA = "aws:MultiFactorAuthPresent"
GITHUB = "token.actions.githubusercontent.com"
Json = dict[str, Any]


def policy(*content: Json, kind: Kind = Kind.IDENTITY) -> Document:
    return parse(document(*content), kind)


# Before, after, and a part of the new request; None where nothing is new.
CHANGES: dict[str, tuple[list[Json], list[Json], dict[str, Any] | None]] = {
    "nothing": ([allow()], [allow()], None),
    "Sid": ([allow()], [{**allow(), "Sid": "Other"}], None),
    "new document": ([], [allow("iam:CreateAccessKey")], {"action": "iam:CreateAccessKey"}),
    "document gone": ([allow()], [], None),
    "one action more": ([allow()], [allow(["iam:GetUser", "iam:CreateAccessKey"])], {"action": "iam:CreateAccessKey"}),
    "one action less": ([allow(["iam:GetUser", "iam:CreateAccessKey"])], [allow()], None),
    "wildcard": ([allow("iam:Get*")], [allow("iam:*")], {}),
    "wildcard written out": ([allow("iam:*")], [allow(["iam:Get*", "IAM:createuser"])], None),
    "parts of a wildcard": ([allow(["s3:Get*", "s3:Put*"])], [allow(["s3:GetObject", "s3:Put?bject"])], None),
    "all but one action": ([allow("*"), deny("iam:*")], [{**allow(), "NotAction": "iam:*", "Action": ...}], None),
    "all but one action, the other way": (
        [{**allow(), "NotAction": "iam:*", "Action": ...}],
        [allow("*"), deny("iam:Get*")],
        {},
    ),
    "statement split": (
        [allow(["a:b", "c:d"], ["arn:aws:s3:::x", "arn:aws:s3:::y"])],
        [allow(a, r) for a in ("a:b", "c:d") for r in ("arn:aws:s3:::x", "arn:aws:s3:::y")],
        None,
    ),
    "statements merged too far": (
        [allow("a:b", "arn:aws:s3:::x"), allow("c:d", "arn:aws:s3:::y")],
        [allow(["a:b", "c:d"], ["arn:aws:s3:::x", "arn:aws:s3:::y"])],
        {},
    ),
    "resource wider": ([allow("a:b", "arn:aws:s3:::x/y")], [allow("a:b", "arn:aws:s3:::x/*")], {}),
    "condition gone": ([allow(**MFA_TRUE)], [allow()], {"action": "iam:GetUser"}),
    "condition added": ([allow()], [allow(**MFA_TRUE)], None),
    "condition weaker": ([allow(**MFA_TRUE)], [allow(BoolIfExists={MFA: "true"})], {}),
    "condition said otherwise": ([allow(**MFA_TRUE)], [allow(StringEquals={MFA: "true"})], None),
    "condition by its absence": (
        [allow(BoolIfExists={MFA: "false"})],
        [allow(Null={MFA: "true"}), allow(Bool={MFA: "false"})],
        None,
    ),
    "network wider": (
        [allow(IpAddress={"aws:SourceIp": "203.0.113.0/25"})],
        [allow(IpAddress={"aws:SourceIp": "203.0.113.0/24"})],
        {"context": {"aws:SourceIp": "203.0.113.128"}},
    ),
    "network in halves": (
        [allow(IpAddress={"aws:SourceIp": "203.0.113.0/24"})],
        [allow(IpAddress={"aws:SourceIp": ["203.0.113.0/25", "203.0.113.128/25"]})],
        None,
    ),
    "Deny gone": ([allow("*"), deny("iam:CreateUser")], [allow("*")], {"action": "iam:CreateUser"}),
    "Deny narrower": ([allow("*"), deny("iam:*")], [allow("*"), deny("iam:*", Bool={MFA: "false"})], {}),
    "Deny of what nobody allows gone": ([allow("s3:*"), deny("iam:*")], [allow("s3:*")], None),
    "Deny as a condition": (
        [allow("a:b"), deny("a:b", Bool={"x:y": "true"})],
        [allow("a:b", BoolIfExists={"x:y": "false"})],
        None,
    ),
    "variable": (
        [allow("iam:*", "arn:aws:iam::*:user/${aws:username}")],
        [allow("iam:*", "arn:aws:iam::*:user/*${aws:username}")],
        {},
    ),
    "variable narrower": (
        [allow("iam:*", "arn:aws:iam::*:user/*")],
        [allow("iam:*", "arn:aws:iam::*:user/${aws:username}")],
        None,
    ),
}


def _kept(content: list[Json]) -> list[Json]:
    return [{name: value for name, value in statement.items() if value is not ...} for statement in content]


@pytest.mark.parametrize(("before", "after", "new"), CHANGES.values(), ids=CHANGES)
def test_change_of_an_identity_policy(before: list[Json], after: list[Json], new: dict[str, Any] | None) -> None:
    was, now = ([policy(*_kept(content))] if content else [] for content in (before, after))
    found = new_access(was, now)
    assert (found is None) == (new is None)
    for name, value in (new or {}).items():
        assert found is not None
        actual = getattr(found.request, name)
        assert (actual.items() >= value.items()) if name == "context" else actual == value


ALICE, ROLE = "arn:aws:iam::111111111111:user/alice", "arn:aws:iam::111111111111:role/ci"
TRUSTS: dict[str, tuple[Json, Json, str | None]] = {
    "user added": (trusting({"AWS": ALICE}), trusting({"AWS": [ALICE, f"{ALICE}2"]}), f"{ALICE}2"),
    "role added": (trusting({"AWS": ALICE}), trusting({"AWS": [ALICE, ROLE]}), ROLE),
    "account": (trusting({"AWS": ALICE}), trusting({"AWS": "111111111111"}), ""),
    "account's root said otherwise": (
        trusting({"AWS": "111111111111"}),
        trusting({"AWS": "arn:aws:iam::111111111111:root"}),
        None,
    ),
    "account narrowed to a user": (trusting({"AWS": "111111111111"}), trusting({"AWS": ALICE}), None),
    "service added": (
        trusting({"AWS": ALICE}),
        trusting({"AWS": ALICE, "Service": "ec2.amazonaws.com"}),
        "AWSService:ec2.amazonaws.com",
    ),
    "service, with the account that it calls for": (
        trusting({"Service": "ec2.amazonaws.com"}),
        trusting({"Service": "ec2.amazonaws.com"}, StringEquals={"aws:SourceAccount": "111111111111"}),
        None,
    ),
    "provider's subject gone": (
        trusting({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", StringLike={f"{GITHUB}:sub": "repo:o/r:*"}),
        trusting({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity"),
        f"Federated:{GITHUB}",
    ),
    "provider's subject wider": (
        trusting({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", StringLike={f"{GITHUB}:sub": "repo:o/r:*"}),
        trusting({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", StringLike={f"{GITHUB}:sub": "repo:o/*"}),
        f"Federated:{GITHUB}",
    ),
    "provider's subject narrower": (
        trusting({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", StringLike={f"{GITHUB}:sub": "repo:o/*"}),
        trusting({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", StringLike={f"{GITHUB}:sub": "repo:o/r:*"}),
        None,
    ),
    "everyone": (trusting({"AWS": ALICE}), trusting("*"), ""),
    "everyone said otherwise": (trusting("*"), trusting({"AWS": "*"}), None),
    "session name demanded": (
        trusting({"AWS": ALICE}),
        trusting({"AWS": ALICE}, StringEquals={"sts:RoleSessionName": "${aws:username}"}),
        None,
    ),
    "session name absent never happens": (
        trusting({"AWS": ALICE}, StringEquals={"sts:RoleSessionName": "a"}),
        trusting({"AWS": ALICE}, StringEqualsIfExists={"sts:RoleSessionName": "a"}),
        None,
    ),
    "tagging too": (trusting({"AWS": ALICE}), trusting({"AWS": ALICE}, "sts:*"), ALICE),
}


@pytest.mark.parametrize(("before", "after", "caller"), TRUSTS.values(), ids=TRUSTS)
def test_change_of_a_trust_policy(before: Json, after: Json, caller: str | None) -> None:
    found = new_access([policy(before, kind=Kind.TRUST)], [policy(after, kind=Kind.TRUST)])
    assert (found is None) == (caller is None)
    if found and caller:
        assert found.request.principal == caller


def changed(before: Json, after: Json, kind: Kind) -> NewAccess | bool | None:
    """What is new; False: nothing; None: it hangs on what AWS does not say."""
    try:
        return new_access([parse(before, kind)], [parse(after, kind)]) or False
    except Unverifiable as doubt:
        if "what ForAnyValue:" not in str(doubt) or "IfExists" not in str(doubt):
            raise
        return None


def in_small_universe(before: Json, after: Json, kind: Kind) -> Any:
    """A request of the small universe that is allowed after and not before, by the naive evaluator."""
    used = naive.mentioned(before) | naive.mentioned(after)
    if used & {"aws:multifactorauthage", "aws:tokenissuetime"}:
        used.add(MFA.lower())
    if "aws:sourcevpce" in used:
        used.add("aws:sourceip")
    values = {key: choices for key, choices in UNIVERSE.items() if key in used}
    # A trust policy is about its own role.
    resources = RESOURCES[::4] if kind is Kind.TRUST else [*RESOURCES[::4], *ANYTHING[1:]]
    for caller in (*USERS[:3], *ROLES[:2]):
        identity = "AIDAX" if ":user/" in caller else "AROAX:s"
        contexts = list(naive.contexts(values, role=":role/" in caller and MFA.lower() in values))
        for action in ("sts:AssumeRole", "sts:TagSession", "s3:GetObject"):
            if action != "sts:AssumeRole" and "sts:rolesessionname" in used:
                continue
            was, now = (naive.about(one, caller, identity, action) for one in (before, after))
            for resource in resources:
                derived = naive.with_derived(caller, identity, resource, {})
                for context in contexts:
                    full = {**context, **derived}
                    if (
                        naive.allowed(now, caller, action, resource, full)
                        and naive.allowed(was, caller, action, resource, full) is False
                    ):
                        return caller, action, resource, context
    return None


def check(before: Json, after: Json, kind: Kind) -> NewAccess | bool | None:
    found = changed(before, after, kind)
    if isinstance(found, NewAccess):
        request = found.request
        context = {k.lower(): list(v) if isinstance(v, tuple) else [v] for k, v in request.context.items()}
        identity = "".join(context.get("aws:userid", ["AIDAX" if ":user/" in request.principal else "AROAX:s"]))
        full = naive.with_derived(request.principal, identity, request.resource, context)
        allowed = [
            naive.allowed(one, request.principal, request.action, request.resource, full) for one in (before, after)
        ]
        assert allowed == [False, True], request
    elif found is False:
        assert in_small_universe(before, after, kind) is None
    return found


@KINDS
def test_other_spelling_is_no_change(kind: Kind) -> None:
    @BOUNDED
    @given(spellings(kind))
    def run(pair: tuple[Json, Json]) -> None:
        one, other = pair
        assert changed(one, other, kind) is False
        assert changed(other, one, kind) is False

    run()


@KINDS
def test_pairs_agree_with_one_by_one_evaluation(kind: Kind) -> None:
    @FEWER
    @given(documents(kind), documents(kind))
    def run(before: Json, after: Json) -> None:
        assume(len((naive.mentioned(before) | naive.mentioned(after)) & UNIVERSE.keys()) <= 2)
        check(before, after, kind)

    run()


@KINDS
def test_one_statement_more_or_less(kind: Kind) -> None:
    """An Allow more never takes access away, a Deny more never gives any."""

    @FEWER
    @given(documents(kind), statements(kind), st.integers(0, 3))
    def run(document: Json, statement: Json, place: int) -> None:
        longer = copy.deepcopy(document)
        longer["Statement"].insert(place, statement)
        assume(len(naive.mentioned(longer) & UNIVERSE.keys()) <= 2)
        gives, takes = check(document, longer, kind), check(longer, document, kind)
        assert (takes if statement["Effect"] == "Allow" else gives) in NOTHING_NEW

    run()


@KINDS
def test_one_condition_less(kind: Kind) -> None:
    @FEWER
    @given(documents(kind), st.data())
    def run(document: Json, data: st.DataObject) -> None:
        places = [
            (i, operator, key)
            for i, statement in enumerate(document["Statement"])
            for operator, block in statement.get("Condition", {}).items()
            for key in block
        ]
        assume(places and len(naive.mentioned(document) & UNIVERSE.keys()) <= 2)
        i, operator, key = data.draw(st.sampled_from(places))
        weaker = copy.deepcopy(document)
        del weaker["Statement"][i]["Condition"][operator][key]
        gives, takes = check(document, weaker, kind), check(weaker, document, kind)
        assert (takes if document["Statement"][i]["Effect"] == "Allow" else gives) in NOTHING_NEW

    run()


@functools.cache
def managed() -> dict[str, Any]:
    """Every fortieth of AWS's managed policies that moto has."""
    data = json.loads(aws_managed_policies_data)
    return {name: data[name]["Document"] for name in sorted(data)[::40]}


def test_managed_policies_are_compared_with_their_neighbours() -> None:
    documents_ = [parse(content, Kind.IDENTITY) for content in managed().values()]
    undecided = 0
    for before, after in pairwise(documents_):
        try:
            new_access([before], [after])
        except Unverifiable:
            undecided += 1
    assert undecided <= len(documents_) // 100


@pytest.mark.parametrize("name", managed())
def test_managed_policy_with_its_statements_turned_round_and_split_is_the_same(name: str) -> None:
    content = managed()[name]
    split = []
    for statement in naive.listed(content["Statement"]):
        element = "Action" if "Action" in statement else None
        parts = naive.listed(statement[element]) if element else [None]
        split += [{**statement, "Sid": "", **({element: part} if element else {})} for part in reversed(parts)]
    other = parse({**content, "Statement": list(reversed(split))}, Kind.IDENTITY)
    same = parse(content, Kind.IDENTITY)
    assert new_access([same], [other]) is None
    assert new_access([other], [same]) is None
    assert OWN not in name
