"""The report: one static page without outside assets, which holds all verdicts and searches them in the browser."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from access import matrix
from access.explain import reasons, revoked, role_summary, sentence, statement_json, terms
from access.headroom import headroom
from access.model import Role, read_at
from access.setup import switch_role_by_hand, switch_role_link
from access.states import InputError
from access.verdicts import Cell, Ref, Status, Verdicts

_FOLDER = Path(__file__).parent
_WHO = "{user}"
_STATUS = {Status.REFUSED: 0, Status.ALLOWED: 1, Status.UNVERIFIED: 2}
_LONGEST_LIST = 12
"""Entries of a list that a shown statement keeps; a trust policy may name hundreds of users."""


def write(verdicts: Verdicts, folder: Path) -> Path:
    """Write the page as `index.html` into a folder, made if missing, and return its path.

    Raises:
        InputError: the folder cannot be written to.
    """
    # "<" is written so that no text of a state can end the script element.
    data = json.dumps(_data(verdicts), separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    page = (_FOLDER / "page.html").read_text(encoding="utf-8")
    parts = {"style": "page.css", "script": "page.js"}
    for name, file in parts.items():
        page = page.replace(f"/*{name}*/", (_FOLDER / file).read_text(encoding="utf-8"))
    target = folder / "index.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_text(page.replace("/*data*/", data), encoding="utf-8")
    except OSError as error:
        raise InputError(f"The report cannot be written to {folder}: {error.strerror}.") from None
    return target


class _Table:
    """Values that are written once and named by their position."""

    def __init__(self) -> None:
        self.positions: dict[Any, int] = {}
        self.values: list[Any] = []

    def position(self, key: Any, value: Any) -> int:
        """The position of a value; `value` makes it when it is new."""
        if key not in self.positions:
            self.positions[key] = len(self.values)
            self.values.append(value())
        return self.positions[key]


def _data(verdicts: Verdicts) -> Mapping[str, Any]:
    model = verdicts.model
    roles = sorted(model.roles, key=lambda r: (model.label(r.account), r.name))
    told, cells = _cells(verdicts, roles)
    return {
        "made": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "readAt": read_at(model),
        "sources": [
            {"stack": s.name, "project": s.project, "source": s.source, "time": s.time and f"{s.time[:19]}Z"}
            for s in model.stacks
        ],
        "users": [
            {"name": u.name, "arn": u.arn, "groups": [g.name for g in u.groups], "account": model.label(u.account)}
            for u in model.users
        ],
        "roles": [_role(verdicts, role) for role in roles],
        **told,
        "cells": cells,
        "outsiders": matrix.outsiders(verdicts),
        "headroom": [asdict(quota) | {"account": model.label(quota.account)} for quota in headroom(verdicts)],
    }


def _cells(verdicts: Verdicts, roles: Sequence[Role]) -> tuple[Mapping[str, Any], list[int]]:
    """What is told of cells, once for all that rest on the same; and the position of each cell in it."""
    told, statements = _Table(), _Table()

    def tell(cell: Cell) -> Mapping[str, Any]:
        mfa, where = terms(cell.access)
        return {
            "status": _STATUS[cell.status],
            "mfa": mfa,
            "from": where,
            "only": ", ".join(map(str, cell.provisos)),
            "said": sentence(cell.access, cell.provisos) if cell.access else "",
            "noMfa": bool(cell.access.without_mfa),
            "anywhere": cell.access.addresses.unrestricted,
            "why": reasons(cell, _WHO),
            "by": [
                statements.position(ref, lambda ref=ref: _statement(ref)) for refs in cell.statements for ref in refs
            ],
        }

    cells = [told.position((cell.role.arn, id(cell.decision)), partial(tell, cell)) for cell in verdicts.cells(roles)]
    return {"verdicts": told.values, "statements": statements.values}, cells


def _role(verdicts: Verdicts, role: Role) -> Mapping[str, Any]:
    lock, time = verdicts.session_addresses(role), verdicts.revoked_before(role)
    return {
        "name": f"{role.path}{role.name}".lstrip("/"),
        "arn": role.arn,
        "account": role.account,
        "label": verdicts.model.label(role.account),
        "link": switch_role_link(verdicts.model, role),
        "byHand": f"{switch_role_by_hand(role)}.",
        "hours": round(role.max_session / 3600, 1),
        "lock": "" if lock is None else str(lock),
        "revoked": revoked(time) if time else "",
        "may": role_summary(role),
    }


def _statement(ref: Ref) -> tuple[str, str]:
    return ref.title, json.dumps(_shortened(statement_json(ref)), indent=2, ensure_ascii=False)


def _shortened(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list) and len(value) > _LONGEST_LIST:
        return [*value[:_LONGEST_LIST], f"… and {len(value) - _LONGEST_LIST} more"]
    return value
