"""Types of resources that can carry permissions, or run code that makes such, and that nothing here judges."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.iam import Unverifiable
from delegation_pack.model import Resource, carries, is_read
from delegation_pack.rule import Rule

_ROOT = "pulumi:pulumi:Stack"
_OTHERS = ("pass", "refuse")


def not_judged(resource: Resource, config: Config) -> Iterator[str]:
    """Yield that a resource's type cannot be judged and is not allowed, or that it is none of the only ones."""
    allowed, others = config.get("allowedTypes", []), config.get("otherTypes", _OTHERS[0])
    if isinstance(allowed, str):
        raise Unverifiable(f"allowedTypes is {allowed!r}, which is no list.")
    if others not in _OTHERS:
        raise Unverifiable(f"otherTypes is {others!r}; it must be one of {', '.join(_OTHERS)}.")
    if resource.type == _ROOT or resource.type in allowed:
        return
    does = None if is_read(resource) else carries(resource.type)
    if does:
        yield (
            f"{resource.label} cannot be verified: its type {resource.type} {does}. Declare IAM resources of the "
            "package aws in its place, or let a code owner add the type to allowedTypes."
        )
    elif others == "refuse":
        yield (
            f"{resource.label} has the type {resource.type}, which is not one of allowedTypes, the only types that "
            "this configuration lets a stack hold. Take the resource out, or let a code owner add the type."
        )


RULE = Rule(
    name="delegation-types-are-judged",
    description="What carries permissions, or runs code that makes such, is of a type that the pack can judge.",
    severity="high",
    remediation=(
        "Declare roles and policies as aws.iam.Role, aws.iam.RolePolicy and the like, not by a template, a command or "
        'another provider; or allow the type: "allowedTypes": ["aws:cloudformation/stack:Stack"].'
    ),
    configuration={
        "allowedTypes": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Types of resources, in full, that pass although nothing here judges them.",
        },
        "otherTypes": {
            "type": "string",
            "enum": list(_OTHERS),
            "default": _OTHERS[0],
            "description": "pass: of the other types only known carriers of permissions and runners of code are "
            "refused. refuse: all are.",
        },
    },
    on_resource=not_judged,
)
