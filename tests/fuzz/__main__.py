"""Feeds the policy pack random JSON, random IAM documents and spoilt ones for some seconds, and compares the analysis
with the naive evaluator on generated cases: `python -m tests.fuzz [seconds [cases]]`, 60 and 100,000 unless told.

Ends with 1 on the first difference, and on the first document that makes a policy raise, that takes longer than
`SLOWEST` seconds, or that passes although it is not understood; and prints it with the seed that makes it again.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from delegation_pack.iam import Kind, Unverifiable, parse

from tests.fuzz.decisions import TooComplexError, difference
from tests.policies.running import Made, judge

SLOWEST = 5.0
DEFAULT_CASES = 100_000
MOST_TOO_COMPLEX = 0.001
"""Part of the cases that the analysis may leave undecided."""
ON_TRUSTS = {"iam-trust-requires-mfa", "iam-trust-names-users-only"}
ON_IDENTITY = {
    "iam-assume-role-requires-mfa",
    "iam-assume-role-requires-source-ip",
    "iam-assume-role-names-roles",
    "iam-role-management-requires-mfa",
    "iam-role-management-requires-source-ip",
    "iam-role-management-is-bounded",
    "iam-no-user-management",
    "iam-mfa-devices-own-only",
}
ACCOUNT = "arn:aws:iam::222222222222:"
ACTIONS = [
    "*",
    "sts:*",
    "sts:AssumeRole",
    "iam:*",
    "iam:Put*",
    "iam:CreateRole",
    "iam:EnableMFADevice",
    "s3:Get?bject",
    "STS:a*",
]
RESOURCES = ["*", "arn:aws:iam::*:*", "arn:aws:s3:::b/${*}"]
RESOURCES += [ACCOUNT + name for name in ("role/x", "role/*", "user/${aws:username}")]
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": [f"{ACCOUNT}user/a", "111111111111"]},
    {"AWS": f"{ACCOUNT}role/x"},
    {"Service": "ec2.amazonaws.com"},
]
OPERATORS = [
    "Bool",
    "BoolIfExists",
    "Null",
    "IpAddress",
    "NotIpAddress",
    "StringEquals",
    "StringNotLike",
    "ArnLike",
    "NumericLessThan",
    "DateGreaterThan",
    "ForAllValues:StringEquals",
    "ForAnyValue:StringLike",
    "BinaryEquals",
    "StringEqualsIgnoreCaseIfExists",
]
KEYS = [
    "aws:MultiFactorAuthPresent",
    "AWS:multifactorauthage",
    "aws:SourceIp",
    "aws:PrincipalArn",
    "aws:username",
    "aws:CurrentTime",
    "iam:PermissionsBoundary",
    "aws:TagKeys",
    "sts:RoleSessionName",
    "aws:PrincipalTag/x",
    "aws:VpcSourceIp",
]
VALUES: list[Any] = [True, 0, 3600, 1.5, "", "*", "${aws:username}", "${aws:PrincipalTag/x, 'd'}"]
VALUES += [
    "true",
    "false",
    "203.0.113.10/32",
    "0.0.0.0/0",
    "::/0",
    "2026-01-01T00:00:00Z",
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
]
WORDS = ["Statement", "Effect", "Allow", "Action", "Version", "2012-10-17", "Condition", "", "\x00", "é", *ACTIONS]


class Maker:
    """Makes documents from one source of chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311

    def some(self, items: list[Any]) -> Any:
        """One item, or a list of a few."""
        few = self.chance.choices(items, k=self.chance.randint(1, 3))
        return few[0] if self.chance.random() < 0.5 else few

    def json(self, depth: int = 0) -> Any:
        """Any JSON, with a liking for the words of policy documents."""
        kind = self.chance.randrange(8 if depth < 5 else 6)
        if kind == 6:
            return [self.json(depth + 1) for _ in range(self.chance.randint(0, 4))]
        if kind == 7:
            return {self.chance.choice(WORDS): self.json(depth + 1) for _ in range(self.chance.randint(0, 4))}
        if kind > 3:
            return self.chance.choice(VALUES if kind == 5 else WORDS)
        return (None, True, self.chance.randint(-9, 9), 1e308)[kind]

    def statement(self, kind: Kind) -> dict[str, Any]:
        """A statement that IAM would mostly take."""
        chance = self.chance
        found: dict[str, Any] = {"Effect": chance.choice(["Allow", "Allow", "Deny"])}
        found[chance.choice(["Action", "Action", "NotAction"])] = self.some(ACTIONS)
        if kind is Kind.TRUST:
            found[chance.choice(["Principal", "Principal", "NotPrincipal"])] = chance.choice(PRINCIPALS)
        else:
            found[chance.choice(["Resource", "Resource", "NotResource"])] = self.some(RESOURCES)
        conditions: dict[str, Any] = {}
        for _ in range(chance.choice([0, 1, 1, 2, 3])):
            conditions.setdefault(chance.choice(OPERATORS), {})[chance.choice(KEYS)] = self.some(VALUES)
        return {**found, "Condition": conditions} if conditions else found

    def document(self, kind: Kind) -> dict[str, Any]:
        """A document that IAM would mostly take."""
        statements = [self.statement(kind) for _ in range(self.chance.randint(1, 5))]
        version = self.chance.choice([{"Version": "2012-10-17"}, {"Version": "2008-10-17"}, {}])
        return {**version, "Statement": statements if self.chance.random() < 0.9 else statements[0]}

    def spoilt(self, kind: Kind) -> dict[str, Any]:
        """A document with one thing in it that IAM has not."""
        document = self.document(kind)
        statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
        statement = self.chance.choice(statements)
        spoiling: list[Callable[[], Any]] = [
            lambda: document.update(statement=[]),
            lambda: document.update(Version="2012-10-18"),
            lambda: document.update(Statement=[]),
            lambda: statement.update(Effect="allow"),
            lambda: statement.update(Condition={"Boolean": {"aws:MultiFactorAuthPresent": "true"}}),
            lambda: statement.update(Condition={"Bool": "true"}),
            lambda: statement.update(Condition={"IpAddress": {"aws:SourceIp": "203.0.113"}}),
            lambda: statement.update(Condition={"Bool": {"aws:MultiFactorAuthPresent": None}}),
            lambda: statement.update(Condition={"Bool": {"aws:MultiFactorAuthPresent": []}}),
            lambda: statement.update(Action=[], NotAction=[]),
            lambda: statement.update(Conditions={}),
            lambda: statement.update(Sid={}),
            lambda: statement.pop("Effect"),
        ]
        self.chance.choice(spoiling)()
        return document


def fault(content: Any, kind: Kind, *, understood: bool | None) -> str | None:
    """Return what is wrong with the pack's judgment of a document; `understood` is None where only the analysis can
    tell."""
    type_, key, policies = (
        ("aws:iam/role:Role", "assumeRolePolicy", ON_TRUSTS)
        if kind is Kind.TRUST
        else ("aws:iam/rolePolicy:RolePolicy", "policy", ON_IDENTITY)
    )
    if understood is None:
        try:
            parse(content, kind) if isinstance(content, str | dict) else parse("", kind)
            understood = True
        except Unverifiable:
            understood = False
    began = time.monotonic()
    found = judge(Made(type=type_, inputs={key: content, "role": "x"}))
    seconds = time.monotonic() - began
    raised = [one.message for one in found if "Error: " in one.message]
    if raised:
        return f"raised: {raised[0]}"
    if seconds > SLOWEST:
        return f"took {seconds:.1f} s"
    passed = policies - {one.policy for one in found}
    return f"passed {sorted(passed)} without being understood" if not understood and passed else None


def main(seconds: float, cases: int) -> int:
    first = random.SystemRandom().randrange(1 << 32)
    return documents(first, seconds) or decisions(first, cases)


def documents(first: int, seconds: float) -> int:
    """Feed the policy pack documents for some seconds; return the exit code."""
    began, seed, slowest = time.monotonic(), first, 0.0
    while time.monotonic() - began < seconds:
        maker = Maker(seed)
        kind = maker.chance.choice([Kind.TRUST, Kind.IDENTITY])
        way = seed % 3
        content = (maker.json, lambda: maker.document(kind), lambda: maker.spoilt(kind))[way]()  # noqa: B023
        if maker.chance.random() < 0.5:
            content = json.dumps(content)
            if way == 0 and maker.chance.random() < 0.3:
                content = content[: maker.chance.randrange(len(content) + 1)]
        one = time.monotonic()
        wrong = fault(content, kind, understood=False if way == 2 else None)
        slowest = max(slowest, time.monotonic() - one)
        if wrong:
            print(f"seed {seed}, {kind}: {wrong}\n{content if isinstance(content, str) else json.dumps(content)}")
            return 1
        seed += 1
    print(f"{seed - first:,} documents from seed {first}: no crash, no pass unread, the slowest {slowest:.2f} s")
    return 0


def decisions(first: int, cases: int) -> int:
    """Compare the analysis with the naive evaluator on generated cases; return the exit code."""
    too_complex = 0
    for seed in range(first, first + cases):
        try:
            if wrong := difference(seed):
                print(f"seed {seed}: {wrong}")
                return 1
        except TooComplexError:
            too_complex += 1
    print(f"{cases:,} decisions from seed {first}: the naive evaluator agrees, {too_complex:,} are too complex")
    return int(too_complex > cases * MOST_TOO_COMPLEX)


if __name__ == "__main__":
    sys.exit(
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 60, int(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_CASES)
    )
