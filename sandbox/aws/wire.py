"""Pulumi's property values as plain Python, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

UNKNOWN: str = rpc.UNKNOWN
"""Stands for a value that is not known at preview.

`PropertyValue.computed()` cannot be marshaled in SDK 3.259.0; the text it would become can.
"""


def plain(properties: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """Return the values without secretness and dependencies; absent and null are the same, so nulls are left out."""
    return {key: _plain(value) for key, value in properties.items() if value.value is not None}


def secret_keys(*properties: Mapping[str, PropertyValue]) -> set[str]:
    """Return the top-level keys under which any of the maps holds a secret."""
    return {key for each in properties for key, value in each.items() if value.contains_secret()}


def property_values(values: Mapping[str, Any], secrets: Collection[str] = ()) -> dict[str, PropertyValue]:
    """Return plain values as property values, those under the keys in `secrets` as secrets."""
    return {
        key: _property_value(value).with_secret(key in secrets) for key, value in values.items() if value is not None
    }


def contains_unknown(value: Any) -> bool:
    """Tell whether a plain value is or holds an unknown one."""
    match value:
        case str():
            return value == UNKNOWN
        case Mapping():
            return any(contains_unknown(item) for item in value.values())
        case Sequence():
            return any(contains_unknown(item) for item in value)
    return False


def _plain(value: PropertyValue) -> Any:
    match value.value:
        case float() as number if number.is_integer():
            return int(number)
        case Mapping() as fields:
            return {key: _plain(item) for key, item in fields.items()}
        case tuple() as items:
            return [_plain(item) for item in items]
        case other:
            return other


def _property_value(value: Any) -> PropertyValue:
    match value:
        case bool() | str() | float() | None:
            return PropertyValue(value)
        case int():
            return PropertyValue(float(value))
        case Mapping():
            return PropertyValue({key: _property_value(item) for key, item in value.items()})
        case Sequence():
            return PropertyValue([_property_value(item) for item in value])
    raise TypeError(f"{type(value).__name__} cannot travel to the engine")
