"""A second reading of IAM, as plain as can be: one whole request against one raw document.

It shares nothing with the analysis and knows nothing of classes: it is what the analysis is compared with.
"""

from __future__ import annotations

import fnmatch
import functools
import ipaddress
import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

Context = dict[str, list[str]]
"""Condition keys in lower case; a key with an empty list, or none, is absent."""

FALSE_WHEN_ABSENT = (
    "StringEquals",
    "StringLike",
    "StringEqualsIgnoreCase",
    "ArnLike",
    "ArnEquals",
    "Bool",
    "IpAddress",
)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@functools.cache
def glob(pattern: str, text: str) -> bool:
    return _globbing(pattern).fullmatch(text) is not None


@functools.cache
def _globbing(pattern: str) -> re.Pattern[str]:
    form = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile(form, re.DOTALL)


def substituted(text: str, context: Context, version: str, *, wild: bool) -> str | None:
    """The text with variables replaced; stars and question marks of their values are shielded from being wildcards."""
    if version != "2012-10-17":
        return text
    out = ""
    while "${" in text:
        before, _, rest = text.partition("${")
        name, _, text = rest.partition("}")
        out += before
        if name in ("*", "?", "$"):
            out += shielded(name) if wild else name
            continue
        key, comma, default = name.partition(",")
        values = context.get(key.strip().lower(), [])
        if len(values) == 1:
            out += shielded(values[0]) if wild else values[0]
        elif comma:
            out += default.strip().strip("'")
        else:
            return None
    return out + text


def shielded(text: str) -> str:
    return text.replace("*", "\x01").replace("?", "\x02")


def arn_like(pattern: str, text: str) -> bool:
    if pattern == "*":
        return text.count(":") >= 5
    wanted, given = pattern.split(":", 5), text.split(":", 5)
    return len(wanted) == len(given) == 6 and all(glob(p, t) for p, t in zip(wanted, given, strict=True))


@functools.cache
def seconds(text: str) -> float:
    if text.isdigit() and len(text) != 4:
        return float(text)
    text += {4: "-01-01", 7: "-01"}.get(len(text), "")
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@functools.cache
def compare(name: str, given: str, wanted: str) -> bool:
    """One value of the request against one of the condition, without any negation."""
    if name.startswith(("Numeric", "Date")):
        left, right = (float(given), float(wanted)) if name.startswith("Numeric") else (seconds(given), seconds(wanted))
        kind = name.removeprefix("Numeric").removeprefix("Date")
        return {
            "Equals": left == right,
            "NotEquals": left == right,
            "LessThan": left < right,
            "LessThanEquals": left <= right,
            "GreaterThan": left > right,
            "GreaterThanEquals": left >= right,
        }[kind]
    if name in ("IpAddress", "NotIpAddress"):
        network = ipaddress.ip_network(wanted, strict=False)
        address = ipaddress.ip_address(given)
        return address.version == network.version and address in network
    if name == "Bool" or "IgnoreCase" in name:
        return given.lower() == wanted.lower()
    if name in ("StringLike", "StringNotLike"):
        return glob(wanted, shielded(given))
    if name.startswith("Arn"):
        return arn_like(wanted, shielded(given))
    return given == wanted


def condition_holds(operator: str, key: str, wanted: list[str], context: Context, version: str) -> bool | None:
    """None: AWS does not say."""
    prefix, _, rest = operator.rpartition(":")
    name, if_exists = rest.removesuffix("IfExists"), rest.endswith("IfExists")
    values = context.get(key.lower(), [])
    if name == "Null":
        return any((w.lower() == "true") == (not values) for w in wanted)
    negated = "Not" in name
    if not values:
        if prefix == "ForAnyValue":
            return None if if_exists else False
        return if_exists or prefix == "ForAllValues" or negated
    if prefix and values == [""]:
        return prefix == "ForAllValues"
    wild = name in ("StringLike", "StringNotLike") or name.startswith("Arn")
    texts = [substituted(w, context, version, wild=wild) if name.startswith(("String", "Arn")) else w for w in wanted]
    one_by_one = [any(t is not None and compare(name, v, t) for t in texts) != negated for v in values]
    return any(one_by_one) if prefix == "ForAnyValue" else all(one_by_one)


def principal_covers(element: Any, caller: str, identity: str) -> bool:
    if element == "*":
        return True
    for kind, prefix in (("Service", "AWSService:"), ("Federated", "Federated:")):
        if caller.startswith(prefix):
            named = [prefix + entry for entry in listed(element.get(kind, []))]
            return caller in named or "*" in listed(element.get("AWS", []))
    for entry in listed(element.get("AWS", [])):
        account = caller.split(":")[4]
        if entry in ("*", caller, account) or re.fullmatch(rf"arn:[^:]+:iam::{account}:root", entry):
            return True
        if entry == identity or (entry.startswith("AROA") and identity.startswith(entry + ":")):
            return True
        if ":assumed-role/" in entry and ":role/" in caller:
            role, session = entry.split("/")[1:]
            if (
                account == entry.split(":")[4]
                and role == caller.rpartition("/")[2]
                and session == identity.partition(":")[2]
            ):
                return True
    return False


def resource_covers(patterns: Any, resource: str, context: Context, version: str) -> bool:
    for pattern in listed(patterns):
        text = substituted(pattern, context, version, wild=True)
        if text is None:
            continue
        missing = 5 - text.count(":")
        given = shielded(resource)
        if glob(text, given) or (text != "*" and missing > 0 and glob(text + ":*" * missing, given)):
            return True
    return False


def action_covers(patterns: Any, action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), p.lower()) for p in listed(patterns))


def concerns(statement: dict[str, Any], caller: str, identity: str, action: str) -> bool:
    if "Principal" in statement and not principal_covers(statement["Principal"], caller, identity):
        return False
    if "NotPrincipal" in statement and principal_covers(statement["NotPrincipal"], caller, identity):
        return False
    if "Action" in statement and not action_covers(statement["Action"], action):
        return False
    return not ("NotAction" in statement and action_covers(statement["NotAction"], action))


def applies(
    statement: dict[str, Any], caller: str, action: str, resource: str, context: Context, version: str
) -> bool | None:
    if not concerns(statement, caller, "".join(context.get("aws:userid", [])), action):
        return False
    if "Resource" in statement and not resource_covers(statement["Resource"], resource, context, version):
        return False
    if "NotResource" in statement and resource_covers(statement["NotResource"], resource, context, version):
        return False
    results = [
        condition_holds(operator, key, [text(v) for v in listed(wanted)], context, version)
        for operator, block in statement.get("Condition", {}).items()
        for key, wanted in block.items()
    ]
    return False if False in results else None if None in results else True


def text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def allowed(document: dict[str, Any], caller: str, action: str, resource: str, context: Context) -> bool | None:
    """None: it hangs on what AWS does not say."""
    version = document.get("Version", "2008-10-17")
    results: dict[str, list[bool | None]] = {"Allow": [False], "Deny": [False]}
    for statement in listed(document["Statement"]):
        results[statement["Effect"]].append(applies(statement, caller, action, resource, context, version))
    if True in results["Deny"] or not any(result is not False for result in results["Allow"]):
        return False
    return None if None in results["Deny"] or True not in results["Allow"] else True


def about(document: dict[str, Any], caller: str, identity: str, action: str) -> dict[str, Any]:
    """What a document says about one caller and action, for asking it about many resources and contexts."""
    said = [one for one in listed(document["Statement"]) if concerns(one, caller, identity, action)]
    if not any(one["Effect"] == "Allow" for one in said):
        return {**document, "Statement": []}
    settled = {"Action", "NotAction", "Principal", "NotPrincipal"}
    left = [{name: value for name, value in one.items() if name not in settled} for one in said]
    return {**document, "Statement": left}


def of_resource(resource: str) -> Context:
    return {"aws:resourceaccount": [a for a in resource.split(":")[4:5] if a]}


def with_derived(caller: str, identity: str, resource: str, context: Context) -> Context:
    """The context with what follows from caller and resource."""
    if caller.startswith(("AWSService:", "Federated:")):
        return {**context, **of_resource(resource), "aws:principalisawsservice": [str(caller[0] == "A").lower()]}
    derived = {
        "aws:principalarn": [caller],
        "aws:principalaccount": [caller.split(":")[4]],
        "aws:principaltype": [
            "User" if ":user/" in caller else "Account" if caller.endswith(":root") else "AssumedRole"
        ],
        "aws:username": [caller.rpartition("/")[2]] if ":user/" in caller else [],
        "aws:userid": [identity],
        **of_resource(resource),
        "aws:principalisawsservice": ["false"],
    }
    return {**context, **derived}


def mentioned(document: dict[str, Any]) -> set[str]:
    """The condition keys and variables of a document, in lower case."""
    found = {
        key.lower() for s in listed(document["Statement"]) for block in s.get("Condition", {}).values() for key in block
    }
    return found | {name.lower() for name in re.findall(r"\$\{([^},]+:[^},]+)[},]", str(document))}


VPC_KEYS = {"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"}


def contexts(values: dict[str, list[list[str]]], *, role: bool) -> Iterator[Context]:
    """Every combination of the given values that can occur together."""
    for combination in itertools.product(*values.values()):
        context = dict(zip(values, combination, strict=True))
        mfa = context.get("aws:multifactorauthpresent", [])
        if role and not mfa:
            continue
        if "aws:multifactorauthage" in context and bool(context["aws:multifactorauthage"]) != (mfa == ["true"]):
            continue
        if "aws:tokenissuetime" in context and bool(context["aws:tokenissuetime"]) != bool(mfa):
            continue
        if context.get("aws:sourceip") and any(context.get(key) for key in VPC_KEYS):
            continue
        yield context
