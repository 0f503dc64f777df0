"""The matrix: every user against every role, in four formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO

from rich.table import Table
from rich.text import Text

from access.escaping import markdown as escaped
from access.explain import terms
from access.model import Model
from access.verdicts import Cell, Ref, Status, Verdicts

WIDE = 100
"""Columns of a terminal from which on the table has room for the statements."""

COLUMNS = (
    *("user", "user_arn", "account", "account_name", "role", "role_arn", "verdict", "mfa", "from"),
    *("conditions", "identity_statements", "trust_statements", "notes"),
)


def rows(verdicts: Verdicts) -> Iterator[Sequence[str]]:
    """Every user and role as texts, one row each, in the order of `COLUMNS`."""
    model = verdicts.model
    places = {role.arn: (role.account, model.label(role.account), role.name, role.arn) for role in model.roles}
    told: dict[int, tuple[str, ...]] = {}
    for cell in verdicts.cells():
        key = id(cell.decision)
        if key not in told:
            told[key] = _told(cell)
        yield (cell.user.name, cell.user.arn, *places[cell.role.arn], *told[key])


def _told(cell: Cell) -> tuple[str, ...]:
    mfa, where = terms(cell.access)
    identity, trust = (_titles(refs) for refs in cell.statements)
    return (cell.status, mfa, where, "; ".join(map(str, cell.provisos)), identity, trust, " ".join(cell.notes))


def _titles(refs: Iterable[Ref]) -> str:
    return "; ".join(ref.title for ref in refs)


def write_csv(verdicts: Verdicts, out: TextIO) -> None:
    """Write every user and role, refused ones too, as CSV with a heading."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows(verdicts))


def as_json(verdicts: Verdicts) -> str:
    """Every user and role, and whom the trust policies admit beyond them, as JSON."""
    return json.dumps(
        {
            "access": [dict(zip(COLUMNS, row, strict=True)) for row in rows(verdicts)],
            "outsiders": [_outsider_row(row) for row in outsiders(verdicts)],
        },
        indent=2,
        ensure_ascii=False,
    )


def _outsider_row(row: Sequence[str]) -> Mapping[str, str]:
    return dict(zip(("who", "account", "role", "mfa", "from", "statement"), row, strict=True))


def outsiders(verdicts: Verdicts) -> list[tuple[str, ...]]:
    """Whom trust policies admit beyond the users of the states: who, account, role, MFA, from where, by which
    statement."""
    label = verdicts.model.label
    return [
        (one.title, label(one.role.account), one.role.name, *terms(one.access), one.ref.title)
        for one in verdicts.outsiders()
    ]


_TITLES = ("who", "account", "role", "MFA", "from", "by")


def _grouped(verdicts: Verdicts) -> Iterator[tuple[list[str], Cell]]:
    """Those who are not refused, people with the same verdict on a role together."""
    people: dict[tuple[object, ...], tuple[list[str], Cell]] = {}
    for cell in verdicts.cells():
        if cell.status is not Status.REFUSED:
            key = (cell.role.arn, cell.status, terms(cell.access), cell.statements, cell.provisos, cell.notes)
            people.setdefault(key, ([], cell))[0].append(cell.user.name)
    order = sorted(people.values(), key=lambda item: (verdicts.model.label(item[1].role.account), item[1].role.name))
    return iter(order)


def _shown(model: Model, cell: Cell) -> tuple[str, ...]:
    mfa, where = terms(cell.access)
    if cell.status is Status.UNVERIFIED:
        mfa, where = "cannot be verified", " ".join(cell.notes)
    by = "\n".join(ref.title for refs in cell.statements for ref in refs)
    label = model.label(cell.role.account)
    account = label if label == cell.role.account else f"{label}\n{cell.role.account}"
    return account, cell.role.name, mfa, "\n".join([where, *map(str, cell.provisos)]), by


def summary(verdicts: Verdicts) -> str:
    """How many users, roles and ways in there are."""
    model = verdicts.model
    cells = list(verdicts.cells())
    allowed = [cell for cell in cells if cell.status is Status.ALLOWED]
    loose = sum(1 for cell in allowed if cell.access.without_mfa)
    unsure = sum(cell.status is Status.UNVERIFIED for cell in cells)
    users, roles, accounts = (len(found) for found in (model.users, model.roles, model.accounts))
    parts = [
        f"{_count(users, 'user')}, {_count(roles, 'role')} in {_count(accounts, 'account')}",
        f"{len(allowed)} of {_count(len(cells), 'pair')} allowed",
        f"{loose} of them without MFA" if loose else "none of them without MFA" if allowed else "",
        f"{unsure} cannot be verified" if unsure else "",
    ]
    return "; ".join(filter(None, parts)) + "."


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def table(verdicts: Verdicts, *, width: int) -> Table:
    """Who gets in where, for a terminal of `width` columns: without the statements below `WIDE`."""
    shown = len(_TITLES) if width >= WIDE else len(_TITLES) - 1
    drawn = Table(title="Who gets in where", title_justify="left", show_lines=True)
    for column in _TITLES[:shown]:
        drawn.add_column(column, overflow="fold")
    for people, cell in _grouped(verdicts):
        account, role, mfa, where, by = _shown(verdicts.model, cell)
        color = {"required": "green", "cannot be verified": "yellow"}.get(mfa, "red")
        _add(drawn, ", ".join(people), account, role, Text(mfa, style=color), where, by)
    for who, account, role, mfa, where, by in outsiders(verdicts):
        _add(drawn, Text(who, style="red"), account, role, mfa, f"{where}\n(grants not known)", by)
    return drawn


def _add(drawn: Table, *texts: str | Text) -> None:
    # As text, for what stands in a state is no markup.
    drawn.add_row(*(text if isinstance(text, Text) else Text(text) for text in texts[: len(drawn.columns)]))


def markdown(verdicts: Verdicts) -> str:
    """Who gets in where, as a Markdown table."""
    out = io.StringIO()
    out.write(f"| {' | '.join(_TITLES)} |\n|{'---|' * len(_TITLES)}\n")
    for people, cell in _grouped(verdicts):
        _markdown_row(out, (", ".join(people), *_shown(verdicts.model, cell)))
    for row in outsiders(verdicts):
        _markdown_row(out, row)
    out.write(f"\n{summary(verdicts)}\n")
    return out.getvalue()


def _markdown_row(out: TextIO, texts: Iterable[str]) -> None:
    out.write("| " + " | ".join("<br>".join(map(escaped, text.split("\n"))) for text in texts) + " |\n")
