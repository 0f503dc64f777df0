"""Policy documents as plain data: the statements and documents that tests are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MFA: dict[str, Any] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def document(*statements: Mapping[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": [dict(statement) for statement in statements]}


def allow(action: str | list[str] = "iam:GetUser", resource: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    """An Allow of an identity policy; `condition` by operators."""
    return _with({"Effect": "Allow", "Action": action, "Resource": resource}, condition)


def deny(action: str | list[str] = "iam:GetUser", resource: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    """A Deny of an identity policy."""
    return {**allow(action, resource, **condition), "Effect": "Deny"}


def trusting(principal: Any, action: str | list[str] = "sts:AssumeRole", **condition: Any) -> dict[str, Any]:
    """An Allow of a trust policy, for principals of AWS or for a whole Principal element."""
    element = principal if principal == "*" or isinstance(principal, dict) else {"AWS": principal}
    return _with({"Effect": "Allow", "Principal": element, "Action": action}, condition)


def _with(statement: dict[str, Any], condition: Mapping[str, Any]) -> dict[str, Any]:
    return {**statement, "Condition": dict(condition)} if condition else statement
