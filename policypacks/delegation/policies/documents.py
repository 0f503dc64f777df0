"""The policy documents of a resource, read so that nothing unknown or malformed passes."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pulumi_policy import ReportViolation, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

TRUST = {"aws:iam/role:Role": "assumeRolePolicy"}
IDENTITY = {
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
}
ROLE_ONLY = {"aws:iam/rolePolicy:RolePolicy"}

Statement = Mapping[str, Any]


class UnverifiableError(Exception):
    """A document that cannot be judged; the message says why."""


def allowing_statements(args: ResourceValidationArgs, properties: Mapping[str, str]) -> Iterator[tuple[int, Statement]]:
    """Yield the Allow statements, numbered from 1, of the resource's document, if it carries one of `properties`.

    Raises:
        UnverifiableError: the document is missing, unknown at preview, or not a policy document.
    """
    name = properties.get(args.resource_type)
    if name is None:
        return
    try:
        document = args.props[name]
    except UnknownValueError:
        raise UnverifiableError(f"{name} is not known at preview") from None
    except KeyError:
        raise UnverifiableError(f"{name} is missing") from None
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            raise UnverifiableError(f"{name} is not JSON") from None
    if not isinstance(document, Mapping) or not isinstance(document.get("Statement"), list | Mapping):
        raise UnverifiableError(f"{name} is not a policy document")
    statements = document["Statement"]
    for index, statement in enumerate(statements if isinstance(statements, list) else [statements], start=1):
        if not isinstance(statement, Mapping) or statement.get("Effect") not in ("Allow", "Deny"):
            raise UnverifiableError(f"statement {index} of {name} is not a policy statement")
        if statement["Effect"] == "Allow":
            yield index, statement


def values(element: object) -> list[str]:
    """Return an element's values, given as one text or as a list of texts.

    Raises:
        UnverifiableError: it is neither.
    """
    found = [element] if isinstance(element, str) else element
    if not isinstance(found, list) or not all(isinstance(value, str) for value in found):
        raise UnverifiableError(f"{element!r} is neither a text nor a list of texts")
    return found


def may_allow(statement: Statement, prefixes: tuple[str, ...]) -> bool:
    """Tell whether a statement's actions could include one that starts with any of the lower-case prefixes."""
    if "NotAction" in statement:
        return True
    for action in values(statement.get("Action")):
        literal = action.lower().split("*")[0].split("?")[0]
        wild = literal != action.lower()
        if any(literal.startswith(prefix) or (wild and prefix.startswith(literal)) for prefix in prefixes):
            return True
    return False


def demands_mfa(statement: Statement, operators: tuple[str, ...]) -> bool:
    """Tell whether a statement demands MFA in the one safe form: one of the operators on the one key, value true."""
    conditions = statement.get("Condition")
    return isinstance(conditions, Mapping) and any(
        isinstance(conditions.get(operator), Mapping)
        and conditions[operator].get("aws:MultiFactorAuthPresent") in ("true", ["true"])
        for operator in operators
    )


def demands_address(statement: Statement, allowed: list[str]) -> bool:
    """Tell whether a statement demands, by IpAddress, a source address within the allowed networks."""
    conditions = statement.get("Condition")
    by_address = conditions.get("IpAddress") if isinstance(conditions, Mapping) else None
    if not isinstance(by_address, Mapping) or "aws:SourceIp" not in by_address:
        return False
    try:
        networks = [ipaddress.ip_network(value) for value in values(by_address["aws:SourceIp"])]
        inside = [ipaddress.ip_network(cidr) for cidr in allowed]
    except ValueError:
        return False
    return bool(networks) and all(
        any(net.version == cidr.version and net.subnet_of(cidr) for cidr in inside)  # type: ignore[arg-type]
        for net in networks
    )


def judging(
    judge: Callable[[ResourceValidationArgs], Iterator[str]],
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    """Make a validator of a function that yields violations: what cannot be judged is a violation too."""

    def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        resource = f"{args.resource_type.rpartition(':')[2]} '{args.name}'"
        try:
            for violation in judge(args):
                report_violation(f"{resource}: {violation}")
        except UnverifiableError as reason:
            report_violation(f"{resource} cannot be verified: {reason}.")

    return validate
