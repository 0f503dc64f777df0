"""Callers as one text, "<ARN>\\n<unique id>", so that all that is said about a caller is said about that text.

A service of AWS and an identity provider stand there as "AWSService:ec2.amazonaws.com" and "Federated:<provider>".

`aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:username` and `aws:userid` are parts of it; a condition on one of them,
or an entry of a Principal element, is a set of such texts. So they never contradict each other in a counterexample.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from delegation_pack.iam.document import Principal, PrincipalKind, Statement
from delegation_pack.iam.keys import OF_PRINCIPAL
from delegation_pack.iam.patterns import (
    ANY,
    ANYTHING,
    DIGIT,
    FIELD,
    FIELDS,
    ID,
    IDS,
    NAME,
    NAMES,
    PATH,
    PATHS,
    SEPARATOR,
    Language,
    union,
)
from delegation_pack.iam.query import WITHOUT_ARN, Callers, CallerType, Resources

_NAME = NAME + NAMES
_ANY_ID = SEPARATOR + ANYTHING
_IAM = "arn:" + FIELDS + ":iam::"


_WITHOUT_ARN = tuple(f"{type_}:" for type_ in sorted(WITHOUT_ARN))
_IDS_OF = {
    CallerType.USER: f"AIDA{ID}{IDS}",
    CallerType.ROLE: f"AROA{ID}{IDS}:{_NAME}",
    CallerType.ACCOUNT: 12 * DIGIT,
}
_TYPES_OF = {CallerType.USER: "user", CallerType.ROLE: "role", CallerType.ACCOUNT: "root"}


def _shapes(type_: str) -> list[str]:
    """The part of an ARN after the account: with and without a path."""
    if type_ == "root":
        return ["root"]
    return [f"{type_}/{_NAME}", f"{type_}/{PATH}{PATHS}/{_NAME}"]


@lru_cache(maxsize=256)
def callers_language(callers: Callers, partition: str) -> Language:
    """The texts of a class of callers, as far as they are of this partition."""
    if callers.type in WITHOUT_ARN:
        return union([f"{callers.type}:{PATH}{ANYTHING}{SEPARATOR}"])
    identity = SEPARATOR + _IDS_OF[callers.type]
    if callers.arn:
        return union([callers.arn + identity])
    prefix = f"arn:{partition}:iam::{callers.account or 12 * DIGIT}:"
    return union(prefix + shape + identity for shape in _shapes(_TYPES_OF[callers.type]))


@lru_cache(maxsize=256)
def resources_language(resources: Resources, partition: str) -> Language:
    """The ARNs of a class of resources in a partition, without the class's `like` and `but`."""
    if not resources.types:
        return union(["*", f"arn:{partition}:{FIELD}{FIELDS}:{FIELDS}:{FIELDS}:{ANYTHING}"])
    prefix = f"arn:{partition}:iam::{resources.account or 12 * DIGIT}:"
    return union(prefix + shape for type_ in resources.types for shape in _shapes(type_))


def principals_language(principals: Iterable[Principal]) -> Language:
    """The callers that the entries of a Principal element name."""
    return _principals_language(tuple(principals))


@lru_cache(maxsize=1 << 12)
def _principals_language(principals: tuple[Principal, ...]) -> Language:
    return union(pattern for principal in principals for pattern in _entry(principal))


def names_directly(statement: Statement, principal: str, unique_id: str | None = None) -> bool:
    """Whether a statement's Principal names this very caller, or everybody, and not only the caller's account.

    In the role's own account that is enough to assume it; see
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html.
    """
    caller = f"{principal}{SEPARATOR}{unique_id or ''}"
    if statement.not_principals is not None:
        return caller not in principals_language(statement.not_principals)
    direct = (entry for entry in statement.principals or () if entry.kind is not PrincipalKind.ACCOUNT)
    return caller in principals_language(direct)


def _entry(principal: Principal) -> Sequence[str]:
    value = principal.value
    match principal.kind:
        case PrincipalKind.WILDCARD:
            return [ANYTHING + _ANY_ID]
        case PrincipalKind.ACCOUNT:
            return project("aws:principalaccount", str(principal.account))
        case PrincipalKind.USER | PrincipalKind.ROLE:
            return [value + _ANY_ID]
        case PrincipalKind.UNIQUE_ID:
            return [ANYTHING + SEPARATOR + value + (":" + ANYTHING if value.startswith("AROA") else "")]
        case PrincipalKind.SESSION:
            # The ARN of a session names the role without its path.
            _, role, session = value.split(":", 5)[5].split("/")
            place = f"{_IAM}{principal.account}:role/"
            return [f"{place}{path}{role}{SEPARATOR}{ANYTHING}:{session}" for path in ("", PATHS + "/")]
        case PrincipalKind.SERVICE:
            return [f"{CallerType.SERVICE}:{value}{_ANY_ID}"]
        case PrincipalKind.FEDERATED:
            return [f"{CallerType.FEDERATED}:{value}{_ANY_ID}"]
        case _:
            return []


def project(key: str, pattern: str) -> list[str]:
    """The texts of callers, or ARNs of resources, for which a key that follows from them matches a pattern."""
    if key == "aws:principalarn":
        return [pattern + _ANY_ID]
    if key == "aws:userid":
        return [ANYTHING + SEPARATOR + pattern]
    if key == "aws:username":
        name = pattern.replace(ANY, NAME).replace(ANYTHING, NAMES)
        return [] if "/" in name else [f"{_IAM}{FIELDS}:user/{path}{name}{_ANY_ID}" for path in ("", PATHS + "/")]
    account = pattern.replace(ANY, FIELD).replace(ANYTHING, FIELDS)
    if ":" in account:
        return []
    if key == "aws:principalaccount":
        return [f"{_IAM}{account}:{ANYTHING}{_ANY_ID}"]
    return [f"arn:{FIELDS}:{FIELDS}:{FIELDS}:{account}:{ANYTHING}"]


def caller_type(principal: str) -> CallerType | None:
    """What a principal of a request is, as far as `aws:PrincipalType` tells it."""
    if principal.startswith(_WITHOUT_ARN):
        return None
    kind = principal.split(":", 5)[5].partition("/")[0] if principal.count(":") >= 5 else ""
    return next((type_ for type_, named in _TYPES_OF.items() if named == kind), CallerType.ROLE)


def lacking(key: str) -> list[str]:
    """The texts of callers, or of resources, that do not have a key which follows from them."""
    return ["*", f"arn:{FIELDS}:{FIELDS}:{FIELDS}::{ANYTHING}"] if key == "aws:resourceaccount" else []


def part(key: str, text: str) -> str | None:
    """The value of a key that follows from a caller's text or a resource's ARN; None if it has none."""
    arn, _, identity = text.partition(SEPARATOR)
    fields = arn.split(":", 5)
    if arn.startswith(_WITHOUT_ARN) and key in OF_PRINCIPAL:
        return None
    if key == "aws:principalarn":
        return arn
    if key == "aws:userid":
        return identity or None
    if len(fields) < 6:
        return None
    if key == "aws:username":
        return fields[5].rpartition("/")[2] if fields[5].startswith("user/") else None
    return fields[4] or None
