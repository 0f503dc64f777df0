"""The analysis against the naive evaluator, on generated documents."""

from __future__ import annotations

import copy
import itertools
import json
import random
import re
from collections.abc import Mapping
from typing import Any

import pytest
from delegation_pack.iam import (
    WITHOUT_MFA,
    Attachment,
    Document,
    Finding,
    Kind,
    Query,
    Request,
    Resources,
    Target,
    Unverifiable,
    Values,
    assume_roles_elsewhere,
    assume_this_role,
    callers_of_identity,
    callers_of_trust,
    decide,
    evaluate,
    outside,
    parse,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.policies.iam import naive

OWN, TARGET, OTHER = "111111111111", "222222222222", "333333333333"
MFA = "aws:MultiFactorAuthPresent"
ALLOWED = ("203.0.113.0/24", "2001:db8:1::/48")

pytestmark = pytest.mark.filterwarnings("error")
BOUNDED = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

# The small universe in which the naive evaluator looks for requests: for each key the values (none: absent) that the
# conditions below can tell apart.
UNIVERSE: dict[str, list[list[str]]] = {
    "aws:multifactorauthpresent": [[], ["false"], ["true"]],
    "aws:multifactorauthage": [[], ["10"], ["600"], ["4000"]],
    "aws:tokenissuetime": [[], ["2026-01-01T00:00:00Z"], ["2030-01-01T00:00:00Z"]],
    "aws:currenttime": [["2020-01-01T00:00:00Z"], ["2026-06-01T00:00:00Z"], ["2031-01-01T00:00:00Z"]],
    "aws:sourceip": [[], ["203.0.113.7"], ["203.0.113.200"], ["198.51.100.7"], ["2001:db8:1::5"], ["2001:db8:2::5"]],
    "aws:sourcevpce": [[], ["vpce-1"], ["vpce-2"]],
    "aws:securetransport": [["true"], ["false"]],
    "aws:viaawsservice": [["true"], ["false"]],
    "aws:principaltag/team": [[], ["ops"], ["Ops"], ["alice"], ["zz"], [TARGET], [""]],
    "sts:rolesessionname": [["alice"], ["bob"], ["ops"], ["zz"]],
    "aws:tagkeys": [[], ["a"], ["b"], ["a", "b"], ["a", "c"], [""]],
    "aws:principaltag/level": [[], ["3"], ["5"], ["7"], ["9.5"]],
    "aws:principaltag/since": [[], ["2025"], ["2026-07-01"], ["2029-01-01T00:00:00Z"]],
    "sts:externalid": [[], ["x-1"], ["y"]],
}
USERS = [
    f"arn:aws:iam::{OWN}:user/alice",
    f"arn:aws:iam::{OWN}:user/staff/bob",
    f"arn:aws:iam::{OTHER}:user/carol",
    f"arn:aws:iam::{TARGET}:user/dave",
]
ROLES = [f"arn:aws:iam::{OTHER}:role/x", f"arn:aws:iam::{OTHER}:role/team/ops", f"arn:aws:iam::{OWN}:role/ci"]
ANYTHING = ["*", "arn:aws:s3:::b", "arn:aws:s3:::alice/k", f"arn:aws:sqs:eu-west-1:{OWN}:q"]
"""Resources of other services, some without an account."""
RESOURCES = [
    f"arn:aws:iam::{a}:role/{name}" for a in (OWN, TARGET, OTHER) for name in ("A", "path/A", "alice", "ops", "Zz")
]

BOOLEANS = ["true", "false", True, False, ["true", "false"]]
STRINGS = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
]
PREFIXES = ["", "", "", "ForAllValues:", "ForAnyValue:"]
SUFFIXES = ["", "", "IfExists"]


def some(values: list[Any]) -> list[Any]:
    """Each of the values as often as a list of up to three of them: to be sampled from, since draws cost time."""
    lists = [list(few) for count in (1, 2, 3) for few in itertools.combinations(values, count)]
    return [one for pair in zip(itertools.cycle(values), lists, strict=False) for one in pair]


def block(names: list[str], key: str, values: list[Any], prefixes: list[str] = PREFIXES) -> st.SearchStrategy[Any]:
    operators = [(f"{p}{n}{s}", key) for n in names for p in prefixes for s in SUFFIXES]
    return st.builds(lambda operator, value: (*operator, value), st.sampled_from(operators), st.sampled_from(values))


def null(key: str) -> st.SearchStrategy[Any]:
    return st.sampled_from([("Null", key, value) for value in BOOLEANS])


NUMBERS = [
    f"Numeric{n}" for n in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
]
DATES = [n.replace("Numeric", "Date") for n in NUMBERS]
ARNS = ["ArnLike", "ArnNotLike", "ArnEquals", "StringLike", "StringNotLike", "StringEquals"]
CALLER_ARNS = some(
    [
        *USERS[:3],
        *ROLES[:2],
        f"arn:aws:iam::{OWN}:user/*",
        "arn:aws:iam::*:role/*",
        "*",
        "arn:aws:iam::*:user/${aws:PrincipalTag/team}",
    ]
)
TEAMS = some(["", "*", "ops", "alice", "o*", "?ps", "${aws:username}", "${aws:username, 'ops'}", "OPS"])
TESTS_OF_MFA = st.one_of(
    block(["Bool"], MFA, BOOLEANS),
    block(["StringEquals", "StringNotEquals"], MFA, BOOLEANS),
    block(NUMBERS, "aws:MultiFactorAuthAge", some([60, "3600", 600.0])),
    null(MFA),
    null("aws:TokenIssueTime"),
)
TESTS = st.one_of(
    TESTS_OF_MFA,
    TESTS_OF_MFA,
    block(
        ["IpAddress", "NotIpAddress"],
        "aws:SourceIp",
        some(["203.0.113.0/24", "203.0.113.7", "2001:db8:1::/48", "0.0.0.0/0", "::/0"]),
    ),
    block(["IpAddress", "NotIpAddress"], "AWS:sourceIP", some(["203.0.113.128/25", "198.51.100.9/16"])),
    null("aws:SourceIp"),
    block(STRINGS, "aws:SourceVpce", some(["vpce-1", "vpce-*"])),
    block(ARNS, "aws:PrincipalArn", CALLER_ARNS),
    block(STRINGS, "aws:username", some(["alice", "a*", "bob", "${aws:PrincipalTag/team}"])),
    block(STRINGS, "aws:PrincipalAccount", some([OWN, OTHER, "1*"])),
    block(STRINGS, "aws:PrincipalType", some(["User", "AssumedRole", "user"])),
    block(STRINGS, "aws:ResourceAccount", some([OWN, TARGET, "${aws:PrincipalAccount}"])),
    block(STRINGS, "aws:PrincipalAccount", some([OWN, "${aws:ResourceAccount}"])),
    null("aws:ResourceAccount"),
    block(NUMBERS, "aws:PrincipalTag/level", some(["3", 5, "7.0"])),
    block(DATES, "aws:PrincipalTag/since", some(["2026", "2026-07-01", "2029-01"])),
    block(STRINGS, "aws:PrincipalTag/team", TEAMS),
    block(STRINGS, "sts:RoleSessionName", some(["alice", "${aws:username}", "${aws:PrincipalTag/team}", "*"])),
    block(["StringEquals", "StringLike"], "sts:ExternalId", some(["x-1", "x*"])),
    block(STRINGS, "aws:TagKeys", some(["a", "b", "?", "*", ""]), ["ForAllValues:", "ForAnyValue:"]),
    block(DATES, "aws:CurrentTime", some(["2026-01-01T00:00:00Z", "2030-12-31"])),
    block(DATES, "aws:TokenIssueTime", some(["2026-01-01", "2028-01-01T00:00:00Z"])),
    block(["Bool"], "aws:SecureTransport", BOOLEANS),
    block(["Bool"], "aws:ViaAWSService", BOOLEANS),
    null("aws:username"),
)
SERVICE = "ec2.amazonaws.com"
PRINCIPALS = [
    *["*", {"Service": SERVICE}] * 100,
    *({"AWS": v} for v in some(["*", *USERS[:3], *ROLES[:2], OWN, f"arn:aws:iam::{OTHER}:root", TARGET])),
    *[{"AWS": v, "Service": SERVICE} for v in some(USERS[:2])] * 20,
]
PATTERNS = some(
    [
        *(
            "*",
            f"arn:aws:iam::{TARGET}:role/A",
            f"arn:aws:iam::{TARGET}:role/*",
            "arn:aws:iam::*:role/A",
            f"arn:aws:iam::{OWN}:*",
        ),
        *(
            "arn:aws:iam::*:role/${aws:username}",
            "arn:aws:iam::${aws:PrincipalAccount}:role/*",
            f"arn:aws:iam::{OTHER}:role/?s*",
        ),
        *("arn:aws:iam::*:role/${aws:PrincipalTag/team, 'A'}", "arn:*", "arn:aws:iam::2*:role/*/A"),
        *("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::b", "arn:aws:sqs:*:${aws:ResourceAccount}:*"),
    ]
)
ACTIONS = some(["sts:AssumeRole", "sts:*", "*", "STS:assume*", "sts:TagSession", "sts:AssumeRol?", "s3:*"])


def assembled(effect: str, tests: list[tuple[str, str, Any]], **parts: Any) -> dict[str, Any]:
    condition: dict[str, dict[str, Any]] = {}
    for operator, key, values in tests:
        if key.lower() not in {known.lower() for known in condition.get(operator, {})}:
            condition.setdefault(operator, {})[key] = values
    return {"Effect": effect, **parts, **({"Condition": condition} if condition else {})}


def elements(name: str, values: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{one: value} for value in values for one in (name, name, name, f"Not{name}")])


# Made once: a strategy made while one is drawn from is checked again in every example.
_ACTIONS = elements("Action", ACTIONS)
_ABOUT = {Kind.TRUST: elements("Principal", PRINCIPALS), Kind.IDENTITY: elements("Resource", PATTERNS)}
_EFFECTS = st.sampled_from(["Allow", "Allow", "Deny"])
_VERSIONS = st.sampled_from(["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"])
_CONDITIONS = st.lists(TESTS, max_size=3)


@st.composite
def statements(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    parts = {**draw(_ACTIONS), **draw(_ABOUT[kind])}
    return assembled(draw(_EFFECTS), draw(_CONDITIONS), **parts)


_STATEMENTS = {kind: st.lists(statements(kind), min_size=1, max_size=3) for kind in Kind}


@st.composite
def documents(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    found = draw(_STATEMENTS[kind])
    version = draw(_VERSIONS)
    assume(len(naive.mentioned({"Statement": found}) & UNIVERSE.keys()) <= 3)
    return {"Version": version, "Statement": found}


def queries(kind: Kind, keys: Mapping[str, Values]) -> Query:
    if kind is Kind.TRUST:
        return Query(callers=callers_of_trust(TARGET), targets=(assume_this_role(TARGET),), keys=keys)
    if keys is ON_ANYTHING:
        targets = (Target(actions=("sts:AssumeRole",), resources=Resources(types=())),)
        return Query(callers=callers_of_identity(Attachment.MANAGED, OWN), targets=targets)
    return Query(callers=callers_of_identity(Attachment.MANAGED, OWN), targets=assume_roles_elsewhere(), keys=keys)


def verdict(document: dict[str, Any], kind: Kind, keys: Mapping[str, Values]) -> bool | None:
    """Whether there is a finding; None if that cannot be verified."""
    try:
        return decide(parse(json.dumps(document), kind), queries(kind, keys)) is not None
    except Unverifiable:
        return None


KINDS = pytest.mark.parametrize("kind", list(Kind), ids=["trust", "identity"])


def in_class(keys: Mapping[str, Values], context: naive.Context) -> bool:
    if keys is WITHOUT_MFA:
        return context.get(MFA.lower(), []) != ["true"]
    if keys is AT_LEVEL:
        return all(float(level) in (3, 7) for level in context.get("aws:principaltag/level", []))
    if keys is SINCE:
        (since,) = context.get("aws:principaltag/since", []) or [""]
        return bool(since) and naive.seconds(since) == naive.seconds("2026-07-01")
    if "aws:SourceIp" in keys:
        address = context.get("aws:sourceip", [])
        return not address or not any(naive.compare("IpAddress", address[0], network) for network in ALLOWED)
    return True


def searched(document: dict[str, Any], kind: Kind, keys: Mapping[str, Values]) -> tuple[str, str, naive.Context] | None:
    """A request of the small universe that the naive evaluator lets through."""
    used = naive.mentioned(document) | {key.lower() for key in keys}
    if used & {"aws:multifactorauthage", "aws:tokenissuetime"}:
        used.add(MFA.lower())
    if "aws:sourcevpce" in used:
        used.add("aws:sourceip")
    values = {key: choices for key, choices in UNIVERSE.items() if key in used or key == MFA.lower()}
    for caller in (*USERS, *ROLES):
        if kind is Kind.IDENTITY and OWN not in caller:
            continue
        identity = "AIDAX" if ":user/" in caller else "AROAX:s"
        found = [c for c in naive.contexts(values, role=":role/" in caller) if in_class(keys, c)]
        about = naive.about(document, caller, identity, "sts:AssumeRole")
        for resource in resources_asked(kind, keys):
            derived = naive.with_derived(caller, identity, resource, {})
            for context in found:
                if naive.allowed(about, caller, "sts:AssumeRole", resource, {**context, **derived}):
                    return caller, resource, context
    return None


def resources_asked(kind: Kind, keys: Mapping[str, Values]) -> list[str]:
    if kind is Kind.TRUST:
        return RESOURCES[5:6]
    return [*RESOURCES, *ANYTHING] if keys is ON_ANYTHING else [r for r in RESOURCES if OWN not in r]


def check_finding(document: dict[str, Any], kind: Kind, keys: Mapping[str, Values], finding: Finding) -> None:
    """The counterexample is in the class, can occur, and is let through."""
    request = finding.request
    context = {k.lower(): list(v) if isinstance(v, tuple) else [v] for k, v in request.context.items()}
    assert in_class(keys, context)
    everything = {key: [values] for key, values in context.items()}
    everything.setdefault(MFA.lower(), [[]])
    everything.setdefault("aws:multifactorauthage", [["5"] if everything[MFA.lower()] == [["true"]] else []])
    everything.setdefault("aws:tokenissuetime", [["2026-01-01"] if everything[MFA.lower()] != [[]] else []])
    assert list(naive.contexts(everything, role=":role/" in request.principal)), context
    if kind is Kind.IDENTITY:
        assert request.principal.split(":")[4] == OWN
        assert keys is ON_ANYTHING or request.resource.split(":")[4] != OWN
    elif ":role/" in request.principal:
        assert request.principal.split(":")[4] != TARGET
    identity = "".join(context.get("aws:userid", ["AIDAX" if ":user/" in request.principal else "AROAX:s"]))
    full = naive.with_derived(request.principal, identity, request.resource, context)
    assert naive.allowed(document, request.principal, request.action, request.resource, full), (document, request)


def compared(document: dict[str, Any], kind: Kind, keys: Mapping[str, Values]) -> None:
    try:
        finding = decide(parse(json.dumps(document), kind), queries(kind, keys))
    except Unverifiable as doubt:
        # All that AWS leaves open in these documents.
        if not re.search(r"what ForAnyValue:\w*IfExists makes of", str(doubt)):
            raise
        return
    if finding:
        check_finding(document, kind, keys, finding)
    else:
        assert searched(document, kind, keys) is None


def evaluated(document: Document, content: dict[str, Any], chance: random.Random) -> None:
    """`evaluate` and the naive evaluator agree on a request of the small universe."""
    principal, resource = chance.choice([*USERS, *ROLES]), chance.choice([*RESOURCES, *ANYTHING])
    context = {key: chance.choice(UNIVERSE[key]) for key in naive.mentioned(content) & UNIVERSE.keys()}
    identity = "AIDAX" if ":user/" in principal else "AROAX:s"
    full = naive.with_derived(principal, identity, resource, context)
    given_ = {key: values[0] if len(values) == 1 else tuple(values) for key, values in context.items() if values}
    request = Request(
        principal=principal,
        action="sts:AssumeRole",
        resource=resource,
        context={**given_, "aws:userid": identity, "aws:PrincipalIsAWSService": "false"},
    )
    expected = naive.allowed(content, principal, "sts:AssumeRole", resource, full)
    try:
        found: bool | None = evaluate(document, request).allowed
    except Unverifiable:
        found = None
    assert found == expected, (content, request)


@KINDS
def test_evaluation_agrees_with_the_naive_one(kind: Kind) -> None:
    # `make fuzz` compares many thousands, and quicker.
    @settings(BOUNDED, max_examples=100)
    @given(documents(kind), st.randoms(use_true_random=False))
    def run(content: dict[str, Any], chance: random.Random) -> None:
        evaluated(parse(json.dumps(content), kind), content, chance)

    run()


AT_LEVEL = {"aws:PrincipalTag/level": Values(like=("3", "7.0"))}
SINCE = {"aws:PrincipalTag/since": Values(absent=False, like=("2026-07",))}
ON_ANYTHING: dict[str, Values] = {"aws:PrincipalTag/none": Values()}
"""Asked about all resources there are."""
CLASSES = [WITHOUT_MFA, outside(ALLOWED), {}, AT_LEVEL, SINCE, ON_ANYTHING]
CLASS_NAMES = ["mfa", "address", "any", "number", "date", "any resource"]


@pytest.mark.parametrize("keys", CLASSES, ids=CLASS_NAMES)
@KINDS
def test_verdicts_agree_with_one_by_one_evaluation(kind: Kind, keys: Mapping[str, Values]) -> None:
    @BOUNDED
    @given(documents(kind))
    def run(document: dict[str, Any]) -> None:
        compared(document, kind, keys)

    run()


def respelled(value: Any, draw: st.DrawFn) -> Any:
    """A list of one where a single value stood, or the other way round; items in another order."""
    if isinstance(value, list):
        items = draw(st.permutations(value))
        return items[0] if len(items) == 1 and draw(st.booleans()) else items
    return [value] if draw(st.booleans()) else value


def in_other_case(text: str, draw: st.DrawFn) -> str:
    return draw(st.sampled_from([text, text.lower(), text.upper(), text.swapcase()]))


@st.composite
def spellings(draw: st.DrawFn, kind: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document and the same document in other words."""
    document = draw(documents(kind))
    other = copy.deepcopy(document)
    for statement in other["Statement"]:
        for name in ("Action", "NotAction"):
            if name in statement:
                statement[name] = respelled([in_other_case(a, draw) for a in naive.listed(statement[name])], draw)
        for name in ("Resource", "NotResource"):
            if name in statement:
                statement[name] = respelled(statement[name], draw)
        for name in ("Principal", "NotPrincipal"):
            if name not in statement:
                continue
            if statement[name] == "*":
                statement[name] = draw(st.sampled_from(["*", {"AWS": "*"}, {"AWS": ["*"]}]))
            elif "AWS" in statement[name]:
                root = f"arn:aws:iam::{OWN}:root"
                names = [
                    draw(st.sampled_from([OWN, root])) if n == OWN else n for n in naive.listed(statement[name]["AWS"])
                ]
                statement[name]["AWS"] = respelled(names, draw)
        condition = {
            operator: {in_other_case(key, draw): respelled(values, draw) for key, values in reversed(block.items())}
            for operator, block in reversed(statement.get("Condition", {}).items())
        }
        statement["Condition"] = condition
    other["Statement"] = respelled(list(draw(st.permutations(other["Statement"]))), draw)
    return document, other


@pytest.mark.parametrize("keys", CLASSES[:3], ids=CLASS_NAMES[:3])
@KINDS
def test_spelling_does_not_matter(kind: Kind, keys: Mapping[str, Values]) -> None:
    @BOUNDED
    @given(spellings(kind))
    def run(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
        document, other = pair
        assert verdict(document, kind, keys) == verdict(other, kind, keys)

    run()


@KINDS
def test_a_further_deny_never_makes_a_finding(kind: Kind) -> None:
    @BOUNDED
    @given(documents(kind), statements(kind), st.integers(0, 3))
    def run(document: dict[str, Any], statement: dict[str, Any], place: int) -> None:
        longer = copy.deepcopy(document)
        longer["Statement"].insert(place, {**statement, "Effect": "Deny"})
        if verdict(document, kind, WITHOUT_MFA) is False:
            assert verdict(longer, kind, WITHOUT_MFA) is False

    run()


@KINDS
def test_removing_a_condition_of_an_allow_never_removes_a_finding(kind: Kind) -> None:
    @BOUNDED
    @given(documents(kind), st.data())
    def run(document: dict[str, Any], data: st.DataObject) -> None:
        places = [
            (i, operator, key)
            for i, statement in enumerate(document["Statement"])
            if statement["Effect"] == "Allow"
            for operator, block in statement.get("Condition", {}).items()
            for key in block
        ]
        assume(places)
        i, operator, key = data.draw(st.sampled_from(places))
        weaker = copy.deepcopy(document)
        del weaker["Statement"][i]["Condition"][operator][key]
        if verdict(document, kind, WITHOUT_MFA):
            assert verdict(weaker, kind, WITHOUT_MFA)

    run()


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["*", "Allow", "sts:*", "2012-10-17", "true"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Version",
                    "Statement",
                    "Effect",
                    "Action",
                    "Resource",
                    "Principal",
                    "AWS",
                    "Condition",
                    "Bool",
                    MFA,
                    "Sid",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@KINDS
def test_what_is_not_understood_never_passes(kind: Kind) -> None:
    """One part of a sound document replaced by junk: it is refused, or the naive evaluator can read it too."""

    @BOUNDED
    @given(documents(kind), JUNK, st.data())
    def run(document: dict[str, Any], junk: Any, data: st.DataObject) -> None:
        broken: Any = copy.deepcopy(document)
        spot = data.draw(
            st.sampled_from(
                ["document", "Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition"]
            )
        )
        if spot == "document":
            broken = junk
        elif spot in ("Version", "Statement"):
            broken[spot] = junk
        else:
            broken["Statement"][0][spot] = junk
        try:
            parsed = parse(broken, kind)
        except Unverifiable:
            return
        naive.allowed(
            broken, USERS[0], "sts:AssumeRole", RESOURCES[5], naive.with_derived(USERS[0], "AIDAX", RESOURCES[5], {})
        )
        assert parsed.statements

    run()
