"""Assertions about access, kept in a file and checked in CI.

expectations:
  - name: No contractor reaches production
    who: {path: /contractors/*}
    where: production
    verdict: refused
  - name: Admins get in from the office with MFA
    who: {group: IT-Admins}
    where: [preprod, production]
    role: TSU-IAM-ACCESS
    mfa: true
    from: 203.0.113.10
    verdict: allowed
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from access.effective_access import Credentials, EffectiveAccess
from access.explain import Keys, reasons, sentence
from access.model import Model, Role, User
from access.states import InputError
from access.verdicts import Cell, Status, Verdicts


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _address(value: str) -> str:
    ipaddress.ip_address(value)
    return value


Names = Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Who(_Strict):
    """People by group, path or name; what is given must hold together."""

    user: Names = ["*"]
    """Names or patterns with `*`."""
    group: Names | None = None
    """In at least one of these groups."""
    path: Names | None = None
    """Paths or patterns: `/contractors/*`."""


def _as_who(value: Any) -> Any:
    return {"user": value} if isinstance(value, (str, list)) else value


class Expectation(_Strict):
    """One assertion: the verdict on each of `who`, for each role of `where`, in the circumstances named."""

    name: Annotated[str, Field(min_length=1)]
    who: Annotated[Who, BeforeValidator(_as_who)] | Literal["outsiders"] = Who()
    """`outsiders`: everybody whom a trust policy admits beyond the users of the states."""
    where: Names = ["*"]
    """Accounts: ids, names, or patterns."""
    role: Names = ["*"]
    verdict: Literal["allowed", "refused"]
    mfa: bool | None = None
    """Not given: with and without; `refused` then means in either case, `allowed` in at least one."""
    keys: Keys | None = None
    source: Annotated[str, BeforeValidator(str), BeforeValidator(_address)] | None = Field(default=None, alias="from")
    """An IP address; not given: from any."""

    @property
    def circumstances(self) -> str:
        """The circumstances in words."""
        mfa = {True: "with MFA", False: "without MFA", None: ""}[self.mfa]
        keys = f"{self.keys} keys" if self.keys is Keys.LONG_TERM else self.keys or ""
        return ", ".join(filter(None, (mfa, keys, self.source and f"from {self.source}")))

    def opens(self, found: EffectiveAccess) -> bool:
        """Whether the role can be entered in the circumstances, or some that fit them."""
        mfas = (True, False) if self.mfa is None else (self.mfa,)
        with_keys = tuple(Keys) if self.keys is None else (self.keys,)
        fitting: set[Credentials] = {keys.credentials(mfa) for keys in with_keys for mfa in mfas}
        places = [found.by[credentials] for credentials in fitting]
        return any(self.source in place if self.source else bool(place) for place in places)


class Expectations(_Strict):
    """The file."""

    expectations: Annotated[list[Expectation], Field(min_length=1)]


@dataclass(frozen=True)
class Outcome:
    """How one expectation fared."""

    expectation: Expectation
    line: int
    checked: int
    """Pairs of people and roles it was checked on."""
    counterexamples: Sequence[str]
    """Full sentences; empty if it holds."""


def read(path: Path) -> list[tuple[Expectation, int]]:
    """Read a file of expectations, each with its line.

    Raises:
        InputError: it is not such a file; every problem is named with entry and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line} is not YAML: {getattr(error, 'problem', None) or error}.") from None
    try:
        parsed = Expectations.model_validate(data)
    except ValidationError as error:
        problems = [_problem(path, tree, data, item["loc"], item["msg"]) for item in error.errors()]
        raise InputError("\n".join(dict.fromkeys(problems))) from None
    return [(one, _line(tree, ("expectations", i))) for i, one in enumerate(parsed.expectations)]


def _problem(path: Path, tree: yaml.Node | None, data: Any, place: Sequence[Any], message: str) -> str:
    named = ""
    if len(place) > 1 and place[0] == "expectations" and isinstance(place[1], int):
        entry = data["expectations"][place[1]]
        name = entry.get("name") if isinstance(entry, dict) else None
        named = f", entry {place[1] + 1}" + (f" ({name})" if isinstance(name, str) else "")
    # pydantic adds the names of validators and union members to the place.
    keys = [
        str(part)
        for part in place[2:]
        if isinstance(part, str) and part.isidentifier() and part[0].islower() and part not in ("function", "literal")
    ]
    key = f", {'.'.join(keys)}" if keys else ""
    said = message.removeprefix("Value error, ")
    return f"{path}, line {_line(tree, place)}{named}{key}: {said[:1].lower()}{said[1:]}."


def _line(tree: yaml.Node | None, place: Sequence[Any]) -> int:
    """Line of the deepest part of a place that stands in the file."""
    node = tree
    for part in place:
        below: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            below = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            below = node.value[part]
        if below is None:
            break
        node = below
    return node.start_mark.line + 1 if node else 1


def check(verdicts: Verdicts, expectations: Sequence[tuple[Expectation, int]]) -> list[Outcome]:
    """Check every expectation on every person and role that it is about.

    Raises:
        InputError: it names a user, group, account or role that there is not.
    """
    return [_outcome(verdicts, one, line) for one, line in expectations]


def _outcome(verdicts: Verdicts, one: Expectation, line: int) -> Outcome:
    model = verdicts.model
    roles = list(_roles(model, one))
    wrong: list[str] = []
    count = 0
    if isinstance(one.who, Who):
        for cell in (verdicts.cell(user, role) for user in _people(model, one.who) for role in roles):
            count += 1
            if not _meets(one, cell):
                wrong.append(_counterexample(model, one, cell))
    else:
        for outsider in verdicts.outsiders(roles):
            count += 1
            if one.opens(outsider.access) != (one.verdict == "allowed"):
                place = f"{model.label(outsider.role.account)} through {outsider.role.name}"
                wrong.append(
                    f"{outsider.title} is admitted to {place} by {outsider.ref.title} ({sentence(outsider.access)})."
                )
    return Outcome(one, line, count, wrong)


def _meets(one: Expectation, cell: Cell) -> bool:
    opens = one.opens(cell.access)
    if cell.notes and cell.status is Status.UNVERIFIED and (opens or not cell.access):
        return False
    return opens == (one.verdict == "allowed")


def _counterexample(model: Model, one: Expectation, cell: Cell) -> str:
    place = f"{model.label(cell.role.account)} through {cell.role.name}"
    asked = f" {one.circumstances}" if one.circumstances else ""
    if cell.status is Status.UNVERIFIED:
        return f"{cell.user.name} and {place}{asked} cannot be verified: {' '.join(cell.notes)}"
    if one.verdict == "refused":
        by = "; ".join(ref.title for refs in cell.statements for ref in refs)
        return f"{cell.user.name} enters {place}{asked}: {sentence(cell.access, cell.provisos)}, by {by}."
    return f"{cell.user.name} is refused in {place}{asked}. {' '.join(reasons(cell))}"


def _people(model: Model, who: Who) -> Iterator[User]:
    for pattern in who.user:
        if "*" not in pattern:
            model.user(pattern)
    for name in who.group or ():
        if "*" not in name and all(group.name != name for group in model.groups):
            raise InputError(
                f"There is no group {name} in these states. Known: {', '.join(g.name for g in model.groups)}."
            )
    for user in model.users:
        if (
            _fits(who.user, user.name, user.arn)
            and (who.path is None or _fits(who.path, user.path))
            and (who.group is None or any(_fits(who.group, group.name or "") for group in user.groups))
        ):
            yield user


def _roles(model: Model, one: Expectation) -> Iterator[Role]:
    for pattern in one.where:
        if "*" not in pattern:
            model.account(pattern)
    found = [r for r in model.roles if _fits(one.where, r.account, model.label(r.account))]
    for pattern in one.role:
        if "*" not in pattern and not any(_fits([pattern], r.name, r.arn) for r in found):
            known = sorted({r.name for r in found})
            raise InputError(
                f"There is no role {pattern} for the expectation '{one.name}'. Known: {', '.join(known) or 'none'}."
            )
    return (r for r in found if _fits(one.role, r.name, r.arn))


def _fits(patterns: Sequence[str], *texts: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns for text in texts)
