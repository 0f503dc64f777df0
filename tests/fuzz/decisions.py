"""Generated documents of whole kinds, on which the analysis must agree with the naive evaluator of the tests."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from delegation_pack.iam import Kind, Unverifiable, Values, parse

from tests.policies.iam import naive
from tests.policies.iam.test_iam_properties import (
    ARNS,
    CLASSES,
    DATES,
    MFA,
    NUMBERS,
    OTHER,
    OWN,
    ROLES,
    STRINGS,
    TARGET,
    UNIVERSE,
    USERS,
    compared,
    evaluated,
)

Values_ = list[Any]
ADDRESSES = ["IpAddress", "NotIpAddress"]
BOOLEANS: Values_ = ["true", "false", True, False]
SETS = ["ForAllValues:", "ForAnyValue:"]
TESTS: list[tuple[list[str], str, Values_, list[str]]] = [
    (["Bool"], MFA, BOOLEANS, ["", *SETS]),
    (["StringEquals", "StringNotEquals"], MFA, BOOLEANS, ["", *SETS]),
    (NUMBERS, "aws:MultiFactorAuthAge", [60, "3600", 600.0], ["", *SETS]),
    (["Null"], MFA, BOOLEANS, [""]),
    (["Null"], "aws:TokenIssueTime", BOOLEANS, [""]),
    (ADDRESSES, "aws:SourceIp", ["203.0.113.0/24", "203.0.113.7", "2001:db8:1::/48", "0.0.0.0/0", "::/0"], ["", *SETS]),
    (STRINGS, "aws:SourceVpce", ["vpce-1", "vpce-*"], ["", *SETS]),
    (ARNS, "aws:PrincipalArn", [*USERS[:2], ROLES[0], f"arn:aws:iam::{OWN}:user/*", "*"], ["", *SETS]),
    (STRINGS, "aws:username", ["alice", "a*", "bob", "${aws:PrincipalTag/team}"], ["", *SETS]),
    (STRINGS, "aws:PrincipalAccount", [OWN, OTHER, "1*", "${aws:ResourceAccount}"], ["", *SETS]),
    (STRINGS, "aws:ResourceAccount", [OWN, TARGET, "${aws:PrincipalAccount}"], ["", *SETS]),
    (["Null"], "aws:ResourceAccount", BOOLEANS, [""]),
    (STRINGS, "aws:PrincipalTag/team", ["", "*", "ops", "o*", "?ps", "${aws:username}", "OPS"], ["", "", *SETS]),
    (["BinaryEquals"], "aws:PrincipalTag/team", ["ops", "Ops"], ["", *SETS]),
    (STRINGS, "sts:RoleSessionName", ["alice", "${aws:username}", "${aws:PrincipalTag/team}", "*"], ["", *SETS]),
    (STRINGS, "aws:TagKeys", ["a", "b", "?", "*", ""], SETS),
    (NUMBERS, "aws:PrincipalTag/level", ["3", 5, "7.0"], ["", "", *SETS]),
    (DATES, "aws:PrincipalTag/since", ["2026", "2026-07-01", "2029-01"], ["", "", *SETS]),
    (DATES, "aws:CurrentTime", ["2026-01-01T00:00:00Z", "2030-12-31", "2026"], ["", *SETS]),
    (["Bool"], "aws:SecureTransport", BOOLEANS, ["", *SETS]),
]
PRINCIPALS: Values_ = ["*", {"AWS": USERS[:2]}, {"AWS": ROLES[0]}, {"AWS": [OWN, f"arn:aws:iam::{OTHER}:root"]}]
RESOURCES = [
    *("*", f"arn:aws:iam::{TARGET}:role/A", f"arn:aws:iam::{TARGET}:role/*", "arn:aws:iam::*:role/${aws:username}"),
    *("arn:aws:iam::*:role/${aws:PrincipalTag/team, 'A'}", "arn:aws:iam::${aws:PrincipalAccount}:role/*", "arn:*"),
    *("arn:aws:iam::*:role/${aws:PrincipalTag/team}*", "arn:aws:iam::2*"),
    *("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::b", "arn:aws:sqs:*:${aws:ResourceAccount}:*"),
]
MOST_KEYS = 2
"""Keys that a document names: the naive evaluator tries all their values."""


class Decisions:
    """Makes documents and queries from one source of chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311

    def some(self, items: Values_) -> Any:
        few = self.chance.sample(items, k=min(len(items), self.chance.randint(1, 2)))
        return few[0] if len(few) == 1 and self.chance.random() < 0.5 else few

    def statement(self, kind: Kind, tests: list[tuple[list[str], str, Values_, list[str]]]) -> dict[str, Any]:
        chance = self.chance
        found: dict[str, Any] = {"Effect": chance.choice(["Allow", "Allow", "Deny"])}
        found["Action"] = chance.choice(["sts:AssumeRole", "*", "sts:*"])
        if kind is Kind.TRUST:
            found[chance.choice(["Principal", "Principal", "NotPrincipal"])] = chance.choice(PRINCIPALS)
        else:
            found[chance.choice(["Resource", "Resource", "NotResource"])] = self.some(RESOURCES)
        conditions: dict[str, Any] = {}
        for _ in range(chance.randint(0, 2)):
            operators, key, values, prefixes = chance.choice(tests)
            name = chance.choice(operators)
            suffix = "" if name == "Null" else chance.choice(["", "", "IfExists"])
            conditions.setdefault(f"{chance.choice(prefixes)}{name}{suffix}", {})[key] = self.some(values)
        return {**found, "Condition": conditions} if conditions else found

    def case(self) -> tuple[dict[str, Any], Kind, Mapping[str, Values]]:
        """A document, its kind, and a class of requests to ask about."""
        kind = self.chance.choice([Kind.TRUST, Kind.IDENTITY])
        while True:
            tests = self.chance.sample(TESTS, k=3)
            statements = [self.statement(kind, tests) for _ in range(self.chance.randint(1, 3))]
            if len(naive.mentioned({"Statement": statements}) & UNIVERSE.keys()) <= MOST_KEYS:
                break
        version = self.chance.choice(["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"])
        return {"Version": version, "Statement": statements}, kind, self.chance.choice(CLASSES)


class TooComplexError(Exception):
    """The analysis does not judge a case within its bounds."""


def difference(seed: int) -> str | None:
    """What the analysis and the naive evaluator say differently about the case of a seed.

    Raises:
        TooComplexError: the analysis says that it cannot tell.
    """
    maker = Decisions(seed)
    document, kind, keys = maker.case()
    try:
        compared(document, kind, keys)
        evaluated(parse(document, kind), document, maker.chance)
    except (AssertionError, Unverifiable) as error:
        if "bear on each other" in str(error):
            raise TooComplexError from None
        return f"{type(error).__name__}: {error}\n{document}\n{kind}, {dict(keys)}"
    return None
