"""The IAM analysis: 1,000 typical documents, and documents far larger than IAM would store."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    WITHOUT_MFA,
    Attachment,
    Kind,
    Query,
    Unverifiable,
    assume_roles_elsewhere,
    callers_of_identity,
    callers_of_trust,
    decide,
    new_access,
    outside,
    parse,
)
from moto.iam.aws_managed_policies import aws_managed_policies_data

from benchmarks.figures import Figure

SECURITY = "111111111111"
Json = dict[str, Any]
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


TRUST = Query(callers=callers_of_trust("222222222222"), targets=(ASSUME_THIS_ROLE,), keys=WITHOUT_MFA)
GROUP = callers_of_identity(Attachment.GROUP, SECURITY)
GRANT = Query(callers=GROUP, targets=assume_roles_elsewhere(), keys=WITHOUT_MFA)
ADDRESS = Query(callers=GROUP, targets=assume_roles_elsewhere(), keys=outside(["203.0.113.0/24"]))


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


def _tag(i: int) -> str:
    return f"aws:PrincipalTag/t{i}"


def _allow(condition: Json | None = None, **parts: Any) -> Json:
    found = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", **parts}
    if "NotResource" in parts:
        del found["Resource"]
    return {**found, "Condition": condition} if condition else found


def _deny(condition: Json | None = None, **parts: Any) -> Json:
    return {**_allow(condition, **parts), "Effect": "Deny"}


def statements(size: int) -> list[Json]:
    """As many roles allowed, each with a Deny of its own that asks for MFA."""
    roles = [f"arn:aws:iam::222222222222:role/team-{i}-*" for i in range(size)]
    no_mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    return [*(_allow(Resource=role) for role in roles), *(_deny(no_mfa, Resource=role) for role in roles)]


def values(size: int) -> list[Json]:
    """A tag that must be one of many texts, each denied in a statement of its own."""
    texts = [f"team-{i}" for i in range(size)]
    return [_allow({"StringEquals": {_tag(0): texts}}), *(_deny({"StringEquals": {_tag(0): text}}) for text in texts)]


def networks(size: int) -> list[Json]:
    """Allowed from many networks, each denied in a statement of its own but for one address."""
    blocks = [f"198.{i}.100.0/24" for i in range(size)]
    return [
        _allow({"IpAddress": {"aws:SourceIp": blocks}}),
        *(
            _deny({"IpAddress": {"aws:SourceIp": block}, "NotIpAddress": {"aws:SourceIp": blocks[-1][:-4] + "7"}})
            for block in blocks
        ),
    ]


def keys(size: int) -> list[Json]:
    """Tags that are tied to each other by Denies, from the first to the last, which contradicts the first."""
    chain = [_deny({"StringLike": {_tag(i): "*b"}, "StringNotLike": {_tag(i + 1): "*b"}}) for i in range(size - 1)]
    return [_allow({"StringLike": {_tag(0): "a*b"}}), *chain, _deny({"StringLike": {_tag(size - 1): "*b"}})]


def variables(size: int) -> list[Json]:
    """Tags of which each must equal the next, and the last must not equal the first."""
    equal = [_deny({"StringNotEquals": {_tag(i): f"${{{_tag(i + 1)}}}"}}) for i in range(size - 1)]
    return [_allow(), *equal, _deny({"StringEquals": {_tag(size - 1): f"${{{_tag(0)}}}"}})]


def patterns(size: int) -> list[Json]:
    """Roles that fit each of many patterns, in any order."""
    return [_allow(), *(_deny(NotResource=f"arn:aws:iam::*:role/*x{i}y*") for i in range(size))]


def overlapping_patterns(size: int) -> list[Json]:
    """Roles that fit one of many overlapping patterns and none of as many others."""
    inside = [f"arn:aws:iam::*:role/*-{i}-*a*" for i in range(size)]
    without = [f"arn:aws:iam::*:role/*{i}*-a*b" for i in range(size)]
    return [_allow(Resource=inside), _deny(Resource=[*without, "arn:aws:iam::*:role/*-*-*a"])]


def three_sat(size: int) -> list[Json]:
    """Random 3-SAT at its hardest density: tags as variables, each Deny a clause."""
    chance = random.Random(size)  # noqa: S311
    clauses = [[(i, chance.random() < 0.5) for i in chance.sample(range(size), 3)] for _ in range(round(4.26 * size))]
    found = [_allow()]
    for clause in clauses:
        condition: Json = {}
        for i, wanted in clause:
            condition.setdefault("StringNotEquals" if wanted else "StringEquals", {})[_tag(i)] = "1"
        found.append(_deny(condition))
    return found


FAMILIES = (statements, values, networks, keys, variables, patterns, overlapping_patterns, three_sat)
PAIRS_LEFT_OUT = 3
"""Every third of AWS's managed policies that moto has is compared."""
SIZES = (8, 16, 32, 64, 128, 256)
EVERYTHING = Query(callers=GROUP, targets=assume_roles_elsewhere())


def family(made: Callable[[int], list[Json]]) -> tuple[float, int]:
    """The slowest of a family's sizes, in seconds, and how many of them were decided."""
    slowest, decided = 0.0, 0
    for size in SIZES:
        parsed = parse(document(*made(size)), Kind.IDENTITY)
        started = time.perf_counter()
        try:
            decide(parsed, EVERYTHING)
            decided += 1
        except Unverifiable:
            pass
        slowest = max(slowest, time.perf_counter() - started)
    return slowest, decided


def managed_pairs() -> tuple[float, float]:
    """AWS's managed policies, each against its neighbor and itself without its last conditions and resources: the
    median time, and the part that stays undecided."""
    data = json.loads(aws_managed_policies_data)
    contents = [data[name]["Document"] for name in sorted(data)[::PAIRS_LEFT_OUT]]
    parsed = [parse(content, Kind.IDENTITY) for content in contents]
    loosened = [parse(_loosened(content), Kind.IDENTITY) for content in contents]
    taken, undecided = [], 0
    for before, after in (*pairwise(parsed), *zip(parsed, loosened, strict=True)):
        started = time.perf_counter()
        try:
            new_access([before], [after])
        except Unverifiable:
            undecided += 1
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), undecided / len(taken)


def _loosened(content: Json) -> Json:
    """The same policy, whose last statement is about every resource under no condition."""
    statements = content["Statement"] if isinstance(content["Statement"], list) else [content["Statement"]]
    last = {name: value for name, value in statements[-1].items() if name not in ("Condition", "NotResource")}
    return {**content, "Statement": [*statements[:-1], {**last, "Resource": "*"}]}


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
    for made in FAMILIES:
        slowest, decided = family(made)
        name = f"{made.__name__.replace('_', ' ')}, 8 to 256 ({decided} of {len(SIZES)} decided)"
        yield Figure(name=name, value=slowest, unit="s", limit=0.2)
    median, undecided = managed_pairs()
    yield Figure(name="new access, median pair of managed policies", value=1000 * median, unit="ms", limit=10)
    yield Figure(name="of these pairs undecided", value=100 * undecided, unit="%", limit=1)
