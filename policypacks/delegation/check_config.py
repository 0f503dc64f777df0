"""Checks a configuration file of the policy pack before Pulumi reads it: `check_config.py FILE…`.

Pulumi takes unknown names and lowered levels in silence, and the pack cannot see them. Prints one line for each problem
and ends with 1 if there are any; else one line for each wide address range, with its reason. Standard library only, so
that it runs before anything is installed.
"""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from delegation_pack.exemptions import ExemptionError, exemption
from delegation_pack.rule import Rule
from delegation_pack.rules import RULES

LEVELS = ("disabled", "advisory", "mandatory", "remediate")
NOT_LOWERED = ("mandatory", "remediate")
_BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}
_NETWORK_PROPERTIES = ("allowedCidrs",)
_WIDEST = {4: 24, 6: 48}
"""The shortest prefix, by IP version, of a range that stands without a reason."""
_TYPES: Mapping[str, tuple[str, type]] = {
    "array": ("a list", list),
    "string": ("a text", str),
    "integer": ("a whole number", int),
    "object": ("an object", dict),
}


def problems(file: Path) -> Iterator[str]:
    """Yield what is wrong with a configuration file, one sentence each."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except OSError as error:
        yield f"it cannot be read: {error.strerror}."
        return
    except (ValueError, RecursionError) as error:
        yield f"it is not JSON: {error}."
        return
    if not isinstance(content, dict):
        yield "it is not a JSON object of policies."
        return
    for name, settings in content.items():
        if name == "all":
            yield from _all(settings)
        elif name in _BY_NAME:
            yield from _policy(_BY_NAME[name], settings)
        else:
            yield f"{name}: the pack has no such policy.{_nearest(name, _BY_NAME)}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} stands twice in one object, and Pulumi takes the last")
    return dict(pairs)


def _all(settings: Any) -> Iterator[str]:
    levels = settings if isinstance(settings, dict) else {"enforcementLevel": settings}
    for key, value in levels.items():
        if key == "enforcementLevel":
            yield from _level("all", value, None)
        else:
            yield f"all: it has no property {key}."


def _policy(rule: Rule, settings: Any) -> Iterator[str]:
    if not isinstance(settings, dict):
        yield from _level(rule.name, settings, rule)
        return
    for key, value in settings.items():
        if key == "enforcementLevel":
            yield from _level(rule.name, value, rule)
        elif key not in rule.properties:
            yield f"{rule.name}: it has no property {key}.{_nearest(key, rule.properties)}"
        elif key == "exempt":
            yield from _exemptions(rule.name, value)
        else:
            yield from _value(f"{rule.name}: {key}", key, value, rule.properties[key])


def _level(name: str, level: Any, rule: Rule | None) -> Iterator[str]:
    """Judge the level of one policy or, without a rule, of all that have none of their own."""
    if level not in LEVELS:
        yield f"{name}: {json.dumps(level)} is no enforcement level; {', '.join(LEVELS)} are."
    elif level not in NOT_LOWERED and (rule is None or rule.mandatory):
        whose = "a mandatory policy" if rule else "mandatory policies"
        yield f"{name}: {level} lowers {whose}. Exempt the resource instead, with a reason and a last day."
    elif level == "disabled" and rule and not rule.may_be_disabled:
        yield f"{name}: it says which exemptions are used, and may not be disabled."


def _value(place: str, key: str, value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    kind, type_ = _TYPES[schema["type"]]
    if not isinstance(value, type_) or isinstance(value, bool):
        yield f"{place} is {json.dumps(value)}, not {kind}."
    elif isinstance(value, dict):
        yield from _by_account(place, value, schema["additionalProperties"])
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if key in _NETWORK_PROPERTIES and isinstance(item, dict):
                yield from _wide_range(f"{place}[{i}]", item)
            elif schema["items"].get("type") == "object":
                yield from _object(f"{place}[{i}]", item, schema["items"])
            elif not isinstance(item, str):
                yield f"{place}[{i}] is {json.dumps(item)}, not a text."
            elif key in _NETWORK_PROPERTIES:
                yield from _network(f"{place}[{i}]", item)
            elif not _fits(schema["items"], item):
                yield f"{place}[{i}] is {item!r}, not 12 digits."
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{place} is {value!r}; it must be one of {', '.join(schema['enum'])}."
    elif not _fits(schema, value):
        yield f"{place} is {value!r}, not 12 digits."
    elif len(str(value)) < schema.get("minLength", 0):
        yield f"{place} is {value!r}, shorter than {schema['minLength']} characters."
    elif "minimum" in schema and not schema["minimum"] <= value <= schema["maximum"]:
        yield f"{place} is {value}, outside {schema['minimum']} to {schema['maximum']}."


def _fits(schema: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a text is an account id, where it has to be one."""
    return "pattern" not in schema or re.fullmatch(schema["pattern"], str(value)) is not None


def _by_account(place: str, value: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    for account, own in value.items():
        if re.fullmatch("[0-9]{12}", account):
            yield from _object(f"{place}.{account}", own, schema)
        else:
            yield f"{place}: {account!r} is not 12 digits."


def _object(place: str, item: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(item, dict):
        yield f"{place} is {json.dumps(item)}, not an object of {', '.join(schema['properties'])}."
        return
    yield from (f"{place} has no {name}." for name in schema.get("required", ()) if name not in item)
    for key, value in item.items():
        if key in schema["properties"]:
            yield from _value(f"{place}.{key}", key, value, schema["properties"][key])
        else:
            yield f"{place} has no property {key}.{_nearest(key, schema['properties'])}"


def _network(place: str, text: str, reason: str = "") -> Iterator[str]:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        yield f"{place} is {text!r}, no address and no CIDR."
        return
    widest = _WIDEST[network.version]
    if network.prefixlen == 0:
        yield f"{place} is {text}, every address there is, which would switch the policy off."
    elif network.prefixlen < widest and not reason:
        yield f'{place} is {text}, wider than /{widest}: write {{"cidr": "{text}", "reason": "…"}}.'


def _wide_range(place: str, item: Mapping[str, Any]) -> Iterator[str]:
    match item:
        case {"cidr": str(cidr), "reason": str(reason), **rest} if reason.strip() and not rest:
            yield from _network(place, cidr, reason)
        case _:
            yield f"{place} is {json.dumps(item, ensure_ascii=False)}, not an object of cidr and reason, both texts."


def wide_ranges(file: Path) -> Iterator[str]:
    """Yield the ranges of a checked configuration file that stand there for a reason, one sentence each."""
    for name, settings in json.loads(file.read_text(encoding="utf-8")).items():
        if isinstance(settings, dict):
            yield from _wide_ranges_of(f"{name}: ", settings)
            for account, own in settings.get("byAccount", {}).items():
                yield from _wide_ranges_of(f"{name}: byAccount.{account}.", own)


def _wide_ranges_of(place: str, settings: Mapping[str, Any]) -> Iterator[str]:
    for key in _NETWORK_PROPERTIES:
        for i, item in enumerate(settings.get(key, [])):
            if isinstance(item, dict):
                yield f"{place}{key}[{i}]: {item['cidr']} is allowed because: {item['reason']}"


def _exemptions(name: str, items: Any) -> Iterator[str]:
    if not isinstance(items, list):
        yield f"{name}: exempt is not a list of exemptions."
        return
    for i, item in enumerate(items):
        try:
            exemption(item)
        except ExemptionError as error:
            yield f"{name}: exempt[{i}] does not count: {error}."


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, list(known), 1)
    return f" Did you mean {near[0]}?" if near else ""


def main(arguments: Sequence[str]) -> int:
    """Check the files that are named, and return the exit code."""
    if not arguments:
        print("Name the configuration files of the policy pack: check_config.py FILE…", file=sys.stderr)
        return 2
    found = [f"{argument}: {problem}" for argument in arguments for problem in problems(Path(argument))]
    for line in found:
        print(line, file=sys.stderr)
    if found:
        return 1
    for argument in arguments:
        for note in wide_ranges(Path(argument)):
            print(f"{argument}: {note}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
