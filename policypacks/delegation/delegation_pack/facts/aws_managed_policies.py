"""The policies that AWS keeps, reduced to what they say about identities.

`aws_managed_policies.json` is generated (`make facts`); source and date are in it. It has every policy that can be
attached to a principal. Of each it keeps what is denied, and of what is allowed the statements, and of these the
actions, of `actions.SERVICES`; what is left of the others is one statement that does nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from delegation_pack.facts.actions import SERVICES

TABLE = Path(__file__).with_suffix(".json")

_ARN = re.compile(r"arn:aws(-[a-z]+)*:iam::aws:policy/(?P<name>.+)")
_NOTHING = {
    "Effect": "Deny",
    "Action": "none:None",
    "Resource": "*",
    "Condition": {"Null": {"aws:CurrentTime": "true"}},
}
"""Applies to no request, for each has a time: a document that is gone opens nothing."""


def name_of(arn: object) -> str | None:
    """Return path and name of a policy that AWS keeps: "service-role/AWSLambdaRole"; None for any other ARN."""
    match = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    return match["name"] if match else None


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def date() -> str:
    """Return the day of the newest policy in the table."""
    return str(_table()["date"])


@cache
def documents() -> Mapping[str, Mapping[str, Any]]:
    """Return the reduced documents by path and name."""
    return {
        name: {"Version": "2012-10-17", "Statement": statements or [_NOTHING]}
        for name, statements in _table()["policies"].items()
    }


def reduced(statements: Any) -> list[dict[str, Any]]:
    """Return of a policy's statements what bears on `SERVICES`, and all that is denied."""
    found = []
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement["Effect"] == "Deny":
            found.append(statement)
            continue
        actions = statement.get("Action", [])
        kept = [one for one in ([actions] if isinstance(actions, str) else actions) if _bears(one)]
        if kept or "NotAction" in statement:
            found.append({**statement, **({"Action": kept if len(kept) > 1 else kept[0]} if kept else {})})
    return found


def _bears(action: str) -> bool:
    service = action.partition(":")[0].lower()
    return "*" in service or "?" in service or service in SERVICES
