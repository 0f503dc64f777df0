"""Checks a configuration file of the policy pack before Pulumi reads it: `check_config.py FILE…`.

With each file it checks `config/default.json`, whose values the pack has wherever the file gives none. Pulumi takes
unknown names and lowered levels in silence, and the pack cannot see them. Prints one line for each problem and ends
with 1 if there are any; else one line for each wide address range, with its reason. Standard library only, so that it
runs before anything is installed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from delegation_pack.configuration import network_problems, shared
from delegation_pack.exemptions import ExemptionError, exemption
from delegation_pack.rule import Rule
from delegation_pack.rules import RULES

DEFAULT = Path(__file__).resolve().parent / "config" / "default.json"
"""What all stacks share."""
LEVELS = ("disabled", "advisory", "mandatory", "remediate")
NOT_LOWERED = ("mandatory", "remediate")
_BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}
_NETWORK_PROPERTIES = ("allowedCidrs",)
_TYPE = re.compile(r"[\w-]+:[\w./-]*:[\w-]+")
_FOR_ALL = {name: schema for rule in RULES for name, schema in rule.properties.items() if name != "exempt"}
"""The properties that `default.json` may give for every policy that has them."""
_TYPES: Mapping[str, tuple[str, type]] = {
    "array": ("a list", list),
    "string": ("a text", str),
    "integer": ("a whole number", int),
    "object": ("an object", dict),
    "boolean": ("true or false", bool),
}


def problems(file: Path) -> Iterator[str]:
    """Yield what is wrong with a configuration file, and with what it makes of what all stacks share, one sentence
    each."""
    try:
        content = read(file)
    except ConfigurationError as error:
        yield str(error)
        return
    of_all = file.resolve() == DEFAULT
    for name, settings in content.items():
        if name == "all":
            yield from _properties("all", settings, _FOR_ALL) if of_all else _all(settings)
        elif name not in _BY_NAME:
            yield f"{name}: the pack has no such policy.{_nearest(name, _BY_NAME)}"
        elif of_all and not (isinstance(settings, dict) and "enforcementLevel" not in settings):
            yield f"{name}: a level has no place here: write an object of properties."
        else:
            yield from _policy(_BY_NAME[name], settings)
    with suppress(ConfigurationError, ValueError):  # Said of that file itself.
        default = read(DEFAULT)
        of_default = list(_together({}, default))
        yield from of_default if of_all else (one for one in _together(content, default) if one not in of_default)


class ConfigurationError(Exception):
    """A file that is no configuration; the text says why, without the file's name."""


def read(file: Path) -> dict[str, Any]:
    """Return the policies of a file.

    Raises:
        ConfigurationError: it cannot be read, or is no JSON object.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise ConfigurationError(f"it cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"it is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise ConfigurationError("it is not a JSON object of policies.")
    return content


def _together(content: Mapping[str, Any], default: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the properties that the pack has in the end."""
    before = shared(default, {name: rule.properties.keys() for name, rule in _BY_NAME.items()})
    after = {
        name: settings | (content[name] if isinstance(content.get(name), dict) else {})
        for name, settings in before.items()
    }
    accounts = {str(settings["securityAccountId"]) for settings in after.values() if "securityAccountId" in settings}
    if len(accounts) > 1:
        yield (
            f"securityAccountId is {' and '.join(sorted(accounts))} together with default.json: there is one Security "
            "account. Name it there alone."
        )
    for name, settings in {**content, **after}.items():
        vendors = settings.get("vendors") if isinstance(settings, dict) else None
        for vendor in vendors if isinstance(vendors, list) else ():
            if isinstance(vendor, dict) and vendor.get("account") in accounts:
                account = vendor["account"]
                yield f"{name}: vendors has {account}, the Security account, which is nobody else's. Take it out."
    for name, settings in after.items():
        shared_roles, roles = before[name].get("protectedRoles"), settings.get("protectedRoles")
        if isinstance(shared_roles, list) and isinstance(roles, list):
            for role in (role for role in shared_roles if role not in roles):
                yield f"{name}: protectedRoles lacks {role}, which default.json protects in all stacks. Add it."


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
    if "enforcementLevel" in settings:
        yield from _level(rule.name, settings["enforcementLevel"], rule)
    properties = {key: value for key, value in settings.items() if key != "enforcementLevel"}
    yield from _properties(rule.name, properties, rule.properties)


def _properties(name: str, settings: Any, known: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(settings, dict):
        yield f"{name}: it is not an object of properties."
        return
    for key, value in settings.items():
        if key not in known:
            yield f"{name}: it has no property {key}.{_nearest(key, known)}"
        elif key == "exempt":
            yield from _exemptions(name, value)
        else:
            yield from _value(f"{name}: {key}", key, value, known[key])


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
    if not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool):
        yield f"{place} is {json.dumps(value)}, not {kind}."
    elif isinstance(value, dict):
        yield from _by_account(place, value, schema["additionalProperties"])
    elif isinstance(value, list):
        if key in _NETWORK_PROPERTIES:
            yield from (f"{place}{problem}" for problem in network_problems(value))
            return
        for i, item in enumerate(value):
            if schema["items"].get("type") == "object":
                yield from _object(f"{place}[{i}]", item, schema["items"])
            elif not isinstance(item, str):
                yield f"{place}[{i}] is {json.dumps(item)}, not a text."
            elif not _fits(schema["items"], item):
                yield f"{place}[{i}] is {item!r}, not 12 digits."
            elif key == "allowedTypes" and not _TYPE.fullmatch(item):
                yield f"{place}[{i}] is {item!r}, no type of resources: write it in full, such as aws:s3/bucket:Bucket."
            elif key == "protectedRoles" and not item.strip("*?"):
                yield f"{place}[{i}] is {item!r}, every role there is: name some."
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
    here = Path.cwd()
    default = DEFAULT.relative_to(here) if DEFAULT.is_relative_to(here) else DEFAULT
    files = list(dict.fromkeys([str(default), *arguments]))
    found = [f"{file}: {problem}" for file in files for problem in problems(Path(file))]
    for line in found:
        print(line, file=sys.stderr)
    if found:
        return 1
    for file in files:
        for note in wide_ranges(Path(file)):
            print(f"{file}: {note}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
