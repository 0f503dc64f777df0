"""The package schema, which `pulumi import` asks for: https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/"""

from __future__ import annotations

from typing import Any

from sandbox.aws.resources import RESOURCES
from sandbox.aws.resources.base import Input, Kind, Resource


def package_schema() -> dict[str, Any]:
    """Return the schema of the resource types that the stand-in knows."""
    return {"name": "aws", "resources": {token: _resource(resource) for token, resource in RESOURCES.items()}}


def _resource(resource: Resource) -> dict[str, Any]:
    properties = {name: _property(each) for name, each in resource.inputs.items()}
    required = [name for name, each in resource.inputs.items() if each.required and name != "name"]
    return {
        "inputProperties": properties,
        "requiredInputs": required,
        "properties": properties | {name: {"type": "string"} for name in resource.computed},
        "required": required,
    }


def _property(each: Input) -> dict[str, Any]:
    match each.kind:
        case Kind.TAGS:
            return {"type": "object", "additionalProperties": {"type": "string"}}
        case Kind.SET:
            return {"type": "array", "items": {"type": "string"}}
        case Kind.DOCUMENT:
            return {"type": "string"}
        case _:
            return {"type": each.kind.value}
