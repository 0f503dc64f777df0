"""Policy documents: grammar, size, and when two are the same policy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import documents

ALICE = "arn:aws:iam::111111111111:user/alice"


def identity(**changes: Any) -> str:
    statement = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [_without_none(statement)]})


def trust(**changes: Any) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ALICE}} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [_without_none(statement)]})


def _without_none(statement: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in statement.items() if value is not None}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(identity(), id="plain"),
        pytest.param(identity(Action=["iam:Get*", "s3:*", "*"]), id="actions"),
        pytest.param(identity(Action=None, NotAction="iam:*"), id="not-action"),
        pytest.param(identity(Resource=None, NotResource="arn:aws:s3:::b/*"), id="not-resource"),
        pytest.param(identity(Resource="arn:aws:iam::111111111111:user/${aws:username}"), id="variable"),
        pytest.param(identity(Condition={"Bool": {"aws:MultiFactorAuthPresent": True}}), id="boolean-value"),
        pytest.param(identity(Condition={"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": 900}}), id="number"),
        pytest.param(identity(Condition={"ForAllValues:StringLike": {"aws:TagKeys": ["a"]}}), id="quantifier"),
        pytest.param(identity(Condition={"Null": {"aws:SourceIp": "true"}}), id="null"),
        pytest.param(identity(Sid="Read1"), id="sid"),
        pytest.param(json.dumps({"Statement": json.loads(identity())["Statement"][0]}), id="one-statement-no-version"),
    ],
)
def test_an_identity_policy_that_aws_takes_is_taken(text: str) -> None:
    documents.check_identity(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("not JSON", "not JSON", id="not-json"),
        pytest.param("[]", "not a JSON object", id="list"),
        pytest.param('{"Statement": [], "Statement": []}', "twice", id="duplicate-key"),
        pytest.param('{"Version": "2012-10-17"}', "no statement", id="no-statement"),
        pytest.param('{"Version": "2012-10-17", "Statement": []}', "no statement", id="empty-statement"),
        pytest.param('{"Version": "2012-10-17", "Statement": ["x"]}', "not an object", id="statement-text"),
        pytest.param(identity().replace("2012", "2013"), "valid version", id="version"),
        pytest.param(identity().replace('"Version"', '"version"'), "unknown element version", id="top-level-key"),
        pytest.param(identity(Effect="allow"), "Effect", id="effect"),
        pytest.param(identity(Effect=None), "Effect", id="no-effect"),
        pytest.param(identity(Sid="with space"), "alpha-numeric", id="sid"),
        pytest.param(identity(Action=None), "must contain actions", id="no-action"),
        pytest.param(identity(Action=[]), "must contain actions", id="empty-action"),
        pytest.param(identity(NotAction="s3:*"), "both", id="action-and-not-action"),
        pytest.param(identity(Action="GetUser"), "prefaced by a vendor", id="action-without-vendor"),
        pytest.param(identity(Action=[1]), "neither a text", id="action-number"),
        pytest.param(identity(Resource=None), "must contain resources", id="no-resource"),
        pytest.param(identity(Resource="bucket"), "must be in ARN format", id="resource"),
        pytest.param(identity(Principal="*"), "should not specify a principal", id="principal"),
        pytest.param(identity(Condition={"Boolean": {"a": "b"}}), "Invalid Condition type", id="operator"),
        pytest.param(identity(Condition={"bool": {"a": "b"}}), "Invalid Condition type", id="operator-case"),
        pytest.param(identity(Condition={"Bool": "true"}), "names no condition key", id="no-condition-key"),
        pytest.param(identity(Condition={"Bool": {"a": {}}}), "neither text, number", id="condition-value"),
        pytest.param(identity(Condition=[]), "not an object", id="condition-list"),
        pytest.param(identity(Extra=1), "unknown element Extra", id="extra"),
        pytest.param(
            json.dumps({"Version": "2012-10-17", "Statement": json.loads(identity(Sid="A"))["Statement"] * 2}),
            "must be unique",
            id="same-sid",
        ),
    ],
)
def test_an_identity_policy_that_aws_refuses_is_refused(text: str, message: str) -> None:
    with pytest.raises(documents.InvalidDocumentError, match=message):
        documents.check_identity(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(trust(Principal=None), "must specify a principal", id="no-principal"),
        pytest.param(trust(Resource="*"), "prohibited field Resource", id="resource"),
        pytest.param(trust(Action="iam:PassRole"), "only specify STS", id="action"),
        pytest.param(trust(Action="*"), "only specify STS", id="any-action"),
        pytest.param(trust(Principal={"Group": "a"}), "unknown kind Group", id="kind"),
        pytest.param(trust(Principal={"AWS": []}), "AWS is neither", id="empty"),
        pytest.param(trust(Principal=ALICE), "neither an object", id="text"),
    ],
)
def test_a_trust_policy_that_aws_refuses_is_refused(text: str, message: str) -> None:
    with pytest.raises(documents.InvalidDocumentError, match=message):
        documents.check_trust(text)


@pytest.mark.parametrize("principal", ["*", {"AWS": [ALICE, "111111111111"]}, {"Service": "ec2.amazonaws.com"}])
def test_a_trust_policy_that_aws_takes_is_taken(principal: Any) -> None:
    documents.check_trust(trust(Principal=principal))


def test_the_principals_of_every_statement_are_told_with_their_kind() -> None:
    text = trust(Principal={"AWS": [ALICE, "*"], "Service": "ec2.amazonaws.com"})
    assert list(documents.principals(text)) == [("AWS", ALICE), ("AWS", "*"), ("Service", "ec2.amazonaws.com")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(identity(), json.dumps(json.loads(identity()), indent=2), id="white-space"),
        pytest.param('{"Version":"2012-10-17","Id":"a"}', '{"Id":"a","Version":"2012-10-17"}', id="key-order"),
        pytest.param(identity(Action="iam:GetUser"), identity(Action=["iam:GetUser"]), id="list-of-one"),
        pytest.param(identity(Action=["a:B", "c:D"]), identity(Action=["c:D", "a:B"]), id="action-order"),
        pytest.param(identity(Action="iam:getuser"), identity(Action="iam:GetUser"), id="action-case"),
        pytest.param(identity(Action=["a:B", "a:B"]), identity(Action="a:B"), id="said-twice"),
        pytest.param(
            identity(Condition={"Bool": {"aws:MultiFactorAuthPresent": True}}),
            identity(Condition={"Bool": {"aws:multifactorauthpresent": ["true"]}}),
            id="boolean-text-and-key-case",
        ),
        pytest.param(
            trust(Principal={"AWS": [ALICE, "111111111111"]}),
            trust(Principal={"AWS": ["arn:aws:iam::111111111111:root", ALICE]}),
            id="principal-order-and-root",
        ),
        pytest.param(trust(Principal="*"), trust(Principal={"AWS": "*"}), id="anybody"),
        pytest.param(identity(Sid=""), identity(), id="empty-sid"),
        pytest.param(
            json.dumps({"Statement": [{"Sid": "A"}, {"Sid": "B"}]}),
            json.dumps({"Statement": [{"Sid": "B"}, {"Sid": "A"}]}),
            id="statement-order",
        ),
        pytest.param(
            json.dumps({"Statement": [{"Sid": "A"}]}), json.dumps({"Statement": {"Sid": "A"}}), id="one-statement"
        ),
    ],
)
def test_what_makes_no_difference_to_aws_is_no_change(one: str, other: str) -> None:
    assert documents.same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(identity(), identity(Action="iam:ListUsers"), id="action"),
        pytest.param(identity(), identity(Effect="Deny"), id="effect"),
        pytest.param(identity(), identity(Sid="A"), id="sid"),
        pytest.param(
            identity(Resource="arn:aws:s3:::Bucket"), identity(Resource="arn:aws:s3:::bucket"), id="resource-case"
        ),
        pytest.param(
            identity(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            identity(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}),
            id="operator",
        ),
        pytest.param(identity(), identity(Condition={"Bool": {"a": "b"}}), id="condition"),
        pytest.param(identity(), identity().replace("2012-10-17", "2008-10-17"), id="version"),
        pytest.param(trust(), trust(Principal={"AWS": "arn:aws:iam::111111111111:user/bob"}), id="principal"),
        pytest.param(trust(Principal={"AWS": "a"}), trust(Principal={"Service": "a"}), id="principal-kind"),
        pytest.param("not JSON", "not JSON either", id="not-json"),
        pytest.param('{"Statement": [1]}', '{"Statement": [2]}', id="not-statements"),
    ],
)
def test_what_makes_a_difference_is_a_change(one: str, other: str) -> None:
    assert not documents.same(one, other)
