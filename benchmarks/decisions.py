"""The IAM analysis: 1,000 typical documents, and documents far larger than IAM would store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    WITHOUT_MFA,
    Attachment,
    Kind,
    Question,
    assume_roles_elsewhere,
    callers_of_identity,
    callers_of_trust,
    decide,
    outside,
    parse,
)

from benchmarks.figures import Figure

SECURITY = "111111111111"
MFA = {"aws:MultiFactorAuthPresent": "true"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(i: int, operator: str) -> str:
    users = [f"arn:aws:iam::{SECURITY}:user/admin-{i}-{j}" for j in range(3)]
    return document(
        {"Effect": "Allow", "Principal": {"AWS": users}, "Action": "sts:AssumeRole", "Condition": {operator: MFA}}
    )


def grant(i: int, operator: str) -> str:
    condition = {operator: MFA, "IpAddress": {"aws:SourceIp": [f"203.0.113.{i % 256}/32"]}}
    resource = f"arn:aws:iam::{222222222222 + i}:role/TSU-IAM-ACCESS"
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resource, "Condition": condition})


def management(i: int, operator: str) -> str:
    role = f"arn:aws:iam::{222222222222 + i}:role/"
    return document(
        {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*", "Condition": {operator: MFA}},
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
            "Resource": f"{role}*",
            "Condition": {operator: MFA},
        },
        {
            "Effect": "Deny",
            "NotAction": ["iam:Get*", "iam:List*"],
            "Resource": [f"{role}TSU-IAM-ACCESS", f"{role}delegation-*"],
        },
        {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"},
    )


TRUST = Question(callers=callers_of_trust("222222222222"), targets=(ASSUME_THIS_ROLE,), keys=WITHOUT_MFA)
GROUP = callers_of_identity(Attachment.GROUP, SECURITY)
GRANT = Question(callers=GROUP, targets=assume_roles_elsewhere(), keys=WITHOUT_MFA)
ADDRESS = Question(callers=GROUP, targets=assume_roles_elsewhere(), keys=outside(["203.0.113.0/24"]))


def thousand_documents() -> None:
    """Every fourth lets requests without MFA through."""
    for i in range(250):
        decide(parse(trust(i, "Bool"), Kind.TRUST), TRUST)
        decide(parse(grant(i, "Bool"), Kind.IDENTITY), GRANT)
        decide(parse(management(i, "Bool"), Kind.IDENTITY), GRANT)
        decide(
            parse(
                trust(i, "BoolIfExists") if i % 2 else grant(i, "BoolIfExists"), Kind.TRUST if i % 2 else Kind.IDENTITY
            ),
            TRUST if i % 2 else GRANT,
        )


def many_statements() -> None:
    """Each role may be assumed, with a Deny of its own that asks for MFA."""
    roles = [f"arn:aws:iam::222222222222:role/team-{i}-*" for i in range(100)]
    allow = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role} for role in roles]
    deny = [
        {
            "Effect": "Deny",
            "Action": "sts:*",
            "Resource": role,
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        }
        for role in roles
    ]
    decide(parse(document(*allow, *deny), Kind.IDENTITY), GRANT)


def many_networks() -> None:
    """Allowed from 1,000 networks, one of them outside."""
    networks = [f"203.0.113.{i % 256}/{32 - i // 256}" for i in range(999)] + ["203.0.114.0/24"]
    condition = {"IpAddress": {"aws:SourceIp": networks}}
    decide(
        parse(
            document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Condition": condition}),
            Kind.IDENTITY,
        ),
        ADDRESS,
    )


def many_keys() -> None:
    """An Allow that asks for twenty tags, and Denies that tie them to each other."""
    names = [f"aws:PrincipalTag/t{i}" for i in range(20)]
    allow = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "*",
        "Condition": {"StringLike": dict.fromkeys(names, "a*")},
    }
    deny = [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringLike": {one: "*b"}, "StringNotLike": {two: "*b"}},
        }
        for one, two in pairwise(names)
    ]
    last = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotLike": {names[0]: "*b"}}}
    final = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}, "StringLike": {names[19]: "*b"}},
    }
    decide(parse(document(allow, *deny, last, final), Kind.IDENTITY), GRANT)


def measure() -> Iterator[Figure]:
    """Yield what the analysis takes, in one process and without its earlier answers."""
    for name, work, limit in (
        ("1,000 documents judged", thousand_documents, 0.5),
        ("one document of 200 statements", many_statements, 1),
        ("one document of 1,000 networks", many_networks, 1),
        ("one document of 20 condition keys", many_keys, 1),
    ):
        started = time.perf_counter()
        work()
        yield Figure(name=name, value=time.perf_counter() - started, unit="s", limit=limit)
