"""What is a document, and what is refused as one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from delegation_pack.iam import Effect, Kind, PrincipalKind, Unverifiable, matching_actions, parse

TRUST: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
GRANT: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}


def condition(**content: Any) -> dict[str, Any]:
    return {"Statement": {**GRANT, "Condition": content}}


REFUSED: dict[str, tuple[Any, str]] = {
    "empty text": ("", "not JSON"),
    "not JSON": ("{", "not JSON"),
    "deep nesting": ("[" * 100_000, "not JSON"),
    "very long number": ('{"Statement": ' + "1" * 10_000 + "}", "not JSON"),
    "too long": (" " * 1_000_001, "longer than"),
    "NaN": ('{"Statement": NaN}', "NaN"),
    "JSON in a JSON text": (json.dumps(json.dumps({"Statement": GRANT})), "not a JSON object"),
    "a list": ([GRANT], "not a JSON object"),
    "none": (None, "not a JSON object"),
    "number": (3, "not a JSON object"),
    "no statement": ({"Version": "2012-10-17"}, "no statement"),
    "empty list of statements": ({"Statement": []}, "no statement"),
    "empty document": ({}, "no statement"),
    "statement is a text": ({"Statement": "Allow"}, "no statement"),
    "statement is none": ({"Statement": [None]}, "not a JSON object"),
    "empty statement": ({"Statement": [{}]}, "Effect"),
    "unknown version": ({"Version": "2013-10-17", "Statement": GRANT}, "Version"),
    "version is none": ({"Version": None, "Statement": GRANT}, "Version"),
    "version is a number": ({"Version": 2012, "Statement": GRANT}, "Version"),
    "Id is a number": ({"Id": 1, "Statement": GRANT}, "Id"),
    "unknown top element": ({"Statement": GRANT, "Comment": "x"}, "'Comment'"),
    "top element in other case": ({"statement": GRANT}, "'statement'"),
    "unknown element": ({"Statement": {**GRANT, "Comment": "x"}}, "'Comment'"),
    "element in other case": ({"Statement": {**GRANT, "condition": {}}}, "'condition'"),
    "number as element name": ({"Statement": {**GRANT, 1: "x"}}, "element 1"),
    "effect in other case": ({"Statement": {**GRANT, "Effect": "allow"}}, "Effect"),
    "effect is a list": ({"Statement": {**GRANT, "Effect": ["Allow"]}}, "Effect"),
    "no action": ({"Statement": {"Effect": "Allow", "Resource": "*"}}, "Action and NotAction"),
    "action and NotAction": ({"Statement": {**GRANT, "NotAction": "s3:*"}}, "Action and NotAction"),
    "no resource": ({"Statement": {"Effect": "Allow", "Action": "*"}}, "Resource and NotResource"),
    "both resources": ({"Statement": {**GRANT, "NotResource": "*"}}, "Resource and NotResource"),
    "principal": ({"Statement": {**GRANT, "Principal": "*"}}, "'Principal'"),
    "empty actions": ({"Statement": {**GRANT, "Action": []}}, "empty"),
    "empty action": ({"Statement": {**GRANT, "Action": ""}}, "not a text"),
    "action is a number": ({"Statement": {**GRANT, "Action": [1]}}, "not a text"),
    "action is none": ({"Statement": {**GRANT, "Action": None}}, "not a text"),
    "action without a service": ({"Statement": {**GRANT, "Action": "AssumeRole"}}, "service prefix"),
    "action with a blank": ({"Statement": {**GRANT, "Action": "sts:AssumeRole "}}, "service prefix"),
    "action with a variable": ({"Statement": {**GRANT, "Action": "sts:${aws:username}"}}, "service prefix"),
    "empty resources": ({"Statement": {**GRANT, "Resource": []}}, "empty"),
    "resource is no ARN": ({"Statement": {**GRANT, "Resource": "role/x"}}, "ARN"),
    "resource in a list of lists": ({"Statement": {**GRANT, "Resource": [["*"]]}}, "not a text"),
    "control character": ({"Statement": {**GRANT, "Resource": "arn:aws:iam::1:role/a\n"}}, "characters"),
    "character beyond Latin-1": ({"Statement": {**GRANT, "Resource": "arn:aws:iam::1:role/\ue001"}}, "characters"),
    "open variable": (
        {"Version": "2012-10-17", "Statement": {**GRANT, "Resource": "arn:aws:iam::*:role/${aws:x"}},
        "variable",
    ),
    "empty variable": (
        {"Version": "2012-10-17", "Statement": {**GRANT, "Resource": "arn:aws:iam::*:role/${}"}},
        "variable",
    ),
    "variable of no key": (
        {"Version": "2012-10-17", "Statement": {**GRANT, "Resource": "arn:aws:iam::*:role/${username}"}},
        "variable",
    ),
    "Sid with a blank": ({"Statement": {**GRANT, "Sid": "a b"}}, "Sid"),
    "Sid is a number": ({"Statement": {**GRANT, "Sid": 1}}, "Sid"),
    "Sid twice": ({"Statement": [{**GRANT, "Sid": "a"}, {**GRANT, "Sid": "a"}]}, "twice"),
    "condition is a list": ({"Statement": {**GRANT, "Condition": []}}, "Condition"),
    "condition is none": ({"Statement": {**GRANT, "Condition": None}}, "Condition"),
    "unknown operator": (condition(Boolean={"a:b": "true"}), "'Boolean'"),
    "operator in other case": (condition(bool={"a:b": "true"}), "'bool'"),
    "unknown prefix": (condition(**{"ForSomeValues:Bool": {"a:b": "true"}}), "'ForSomeValues:Bool'"),
    "suffix twice": (condition(BoolIfExistsIfExists={"a:b": "true"}), "IfExistsIfExists"),
    "NullIfExists": (condition(NullIfExists={"a:b": "true"}), "'NullIfExists'"),
    "ForAnyValue:Null": (condition(**{"ForAnyValue:Null": {"a:b": "true"}}), "'ForAnyValue:Null'"),
    "block is a text": (condition(Bool="true"), "keys and values"),
    "key without a service": (condition(Bool={"MultiFactorAuthPresent": "true"}), "condition key"),
    "key without a name": (condition(StringEquals={"accounts.google.com:": "x"}), "condition key"),
    "key with a path and no host": (condition(StringEquals={"/id/ABC:sub": "x"}), "condition key"),
    "key twice in two cases": (condition(Bool={"aws:a": "true", "AWS:A": "false"}), "twice"),
    "no value": (condition(Bool={"aws:a": []}), "no value"),
    "value is none": (condition(StringEquals={"aws:a": None}), "no text"),
    "value is an object": (condition(StringEquals={"aws:a": {}}), "no text"),
    "value is infinite": (condition(StringEquals={"aws:a": float("inf")}), "no text"),
    "Bool of another word": (condition(Bool={"aws:a": "yes"}), "no value for this operator"),
    "Bool of a variable": (condition(Bool={"aws:a": "${aws:b}"}), "no value for this operator"),
    "Null of another word": (condition(Null={"aws:a": "maybe"}), "no value for this operator"),
    "number in words": (condition(NumericLessThan={"aws:a": "ten"}), "no value for this operator"),
    "date in words": (condition(DateLessThan={"aws:a": "tomorrow"}), "no value for this operator"),
    "day that is none": (condition(DateLessThan={"aws:a": "2026-02-30"}), "no value for this operator"),
    "address with a wildcard": (condition(IpAddress={"aws:SourceIp": "203.0.113.*"}), "no value for this operator"),
    "address of three parts": (condition(IpAddress={"aws:SourceIp": "203.0.113"}), "no value for this operator"),
    "address with a mask": (
        condition(IpAddress={"aws:SourceIp": "203.0.113.0/255.255.255.0"}),
        "no value for this operator",
    ),
    "address with a zone": (condition(IpAddress={"aws:SourceIp": "fe80::1%eth0"}), "no value for this operator"),
    "prefix too long": (condition(IpAddress={"aws:SourceIp": "203.0.113.0/33"}), "no value for this operator"),
    "ARN of four fields": (condition(ArnLike={"aws:PrincipalArn": "arn:aws:iam::*"}), "no value for this operator"),
}


@pytest.mark.parametrize(("document", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_identity_policy(document: Any, reason: str) -> None:
    with pytest.raises(Unverifiable) as refusal:
        parse(document, Kind.IDENTITY)
    assert reason in str(refusal.value)
    assert str(refusal.value).endswith(".")


REFUSED_PRINCIPALS: dict[str, Any] = {
    "empty": {},
    "empty list": {"AWS": []},
    "text": "arn:aws:iam::111111111111:user/alice",
    "list": ["*"],
    "unknown kind": {"aws": "*"},
    "wildcard within a user": {"AWS": "arn:aws:iam::111111111111:user/*"},
    "question mark": {"AWS": "arn:aws:iam::11111111111?:root"},
    "group": {"AWS": "arn:aws:iam::111111111111:group/admins"},
    "account of eleven digits": {"AWS": "11111111111"},
    "account as a number": {"AWS": 111111111111},
    "session without a name": {"AWS": "arn:aws:sts::111111111111:assumed-role/x"},
    "unknown id": {"AWS": "AGPAEXAMPLE"},
    "variable": {"AWS": "arn:aws:iam::111111111111:user/${aws:username}"},
    "none": {"AWS": None},
}


@pytest.mark.parametrize("principal", REFUSED_PRINCIPALS.values(), ids=REFUSED_PRINCIPALS)
@pytest.mark.parametrize("name", ["Principal", "NotPrincipal"])
def test_refused_principal(name: str, principal: Any) -> None:
    with pytest.raises(Unverifiable, match=name):
        parse({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", name: principal}}, Kind.TRUST)


@pytest.mark.parametrize(
    "text",
    [
        '{"Statement": [], "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
        '{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}}',
        '{"Statement": {"Condition": {"Bool": {"a:b": "true"}, "Bool": {}}}}',
        '{"Statement": {"Condition": {"Bool": {"a:b": "true", "a:b": "false"}}}}',
    ],
    ids=["Statement", "Effect", "operator", "key"],
)
def test_name_that_stands_twice_is_refused(text: str) -> None:
    with pytest.raises(Unverifiable, match="twice"):
        parse(text, Kind.IDENTITY)


def test_trust_policy_has_no_resource() -> None:
    with pytest.raises(Unverifiable, match="'Resource'"):
        parse({"Statement": {**TRUST, "Resource": "*"}}, Kind.TRUST)


def test_single_values_and_lists_are_the_same() -> None:
    one = {**GRANT, "Condition": {"Bool": {"aws:a": True}}}
    many = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Resource": ["*"],
        "Condition": {"Bool": {"aws:a": ["true"]}},
    }
    assert parse({"Statement": one}, Kind.IDENTITY) == parse(json.dumps({"Statement": [many]}), Kind.IDENTITY)


def test_values_are_texts_as_iam_compares_them() -> None:
    content = {"StringEquals": {"aws:a": ["x", True, 5, 5.0, 2.5, 111111111111.0]}}
    (statement,) = parse({"Statement": {**GRANT, "Condition": content}}, Kind.IDENTITY).statements
    assert statement.conditions[0].values == ("x", "true", "5", "5", "2.5", "111111111111")


def test_statement_keeps_index_sid_and_effect() -> None:
    document = parse({"Statement": [{**GRANT, "Sid": ""}, {**GRANT, "Sid": "Fence", "Effect": "Deny"}]}, Kind.IDENTITY)
    assert [(s.label, s.effect) for s in document.statements] == [
        ("statement 1", Effect.ALLOW),
        ("statement 2 ('Fence')", Effect.DENY),
    ]


def test_admitted_principals_are_classified() -> None:
    names = {
        "*": PrincipalKind.WILDCARD,
        "111111111111": PrincipalKind.ACCOUNT,
        "arn:aws-cn:iam::222222222222:root": PrincipalKind.ACCOUNT,
        "arn:aws:iam::111111111111:user/ops/team a/alice": None,
        "arn:aws:iam::111111111111:user/ops/alice": PrincipalKind.USER,
        "arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/R": PrincipalKind.ROLE,
        "arn:aws:sts::111111111111:assumed-role/R/alice@example.org": PrincipalKind.SESSION,
        "arn:aws:sts::111111111111:federated-user/bob": PrincipalKind.FEDERATED_USER,
        "AIDAEXAMPLE": PrincipalKind.UNIQUE_ID,
        "AROAEXAMPLE": PrincipalKind.UNIQUE_ID,
    }
    legal = {name: kind for name, kind in names.items() if kind}
    other = {"AWS": list(legal), "Service": "ec2.amazonaws.com", "Federated": "accounts.google.com"}
    document = parse({"Statement": [{**TRUST, "Principal": other}, {**TRUST, "Effect": "Deny"}]}, Kind.TRUST)
    expected = [
        *legal.items(),
        ("ec2.amazonaws.com", PrincipalKind.SERVICE),
        ("accounts.google.com", PrincipalKind.FEDERATED),
    ]
    assert [(principal.value, principal.kind) for _, principal in document.admitted] == expected
    assert {p.value: p.account for _, p in document.admitted}["arn:aws-cn:iam::222222222222:root"] == "222222222222"


def test_all_but_somebody_admits_everyone() -> None:
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
    assert [principal.kind for _, principal in parse({"Statement": statement}, Kind.TRUST).admitted] == [
        PrincipalKind.WILDCARD
    ]


def test_named_resources_have_no_wildcard_and_no_variable() -> None:
    named = "arn:aws:iam::222222222222:role/x"
    resources = [named, f"{named}*", f"{named}?", f"{named}${{aws:username}}", "*", "arn:aws:iam::222222222222"]
    document = parse({"Version": "2012-10-17", "Statement": {**GRANT, "Resource": resources}}, Kind.IDENTITY)
    assert document.named_resources == (named,)


@pytest.mark.parametrize(
    ("element", "patterns", "covered"),
    [
        ("Action", "iam:*Role*", ["iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy"]),
        ("Action", ["IAM:createrole", "iam:Pass????"], ["iam:CreateRole", "iam:PassRole"]),
        ("Action", "*", ["iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy", "s3:GetObject"]),
        ("Action", "iam.:*", []),
        ("NotAction", ["iam:*"], ["s3:GetObject"]),
        ("NotAction", ["*"], []),
    ],
)
def test_actions_that_a_statement_covers(element: str, patterns: Any, covered: list[str]) -> None:
    statement = {"Effect": "Allow", element: patterns, "Resource": "*"}
    (parsed,) = parse({"Statement": statement}, Kind.IDENTITY).statements
    names = ["iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy", "s3:GetObject"]
    assert matching_actions(parsed, names) == set(covered)


@pytest.mark.parametrize(
    "key",
    [
        "accounts.google.com:aud",
        "cognito-identity.amazonaws.com:amr",
        "token.actions.githubusercontent.com:sub",
        "oidc.eks.eu-west-1.amazonaws.com/id/0A1B:sub",
        "login.microsoftonline.com/7e1c/:aud",
        "dev-1.okta.example/oauth2/default:sub",
        "gitlab.example.com:8443/group:sub",
        "saml:sub_type",
    ],
)
def test_keys_of_identity_providers(key: str) -> None:
    content = {"ForAnyValue:StringLike": {key: "x*"}, "Null": {key: "false"}}
    statement = {"Effect": "Allow", "Principal": {"Federated": "x"}, "Action": "sts:*", "Condition": content}
    (parsed,) = parse({"Statement": statement}, Kind.TRUST).statements
    assert {condition.key for condition in parsed.conditions} == {key}
