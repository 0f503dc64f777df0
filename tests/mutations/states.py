"""Exported states, and the changes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

State = dict[str, Any]
Document = dict[str, Any]
Statement = dict[str, Any]
Config = dict[str, Any]

SECURITY, ELSEWHERE = "111111111111", "999999999999"
AWS_MANAGED = "arn:aws:iam::aws:policy/"
ADMINISTRATOR = f"{AWS_MANAGED}AdministratorAccess"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One changed state."""

    stack: str
    name: str
    state: State
    config: Config = field(default_factory=dict)
    """What the pack's configuration has beside the stack's own, by policy."""
    by: str = ""
    """The policy that has to refuse it, where others do for another reason."""


def resources(state: State) -> list[dict[str, Any]]:
    """Return the resources of an exported state."""
    found: list[dict[str, Any]] = state["deployment"]["resources"]
    return found


def made_role(beside: dict[str, Any], name: str, *statements: Statement) -> dict[str, Any]:
    """Return a role that exists in the account of another, with the statements of its trust policy."""
    account = beside["outputs"]["arn"].split(":")[4]
    inputs = {"name": name, "assumeRolePolicy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}
    outputs = {**inputs, "arn": f"arn:aws:iam::{account}:role/{name}"}
    return made(beside, "aws:iam/role:Role", inputs, f"of-{name}", outputs=outputs)


def made(
    beside: dict[str, Any], type_: str, properties: dict[str, Any], name: str = "more", **more: Any
) -> dict[str, Any]:
    """Return a resource of the same stack and provider as another."""
    return {
        "urn": f"{beside['urn'].rpartition('::')[0].replace(beside['type'], type_)}::{name}",
        "type": type_,
        "custom": True,
        "id": name,
        "provider": beside["provider"],
        "inputs": properties,
        "outputs": properties,
        **more,
    }
