"""One request against documents, with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from delegation_pack.iam import Decision, Kind, Request, Unverifiable, evaluate, parse

ALICE, ROLE = "arn:aws:iam::111111111111:user/ops/alice", "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS"
MFA = "aws:MultiFactorAuthPresent"


def identity(*statements: dict[str, Any]) -> Any:
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, Kind.IDENTITY)


def grant(effect: str = "Allow", **condition: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "sts:AssumeRole", "Resource": ROLE, "Condition": condition}


def request(resource: str = ROLE, principal: str = ALICE, action: str = "sts:AssumeRole", **context: Any) -> Request:
    return Request(
        principal=principal,
        action=action,
        resource=resource,
        context={k.replace("__", ":"): v for k, v in context.items()},
    )


def test_allow_names_its_statement() -> None:
    verdict = evaluate(identity(grant(Bool={MFA: "true"})), request(aws__multifactorauthpresent="true"))
    assert verdict.allowed
    assert verdict.statement is not None
    assert verdict.statement.index == 1


def test_deny_wins_and_names_its_document() -> None:
    documents = [identity(grant()), identity(grant("Deny", BoolIfExists={MFA: "false"}))]
    verdict = evaluate(documents, request())
    assert (verdict.decision, verdict.document) == (Decision.DENIED, 1)


def test_refusal_says_what_failed() -> None:
    document = identity(grant(Bool={MFA: "true"}, IpAddress={"aws:SourceIp": "203.0.113.0/24"}))
    verdict = evaluate(document, request(aws__SourceIp="198.51.100.7"))
    assert verdict.decision is Decision.NOT_ALLOWED
    assert verdict.reasons == (
        "Statement 1 does not allow the request, because Bool is false when aws:MultiFactorAuthPresent is absent "
        "and IpAddress 203.0.113.0/24 is false when aws:SourceIp is '198.51.100.7'.",
    )


def test_refusal_says_that_nothing_covers_the_action() -> None:
    assert evaluate(identity(grant()), request(action="sts:AssumeRoot")).reasons == (
        "No statement allows sts:AssumeRoot.",
    )


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"aws:username": "alice"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": "111111111111"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/ops/*"}}, True),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, True),
        ({"StringEquals": {"aws:ResourceAccount": "222222222222"}}, True),
        ({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, False),
        ({"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}, True),
        ({"StringLike": {"sts:RoleSessionName": "${aws:PrincipalTag/x, 'al'}*"}}, True),
        ({"StringEquals": {"sts:RoleSessionName": "${aws:PrincipalTag/x}"}}, False),
        ({"DateLessThan": {"aws:EpochTime": "1800000000"}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["b", "c"]}}, True),
        ({"StringNotEquals": {"sts:RoleSessionName": "${aws:PrincipalTag/x}"}}, True),
        ({"StringNotEquals": {"sts:RoleSessionName": ["${aws:PrincipalTag/x}", "alice"]}}, False),
        ({"ForAllValues:StringEquals": {"aws:PrincipalTag/blank": "a"}}, True),
        ({"ForAnyValue:StringLike": {"aws:PrincipalTag/blank": "*"}}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:PrincipalTag/blank": "a"}}, False),
        ({"ForAllValues:NumericLessThan": {"aws:PrincipalTag/blank": "1"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/blank": ""}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2027"}}, False),
        ({"DateLessThan": {"aws:CurrentTime": "2026-12"}}, True),
    ],
)
def test_keys_of_the_request(condition: dict[str, Any], allowed: bool) -> None:
    asked = request(
        sts__RoleSessionName="alice",
        aws__CurrentTime="2026-11-23T00:00:00Z",
        aws__TagKeys=("a", "b"),
        **{"aws:PrincipalTag/blank": ""},
    )
    assert evaluate(identity(grant(**condition)), asked).allowed is allowed


@pytest.mark.parametrize(
    ("condition", "context"),
    [
        ({"StringEquals": {"aws:SourceIp": "203.0.113.7"}}, {"aws__SourceIp": "203.0.113.7"}),
        ({"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}}, {}),
        ({"StringEquals": {"aws:TagKeys": "a"}}, {"aws__TagKeys": ("a", "b")}),
        ({"NumericNotEquals": {MFA: "1"}}, {"aws__MultiFactorAuthPresent": "true"}),
    ],
    ids=[
        "string on address",
        "any value of an absent key if it exists",
        "plain operator on several values",
        "number on boolean",
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_what_aws_does_not_define_is_said(effect: str, condition: dict[str, Any], context: dict[str, Any]) -> None:
    document = identity(*([grant()] if effect == "Deny" else []), grant(effect, **condition))
    with pytest.raises(Unverifiable, match="cannot be verified"):
        evaluate(document, request(**context))


def test_undefined_part_does_not_matter_beside_a_clear_one() -> None:
    document = identity(grant(StringEquals={"aws:SourceIp": "203.0.113.7"}, Bool={MFA: "true"}))
    assert not evaluate(document, request(aws__SourceIp="203.0.113.7")).allowed


@pytest.mark.parametrize(
    ("principal", "caller", "identity_of_caller", "allowed"),
    [
        ("arn:aws:sts::333333333333:assumed-role/R/s", "arn:aws:iam::333333333333:role/path/R", "AROAX:s", True),
        ("arn:aws:sts::333333333333:assumed-role/R/s", "arn:aws:iam::333333333333:role/path/R", "AROAX:t", False),
        ("AROAX", "arn:aws:iam::333333333333:role/R", "AROAX:s", True),
        ("AIDAX", ALICE, "AIDAX", True),
        ("AIDAX", ALICE, "AIDAXY", False),
        (ALICE, ALICE, "AIDAX", True),
        ("111111111111", ALICE, "AIDAX", True),
        ("arn:aws:iam::111111111111:root", ALICE, "AIDAX", True),
        ("333333333333", ALICE, "AIDAX", False),
    ],
)
def test_principals_of_a_trust(principal: str, caller: str, identity_of_caller: str, allowed: bool) -> None:
    trust = parse({"Statement": {"Effect": "Allow", "Action": "sts:*", "Principal": {"AWS": principal}}}, Kind.TRUST)
    assert evaluate(trust, request(principal=caller, aws__userid=identity_of_caller)).allowed is allowed
