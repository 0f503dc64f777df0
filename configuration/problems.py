"""What is wrong with a configuration, in sentences: where, the value as typed, the rule, what to do."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from configuration.model import DeclaredTarget, LimitedMember, Model, Only, Role, RoleManagement, WideRange

Location = tuple[str | int, ...]
Problem = tuple[Location, str]

# In pydantic's locations: a map's key, as opposed to its value; and an entry's shape, where it may have two.
_MARKS = ("[key]", "[text]", "[map]")

_EXAMPLES = {
    "securityAccountId": 'delegation:securityAccountId: "111111111111"',
    "targetAccountId": 'delegation:targetAccountId: "222222222222"',
    "staticIps": "delegation:staticIps: [203.0.113.10]",
    "groups": "groups: {default: {IT-Admins: [alice, bob]}}",
    "targets": 'delegation:targets: {preprod: "222222222222"}',
    "roles": "roles: {default: {TSU-IAM-ACCESS: {groups: [IT-Admins]}}}",
}

# What pydantic finds, in words that name no Python.
_TYPES = {
    "string_type": "is not text: put it in quotes",
    "string_unicode": "is not valid Unicode: type it again",
    "int_type": "is not a whole number: write it in digits, without quotes",
    "bool_type": "is neither true nor false: write true or false, without quotes",
    "tuple_type": "is not a list: write one entry a line, each after a dash",
    "dict_type": "is not a map: write one `name: value` a line, indented",
    "model_type": "is not a map: write one `name: value` a line, indented",
}


def explained(stack: str, details: ErrorDetails, typed: Mapping[str, object]) -> Problem:
    """Return the problem that a validation error is; `typed` are the values without defaults."""
    location, value = details["loc"], details["input"]
    match details["type"]:
        case "missing" if len(location) > 1:
            return problem(location[:-1], _value_at(location[:-1], typed), f"lacks its {location[-1]}: add it")
        case "missing":
            return missing(stack, str(location[0]))
        case _ if value in (None, ""):
            rule = "is empty: give it a value, or delete the line"
        case "value_error":
            rule = str(details["ctx"]["error"])
        case "literal_error":
            rule = f"is not an allowed value: write {details['ctx']['expected']}"
        case "extra_forbidden":
            fields = [to_camel(name) for name in _model_at(location).model_fields]
            rule = f"is not a field of {path(location[:-1])}: {suggestion(str(location[-1]), fields)}"
        case kind:
            rule = _TYPES.get(kind, details["msg"])
    return problem(location, value, rule)


def _value_at(location: Location, typed: Any) -> object:
    for part in location:
        typed = typed if part in _MARKS else typed[part]
    return typed


def _model_at(location: Location) -> type[Model]:
    if "roleManagement" in location:
        return RoleManagement
    if location[0] == "targets" and "only" in location:
        return Only
    if location[0] == "targets" and "staticIps" in location:
        return WideRange
    models: dict[str | int, type[Model]] = {
        "staticIps": WideRange,
        "groups": LimitedMember,
        "roles": Role,
        "only": Only,
        "targets": DeclaredTarget,
    }
    return models[location[0]]


def missing(stack: str, key: str) -> Problem:
    """Return the problem of a key that has to be there."""
    where = "under `config` of Pulumi.yaml" if key in ("groups", "roles") else "to Pulumi." + stack + ".yaml"
    return (key,), f"{key}: is missing: add a line such as `{_EXAMPLES[key]}` {where}"


def problem(location: Location, value: object, rule: str) -> Problem:
    """Return the problem of a value that breaks a rule."""
    return location, f"{path(location)}: {shown(value)} {rule}"


def path(location: Location) -> str:
    """Return a place in the configuration as a person finds it: `roles.TSU-AUDIT.groups[1]`."""
    first, *rest = (part for part in location if part not in _MARKS)
    return str(first) + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)


def shown(value: object) -> str:
    """Return a value as a person typed it, in at most 80 characters; what a terminal would not print is escaped."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    text = "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)
    return text if len(text) <= 80 else f"{text[:77]}..."


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest to a misspelt one, or all of them, as an end of a sentence."""
    likeness = {item: difflib.SequenceMatcher(None, name.casefold(), item.casefold()).ratio() for item in known}
    best = max(likeness.values())
    if best < 0.6:  # what difflib itself takes for "close"
        return f"choose one of {', '.join(likeness)}"
    return f"did you mean {' or '.join(item for item in likeness if likeness[item] == best)}?"
