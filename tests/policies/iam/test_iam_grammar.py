"""What is a document, beside what IAM takes: AWS's grammar and moto's validator, which was made after IAM's answers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. Where `parse` differs from moto the
row says why: the grammar decides, or the stricter reading where a document means less than its writer thinks.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from delegation_pack.iam import Kind, Unverifiable, parse
from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

USER = "arn:aws:iam::111111111111:user/alice"
VERSION = {"Version": "2012-10-17"}


def of(**parts: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **parts}
    kept = {name: value for name, value in statement.items() if value is not ...}
    return {**VERSION, "Statement": kept}


def when(operator: str, value: Any, key: str = "a:b") -> dict[str, Any]:
    return of(Condition={operator: {key: value}})


TAKEN, REFUSED = True, False
# The document and whether it is taken: by IAM, as moto has it, and by parse.
SAME: dict[str, tuple[Any, bool]] = {
    "one statement": (of(), TAKEN),
    "list of statements": ({**VERSION, "Statement": [of()["Statement"]]}, TAKEN),
    "Id": ({**of(), "Id": "any text"}, TAKEN),
    "no statement": (VERSION, REFUSED),
    "empty list of statements": ({**VERSION, "Statement": []}, REFUSED),
    "unknown top element": ({**of(), "Comment": ""}, REFUSED),
    "unknown element": (of(Comment=""), REFUSED),
    "unknown version": ({**of(), "Version": "2013-10-17"}, REFUSED),
    "no effect": (of(Effect=...), REFUSED),
    "effect in other case": (of(Effect="ALLOW"), REFUSED),
    "NotAction": (of(Action=..., NotAction="s3:*"), TAKEN),
    "no action": (of(Action=...), REFUSED),
    "both": (of(NotAction="s3:*"), REFUSED),
    "empty list of actions": (of(Action=[]), REFUSED),
    "action without a vendor": (of(Action="GetObject"), REFUSED),
    "action with two colons": (of(Action="s3:Get:Object"), REFUSED),
    "wildcard in the vendor": (of(Action="s*:GetObject"), REFUSED),
    "any vendor": (of(Action="*:GetObject"), TAKEN),
    "dot in the vendor": (of(Action="s3.x:GetObject"), TAKEN),
    "action in other case": (of(Action="S3:getobject"), TAKEN),
    "variable as an action": (of(Action="s3:${aws:username}"), REFUSED),
    "NotResource": (of(Resource=..., NotResource="arn:aws:s3:::b"), TAKEN),
    "no resource": (of(Resource=...), REFUSED),
    "both resources": (of(NotResource="*"), REFUSED),
    "empty list of resources": (of(Resource=[]), REFUSED),
    "resource is no ARN": (of(Resource="b/key"), REFUSED),
    "Sid twice": ({**VERSION, "Statement": [of(Sid="a")["Statement"], of(Sid="a")["Statement"]]}, REFUSED),
    "empty Sid twice": ({**VERSION, "Statement": [of(Sid="")["Statement"], of(Sid="")["Statement"]]}, TAKEN),
    "empty condition": (of(Condition={}), TAKEN),
    "operator without keys": (of(Condition={"StringEquals": {}}), TAKEN),
    "unknown operator without keys": (of(Condition={"Boolean": {}}), TAKEN),
    "unknown operator": (when("Boolean", "true"), REFUSED),
    "condition is a list": (of(Condition=[]), REFUSED),
    "block is a text": (of(Condition={"Bool": "true"}), REFUSED),
    "value is an object": (when("StringEquals", {}), REFUSED),
    "JSON boolean": (when("Bool", True), TAKEN),
    "set operator with IfExists": (when("ForAnyValue:StringLikeIfExists", ["a"]), TAKEN),
    "day": (when("DateLessThan", "2026-01-31"), TAKEN),
    "month": (when("DateLessThan", "2026-01"), TAKEN),
    "year": (when("DateLessThan", "2026"), TAKEN),
    "time": (when("DateLessThan", "2026-01-31T10:00:00Z"), TAKEN),
    "time with an offset": (when("DateLessThan", "2026-01-31T10:00:00+01:00"), TAKEN),
    "time with an offset in hours": (when("DateLessThan", "2026-01-31T10:00:00+01"), TAKEN),
    "time in lower case": (when("DateLessThan", "2026-01-31t10:00:00z"), TAKEN),
    "hour": (when("DateLessThan", "2026-01-31T10"), TAKEN),
    "seconds since 1970": (when("DateLessThan", "1790000000"), TAKEN),
    "first minute of 1970": (when("DateLessThan", "60"), TAKEN),
    "milliseconds": (when("DateLessThan", "1790000000000"), TAKEN),
    "month 13": (when("DateLessThan", "2026-13-01"), REFUSED),
    "hour 24": (when("DateLessThan", "2026-01-01T24:00:00Z"), REFUSED),
    "date in words": (when("DateLessThan", "tomorrow"), REFUSED),
}
DIFFERENT: dict[str, tuple[Any, bool, str]] = {
    "JSON number": (when("NumericLessThan", 10), TAKEN, "the grammar: quotation marks are optional for numbers"),
    "old language": ({**of(), "Version": "2008-10-17"}, TAKEN, "the grammar: both versions"),
    "no version": ({"Statement": of()["Statement"]}, TAKEN, "the grammar: it is optional"),
    "all of IAM": (of(Resource="arn:aws:iam::111111111111:*"), TAKEN, 'IAM\'s own message: a path is "*" or …'),
    "an account's root": (of(Resource="arn:aws:iam::*:root"), TAKEN, "the resource of sts:AssumeRoot"),
    "short ARN": (of(Resource="arn:aws:iam::*"), TAKEN, "read as IAM completed it in stored documents"),
    "new partition": (of(Resource="arn:aws-new:s3:::b"), TAKEN, "partitions are added"),
    "Sid with a blank": (of(Sid="a b"), REFUSED, "the grammar: letters and digits only"),
    "action with a blank": (
        of(Action="s3:GetObject "),
        REFUSED,
        "no action has this name: a Deny of it denies nothing",
    ),
    "resource without arn": (of(Resource="x:aws:s3:::b"), REFUSED, "the grammar: an ARN"),
    "null among resources": (of(Resource=["*", None]), REFUSED, "the grammar: texts"),
    "key without a vendor": (when("Bool", "true", "x"), REFUSED, "IAM: conditions must be prefaced by a vendor"),
    "no value": (when("StringEquals", []), REFUSED, "the grammar: a list of one or more"),
    "null value": (when("StringEquals", [None]), REFUSED, "the grammar: text, number or boolean"),
    "NullIfExists": (when("NullIfExists", "true"), REFUSED, "the documentation: any operator but Null"),
    "Bool in words": (when("Bool", "yes"), REFUSED, "nothing is said of what it compares with"),
    "number in words": (when("NumericEquals", "ten"), REFUSED, "nothing is said of what it compares with"),
    "address in words": (when("IpAddress", "office", "aws:SourceIp"), REFUSED, "matches no address"),
    "30 February": (when("DateLessThan", "2026-02-30"), REFUSED, "no day, so nothing is said of what it compares with"),
    "open variable": (
        of(Resource="arn:aws:s3:::${aws:username"),
        REFUSED,
        "no variable, so it matches as it is written",
    ),
}


def by_moto(document: Any, kind: Kind) -> bool:
    validator = IAMTrustPolicyDocumentValidator if kind is Kind.TRUST else IAMPolicyDocumentValidator
    try:
        validator(json.dumps(document)).validate()
    except MalformedPolicyDocument:
        return False
    return True


def by_parse(document: Any, kind: Kind) -> bool:
    try:
        parse(json.dumps(document), kind)
    except Unverifiable:
        return False
    return True


@pytest.mark.parametrize(("document", "taken"), SAME.values(), ids=SAME)
def test_identity_policy_is_taken_as_iam_takes_it(document: Any, taken: bool) -> None:
    assert (by_parse(document, Kind.IDENTITY), by_moto(document, Kind.IDENTITY)) == (taken, taken)


@pytest.mark.parametrize(("document", "taken", "why"), DIFFERENT.values(), ids=DIFFERENT)
def test_identity_policy_is_taken_otherwise_for_a_reason(document: Any, taken: bool, why: str) -> None:
    assert (by_parse(document, Kind.IDENTITY), by_moto(document, Kind.IDENTITY)) == (taken, not taken), why


def trust(**parts: Any) -> dict[str, Any]:
    return of(**{"Resource": ..., "Principal": {"AWS": USER}, "Action": "sts:AssumeRole", **parts})


TRUSTS: dict[str, tuple[Any, bool, bool]] = {
    "user": (trust(), TAKEN, TAKEN),
    "session tags": (trust(Action=["sts:AssumeRole", "sts:TagSession"]), TAKEN, TAKEN),
    "resource": (trust(Resource="*"), REFUSED, REFUSED),
    # Judged by what it says, so that nothing hangs on IAM's refusing it.
    "other actions": (trust(Action="sts:*"), TAKEN, REFUSED),
    "NotAction": (trust(Action=..., NotAction="sts:TagSession"), TAKEN, REFUSED),
    # moto looks at no principal; IAM has no such ones.
    "no principal": (trust(Principal=...), REFUSED, TAKEN),
    "wildcard within a principal": (trust(Principal={"AWS": f"{USER}*"}), REFUSED, TAKEN),
}


@pytest.mark.parametrize(("document", "taken", "moto"), TRUSTS.values(), ids=TRUSTS)
def test_trust_policy(document: Any, taken: bool, moto: bool) -> None:
    assert (by_parse(document, Kind.TRUST), by_moto(document, Kind.TRUST)) == (taken, moto)
