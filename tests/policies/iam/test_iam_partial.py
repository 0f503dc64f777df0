"""What is left of a document once a part of the request is settled, and what several policies allow together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    WITHOUT_MFA,
    Callers,
    CallerType,
    Document,
    Effect,
    Kind,
    Known,
    Query,
    Request,
    Unverifiable,
    Values,
    address_classes,
    asks_who,
    decide,
    decide_intersection,
    evaluate,
    keys_asked,
    names_directly,
    parse,
    residual,
    unmet,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policies.iam import naive
from tests.policies.iam.test_iam_properties import BOUNDED, KINDS, RESOURCES, ROLES, UNIVERSE, USERS, documents

ALICE, ROLE = "arn:aws:iam::111111111111:user/alice", "arn:aws:iam::222222222222:role/path/A"
MFA = "aws:MultiFactorAuthPresent"
ASSUME = Known(principal=ALICE, action="sts:AssumeRole", resource=ROLE)


def identity(*statements: dict[str, Any], version: str = "2012-10-17") -> Document:
    full = [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement} for statement in statements]
    return parse({"Version": version, "Statement": full}, Kind.IDENTITY)


def trust(*statements: dict[str, Any]) -> Document:
    full = [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement} for statement in statements]
    return parse({"Version": "2012-10-17", "Statement": full}, Kind.TRUST)


def test_settled_parts_are_gone_and_open_ones_stay_as_written() -> None:
    condition = {
        "Bool": {MFA: "true"},
        "StringEquals": {"aws:username": "alice", "sts:RoleSessionName": "${aws:username}"},
        "StringLike": {"aws:ResourceAccount": "2*"},
    }
    (left,) = residual(identity({"Sid": "Use", "Resource": "*", "Condition": condition}), ASSUME).statements
    assert (left.index, left.sid, left.effect) == (1, "Use", Effect.ALLOW)
    assert (left.actions, left.resources, left.not_resources) == (("*",), None, None)
    assert [(c.operator, c.key, c.values) for c in left.conditions] == [
        ("Bool", MFA, ("true",)),
        ("StringEquals", "sts:RoleSessionName", ("${aws:username}",)),
    ]


RULED_OUT: dict[str, dict[str, Any]] = {
    "action": {"Action": "sts:TagSession", "Resource": "*"},
    "resource": {"Resource": "arn:aws:iam::222222222222:role/B"},
    "resource, whatever the variable": {"Resource": "arn:aws:iam::333333333333:role/${aws:PrincipalTag/team}"},
    "NotResource": {"NotResource": "arn:aws:iam::222222222222:*"},
    "NotResource beside an open variable": {"NotResource": ["arn:aws:iam::*:role/${aws:PrincipalTag/x}", ROLE]},
    "condition on the caller": {"Resource": "*", "Condition": {"StringNotLike": {"aws:PrincipalArn": "*alice"}}},
    "condition on the resource": {"Resource": "*", "Condition": {"Null": {"aws:ResourceAccount": "true"}}},
    "condition on a type": {"Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalType": "AssumedRole"}}},
}


@pytest.mark.parametrize("statement", RULED_OUT.values(), ids=RULED_OUT)
def test_what_cannot_apply_is_gone(statement: dict[str, Any]) -> None:
    assert residual(identity(statement), ASSUME).statements == ()


@pytest.mark.parametrize(
    ("context", "covered"),
    [({}, None), ({"aws:principaltag/TEAM": "A"}, True), ({"aws:PrincipalTag/team": "B"}, False)],
    ids=["open", "fits", "does not fit"],
)
def test_resource_by_a_tag_hangs_on_the_tag(context: dict[str, str], covered: bool | None) -> None:
    document = identity({"Resource": "arn:aws:iam::222222222222:role/path/${aws:PrincipalTag/team}"})
    left = residual(document, Known(principal=ALICE, resource=ROLE, context=context)).statements
    if covered is None:
        assert left == document.statements
    else:
        assert [statement.resources for statement in left] == ([None] if covered else [])


@pytest.mark.parametrize(
    ("value", "left"), [(None, 1), ("ops", 1), ("dev", 0)], ids=["absent, passes", "equal", "different"]
)
def test_absent_key_is_known_too(value: str | None, left: int) -> None:
    document = identity({"Resource": "*", "Condition": {"StringEqualsIfExists": {"aws:PrincipalTag/team": "ops"}}})
    found = residual(document, Known(context={"aws:PrincipalTag/team": value})).statements
    assert [statement.conditions for statement in found] == [()] * left


@pytest.mark.parametrize(("team", "left"), [(..., 1), ("alice", 0), (None, None)], ids=["open", "equal", "no value"])
def test_condition_hangs_on_its_variables(team: Any, left: int | None) -> None:
    """Conditions that are left; None where the statement is gone."""
    document = identity({"Resource": "*", "Condition": {"StringEquals": {"aws:username": "${aws:PrincipalTag/team}"}}})
    known = Known(principal=ALICE, context={} if team is ... else {"aws:PrincipalTag/team": team})
    assert [len(s.conditions) for s in residual(document, known).statements] == ([] if left is None else [left])


def test_result_that_aws_does_not_define_stays() -> None:
    document = identity({"Resource": "*", "Condition": {"StringEquals": {"aws:SourceIp": "203.0.113.7"}}})
    assert residual(document, Known(context={"aws:SourceIp": "203.0.113.7"})) == document


@pytest.mark.parametrize(
    ("principal", "unique_id", "left"),
    [
        ("*", None, "settled"),
        ({"AWS": "111111111111"}, None, "settled"),
        ({"AWS": "arn:aws:iam::111111111111:user/bob"}, None, "gone"),
        ({"AWS": "AIDAX"}, None, "open"),
        ({"AWS": "AIDAX"}, "AIDAX", "settled"),
        ({"AWS": "AIDAX"}, "AIDAY", "gone"),
        ({"AWS": ["AIDAX", ALICE]}, None, "settled"),
        ({"AWS": "arn:aws:sts::111111111111:assumed-role/alice/x"}, None, "gone"),
    ],
)
def test_principal_hangs_on_the_unique_id_where_it_names_one(principal: Any, unique_id: str | None, left: str) -> None:
    context = {"aws:userid": unique_id} if unique_id else {}
    found = residual(trust({"Principal": principal}), Known(principal=ALICE, context=context)).statements
    assert left == ("gone" if not found else "settled" if found[0].principals is None else "open")


@pytest.mark.parametrize(
    ("principal", "direct"),
    [
        ("*", True),
        ({"AWS": ALICE}, True),
        ({"AWS": "AIDAX"}, True),
        ({"AWS": "111111111111"}, False),
        ({"AWS": ["111111111111", ALICE]}, True),
        ({"AWS": "arn:aws:iam::111111111111:user/bob"}, False),
    ],
)
def test_statement_names_a_caller_directly(principal: Any, direct: bool) -> None:
    (statement,) = trust({"Principal": principal}).statements
    assert names_directly(statement, ALICE, "AIDAX") is direct


def test_keys_asked_are_those_of_conditions_and_variables() -> None:
    statement = {"Resource": "arn:aws:iam::*:role/${aws:username}", "Condition": {"Bool": {"AWS:x": "true"}}}
    assert keys_asked(identity(statement)) == {"aws:username", "aws:x"}
    assert keys_asked(identity(statement, version="2008-10-17")) == {"aws:x"}


USER = Query(callers=(Callers(type=CallerType.USER, arn=ALICE),), targets=(ASSUME_THIS_ROLE,), keys=WITHOUT_MFA)


def test_several_policies_allow_only_what_each_allows() -> None:
    anybody = trust({"Principal": "*"}, {"Principal": "*", "Effect": "Deny", "Condition": {"Null": {"a:b": "true"}}})
    grant = identity({"Resource": "*", "Condition": {"StringEquals": {"a:b": ["x", "y"]}}})
    boundary = identity(
        {"Resource": "*", "Condition": {"StringEquals": {"a:b": "z"}}},
        {"Resource": "*", "Condition": {"StringEquals": {"a:b": "y"}}},
    )
    found = decide_intersection([[grant], [boundary], [anybody]], USER)
    assert found is not None
    assert found.request.context["a:b"] == "y"
    assert [(document, statement.index) for document, statement in found.allowed_by] == [(0, 1), (0, 2), (0, 1)]
    fenced = identity({"Resource": "*", "Effect": "Deny", "Condition": {"StringLike": {"a:b": "?"}}})
    assert decide_intersection([[grant], [boundary, fenced], [anybody]], USER) is None
    assert decide_intersection([[grant], [], [anybody]], USER) is None


def test_classes_of_addresses_are_those_that_conditions_tell_apart() -> None:
    document = identity(
        {"Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}},
        {"Resource": "*", "Condition": {"NotIpAddress": {"AWS:sourceip": "203.0.113.0/25"}}},
    )
    found = address_classes([document])
    assert found[0].example is None
    told = {
        tuple(
            not any(part.key == "aws:sourceip" for part in unmet(document, statement, _from(one.example)))
            for statement in document.statements
        ): one
        for one in found[1:]
    }
    assert sorted(told) == [(False, True), (True, False), (True, True)]
    assert sum(last - first + 1 for one in found for _, first, last in one.spans) == 2**32 + 2**128
    assert told[True, False].spans == ((4, 0xCB007100, 0xCB00717F),)


def _from(address: str | None) -> Request:
    return Request(principal=ALICE, action="sts:AssumeRole", resource=ROLE, context={"aws:SourceIp": address or ""})


@st.composite
def requests(draw: st.DrawFn, document: dict[str, Any]) -> tuple[Request, Known]:
    """A request of the small universe, and a part of it."""
    principal = draw(st.sampled_from([*USERS, *ROLES]))
    context: dict[str, str | tuple[str, ...] | None] = {}
    for key in sorted(naive.mentioned(document) & UNIVERSE.keys()):
        values = draw(st.sampled_from(UNIVERSE[key]))
        context[key] = None if not values else values[0] if len(values) == 1 else tuple(values)
    context["aws:userid"] = "AIDAX" if ":user/" in principal else "AROAX:s"
    request = Request(
        principal=principal,
        action=draw(st.sampled_from(["sts:AssumeRole", "sts:TagSession", "s3:GetObject"])),
        resource=draw(st.sampled_from(RESOURCES)),
        context={key: value for key, value in context.items() if value is not None},
    )
    settled = draw(st.lists(st.sampled_from(sorted(context)), unique=True))
    known = Known(
        principal=draw(st.sampled_from([principal, principal, None])),
        action=draw(st.sampled_from([request.action, None])),
        resource=draw(st.sampled_from([request.resource, request.resource, None])),
        context={key: context[key] for key in settled},
    )
    return request, known


def verdict(document: Document, request: Request) -> str:
    try:
        return evaluate(document, request).decision
    except Unverifiable:
        return "not defined"


@KINDS
def test_residual_and_document_agree_on_every_request_with_the_known_part(kind: Kind) -> None:
    @settings(BOUNDED, max_examples=300)
    @given(documents(kind), st.data())
    def run(content: dict[str, Any], data: st.DataObject) -> None:
        request, known = data.draw(requests(content))
        document = parse(json.dumps(content), kind)
        assert verdict(residual(document, known), request) == verdict(document, request)

    run()


@KINDS
def test_whole_request_leaves_nothing_open(kind: Kind) -> None:
    """What is left is what applies, but for results that AWS does not define."""

    @BOUNDED
    @given(documents(kind), st.data())
    def run(content: dict[str, Any], data: st.DataObject) -> None:
        request, _ = data.draw(requests(content))
        document = parse(json.dumps(content), kind)
        absent = dict.fromkeys(naive.mentioned(content) - {key.lower() for key in request.context})
        derived = naive.with_derived(request.principal, "x", request.resource, {})
        context = {**{key: None for key in absent if key not in derived}, **request.context}
        known = Known(principal=request.principal, action=request.action, resource=request.resource, context=context)
        for statement in residual(document, known).statements:
            assert all(
                part.result is None for part in unmet(document, document.statements[statement.index - 1], request)
            )

    run()


@KINDS
def test_residual_and_document_agree_on_a_query_about_the_known_part(kind: Kind) -> None:
    @BOUNDED
    @given(documents(kind), st.sampled_from(USERS[:3]), st.sampled_from(UNIVERSE["aws:principaltag/team"]))
    def run(content: dict[str, Any], principal: str, team: list[str]) -> None:
        document = parse(json.dumps(content), kind)
        tag = team[0] if team else None
        known = Known(principal=principal, action="sts:AssumeRole", context={"aws:PrincipalTag/team": tag})
        keys = {"aws:PrincipalTag/team": Values(like=()) if tag is None else Values(absent=False, like=(tag,))}
        callers = (Callers(type=CallerType.USER, arn=principal),)
        query = Query(callers=callers, targets=(ASSUME_THIS_ROLE,), keys={**WITHOUT_MFA, **keys})
        try:
            expected = decide(document, query) is not None
        except Unverifiable:
            return
        assert (decide(residual(document, known), query) is not None) == expected

    run()


WHO: dict[str, tuple[dict[str, Any], tuple[str, ...], bool]] = {
    "nothing about the caller": ({"Resource": "*", "Condition": {"Bool": {MFA: "true"}}}, (), False),
    "a key of the caller": ({"Resource": "*", "Condition": {"StringLike": {"aws:username": "a*"}}}, (), True),
    "the caller's account": ({"Resource": "*", "Condition": {"StringLike": {"aws:PrincipalAccount": "1*"}}}, (), False),
    "a tag": (
        {"Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}},
        ("aws:principaltag/a",),
        True,
    ),
    "a tag that stays open": ({"Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}}, (), False),
    "a variable in a resource": ({"Resource": "arn:aws:iam::*:role/${aws:username}"}, (), True),
    "a variable on an open key": (
        {"Resource": "*", "Condition": {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}},
        (),
        False,
    ),
    "a variable on a settled key": (
        {"Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "${aws:username}"}}},
        ("aws:resourcetag/a",),
        True,
    ),
}


@pytest.mark.parametrize(("statement", "settled", "asks"), WHO.values(), ids=WHO)
def test_document_asks_who_calls(statement: dict[str, Any], settled: tuple[str, ...], asks: bool) -> None:
    assert asks_who(identity(statement), settled) is asks


@KINDS
def test_residuals_of_principals_that_a_document_does_not_tell_apart_are_equal(kind: Kind) -> None:
    compared = []

    @settings(BOUNDED, max_examples=400)
    @given(documents(kind), st.sampled_from(RESOURCES), st.sampled_from(UNIVERSE["aws:principaltag/team"]))
    def run(content: dict[str, Any], resource: str, team: list[str]) -> None:
        document = parse(json.dumps(content), kind)
        alice, bob = USERS[:2]
        context = {"aws:principaltag/team": team[0]} if team else {}
        if asks_who(document, context) or document.entries.get(alice) != document.entries.get(bob):
            return
        left = (
            residual(document, Known(principal=who, action="sts:AssumeRole", resource=resource, context=context))
            for who in (alice, bob)
        )
        assert len(set(left)) == 1
        compared.append(document)

    run()
    assert len(compared) > 50
