"""Policy documents: their text, their grammar, their size, and when two of them are the same policy.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

VERSIONS = ("2012-10-17", "2008-10-17")
_STATEMENT_KEYS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_PRINCIPAL_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}
_ACTION = re.compile(r"\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?-]+")
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", re.DOTALL)
_ACCOUNT_ROOT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")
_COMPARISONS = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
]
_OPERATORS = {
    f"{quantifier}{comparison}{suffix}"
    for quantifier in ("", "ForAllValues:", "ForAnyValue:")
    for comparison in _COMPARISONS
    for suffix in ("", "IfExists")
} | {"Null"}


class InvalidDocumentError(ValueError):
    """The text is not a policy document; the message is what AWS says about it, as far as AWS's words are known."""


def parse(text: str) -> dict[str, Any]:
    """Return the document in a JSON text.

    Raises InvalidDocumentError if it is not JSON, not an object, or has one key twice in an object (of which JSON
    readers keep the last, so that people and programs read different policies).
    """
    try:
        document = json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise InvalidDocumentError(f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidDocumentError("it is not a JSON object")
    return document


def dump(document: Mapping[str, Any]) -> str:
    """Return the compact JSON text of a document."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def normalized(text: str, *, version_first: bool = False) -> str:
    """Return a document as the Terraform provider keeps it: keys sorted, no spaces, and Go's escapes.

    `version_first` is its form for inline policies (`verify.LegacyPolicyNormalize`).
    A text that is no document is returned as it is.
    """
    try:
        document = parse(text)
    except InvalidDocumentError:
        return text
    if version_first and "Version" in document:
        rest = sorted((key, value) for key, value in document.items() if key != "Version")
        document = {"Version": document["Version"], **{key: _with_sorted_keys(value) for key, value in rest}}
    else:
        document = _with_sorted_keys(document)
    # Go's encoding/json escapes what HTML treats specially.
    return dump(document).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _with_sorted_keys(value: Any) -> Any:
    return json.loads(json.dumps(value, sort_keys=True))


def check_identity(text: str) -> None:
    """Raise InvalidDocumentError unless AWS takes the text as a policy of a user, group or role."""
    for statement in _checked_statements(text):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise InvalidDocumentError("Policy document should not specify a principal.")
        _check_one_of(statement, "Resource", "NotResource", "Policy statement must contain resources.")
        for resource in _texts(statement, "Resource") + _texts(statement, "NotResource"):
            if not _RESOURCE.fullmatch(resource):
                raise InvalidDocumentError(f'Resource {resource} must be in ARN format or "*".')


def check_trust(text: str) -> None:
    """Raise InvalidDocumentError unless AWS takes the text as a trust policy, as far as its principals exist."""
    for statement in _checked_statements(text):
        _check_one_of(statement, "Principal", "NotPrincipal", "Policy document must specify a principal.")
        for key in ("Resource", "NotResource"):
            if key in statement:
                raise InvalidDocumentError(f"Has prohibited field {key}")
        for action in _texts(statement, "Action") + _texts(statement, "NotAction"):
            if not action.lower().startswith("sts:"):
                raise InvalidDocumentError("AssumeRole policy may only specify STS AssumeRole actions.")
        for key in ("Principal", "NotPrincipal"):
            _check_principal(statement.get(key))


def principals(text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) of every principal in a trust policy: `("AWS", "arn:aws:iam::111111111111:user/alice")`."""
    for statement in _statements(parse(text)):
        for key in ("Principal", "NotPrincipal"):
            principal = statement.get(key)
            if principal == "*":
                yield "AWS", "*"
            elif isinstance(principal, dict):
                for kind, values in principal.items():
                    yield from ((kind, value) for value in _as_list(values))


def same(one: str, other: str) -> bool:
    """Tell whether two texts are the same policy.

    The order of keys, of statements and of the values in a list, white space, a single value or a list of one, the
    case of actions and condition keys, numbers and booleans or their text, and an account's root ARN or its
    number make no difference to AWS. A text that is no document equals only itself.
    """
    if one == other:
        return True
    try:
        return _canonical(parse(one)) == _canonical(parse(other))
    except (InvalidDocumentError, AttributeError, TypeError):
        return False


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidDocumentError(f"it has the key {key!r} twice in one object")
        found[key] = value
    return found


def _checked_statements(text: str) -> list[dict[str, Any]]:
    document = parse(text)
    if unknown := document.keys() - {"Version", "Id", "Statement"}:
        raise InvalidDocumentError(f"Syntax errors in policy: unknown element {min(unknown)}.")
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        raise InvalidDocumentError(f"The policy must contain a valid version string: {VERSIONS[0]} or {VERSIONS[1]}.")
    statements = _statements(document)
    if not statements:
        raise InvalidDocumentError("Syntax errors in policy: no statement.")
    for statement in statements:
        _check_statement(statement)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise InvalidDocumentError("Statement IDs (SID) in a single policy must be unique.")
    return statements


def _check_statement(statement: object) -> None:
    if not isinstance(statement, dict):
        raise InvalidDocumentError("Syntax errors in policy: a statement is not an object.")
    if unknown := statement.keys() - _STATEMENT_KEYS:
        raise InvalidDocumentError(f"Syntax errors in policy: unknown element {min(unknown)}.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise InvalidDocumentError("Syntax errors in policy: Effect is neither Allow nor Deny.")
    if not re.fullmatch("[A-Za-z0-9]*", str(statement.get("Sid", ""))):
        raise InvalidDocumentError("Statement IDs (SID) must be alpha-numeric.")
    _check_one_of(statement, "Action", "NotAction", "Policy statement must contain actions.")
    for action in _texts(statement, "Action") + _texts(statement, "NotAction"):
        if not _ACTION.fullmatch(action):
            raise InvalidDocumentError(
                f"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: {action}"
            )
    _check_condition(statement.get("Condition", {}))


def _check_one_of(statement: Mapping[str, Any], key: str, negated: str, missing: str) -> None:
    if key in statement and negated in statement:
        raise InvalidDocumentError(f"Syntax errors in policy: both {key} and {negated}.")
    if not statement.get(key) and not statement.get(negated):
        raise InvalidDocumentError(missing)


def _check_condition(condition: object) -> None:
    if not isinstance(condition, dict):
        raise InvalidDocumentError("Syntax errors in policy: Condition is not an object.")
    for operator, keys in condition.items():
        if operator not in _OPERATORS:
            raise InvalidDocumentError(f"Invalid Condition type : {operator}.")
        if not isinstance(keys, dict) or not keys:
            raise InvalidDocumentError(f"Syntax errors in policy: {operator} names no condition key.")
        for key, values in keys.items():
            if not all(isinstance(value, str | int | float) for value in _as_list(values)):
                raise InvalidDocumentError(
                    f"Syntax errors in policy: a value of {key} is neither text, number nor boolean."
                )


def _check_principal(principal: object) -> None:
    if principal is None or principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise InvalidDocumentError("Invalid principal in policy: it is neither an object nor *.")
    for kind, values in principal.items():
        if kind not in _PRINCIPAL_KINDS:
            raise InvalidDocumentError(f"Invalid principal in policy: unknown kind {kind}.")
        if not _as_list(values) or not all(isinstance(value, str) for value in _as_list(values)):
            raise InvalidDocumentError(f"Invalid principal in policy: {kind} is neither a text nor a list of texts.")


def _statements(document: Mapping[str, Any]) -> list[Any]:
    return _as_list(document.get("Statement", []))


def _texts(statement: Mapping[str, Any], key: str) -> list[str]:
    values = _as_list(statement.get(key, []))
    if not all(isinstance(value, str) for value in values):
        raise InvalidDocumentError(f"Syntax errors in policy: {key} is neither a text nor a list of texts.")
    return values


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _canonical(document: Mapping[str, Any]) -> object:
    rest = {key: value for key, value in document.items() if key not in ("Version", "Statement")}
    return {
        **rest,
        "Version": document.get("Version", "2008-10-17"),
        "Statement": _sorted([_canonical_statement(statement) for statement in _statements(document)]),
    }


def _canonical_statement(statement: Mapping[str, Any]) -> object:
    forms: dict[str, Callable[[Any], object]] = {
        "Action": lambda value: _values(value, str.lower),
        "NotAction": lambda value: _values(value, str.lower),
        "Resource": _values,
        "NotResource": _values,
        "Principal": _canonical_principal,
        "NotPrincipal": _canonical_principal,
        "Condition": _canonical_condition,
    }
    return {
        key: forms[key](value) if key in forms else value
        for key, value in statement.items()
        if value not in ("", {}, None)
    }


def _canonical_principal(principal: Any) -> object:
    if principal == "*":
        principal = {"AWS": "*"}
    return {kind: _values(values, lambda value: _ACCOUNT_ROOT.sub(r"\1", value)) for kind, values in principal.items()}


def _canonical_condition(condition: Mapping[str, Any]) -> object:
    return {
        operator: {key.lower(): _values(values, _condition_text) for key, values in keys.items()}
        for operator, keys in condition.items()
    }


def _condition_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _values(value: Any, form: Callable[[Any], str] = str) -> list[str]:
    return sorted({form(item) for item in _as_list(value)})


def _sorted(values: list[object]) -> list[object]:
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True))
