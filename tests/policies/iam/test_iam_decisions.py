"""Verdicts on documents written by hand: each row is one spelling, with what IAM would do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    WITHOUT_MFA,
    Attachment,
    Callers,
    CallerType,
    Finding,
    Kind,
    Query,
    Resources,
    Target,
    Unverifiable,
    Values,
    assume_roles_elsewhere,
    callers_of_identity,
    callers_of_trust,
    decide,
    outside,
    parse,
)

SECURITY, TARGET, OTHER = "111111111111", "222222222222", "333333333333"
U = "aws:PrincipalTag/u"
MFA, AGE, ISSUED = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"
ALICE = f"arn:aws:iam::{SECURITY}:user/alice"
ROLE = f"arn:aws:iam::{TARGET}:role/TSU-IAM-ACCESS"
OFFICE = ("203.0.113.0/24", "2001:db8:1::/48")
MFA_TRUE, MFA_FALSE = {"Bool": {MFA: "true"}}, {"Bool": {MFA: "false"}}

SAFE, HOLE, UNCLEAR = "safe", "hole", "cannot be verified"
Json = dict[str, Any]


def allow(condition: Json | None = None, **parts: Any) -> Json:
    return {"Effect": "Allow", **parts, **({"Condition": condition} if condition is not None else {})}


def deny(condition: Json | None = None, **parts: Any) -> Json:
    return {**allow(condition, **parts), "Effect": "Deny"}


def trust(condition: Json | None = None, principal: Any = None, **parts: Any) -> Json:
    parts.setdefault("Action", "sts:AssumeRole")
    if "NotPrincipal" not in parts:
        parts["Principal"] = {"AWS": ALICE} if principal is None else principal
    return allow(condition, **parts)


def trust_deny(condition: Json | None = None, principal: Any = "*", **parts: Any) -> Json:
    return {**trust(condition, principal, **parts), "Effect": "Deny"}


def grant(condition: Json | None = None, **parts: Any) -> Json:
    if "NotAction" not in parts:
        parts.setdefault("Action", "sts:AssumeRole")
    if "NotResource" not in parts:
        parts.setdefault("Resource", ROLE)
    return allow(condition, **parts)


def grant_deny(condition: Json | None = None, **parts: Any) -> Json:
    if "NotResource" not in parts:
        parts.setdefault("Resource", "*")
    return {**grant(condition, **parts), "Effect": "Deny"}


def verdict(statements: Json | list[Json], kind: Kind, query: Query, version: str | None = "2012-10-17") -> str:
    document: Json = {"Statement": statements}
    if version:
        document["Version"] = version
    try:
        return HOLE if decide(parse(json.dumps(document), kind), query) else SAFE
    except Unverifiable:
        return UNCLEAR


def of_trust(keys: Mapping[str, Values] = WITHOUT_MFA, account: str | None = TARGET) -> Query:
    return Query(callers=callers_of_trust(account), targets=(ASSUME_THIS_ROLE,), keys=keys)


def of_grant(
    keys: Mapping[str, Values] = WITHOUT_MFA,
    attachment: Attachment = Attachment.GROUP,
    account: str | None = SECURITY,
    targets: tuple[Target, ...] | None = None,
) -> Query:
    return Query(
        callers=callers_of_identity(attachment, account), targets=targets or assume_roles_elsewhere(), keys=keys
    )


def table(rows: dict[str, tuple[Any, ...]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in rows.items()])


# A condition on an Allow: on a trust or a group's policy, and on a role's policy, where the MFA key is never absent.
ALLOWS_WITH: dict[str, tuple[Json | None, str, str]] = {
    "no condition": (None, HOLE, HOLE),
    "empty condition": ({}, HOLE, HOLE),
    "empty operator block": ({"Bool": {}}, HOLE, HOLE),
    "Bool true": ({"Bool": {MFA: "true"}}, SAFE, SAFE),
    "Bool true, JSON boolean": ({"Bool": {MFA: True}}, SAFE, SAFE),
    "Bool true, in a list": ({"Bool": {MFA: ["true"]}}, SAFE, SAFE),
    "Bool True, other case": ({"Bool": {MFA: "True"}}, SAFE, SAFE),
    "Bool true, key in other case": ({"Bool": {"AWS:multifactorauthpresent": "true"}}, SAFE, SAFE),
    "Bool true or false": ({"Bool": {MFA: ["true", "false"]}}, HOLE, HOLE),
    "Bool false": ({"Bool": {MFA: "false"}}, HOLE, HOLE),
    "Bool true twice": ({"Bool": {MFA: ["true", "true"]}}, SAFE, SAFE),
    "BoolIfExists true": ({"BoolIfExists": {MFA: "true"}}, HOLE, SAFE),
    "BoolIfExists true, key present": ({"BoolIfExists": {MFA: "true"}, "Null": {MFA: "false"}}, SAFE, SAFE),
    "BoolIfExists false": ({"BoolIfExists": {MFA: "false"}}, HOLE, HOLE),
    "BoolIfExists true and issue time present": (
        {"BoolIfExists": {MFA: "true"}, "Null": {ISSUED: "false"}},
        SAFE,
        SAFE,
    ),
    "BoolIfExists true and age present": ({"BoolIfExists": {MFA: "true"}, "Null": {AGE: False}}, SAFE, SAFE),
    "Null false": ({"Null": {MFA: "false"}}, HOLE, HOLE),
    "Null true": ({"Null": {MFA: "true"}}, HOLE, SAFE),
    "Null of the age": ({"Null": {AGE: "false"}}, SAFE, SAFE),
    "Null of the issue time": ({"Null": {ISSUED: "false"}}, HOLE, HOLE),
    "ForAllValues:Bool true": ({"ForAllValues:Bool": {MFA: "true"}}, HOLE, SAFE),
    "ForAnyValue:Bool true": ({"ForAnyValue:Bool": {MFA: "true"}}, SAFE, SAFE),
    "ForAnyValue:BoolIfExists true": ({"ForAnyValue:BoolIfExists": {MFA: "true"}}, UNCLEAR, SAFE),
    "ForAllValues:BoolIfExists true": ({"ForAllValues:BoolIfExists": {MFA: "true"}}, HOLE, SAFE),
    "StringEquals true": ({"StringEquals": {MFA: "true"}}, SAFE, SAFE),
    "StringEquals True never matches": ({"StringEquals": {MFA: "True"}}, SAFE, SAFE),
    "StringEqualsIgnoreCase TRUE": ({"StringEqualsIgnoreCase": {MFA: "TRUE"}}, SAFE, SAFE),
    "StringLike t*": ({"StringLike": {MFA: "t*"}}, SAFE, SAFE),
    "StringLike *": ({"StringLike": {MFA: "*"}}, HOLE, HOLE),
    "StringLike *e matches both": ({"StringLike": {MFA: "*e"}}, HOLE, HOLE),
    "StringNotEquals false": ({"StringNotEquals": {MFA: "false"}}, HOLE, SAFE),
    "StringNotEquals false, key present": ({"StringNotEquals": {MFA: "false"}, "Null": {MFA: "false"}}, SAFE, SAFE),
    "StringNotLike f*": ({"StringNotLike": {MFA: "f*"}}, HOLE, SAFE),
    "StringEqualsIfExists true": ({"StringEqualsIfExists": {MFA: "true"}}, HOLE, SAFE),
    "StringNotEquals true": ({"StringNotEquals": {MFA: "true"}}, HOLE, HOLE),
    "age below an hour": ({"NumericLessThan": {AGE: "3600"}}, SAFE, SAFE),
    "age below an hour, JSON number": ({"NumericLessThan": {AGE: 3600}}, SAFE, SAFE),
    "age below an hour, float": ({"NumericLessThanEquals": {AGE: 3600.0}}, SAFE, SAFE),
    "age at least 0": ({"NumericGreaterThanEquals": {AGE: "0"}}, SAFE, SAFE),
    "age below 0 never matches": ({"NumericLessThan": {AGE: "0"}}, SAFE, SAFE),
    "age not 5": ({"NumericNotEquals": {AGE: "5"}}, HOLE, HOLE),
    "age if it exists": ({"NumericLessThanIfExists": {AGE: "3600"}}, HOLE, HOLE),
    "age for all values": ({"ForAllValues:NumericLessThan": {AGE: "3600"}}, HOLE, HOLE),
    "age for any value": ({"ForAnyValue:NumericLessThan": {AGE: "3600"}}, SAFE, SAFE),
    "age absent": ({"Null": {AGE: "true"}}, HOLE, HOLE),
    "age with BoolIfExists": ({"BoolIfExists": {MFA: "true"}, "NumericLessThan": {AGE: "60"}}, SAFE, SAFE),
    "issued after a date": ({"DateGreaterThan": {ISSUED: "2026-01-01T00:00:00Z"}}, HOLE, HOLE),
    "time only": ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, HOLE, HOLE),
    "impossible time": (
        {"DateLessThan": {"aws:CurrentTime": "2020-01-01"}, "DateGreaterThan": {"aws:EpochTime": "1600000000"}},
        SAFE,
        SAFE,
    ),
    "epoch as a number": ({"NumericLessThan": {"aws:EpochTime": 1600000000}}, HOLE, HOLE),
    "other key, misspelt": ({"Bool": {"aws:MultiFactorAuthPresents": "true"}}, HOLE, HOLE),
    "other key, tag": ({"Bool": {"aws:PrincipalTag/mfa": "true"}}, HOLE, HOLE),
    "address only": ({"IpAddress": {"aws:SourceIp": "203.0.113.10"}}, HOLE, HOLE),
    "MFA and address": ({**MFA_TRUE, "IpAddress": {"aws:SourceIp": "203.0.113.10"}}, SAFE, SAFE),
    "external id": ({"StringEquals": {"sts:ExternalId": "x"}}, HOLE, HOLE),
    "secure transport": ({"Bool": {"aws:SecureTransport": "true"}}, HOLE, HOLE),
    "secure transport absent never matches": ({"Null": {"aws:SecureTransport": "true"}}, SAFE, SAFE),
    "through a service": ({"Bool": {"aws:ViaAWSService": "true"}}, HOLE, HOLE),
    "a service itself never matches": ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, SAFE, SAFE),
    "contradiction on a tag": (
        {"StringEquals": {"aws:PrincipalTag/a": "x"}, "StringNotEquals": {"aws:PrincipalTag/a": "x"}},
        SAFE,
        SAFE,
    ),
    "patterns without a common text": (
        {"StringLike": {"aws:PrincipalTag/a": "x*"}, "StringLikeIfExists": {"aws:PrincipalTag/A": "y*"}},
        SAFE,
        SAFE,
    ),
    "patterns with a common text": (
        {"StringLike": {"aws:PrincipalTag/a": "x*"}, "StringLikeIfExists": {"aws:PrincipalTag/A": "*y"}},
        HOLE,
        HOLE,
    ),
    "VPC endpoint and address": (
        {"StringEquals": {"aws:SourceVpce": "vpce-1"}, "IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
        SAFE,
        SAFE,
    ),
    "VPC endpoint and no address": (
        {"StringEquals": {"aws:SourceVpce": "vpce-1"}, "NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
        HOLE,
        HOLE,
    ),
    "organization of a key of several values": (
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}},
        HOLE,
        HOLE,
    ),
    "all and any tag key disjoint": (
        {"ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "ForAnyValue:StringEquals": {"aws:TagKeys": "b"}},
        SAFE,
        SAFE,
    ),
    "all tag keys are a, one is not": (
        {"ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}},
        SAFE,
        SAFE,
    ),
    "any of two tag keys": (
        {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "ForAnyValue:StringLike": {"aws:TagKeys": "b"}},
        HOLE,
        HOLE,
    ),
    "string operator on the address": ({"StringEquals": {"aws:SourceIp": "203.0.113.10"}}, UNCLEAR, UNCLEAR),
    "string operator on the address, but MFA": (
        {**MFA_TRUE, "StringEquals": {"aws:SourceIp": "203.0.113.10"}},
        SAFE,
        SAFE,
    ),
    "plain operator on several values": ({"StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}, UNCLEAR, UNCLEAR),
    "number operator on MFA": ({"NumericEquals": {MFA: "1"}}, UNCLEAR, UNCLEAR),
    "number operator on MFA, absent passes": ({"NumericNotEquals": {MFA: "1"}}, HOLE, UNCLEAR),
    "date operator on the age": ({"DateLessThan": {AGE: "2026-01-01"}}, SAFE, SAFE),
}


@table(ALLOWS_WITH)
def test_condition_of_an_allow(row: tuple[Json | None, str, str]) -> None:
    condition, with_keys, in_a_role = row
    assert verdict(trust(condition), Kind.TRUST, of_trust()) == with_keys
    for attachment in (Attachment.USER, Attachment.GROUP, Attachment.MANAGED):
        assert verdict(grant(condition), Kind.IDENTITY, of_grant(attachment=attachment)) == with_keys, attachment
    assert verdict(grant(condition), Kind.IDENTITY, of_grant(attachment=Attachment.ROLE)) == in_a_role


# A Deny beside a plain Allow.
DENIES_WITH: dict[str, tuple[Json | None, str, str]] = {
    "Bool false": (MFA_FALSE, HOLE, SAFE),
    "BoolIfExists false": ({"BoolIfExists": {MFA: "false"}}, SAFE, SAFE),
    "BoolIfExists False": ({"BoolIfExists": {MFA: "False"}}, SAFE, SAFE),
    "BoolIfExists false, JSON boolean": ({"BoolIfExists": {MFA: False}}, SAFE, SAFE),
    "BoolIfExists true": ({"BoolIfExists": {MFA: "true"}}, HOLE, HOLE),
    "ForAllValues:Bool false": ({"ForAllValues:Bool": {MFA: "false"}}, SAFE, SAFE),
    "ForAnyValue:Bool false": ({"ForAnyValue:Bool": {MFA: "false"}}, HOLE, SAFE),
    "StringNotEquals true": ({"StringNotEquals": {MFA: "true"}}, SAFE, SAFE),
    "StringNotEqualsIfExists true": ({"StringNotEqualsIfExists": {MFA: "true"}}, SAFE, SAFE),
    "ForAnyValue:StringNotEquals true": ({"ForAnyValue:StringNotEquals": {MFA: "true"}}, HOLE, SAFE),
    "StringNotLike True": ({"StringNotLike": {MFA: "True"}}, SAFE, SAFE),
    "StringEquals false": ({"StringEquals": {MFA: "false"}}, HOLE, SAFE),
    "StringEqualsIfExists false": ({"StringEqualsIfExists": {MFA: "false"}}, SAFE, SAFE),
    "Null true": ({"Null": {MFA: "true"}}, HOLE, HOLE),
    "Null of the age": ({"Null": {AGE: "true"}}, SAFE, SAFE),
    "Null of the issue time": ({"Null": {ISSUED: "true"}}, HOLE, HOLE),
    "age over an hour if it exists": ({"NumericGreaterThanIfExists": {AGE: "3600"}}, SAFE, SAFE),
    "age over an hour": ({"NumericGreaterThan": {AGE: "3600"}}, HOLE, HOLE),
    "age not 5": ({"NumericNotEquals": {AGE: "5"}}, SAFE, SAFE),
    "always": (None, SAFE, SAFE),
    "empty condition": ({}, SAFE, SAFE),
    "with an escape by a tag": (
        {"BoolIfExists": {MFA: "false"}, "StringNotEquals": {"aws:PrincipalTag/x": "y"}},
        HOLE,
        HOLE,
    ),
    "with an escape by service calls": (
        {"BoolIfExists": {MFA: "false"}, "Bool": {"aws:ViaAWSService": "false"}},
        HOLE,
        HOLE,
    ),
    "but not for services themselves": (
        {"BoolIfExists": {MFA: "false"}, "Bool": {"aws:PrincipalIsAWSService": "false"}},
        SAFE,
        SAFE,
    ),
    "at any time before or after": (
        {"BoolIfExists": {MFA: "false"}, "DateGreaterThan": {"aws:CurrentTime": "2000-01-01"}},
        HOLE,
        HOLE,
    ),
    "for all but root users": (
        {"BoolIfExists": {MFA: "false"}, "StringNotEquals": {"aws:PrincipalType": "Account"}},
        SAFE,
        SAFE,
    ),
    "for users only": ({"BoolIfExists": {MFA: "false"}, "StringEquals": {"aws:PrincipalType": "User"}}, SAFE, HOLE),
}


@table(DENIES_WITH)
def test_condition_of_a_deny(row: tuple[Json | None, str, str]) -> None:
    condition, with_keys, in_a_role = row
    assert verdict([trust(), trust_deny(condition)], Kind.TRUST, of_trust()) == with_keys
    for order in ([grant(), grant_deny(condition)], [grant_deny(condition), grant()]):
        assert verdict(order, Kind.IDENTITY, of_grant()) == with_keys
        assert verdict(order, Kind.IDENTITY, of_grant(attachment=Attachment.ROLE)) == in_a_role


# Two Denies that together leave no gap, and pairs that do.
NO_MFA = {"BoolIfExists": {MFA: "false"}}
OIDC = "token.actions.githubusercontent.com"
FEDERATED = {"StringEquals": {f"{OIDC}:aud": "sts.amazonaws.com"}, "StringLike": {f"{OIDC}:sub": "repo:o/r:*"}}
TRUSTS: dict[str, tuple[Any, str]] = {
    "identity provider": (trust(FEDERATED, {"Federated": OIDC}, Action="sts:AssumeRoleWithWebIdentity"), SAFE),
    "identity provider and a user": (trust(FEDERATED, {"Federated": OIDC, "AWS": ALICE}, Action="sts:*"), SAFE),
    "absent and false denied apart": ([trust(), trust_deny({"Null": {MFA: "true"}}), trust_deny(MFA_FALSE)], SAFE),
    "one safe, one not": ([trust(MFA_TRUE), trust()], HOLE),
    "two safe": ([trust(MFA_TRUE), trust(MFA_TRUE, {"AWS": OTHER})], SAFE),
    "deny for another user": ([trust(), trust_deny(NO_MFA, {"AWS": f"arn:aws:iam::{SECURITY}:user/bob"})], HOLE),
    "deny for the user": ([trust(), trust_deny(NO_MFA, {"AWS": ALICE})], SAFE),
    "deny for the user's account": ([trust(), trust_deny(NO_MFA, {"AWS": SECURITY})], SAFE),
    "deny for the user's account root": ([trust(), trust_deny(NO_MFA, {"AWS": f"arn:aws:iam::{SECURITY}:root"})], SAFE),
    "deny for the user by id": (
        [trust(principal={"AWS": "AIDAEXAMPLE"}), trust_deny(NO_MFA, {"AWS": "AIDAEXAMPLE"})],
        SAFE,
    ),
    "deny for NotPrincipal alice": ([trust(), trust_deny(NO_MFA, NotPrincipal={"AWS": ALICE})], HOLE),
    "deny for NotPrincipal bob": ([trust(), trust_deny(NO_MFA, NotPrincipal={"AWS": f"{ALICE}s"})], SAFE),
    "deny on another action": ([trust(), trust_deny(NO_MFA, Action="sts:TagSession")], HOLE),
    "deny on all of sts": ([trust(), trust_deny(NO_MFA, Action="sts:*")], SAFE),
    "deny on NotAction": (
        [trust(), {"Effect": "Deny", "Principal": "*", "NotAction": "sts:TagSession", "Condition": NO_MFA}],
        SAFE,
    ),
    "action in other case": (trust(Action="STS:ASSUMEROLE"), HOLE),
    "action in a list": (trust(Action=["sts:TagSession", "sts:AssumeRole"]), HOLE),
    "action with a wildcard": (trust(Action="sts:Assume*"), HOLE),
    "action with a question mark": (trust(Action="sts:Assume?ole"), HOLE),
    "action *": (trust(Action="*"), HOLE),
    "other action only": (trust(Action=["sts:TagSession", "sts:SetSourceIdentity"]), SAFE),
    "web identity only": (trust(Action="sts:AssumeRoleWithWebIdentity"), SAFE),
    "service": (trust(principal={"Service": "ec2.amazonaws.com"}), SAFE),
    "provider": (trust(principal={"Federated": f"arn:aws:iam::{TARGET}:saml-provider/x"}), SAFE),
    "service and user": (trust(principal={"Service": "ec2.amazonaws.com", "AWS": [ALICE]}), HOLE),
    "everyone": (trust(principal="*"), HOLE),
    "every AWS principal": (trust(principal={"AWS": "*"}), HOLE),
    "everyone with MFA": (trust(MFA_TRUE, "*"), SAFE),
    "own account": (trust(principal={"AWS": TARGET}), HOLE),
    "own account's roles": (
        trust({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{TARGET}:role/*"}}, {"AWS": TARGET}),
        SAFE,
    ),
    "own role": (trust(principal={"AWS": f"arn:aws:iam::{TARGET}:role/ci"}), SAFE),
    "own role's session": (trust(principal={"AWS": f"arn:aws:sts::{TARGET}:assumed-role/ci/x"}), SAFE),
    "foreign role": (trust(principal={"AWS": f"arn:aws:iam::{OTHER}:role/ci"}), HOLE),
    "foreign role, BoolIfExists": (
        trust({"BoolIfExists": {MFA: "true"}}, {"AWS": f"arn:aws:iam::{OTHER}:role/ci"}),
        SAFE,
    ),
    "foreign session": (trust(principal={"AWS": f"arn:aws:sts::{OTHER}:assumed-role/ci/x"}), HOLE),
    "foreign session, denied by role": (
        [
            trust(principal={"AWS": f"arn:aws:sts::{OTHER}:assumed-role/ci/x"}),
            trust_deny(principal={"AWS": f"arn:aws:iam::{OTHER}:role/ci"}),
        ],
        HOLE,
    ),
    "foreign session, denied by account": (
        [trust(principal={"AWS": f"arn:aws:sts::{OTHER}:assumed-role/ci/x"}), trust_deny(principal={"AWS": OTHER})],
        SAFE,
    ),
    "foreign session, denied by session name": (
        [
            trust(principal={"AWS": f"arn:aws:sts::{OTHER}:assumed-role/ci/x"}),
            trust_deny({"StringLike": {"aws:userid": "*:x"}}),
        ],
        SAFE,
    ),
    "federated user session": (trust(principal={"AWS": f"arn:aws:sts::{OTHER}:federated-user/bob"}), SAFE),
    "role id": (trust(principal={"AWS": "AROAEXAMPLE"}), HOLE),
    "user id": (trust(principal={"AWS": "AIDAEXAMPLE"}), HOLE),
    "user id with MFA": (trust(MFA_TRUE, {"AWS": "AIDAEXAMPLE"}), SAFE),
    "all but a user": (trust(NotPrincipal={"AWS": ALICE}), HOLE),
    "all but everyone": (trust(NotPrincipal="*"), SAFE),
    "other partition": (trust(principal={"AWS": f"arn:aws-cn:iam::{SECURITY}:user/alice"}), HOLE),
    "principal narrowed to roles, BoolIfExists": (
        trust({"BoolIfExists": {MFA: "true"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, "*"),
        SAFE,
    ),
    "principal narrowed to users, BoolIfExists": (
        trust({"BoolIfExists": {MFA: "true"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, "*"),
        HOLE,
    ),
    "narrowed to a user that is not named": (trust({"StringEquals": {"aws:username": "bob"}}), SAFE),
    "narrowed to the user's name": (trust({"StringEquals": {"aws:username": "alice"}}), HOLE),
    "narrowed to the user's name in other case": (trust({"StringEquals": {"aws:username": "Alice"}}), SAFE),
    "narrowed by the user's ARN in ignored case": (
        trust({"StringEqualsIgnoreCase": {"aws:PrincipalArn": ALICE.upper()}}),
        HOLE,
    ),
    "narrowed to another account": (trust({"StringEquals": {"aws:PrincipalAccount": OTHER}}), SAFE),
    "narrowed to the account": (trust({"StringEquals": {"aws:PrincipalAccount": [OTHER, SECURITY]}}), HOLE),
    "narrowed to roles": (trust({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}), SAFE),
    "without a user name": (trust({"Null": {"aws:username": "true"}}), SAFE),
    "foreign role without a user name": (trust({"Null": {"aws:username": "true"}}, {"AWS": OTHER}), HOLE),
    "no user name holds a path": (trust({"StringEquals": {"aws:username": "ops/alice"}}, {"AWS": SECURITY}), SAFE),
    "path of the user": (
        trust({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{SECURITY}:user/ops/*"}}, {"AWS": SECURITY}),
        HOLE,
    ),
    "session named after any user": (
        trust({"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}, {"AWS": SECURITY}),
        HOLE,
    ),
    "session named after the user": (trust({"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}), HOLE),
    "session named after another": (
        trust(
            {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}, "StringLike": {"sts:RoleSessionName": "bob"}}
        ),
        SAFE,
    ),
    "session name missing never happens": (trust({"Null": {"sts:RoleSessionName": "true"}}), SAFE),
    "session named otherwise is denied": (
        [
            trust(),
            trust_deny({"StringNotEquals": {"sts:RoleSessionName": "${aws:username}"}}),
            trust_deny({"StringEquals": {"sts:RoleSessionName": "alice"}}),
        ],
        SAFE,
    ),
    "tag equal to the name": (
        trust({"StringEquals": {"aws:PrincipalTag/n": "${aws:username}"}, "StringLike": {"aws:PrincipalTag/n": "al*"}}),
        HOLE,
    ),
    "tag equal to another's name": (
        trust({"StringEquals": {"aws:PrincipalTag/n": "${aws:username}"}, "StringLike": {"aws:PrincipalTag/n": "bo*"}}),
        SAFE,
    ),
    "literal star in a variable": (trust({"StringLike": {"aws:username": "al${*}"}}), SAFE),
    "variable with a default": (trust({"StringEquals": {"sts:ExternalId": "${aws:PrincipalTag/t, 'none'}"}}), HOLE),
    "ArnLike stays in its field": (trust({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam:*:user/alice:x"}}), SAFE),
    "StringLike crosses fields": (trust({"StringLike": {"aws:PrincipalArn": "arn:aws:iam*alice"}}), HOLE),
    "ArnEquals takes wildcards": (trust({"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{SECURITY}:user/a*"}}), HOLE),
    "StringEquals takes no wildcards": (
        trust({"StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{SECURITY}:user/a*"}}),
        SAFE,
    ),
    "BinaryEquals on a tag": (trust({"BinaryEquals": {"aws:PrincipalTag/b": "QQ=="}}), HOLE),
}


@table(TRUSTS)
def test_trust_policy_without_mfa(row: tuple[Any, str]) -> None:
    statements, expected = row
    assert verdict(statements, Kind.TRUST, of_trust()) == expected


UNKNOWN_ACCOUNT: dict[str, tuple[Any, str]] = {
    "role": (trust(principal={"AWS": f"arn:aws:iam::{TARGET}:role/ci"}), HOLE),
    "role with MFA": (trust(MFA_TRUE, principal={"AWS": f"arn:aws:iam::{TARGET}:role/ci"}), SAFE),
}


@table(UNKNOWN_ACCOUNT)
def test_account_that_is_not_known_is_foreign(row: tuple[Any, str]) -> None:
    assert verdict(row[0], Kind.TRUST, of_trust(account=None)) == row[1]


CDK = [f"role/cdk-*-{kind}-role-*-*" for kind in ("deploy", "file-publishing", "image-publishing", "lookup")]
CDK_OWN, CDK_ANY = ([f"arn:aws:iam::{account}:{name}" for name in CDK] for account in (SECURITY, "*"))
CDK_PROD = [f"arn:aws:iam::{account}:role/*-prod-*-*" for account in (TARGET, OTHER)]
GRANTS: dict[str, tuple[Any, str]] = {
    "CDK's roles of the own account": (grant(Resource=CDK_OWN), SAFE),
    "CDK's roles of the own account, by a condition": (
        grant({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, Resource=CDK_ANY),
        SAFE,
    ),
    "CDK's roles anywhere with MFA": (grant(MFA_TRUE, Resource=CDK_ANY), SAFE),
    "CDK's roles anywhere": (grant(Resource=CDK_ANY), HOLE),
    "CDK's roles anywhere, some denied": ([grant(Resource=CDK_ANY), grant_deny(Resource=CDK_PROD)], HOLE),
    "CDK's roles anywhere, all denied without MFA": (
        [grant(Resource=CDK_ANY), grant_deny(Resource=CDK_PROD), grant_deny(NO_MFA, Resource=CDK_ANY)],
        SAFE,
    ),
    "CDK's roles anywhere, all but the own account's denied": (
        [grant(Resource=CDK_ANY), grant_deny(NotResource=CDK_OWN)],
        SAFE,
    ),
    "any role": (grant(Resource="*"), HOLE),
    "foreign role": (grant(), HOLE),
    "foreign role in a list": (grant(Resource=[f"arn:aws:iam::{SECURITY}:role/x", ROLE]), HOLE),
    "own role": (grant(Resource=f"arn:aws:iam::{SECURITY}:role/x"), SAFE),
    "own roles": (grant(Resource=f"arn:aws:iam::{SECURITY}:role/*"), SAFE),
    "own account by the caller's": (grant(Resource="arn:aws:iam::${aws:PrincipalAccount}:role/*"), SAFE),
    "own account by the key": (
        grant({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, Resource="*"),
        SAFE,
    ),
    "own account by the literal key": (grant({"StringEquals": {"aws:ResourceAccount": SECURITY}}, Resource="*"), SAFE),
    "foreign by the key": (
        grant({"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, Resource="*"),
        HOLE,
    ),
    "account by a tag": (grant(Resource="arn:aws:iam::${aws:PrincipalTag/account}:role/x"), HOLE),
    "account by a tag that is the own one": (
        grant(
            {"StringEquals": {"aws:PrincipalTag/account": SECURITY}},
            Resource="arn:aws:iam::${aws:PrincipalTag/account}:role/x",
        ),
        SAFE,
    ),
    "role by the user's name": (grant(Resource=f"arn:aws:iam::{TARGET}:role/${{aws:username}}"), HOLE),
    "role by the user's name, narrowed": (
        [
            grant(Resource=f"arn:aws:iam::{TARGET}:role/${{aws:username}}"),
            grant_deny(NotResource=f"arn:aws:iam::{TARGET}:role/a*-b*"),
        ],
        HOLE,
    ),
    "role by the user's name, contradicted": (
        [
            grant({"StringLike": {"aws:username": "x*"}}, Resource=f"arn:aws:iam::{TARGET}:role/${{aws:username}}"),
            grant_deny(NotResource=f"arn:aws:iam::{TARGET}:role/a*"),
        ],
        SAFE,
    ),
    "two variables alike but not equal": (
        grant(
            {
                "StringLike": {"aws:username": "a*", "aws:PrincipalTag/t": "a*"},
                "StringNotEquals": {"aws:username": "${aws:PrincipalTag/t}"},
            },
            Resource=f"arn:aws:iam::{TARGET}:role/${{aws:username}}",
        ),
        HOLE,
    ),
    "question marks": (grant(Resource="arn:aws:iam::????????????:role/x"), HOLE),
    "too few question marks": (grant(Resource="arn:aws:iam::???????????:role/x"), SAFE),
    "account with letters": (grant(Resource="arn:aws:iam::abc*:role/x"), SAFE),
    "other service": (grant(Resource="arn:aws:s3:::bucket/*"), SAFE),
    "user": (grant(Resource=f"arn:aws:iam::{TARGET}:user/x"), SAFE),
    "short ARN": (grant(Resource="arn:aws:iam"), HOLE),
    "short ARN with account": (grant(Resource="arn:aws:iam::*"), HOLE),
    "other partition": (grant(Resource=f"arn:aws-us-gov:iam::{TARGET}:role/x"), HOLE),
    "any partition": (grant(Resource=f"arn:*:iam::{TARGET}:role/x"), HOLE),
    "NotResource own": (grant(NotResource=f"arn:aws:iam::{SECURITY}:*"), HOLE),
    "NotResource all": (grant(NotResource="arn:*"), SAFE),
    "NotAction s3": (grant(NotAction="s3:*"), HOLE),
    "NotAction sts": (grant(NotAction="sts:*"), SAFE),
    "NotAction sts in other case": (grant(NotAction="STS:assumero*"), SAFE),
    "all actions": (grant(Action="*", Resource="*"), HOLE),
    "AssumeRoot": (grant(Action="sts:AssumeRoot", Resource=f"arn:aws:iam::{TARGET}:root"), HOLE),
    "AssumeRoot of the own account": (grant(Action="sts:AssumeRoot", Resource=f"arn:aws:iam::{SECURITY}:root"), SAFE),
    "AssumeRoot with MFA": (grant(MFA_TRUE, Action="sts:AssumeRoot", Resource="*"), SAFE),
    "denied on that role": ([grant(), grant_deny(NO_MFA, Resource=ROLE)], SAFE),
    "denied on another role": ([grant(), grant_deny(NO_MFA, Resource=f"{ROLE}2")], HOLE),
    "denied on the role in other case": ([grant(), grant_deny(NO_MFA, Resource=ROLE.lower())], HOLE),
    "denied but for some": ([grant(Resource="*"), grant_deny(NO_MFA, NotResource=ROLE)], HOLE),
    "denied but for own": ([grant(Resource="*"), grant_deny(NO_MFA, NotResource=f"arn:aws:iam::{SECURITY}:*")], SAFE),
    "denied by pattern": ([grant(), grant_deny(NO_MFA, Resource="arn:aws:iam::*:role/TSU*")], SAFE),
    "denied by pattern that leaves a gap": (
        [grant(Resource="arn:aws:iam::*:role/T*"), grant_deny(NO_MFA, Resource="arn:aws:iam::*:role/T?*")],
        HOLE,
    ),
    "denied by patterns that cover": (
        [
            grant(Resource="arn:aws:iam::*:role/T*"),
            grant_deny(NO_MFA, Resource=["arn:aws:iam::*:role/T?*", "arn:aws:iam::*:role/T"]),
        ],
        SAFE,
    ),
    "denied with NotAction": (
        [grant(), {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": NO_MFA}],
        SAFE,
    ),
    "denied with NotAction of sts": (
        [grant(), {"Effect": "Deny", "NotAction": "sts:AssumeRole", "Resource": "*"}],
        HOLE,
    ),
    "denied for the address": ([grant(), grant_deny({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})], HOLE),
    "variables in NotResource of a Deny": (
        [grant(), grant_deny(NotResource="arn:aws:iam::*:role/${aws:PrincipalTag/t}")],
        HOLE,
    ),
    "variable that cannot be followed": (grant({"StringEquals": {"aws:PrincipalTag/t": f"${{{MFA}}}"}}), UNCLEAR),
    "address as a variable": (grant({"StringEquals": {"aws:PrincipalTag/t": "${aws:SourceIp}"}}), UNCLEAR),
    "variable that cannot be followed, but MFA": (
        grant({**MFA_TRUE, "StringEquals": {"aws:PrincipalTag/t": "${aws:SourceIp}"}}),
        SAFE,
    ),
}


@table(GRANTS)
def test_grant_without_mfa(row: tuple[Any, str]) -> None:
    statements, expected = row
    assert verdict(statements, Kind.IDENTITY, of_grant()) == expected


GRANTS_OF_UNKNOWN: dict[str, tuple[Any, str]] = {
    "role": (grant(), HOLE),
    "any role": (grant(Resource="*"), HOLE),
    "caller's account": (grant(Resource="arn:aws:iam::${aws:PrincipalAccount}:role/*"), SAFE),
    "caller's account by the key": (
        grant({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, Resource="*"),
        SAFE,
    ),
    "caller's account by both literals": (
        grant({"StringEquals": {"aws:ResourceAccount": TARGET, "aws:PrincipalAccount": TARGET}}, Resource="*"),
        SAFE,
    ),
    "caller's account by a pattern": (grant({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{TARGET}:*"}}), SAFE),
    "another account's caller": (grant({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:*"}}), HOLE),
    "account by a tag": (grant(Resource="arn:aws:iam::${aws:PrincipalTag/account}:role/x"), HOLE),
}


@table(GRANTS_OF_UNKNOWN)
def test_grant_in_an_account_that_is_not_known(row: tuple[Any, str]) -> None:
    assert verdict(row[0], Kind.IDENTITY, of_grant(account=None)) == row[1]


# A condition on an Allow, and on a Deny beside a plain Allow, asked about requests from outside the office.
ADDRESSES: dict[str, tuple[Json | None, str]] = {
    "no condition": (None, HOLE),
    "the office": ({"IpAddress": {"aws:SourceIp": list(OFFICE)}}, SAFE),
    "one address": ({"IpAddress": {"aws:SourceIp": "203.0.113.10"}}, SAFE),
    "one address as /32": ({"IpAddress": {"aws:SourceIp": ["203.0.113.10/32"]}}, SAFE),
    "host bits": ({"IpAddress": {"aws:SourceIp": "203.0.113.77/25"}}, SAFE),
    "host bits, too wide": ({"IpAddress": {"aws:SourceIp": "203.0.113.77/23"}}, HOLE),
    "two halves": ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/25", "203.0.113.128/25"]}}, SAFE),
    "one IPv6 address": ({"IpAddress": {"aws:SourceIp": "2001:db8:1::5"}}, SAFE),
    "IPv6 long form": ({"IpAddress": {"aws:SourceIp": "2001:0DB8:0001:0000:0000:0000:0000:0005/128"}}, SAFE),
    "one address outside": ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "203.0.114.0/32"]}}, HOLE),
    "all of IPv4": ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, HOLE),
    "all of IPv6": ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "::/0"]}}, HOLE),
    "the other half of a wider network": ({"IpAddress": {"aws:SourceIp": "2001:db8::/47"}}, HOLE),
    "if it exists": ({"IpAddressIfExists": {"aws:SourceIp": list(OFFICE)}}, HOLE),
    "if it exists, and it does": (
        {"IpAddressIfExists": {"aws:SourceIp": list(OFFICE)}, "Null": {"aws:SourceIp": "false"}},
        SAFE,
    ),
    "for all values": ({"ForAllValues:IpAddress": {"aws:SourceIp": list(OFFICE)}}, HOLE),
    "for any value": ({"ForAnyValue:IpAddress": {"aws:SourceIp": list(OFFICE)}}, SAFE),
    "not outside": ({"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, HOLE),
    "not the office": ({"NotIpAddress": {"aws:SourceIp": list(OFFICE)}}, HOLE),
    "present": ({"Null": {"aws:SourceIp": "false"}}, HOLE),
    "key in other case": ({"IpAddress": {"AWS:SOURCEIP": list(OFFICE)}}, SAFE),
    "VPC address": ({"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}, HOLE),
    "VPC address and the office": (
        {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8", "aws:SourceIp": list(OFFICE)}},
        SAFE,
    ),
    "string operator": ({"StringEquals": {"aws:SourceIp": "203.0.113.10"}}, UNCLEAR),
    "string pattern": ({"StringLike": {"aws:SourceIp": "203.0.113.*"}}, UNCLEAR),
    "string pattern and the office": (
        {"StringLike": {"aws:SourceIp": "203.*"}, "IpAddress": {"aws:SourceIp": list(OFFICE)}},
        SAFE,
    ),
    "negated string pattern on an absent address": ({"StringNotLike": {"aws:SourceIp": "203.*"}}, HOLE),
    "MFA only": (MFA_TRUE, HOLE),
    "intersection inside": (
        {"IpAddress": {"aws:SourceIp": "203.0.0.0/16"}, "IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}},
        SAFE,
    ),
    "excluded down to the office": (
        {"IpAddress": {"aws:SourceIp": "203.0.112.0/23"}, "NotIpAddress": {"aws:SourceIp": "203.0.112.0/24"}},
        SAFE,
    ),
}


@table(ADDRESSES)
def test_address_condition_of_an_allow(row: tuple[Json | None, str]) -> None:
    condition, expected = row
    assert verdict(grant(condition), Kind.IDENTITY, of_grant(outside(OFFICE))) == expected
    assert verdict(trust(condition), Kind.TRUST, of_trust(outside(OFFICE))) == expected


ADDRESS_DENIES: dict[str, tuple[Json, str]] = {
    "not the office": ({"NotIpAddress": {"aws:SourceIp": list(OFFICE)}}, SAFE),
    "not the office, if it exists": ({"NotIpAddressIfExists": {"aws:SourceIp": list(OFFICE)}}, SAFE),
    "not part of the office": ({"NotIpAddress": {"aws:SourceIp": "203.0.113.10"}}, SAFE),
    "not the IPv4 office: IPv6 denied too": ({"NotIpAddress": {"aws:SourceIp": OFFICE[0]}}, SAFE),
    "for any value: absent passes": ({"ForAnyValue:NotIpAddress": {"aws:SourceIp": list(OFFICE)}}, HOLE),
    "for all values": ({"ForAllValues:NotIpAddress": {"aws:SourceIp": list(OFFICE)}}, SAFE),
    "a blocked network only": ({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, HOLE),
    "all of IPv4": ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, HOLE),
    "everything but absent": ({"IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "::/0"]}}, HOLE),
    "everything": ({"IpAddressIfExists": {"aws:SourceIp": ["0.0.0.0/0", "::/0"]}}, SAFE),
    "not through services": (
        {"NotIpAddress": {"aws:SourceIp": list(OFFICE)}, "Bool": {"aws:ViaAWSService": "false"}},
        HOLE,
    ),
    "not the office, present only": (
        {"NotIpAddress": {"aws:SourceIp": list(OFFICE)}, "Null": {"aws:SourceIp": "false"}},
        HOLE,
    ),
    "wider than the office": ({"NotIpAddress": {"aws:SourceIp": ["203.0.112.0/23"]}}, HOLE),
}


@table(ADDRESS_DENIES)
def test_address_condition_of_a_deny(row: tuple[Json, str]) -> None:
    condition, expected = row
    assert verdict([grant(), grant_deny(condition)], Kind.IDENTITY, of_grant(outside(OFFICE))) == expected


OLD: dict[str, tuple[Any, str]] = {
    "variable is plain text": (grant({"StringEquals": {"aws:username": "${aws:username}"}}), SAFE),
    "variable in a tag is plain text": (grant({"StringEquals": {"aws:PrincipalTag/t": "${aws:username}"}}), HOLE),
    "resource with a variable": (grant(Resource="arn:aws:iam::*:role/${aws:username}"), SAFE),
    "wildcards work": (grant(Resource="arn:aws:iam::*:role/A*"), HOLE),
}


@table(OLD)
@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_old_policy_language_has_no_variables(row: tuple[Any, str], version: str | None) -> None:
    assert verdict(row[0], Kind.IDENTITY, of_grant(), version) == row[1]


def asked(
    *actions: str, resources: Resources | None = None, keys: Mapping[str, Values] | None = None
) -> tuple[Target, ...]:
    return (Target(actions=actions, resources=resources or Resources(), keys=keys or {}),)


BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
UNBOUND = {"iam:PermissionsBoundary": Values(but=(BOUNDARY,))}
ESCALATIONS: dict[str, tuple[Any, str]] = {
    "bound": (
        grant({"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}, Action="iam:CreateRole", Resource="*"),
        SAFE,
    ),
    "bound by ArnEquals": (
        grant({"ArnEquals": {"iam:PermissionsBoundary": BOUNDARY}}, Action="iam:CreateRole", Resource="*"),
        SAFE,
    ),
    "bound if it exists": (
        grant({"StringEqualsIfExists": {"iam:PermissionsBoundary": BOUNDARY}}, Action="iam:CreateRole", Resource="*"),
        HOLE,
    ),
    "bound to one of two": (
        grant(
            {"StringEquals": {"iam:PermissionsBoundary": [BOUNDARY, "arn:aws:iam::aws:policy/x"]}},
            Action="iam:*",
            Resource="*",
        ),
        HOLE,
    ),
    "some boundary": (
        grant({"Null": {"iam:PermissionsBoundary": "false"}}, Action="iam:CreateRole", Resource="*"),
        HOLE,
    ),
    "denied otherwise": (
        [
            grant(Action="iam:*", Resource="*"),
            grant_deny({"StringNotEquals": {"iam:PermissionsBoundary": BOUNDARY}}, Action="iam:*Role*"),
        ],
        SAFE,
    ),
    "not role management": (grant(Action="iam:Get*", Resource="*"), SAFE),
}


@table(ESCALATIONS)
def test_role_management_outside_a_boundary(row: tuple[Any, str]) -> None:
    targets = asked("iam:CreateRole", "iam:PutRolePolicy", keys=UNBOUND)
    assert verdict(row[0], Kind.IDENTITY, of_grant({}, Attachment.ROLE, TARGET, targets)) == row[1]


OTHERS_DEVICES = Resources(
    types=("user",), but=("arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}")
)
DEVICES: dict[str, tuple[Any, str]] = {
    "own": (grant(Action="iam:EnableMFADevice", Resource=f"arn:aws:iam::{SECURITY}:user/${{aws:username}}"), SAFE),
    "own below a path": (
        grant(Action="iam:EnableMFADevice", Resource=f"arn:aws:iam::{SECURITY}:user/ops/${{aws:username}}"),
        SAFE,
    ),
    "own below any path": (
        grant(Action="iam:EnableMFADevice", Resource=f"arn:aws:iam::{SECURITY}:user/*/${{aws:username}}"),
        SAFE,
    ),
    "names that end like one's own": (
        grant(Action="iam:EnableMFADevice", Resource=f"arn:aws:iam::{SECURITY}:user/*${{aws:username}}"),
        HOLE,
    ),
    "names that begin like one's own": (
        grant(Action="iam:EnableMFADevice", Resource=f"arn:aws:iam::{SECURITY}:user/${{aws:username}}*"),
        HOLE,
    ),
    "anybody's": (grant(Action="iam:EnableMFADevice", Resource="*"), HOLE),
    "by a tag": (
        grant(Action="iam:EnableMFADevice", Resource=f"arn:aws:iam::{SECURITY}:user/${{aws:PrincipalTag/name}}"),
        HOLE,
    ),
    "by a tag that equals the name": (
        grant(
            {"StringEquals": {"aws:PrincipalTag/name": "${aws:username}"}},
            Action="iam:EnableMFADevice",
            Resource=f"arn:aws:iam::{SECURITY}:user/${{aws:PrincipalTag/name}}",
        ),
        SAFE,
    ),
}


@table(DEVICES)
def test_devices_of_others(row: tuple[Any, str]) -> None:
    query = of_grant({}, Attachment.GROUP, SECURITY, asked("iam:EnableMFADevice", resources=OTHERS_DEVICES))
    assert verdict(row[0], Kind.IDENTITY, query) == row[1]


NAMED: dict[str, tuple[Any, str]] = {
    "named": (grant(Resource=[ROLE, f"{ROLE}-2"]), SAFE),
    "wildcard": (grant(Resource=f"{ROLE}*"), HOLE),
    "question mark": (grant(Resource=f"{ROLE[:-1]}?"), HOLE),
    "variable": (grant(Resource=f"arn:aws:iam::{TARGET}:role/${{aws:username}}"), HOLE),
    "wildcard cut down by a Deny": ([grant(Resource="*"), grant_deny(NotResource=[ROLE])], SAFE),
    "wildcard in the own account": (grant(Resource=f"arn:aws:iam::{SECURITY}:role/*"), SAFE),
}


@table(NAMED)
def test_only_named_roles(row: tuple[Any, str]) -> None:
    document = parse({"Version": "2012-10-17", "Statement": row[0]}, Kind.IDENTITY)
    query = of_grant({}, targets=assume_roles_elsewhere(but=document.named_resources))
    assert (HOLE if decide(document, query) else SAFE) == row[1]


def anywhere(partition: str) -> str:
    return f"arn:{partition}:iam::*:role/*"


# With a partition that is not known, with aws, and with aws-cn.
PARTITIONS: dict[str, tuple[Any, str, str, str]] = {
    "deny in aws": ([grant(Resource="*"), grant_deny(NO_MFA, Resource=anywhere("aws"))], SAFE, SAFE, HOLE),
    "deny in aws-cn": ([grant(Resource="*"), grant_deny(NO_MFA, Resource=anywhere("aws-cn"))], HOLE, HOLE, SAFE),
    "deny in both": (
        [grant(Resource="*"), grant_deny(NO_MFA, Resource=[anywhere("aws"), anywhere("aws-cn")])],
        SAFE,
        SAFE,
        SAFE,
    ),
    "deny in any": ([grant(Resource="*"), grant_deny(NO_MFA, Resource=anywhere("*"))], SAFE, SAFE, SAFE),
    "deny of all but roles in aws": (
        [grant(Resource="*"), grant_deny(NO_MFA, NotResource="arn:aws:s3:::*"), grant_deny(Action="sts:AssumeRoot")],
        SAFE,
        SAFE,
        SAFE,
    ),
    "allow in aws": (grant(Resource=anywhere("aws")), HOLE, HOLE, SAFE),
    "allow in aws-cn": (grant(Resource=anywhere("aws-cn")), HOLE, SAFE, HOLE),
    "allow in aws-iso-b": (grant(Resource=anywhere("aws-iso-b")), HOLE, SAFE, SAFE),
    "allow in a partition not listed": (grant(Resource=anywhere("aws-new")), HOLE, SAFE, SAFE),
    "allow in all but aws": (grant(Resource=anywhere("aws-*")), HOLE, SAFE, HOLE),
    "allow in some": (grant(Resource=anywhere("aws-?n")), HOLE, SAFE, HOLE),
    "allow by a variable": (grant(Resource=anywhere("${aws:PrincipalTag/p}")), HOLE, HOLE, HOLE),
    "allow by the end of a variable": (grant(Resource=anywhere("aws-${aws:PrincipalTag/p}")), HOLE, SAFE, HOLE),
    "allow for callers in aws-cn": (
        grant({"ArnLike": {"aws:PrincipalArn": "arn:aws-cn:iam::*:user/*"}}, Resource="*"),
        HOLE,
        SAFE,
        HOLE,
    ),
    "allow across": (
        grant({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, Resource=anywhere("aws-cn")),
        SAFE,
        SAFE,
        SAFE,
    ),
}


@table(PARTITIONS)
def test_nobody_reaches_another_partition(row: tuple[Any, str, str, str]) -> None:
    statements, *expected = row
    for partition, result in zip((None, "aws", "aws-cn"), expected, strict=True):
        callers = callers_of_identity(Attachment.GROUP, SECURITY, partition)
        query = Query(callers=callers, targets=assume_roles_elsewhere(), keys=WITHOUT_MFA)
        assert verdict(statements, Kind.IDENTITY, query) == result, partition


def test_trusting_role_is_of_the_callers_partition() -> None:
    statements = [trust(principal="*"), trust_deny(NO_MFA, {"AWS": ALICE})]
    for partition, other in (("aws", "aws-cn"), ("aws-cn", "aws")):
        fence = trust_deny({**NO_MFA, "ArnLike": {"aws:PrincipalArn": f"arn:{partition}:iam::*:*"}})
        asked = Query(callers=callers_of_trust(TARGET, partition), targets=(ASSUME_THIS_ROLE,), keys=WITHOUT_MFA)
        assert verdict([*statements, fence], Kind.TRUST, asked) == SAFE
        there = Query(callers=callers_of_trust(TARGET, other), targets=(ASSUME_THIS_ROLE,), keys=WITHOUT_MFA)
        assert verdict([*statements, fence], Kind.TRUST, there) == HOLE


def test_documents_are_judged_together() -> None:
    plain = parse({"Statement": grant()}, Kind.IDENTITY)
    fence = parse({"Statement": grant_deny(NO_MFA)}, Kind.IDENTITY)
    assert isinstance(decide([plain], of_grant()), Finding)
    assert decide([plain, fence], of_grant()) is None
    finding = decide([parse({"Statement": grant(MFA_TRUE)}, Kind.IDENTITY), plain], of_grant())
    assert finding is not None
    assert finding.document == 1


@pytest.mark.parametrize(("name", "expected"), [("alice", HOLE), ("bob", SAFE)])
def test_one_caller_can_be_asked_about(name: str, expected: str) -> None:
    statement = grant({"StringEquals": {"aws:username": "alice"}}, Resource=["arn:aws:iam::*:role/x"])
    callers = (Callers(type=CallerType.USER, arn=f"arn:aws:iam::{SECURITY}:user/ops/{name}"),)
    query = Query(callers=callers, targets=assume_roles_elsewhere(), keys=WITHOUT_MFA)
    assert verdict(statement, Kind.IDENTITY, query) == expected
    own = grant(Resource=f"arn:aws:iam::{SECURITY}:role/*")
    assert verdict(own, Kind.IDENTITY, query) == SAFE


def test_one_key_can_be_pinned() -> None:
    document = parse(
        {"Version": "2012-10-17", "Statement": grant({"IpAddress": {"aws:SourceIp": OFFICE[0]}})}, Kind.IDENTITY
    )
    callers = callers_of_identity(Attachment.GROUP, SECURITY)
    at_office, elsewhere = (
        decide(
            document,
            Query(
                callers=callers,
                targets=assume_roles_elsewhere(),
                keys={"aws:SourceIp": Values(absent=False, like=(address,))},
            ),
        )
        for address in ("203.0.113.9", "198.51.100.9")
    )
    assert at_office is not None
    assert at_office.request.context["aws:SourceIp"] == "203.0.113.9"
    assert elsewhere is None


def test_finding_names_request_statement_and_reason() -> None:
    condition = {"BoolIfExists": {MFA: "true"}}
    document = parse({"Version": "2012-10-17", "Statement": {"Sid": "Admins", **trust(condition)}}, Kind.TRUST)
    finding = decide(document, of_trust())
    assert finding is not None
    assert finding.sentence == (
        f"Statement 1 ('Admins') allows sts:AssumeRole by {ALICE} with plain access keys "
        "(aws:MultiFactorAuthPresent absent), because BoolIfExists is true when aws:MultiFactorAuthPresent is absent."
    )


@pytest.mark.parametrize("key", ["iam:PermissionsBoundary", "iam:permissionsboundary"])
@pytest.mark.parametrize("operator", [None, "ArnLike"])
def test_finding_spells_keys_as_the_document_or_the_query(key: str, operator: str | None) -> None:
    condition = {operator: {key: "arn:aws:iam::aws:policy/*"}} if operator else {}
    asked_key = "iam:PermissionsBoundary" if operator else key
    target = Target(actions=("iam:CreateRole",), keys={asked_key: Values(absent=False, like=("arn:aws:iam::aws:*",))})
    document = parse({"Statement": grant(condition, Action="iam:*", Resource="*")}, Kind.IDENTITY)
    found = decide(document, of_grant(targets=(target,)))
    assert found is not None
    assert f" with {key} 'arn:aws:iam::aws:" in found.sentence


def test_finding_says_why_a_deny_does_not_apply() -> None:
    document = parse({"Statement": [grant(), {"Sid": "Fence", **grant_deny(MFA_FALSE)}]}, Kind.IDENTITY)
    finding = decide(document, of_grant())
    assert finding is not None
    assert finding.sentence.endswith(
        "because no condition of it tests aws:MultiFactorAuthPresent; "
        "the Deny of statement 2 ('Fence') does not apply, "
        "as Bool is false when aws:MultiFactorAuthPresent is absent."
    )


LEVEL, SINCE = "aws:PrincipalTag/level", "aws:PrincipalTag/since"


# A condition, the values of its key that are asked about, and the answer.
VALUES_ASKED: dict[str, tuple[Json, Mapping[str, Values], str]] = {
    "number above": ({"NumericGreaterThanEquals": {LEVEL: "3"}}, {LEVEL: Values(absent=False, like=("7",))}, HOLE),
    "number below": ({"NumericGreaterThanEquals": {LEVEL: "3"}}, {LEVEL: Values(absent=False, like=("2",))}, SAFE),
    "number between bounds": (
        {"NumericGreaterThan": {LEVEL: "3"}, "NumericLessThanIfExists": {LEVEL: "9"}},
        {LEVEL: Values(absent=False, like=("1", "3.5"))},
        HOLE,
    ),
    "number spelled otherwise": ({"NumericEquals": {LEVEL: "7"}}, {LEVEL: Values(like=("7.0",))}, HOLE),
    "all but one number": ({"NumericEquals": {LEVEL: "7"}}, {LEVEL: Values(but=("7.0",))}, SAFE),
    "all but the numbers next to it": ({"NumericEquals": {LEVEL: "7"}}, {LEVEL: Values(but=("6", "8"))}, HOLE),
    "no number": ({"NumericGreaterThan": {LEVEL: "3"}}, {LEVEL: Values(absent=False, like=("high",))}, UNCLEAR),
    "pattern of numbers": ({"NumericGreaterThan": {LEVEL: "3"}}, {LEVEL: Values(like=("1*",))}, UNCLEAR),
    "age of a key with a type": (
        {"NumericLessThan": {AGE: "3600"}},
        {**WITHOUT_MFA, MFA: Values(), AGE: Values(absent=False, like=("1800",))},
        HOLE,
    ),
    "age too high": ({"NumericLessThan": {AGE: "3600"}}, {AGE: Values(absent=False, like=("7200",))}, SAFE),
    "date after": ({"DateGreaterThan": {SINCE: "2026"}}, {SINCE: Values(absent=False, like=("2026-07",))}, HOLE),
    "date before": ({"DateGreaterThan": {SINCE: "2027"}}, {SINCE: Values(absent=False, like=("2026-07",))}, SAFE),
    "time of a key with a type": (
        {"DateLessThan": {"aws:CurrentTime": "2026-06-01"}},
        {"aws:CurrentTime": Values(like=("2026-05-01T10:00:00Z",))},
        HOLE,
    ),
    "time too late": (
        {"DateLessThan": {"aws:CurrentTime": "2026-06-01"}},
        {"aws:CurrentTime": Values(like=("2026-07-01T10:00:00Z",))},
        SAFE,
    ),
}


@table(VALUES_ASKED)
def test_values_of_numbers_and_dates_can_be_asked_about(row: tuple[Json, Mapping[str, Values], str]) -> None:
    condition, keys, expected = row
    assert verdict(grant(condition), Kind.IDENTITY, of_grant(keys)) == expected


# A condition, and whether the Allow with it lets a request through, and a plain Allow beside the Deny with it.
TAGS, TAG = "aws:TagKeys", "aws:PrincipalTag/t"
SET_OPERATORS: dict[str, tuple[Json, str, str]] = {
    "any of an absent key, if it exists": (
        {"ForAnyValue:StringEqualsIfExists": {TAGS: "a"}, "Null": {TAGS: "true"}},
        UNCLEAR,
        HOLE,
    ),
    "any of an absent key": ({"ForAnyValue:StringEquals": {TAGS: "a"}, "Null": {TAGS: "true"}}, SAFE, HOLE),
    "all of an empty text": (
        {"ForAllValues:StringEquals": {TAG: "a"}, "StringEquals": {TAG: ""}},
        HOLE,
        HOLE,
    ),
    "none of an empty text": ({"ForAllValues:StringNotLike": {TAG: "*"}, "StringEquals": {TAG: ""}}, HOLE, HOLE),
    "any of an empty text": ({"ForAnyValue:StringLike": {TAG: "*"}, "StringEquals": {TAG: ""}}, SAFE, HOLE),
    "any unequal of an empty text": (
        {"ForAnyValue:StringNotEquals": {TAG: "a"}, "StringEquals": {TAG: ""}},
        SAFE,
        HOLE,
    ),
    "a key of several values that is there but empty": (
        {
            "Null": {TAGS: "false"},
            "ForAllValues:StringEquals": {TAGS: "a"},
            "ForAllValues:StringNotEquals": {TAGS: "a"},
        },
        HOLE,
        HOLE,
    ),
    "empty texts apart, no value is left": (
        {"ForAnyValue:StringLike": {TAGS: "*"}, "ForAllValues:StringEquals": {TAGS: ""}},
        SAFE,
        HOLE,
    ),
}


@table(SET_OPERATORS)
def test_set_operators_on_nothing(row: tuple[Json, str, str]) -> None:
    condition, allowing, denying = row
    assert verdict(grant(condition), Kind.IDENTITY, of_grant({})) == allowing
    assert verdict([grant(), grant_deny(condition)], Kind.IDENTITY, of_grant({})) == denying


def test_deny_that_aws_does_not_settle_is_not_counted_on() -> None:
    condition = {"ForAnyValue:StringEqualsIfExists": {TAGS: "a"}}
    query = of_grant({TAGS: Values(like=())})
    assert verdict([grant(), grant_deny(condition)], Kind.IDENTITY, query) == UNCLEAR


ON_OBJECTS = Target(actions=("s3:GetObject",), resources=Resources(types=(), like=("arn:aws:s3:::b/*",)))
OWN_ACCOUNT = {"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}
WITHOUT_ACCOUNT: dict[str, tuple[Any, str]] = {
    "plain": (grant(Action="s3:*", Resource="*"), HOLE),
    "beside a statement with the resource's account": (
        [grant(Action="s3:*", Resource="arn:aws:s3:::b/*"), grant(OWN_ACCOUNT, Action="s3:*", Resource="*")],
        HOLE,
    ),
    "account of the resource demanded": (grant(OWN_ACCOUNT, Action="s3:*", Resource="*"), SAFE),
    "account absent": (grant({"Null": {"aws:ResourceAccount": "true"}}, Action="s3:*", Resource="*"), HOLE),
    "account present": (grant({"Null": {"aws:ResourceAccount": "false"}}, Action="s3:*", Resource="*"), SAFE),
    "account if it exists": (
        grant({"StringEqualsIfExists": {"aws:ResourceAccount": OTHER}}, Action="s3:*", Resource="*"),
        HOLE,
    ),
    "another account": (grant({"StringNotEquals": {"aws:ResourceAccount": OTHER}}, Action="s3:*", Resource="*"), HOLE),
    "any other account": (
        grant({"ForAnyValue:StringNotEquals": {"aws:ResourceAccount": OTHER}}, Action="s3:*", Resource="*"),
        SAFE,
    ),
    "account that is not settled": (
        grant({"ForAnyValue:StringEqualsIfExists": {"aws:ResourceAccount": OTHER}}, Action="s3:*", Resource="*"),
        UNCLEAR,
    ),
    "resource by the account that it has not": (
        grant(Action="s3:*", Resource="arn:aws:s3:::b/${aws:ResourceAccount}*"),
        SAFE,
    ),
}


@table(WITHOUT_ACCOUNT)
def test_resource_without_an_account(row: tuple[Any, str]) -> None:
    assert verdict(row[0], Kind.IDENTITY, of_grant({}, targets=(ON_OBJECTS,))) == row[1]


NULL_VARIABLES: dict[str, tuple[Any, str]] = {
    "equal to nothing": (grant({"StringEquals": {TAG: "${aws:PrincipalTag/u}"}, "Null": {U: "true"}}), SAFE),
    "like nothing": (grant({"StringLike": {TAG: "*${aws:PrincipalTag/u}"}, "Null": {U: "true"}}), SAFE),
    "unequal to nothing": (grant({"StringNotEquals": {TAG: "${aws:PrincipalTag/u}"}, "Null": {U: "true"}}), HOLE),
    "unlike nothing": (grant({"ArnNotLike": {TAG: "arn:aws:*:::${aws:PrincipalTag/u}"}, "Null": {U: "true"}}), HOLE),
    "unequal to nothing, and to another": (
        grant(
            {
                "StringNotEquals": {TAG: ["${aws:PrincipalTag/u}", "a"]},
                "StringEqualsIfExists": {TAG: "a"},
                "Null": {U: "true", TAG: "false"},
            }
        ),
        SAFE,
    ),
    "denied if unequal to nothing": (
        [grant({"Null": {U: "true"}}), grant_deny({"StringNotEquals": {TAG: "${aws:PrincipalTag/u}"}})],
        SAFE,
    ),
    "resource of nothing": (grant({"Null": {U: "true"}}, Resource="arn:aws:iam::*:role/${aws:PrincipalTag/u}"), SAFE),
    "all resources but nothing": (
        grant({"Null": {U: "true"}}, NotResource="arn:aws:iam::*:role/${aws:PrincipalTag/u}"),
        HOLE,
    ),
    "denied but for nothing": (
        [
            grant({"Null": {U: "true"}}),
            grant_deny(NotResource="arn:aws:iam::*:role*${aws:PrincipalTag/u}"),
        ],
        SAFE,
    ),
}


@table(NULL_VARIABLES)
def test_variable_without_a_value(row: tuple[Any, str]) -> None:
    assert verdict(row[0], Kind.IDENTITY, of_grant({})) == row[1]


T = "aws:PrincipalTag/t"
AS_TAG = {"StringEquals": {U: "${aws:PrincipalTag/t}"}}
# Each value that the comparisons with a variable's own key tell apart is tried for the variable.
VALUES_OF_VARIABLES: dict[str, tuple[Any, str]] = {
    "in any case, and like a pattern": (
        grant({"StringEqualsIgnoreCase": {T: ["OPS", "?ps"]}, "StringLike": {T: "?ps"}, **AS_TAG}),
        HOLE,
    ),
    "in any case, but not as written": (
        grant({"StringEqualsIgnoreCase": {T: "OPS"}, "StringNotEquals": {T: ["OPS", "ops"]}, **AS_TAG}),
        HOLE,
    ),
    "in any case of the other's values": (
        grant({"StringEqualsIgnoreCase": {U: "${aws:PrincipalTag/t}"}, "StringEquals": {U: "ops", T: "OPS"}}),
        HOLE,
    ),
    "in any case of the other's patterns": (
        grant({"StringEqualsIgnoreCase": {U: "${aws:PrincipalTag/t}"}, "StringLike": {U: "o*", T: "O*S"}}),
        HOLE,
    ),
    "two variables equal in any case only": (
        grant(
            {
                "StringEqualsIgnoreCase": {U: "${aws:PrincipalTag/t}"},
                "StringNotEquals": {U: "${aws:PrincipalTag/t}"},
                "StringLike": {"aws:PrincipalTag/v": "${aws:PrincipalTag/u}"},
            }
        ),
        HOLE,
    ),
    "binary": (grant({"BinaryEquals": {T: "QQ=="}, **AS_TAG}), HOLE),
    "boolean": (grant({"Bool": {T: "true"}, **AS_TAG}), HOLE),
    "any but empty": (grant({"ForAnyValue:StringLike": {T: "*"}, **AS_TAG}), HOLE),
    "ARN": (
        grant({"ArnLike": {T: "arn:aws:*:*:*:x"}, "StringNotLike": {T: ["arn:aws::*", "*:::x"]}, **AS_TAG}),
        HOLE,
    ),
    "short ARN": (grant(Resource="arn:aws:iam::${aws:PrincipalTag/t}"), HOLE),
    "default of another variable": (
        [
            grant({"Null": {T: "true"}}, Resource="arn:aws:iam::*:role/${aws:PrincipalTag/u}"),
            grant_deny(NotResource="arn:aws:iam::*:role/${aws:PrincipalTag/t, 'A'}"),
        ],
        HOLE,
    ),
}


@table(VALUES_OF_VARIABLES)
def test_values_of_a_variable_are_told_apart_as_its_comparisons_do(row: tuple[Any, str]) -> None:
    assert verdict(row[0], Kind.IDENTITY, of_grant({})) == row[1]


SAML_AUD = "https://signin.aws.amazon.com/saml"
KEYS_OF_OTHERS: dict[str, tuple[Json, str, str]] = {
    "SAML audience": ({"StringEquals": {"SAML:aud": SAML_AUD}}, SAFE, SAFE),
    "SAML audience, if it exists": ({"StringEqualsIfExists": {"SAML:aud": SAML_AUD}}, HOLE, HOLE),
    "SAML subject": ({"StringEquals": {"saml:sub": "x"}}, SAFE, HOLE),
    "OIDC subject": ({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:o/r:*"}}, SAFE, HOLE),
    "account of a calling service": ({"StringEquals": {"aws:SourceAccount": OTHER}}, SAFE, SAFE),
    "resource of a calling service": ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, SAFE, SAFE),
    "organization of a calling service": ({"StringEquals": {"aws:SourceOrgID": "o-1"}}, SAFE, SAFE),
    "no calling service": ({"Null": {"aws:SourceArn": "true"}}, HOLE, HOLE),
    "name of a calling service": ({"StringEquals": {"aws:PrincipalServiceName": "s3.amazonaws.com"}}, SAFE, SAFE),
}


@table(KEYS_OF_OTHERS)
def test_keys_of_other_callers_are_absent(row: tuple[Json, str, str]) -> None:
    condition, of_user, of_role = row
    assert verdict(grant(condition), Kind.IDENTITY, of_grant({})) == of_user
    assert verdict(grant(condition), Kind.IDENTITY, of_grant({}, Attachment.ROLE)) == of_role


LONG = [f"arn:aws:iam::*:role/*{'-long-name' * 12}*-{i}*-?*{'x' * 40}*" for i in range(4)]
SMALL_BUT_HARD: dict[str, tuple[Any, str]] = {
    "equal denied and unequal denied": (
        [
            grant(),
            grant_deny({"StringEquals": {TAG: "${aws:PrincipalTag/u}"}}),
            grant_deny({"StringNotEquals": {TAG: "${aws:PrincipalTag/u}"}}),
        ],
        SAFE,
    ),
    "equal in any case denied, and unequal": (
        [
            grant(),
            grant_deny({"StringEqualsIgnoreCase": {TAG: "${aws:PrincipalTag/u}"}}),
            grant_deny({"StringNotEqualsIgnoreCase": {TAG: "${aws:PrincipalTag/u}"}}),
        ],
        SAFE,
    ),
    "like denied and unlike denied": (
        [
            grant(),
            grant_deny({"StringLike": {TAG: "*${aws:PrincipalTag/u}*${aws:PrincipalTag/v}"}}),
            grant_deny({"StringNotLike": {TAG: "*${aws:PrincipalTag/u}*${aws:PrincipalTag/v}"}}),
        ],
        SAFE,
    ),
    "same long patterns allowed and denied": ([grant(Resource=LONG), grant_deny(Resource=LONG)], SAFE),
    "same long patterns, one not denied": ([grant(Resource=LONG), grant_deny(Resource=LONG[1:])], HOLE),
    "same long patterns on a tag": (
        [grant({"StringLike": {TAG: LONG}}), grant_deny({"StringLike": {TAG: [f"*{p[3:]}" for p in LONG]}})],
        SAFE,
    ),
    "eight Denies but for a pattern": (
        [grant(Resource="*"), *(grant_deny(NotResource=f"arn:aws:iam::*:role/*x{i}y*") for i in range(8))],
        HOLE,
    ),
    "eight Denies but for a pattern, one cannot be": (
        [
            grant(Resource="*"),
            *(grant_deny(NotResource=f"arn:aws:iam::*:role/*x{i}y*") for i in range(8)),
            grant_deny(Resource="arn:aws:iam::*:role/*x3y*"),
        ],
        SAFE,
    ),
}


@table(SMALL_BUT_HARD)
def test_small_documents_that_ask_much_are_decided(row: tuple[Any, str]) -> None:
    assert verdict(row[0], Kind.IDENTITY, of_grant({})) == row[1]


def pigeons(birds: int, holes: int) -> list[Json]:
    """Every bird sits in a hole, no two in the same: tags as birds, their values as holes."""
    names = [f"aws:PrincipalTag/bird{i}" for i in range(birds)]
    sitting = [grant_deny({"StringNotEquals": {name: [str(hole) for hole in range(holes)]}}) for name in names]
    apart = [
        grant_deny({"StringEquals": {one: str(hole), other: str(hole)}})
        for hole in range(holes)
        for i, one in enumerate(names)
        for other in names[:i]
    ]
    return [grant(), *sitting, *apart]


@pytest.mark.parametrize(
    ("birds", "holes", "expected"),
    [(3, 3, HOLE), (4, 3, SAFE), (7, 6, UNCLEAR)],
    ids=["a place for each", "one too many", "too many to tell"],
)
def test_denies_that_exclude_each_other(birds: int, holes: int, expected: str) -> None:
    assert verdict(pigeons(birds, holes), Kind.IDENTITY, of_grant({})) == expected


def test_bounds_do_not_depend_on_what_was_judged_before() -> None:
    document = parse({"Version": "2012-10-17", "Statement": pigeons(7, 6)}, Kind.IDENTITY)
    for _ in range(3):
        with pytest.raises(Unverifiable, match="too many conditions"):
            decide(document, of_grant({}))
