"""Reads an IAM policy document into typed statements, or says in one sentence why it cannot be judged.

The grammar is that of IAM (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html): element
names exact, single values or lists everywhere, condition key names in any case.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from delegation_pack.iam.operators import WITH_VARIABLES, Family, operator, valid
from delegation_pack.iam.variables import template

CURRENT_VERSION = "2012-10-17"
MAX_LENGTH = 1_000_000
"""Characters of a document; IAM's own limits are far below."""

_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|([A-Za-z0-9.-]+|\*):[A-Za-z0-9*?_.-]+")
# Before the colon of a key stands a service prefix or, for web identities, the provider's URL without its scheme
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif).
_PROVIDER = r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?(/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?"
_KEY = re.compile(rf"([A-Za-z0-9_-]+|{_PROVIDER}):[\x20-\x7e\xa0-\xff]+")
_CHARACTERS = re.compile(r"[\x20-\x7e\xa0-\xff]*")


class Unverifiable(ValueError):  # noqa: N818 - the state of a document, not a mishap
    """A document or a query that cannot be judged; the text is a full sentence that says where and why."""


class Kind(StrEnum):
    """A role's trust policy (with Principal, without Resource), or an identity policy (the other way round)."""

    TRUST = "trust policy"
    IDENTITY = "identity policy"


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


class PrincipalKind(StrEnum):
    """What one entry of a Principal element names."""

    WILDCARD = "everyone"
    ACCOUNT = "account"
    """An account's root ARN or its bare id: every principal in it."""
    USER = "user"
    ROLE = "role"
    SESSION = "role session"
    FEDERATED_USER = "federated user session"
    UNIQUE_ID = "unique id"
    """AIDA… or AROA…: what a deleted user or role leaves behind in a stored trust policy."""
    SERVICE = "service"
    FEDERATED = "identity provider"
    CANONICAL_USER = "canonical user"


BY_UNIQUE_ID = frozenset({PrincipalKind.UNIQUE_ID, PrincipalKind.SESSION})
"""Entries of a Principal element that look at the unique id or the session name of a caller."""

_ARN = r"arn:aws(-[a-z]+)*:iam::(?P<account>\d{12}):"
_SESSION_ARN = _ARN.replace(":iam:", ":sts:")
_NAME = r"([!-)+->@-~]+/)*[A-Za-z0-9_+=,.@-]+"
_PRINCIPALS = {
    PrincipalKind.WILDCARD: re.compile(r"\*"),
    PrincipalKind.ACCOUNT: re.compile(rf"{_ARN}root|\d{{12}}"),
    PrincipalKind.USER: re.compile(rf"{_ARN}user/{_NAME}"),
    PrincipalKind.ROLE: re.compile(rf"{_ARN}role/{_NAME}"),
    PrincipalKind.SESSION: re.compile(rf"{_SESSION_ARN}assumed-role/[A-Za-z0-9_+=,.@-]+/[A-Za-z0-9_+=,.@-]+"),
    PrincipalKind.FEDERATED_USER: re.compile(rf"{_SESSION_ARN}federated-user/[A-Za-z0-9_+=,.@-]+"),
    PrincipalKind.UNIQUE_ID: re.compile(r"(AIDA|AROA)[A-Z0-9]+"),
}


@dataclass(frozen=True)
class Principal:
    """One entry of a Principal or NotPrincipal element."""

    kind: PrincipalKind
    value: str
    """As written in the document."""
    account: str | None
    """12 digits, where the entry says so."""


@dataclass(frozen=True)
class Condition:
    """One operator on one key."""

    operator: str
    """As written: "ForAllValues:StringLikeIfExists"."""
    key: str
    """As written."""
    values: tuple[str, ...]
    """Texts; numbers and booleans of the JSON in the form IAM compares them in."""


@dataclass(frozen=True)
class Statement:
    """One statement. Of each pair (`actions`, `not_actions`) one is not None, if the document's kind has it at all."""

    index: int
    """Counted from 1."""
    sid: str
    """Empty if there is none."""
    effect: Effect
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principals: tuple[Principal, ...] | None
    not_principals: tuple[Principal, ...] | None
    conditions: tuple[Condition, ...]

    @property
    def label(self) -> str:
        """How messages name it: "statement 1 ('Admins')"."""
        return f"statement {self.index} ('{self.sid}')" if self.sid else f"statement {self.index}"

    @property
    def named_principals(self) -> tuple[Principal, ...]:
        """The entries of Principal or NotPrincipal; none for an identity policy."""
        return self.principals if self.principals is not None else self.not_principals or ()

    @property
    def heading(self) -> str:
        """The label at the beginning of a sentence."""
        return f"S{self.label[1:]}"


@dataclass(frozen=True)
class Document:
    """A parsed policy document."""

    kind: Kind
    version: str
    statements: tuple[Statement, ...]

    @property
    def has_variables(self) -> bool:
        """Whether policy variables mean anything: only in the policy language of 2012."""
        return self.version == CURRENT_VERSION

    @property
    def admitted(self) -> tuple[tuple[Statement, Principal], ...]:
        """The principals of a trust policy's Allow statements, each with its statement.

        An Allow with NotPrincipal admits everyone.
        """
        everyone = (Principal(PrincipalKind.WILDCARD, "*", None),)
        return tuple(
            (statement, principal)
            for statement in self.statements
            if statement.effect is Effect.ALLOW
            for principal in (everyone if statement.not_principals is not None else statement.principals or ())
        )

    @cached_property
    def entries(self) -> Mapping[str, tuple[int, ...]]:
        """The entries of all Principal and NotPrincipal elements as written, an account's by its id; each with the
        statements (index) that it stands in."""
        found: dict[str, tuple[int, ...]] = {}
        for statement in self.statements:
            for one in statement.named_principals:
                name = str(one.account) if one.kind is PrincipalKind.ACCOUNT else one.value
                found[name] = (*found.get(name, ()), statement.index)
        return found

    @property
    def named_resources(self) -> tuple[str, ...]:
        """The ARNs written out in full, without wildcard or policy variable, in any Resource or NotResource."""
        texts = (text for s in self.statements for text in (*(s.resources or ()), *(s.not_resources or ())))
        return tuple(
            dict.fromkeys(text for text in texts if text.count(":") >= 5 and not any(c in text for c in "*?$"))
        )


def parse(document: str | Mapping[str, Any], kind: Kind) -> Document:
    """Parse a document, given as JSON text or as plain data (numbers may be floats).

    Raises:
        Unverifiable: it is not one whole, well-formed document of this kind.
    """
    data = _from_json(document) if isinstance(document, str) else document
    _elements(data, "The document", {"Version", "Id", "Statement"})
    version = data.get("Version", "2008-10-17")
    if version not in (CURRENT_VERSION, "2008-10-17"):
        raise Unverifiable(f"Version is {version!r}; IAM knows 2012-10-17 and 2008-10-17.")
    if not isinstance(data.get("Id", ""), str):
        raise Unverifiable("Id is not a text.")
    statements = data.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, (list, tuple)) or not statements:
        raise Unverifiable("The document has no statement.")
    parsed = Document(
        kind,
        version,
        tuple(_statement(item, i, kind, version) for i, item in enumerate(statements, 1)),
    )
    sids = [statement.sid for statement in parsed.statements if statement.sid]
    if len(set(sids)) < len(sids):
        raise Unverifiable(
            f"The Sid {max(sids, key=sids.count)!r} stands twice; IAM demands that it is unique in a document."
        )
    return parsed


def _from_json(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            names = [name for name, _ in pairs]
            raise Unverifiable(f"The name {max(names, key=names.count)!r} stands twice in one JSON object.")
        return content

    def refuse(constant: str) -> Any:
        raise Unverifiable(f"{constant} is no JSON.")

    if len(text) > MAX_LENGTH:
        raise Unverifiable(f"The document is longer than {MAX_LENGTH:,} characters, the most that is judged.")
    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=refuse)
    except Unverifiable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unverifiable(f"The document is not JSON: {str(error) or type(error).__name__}.") from None


def _elements(data: Any, place: str, allowed: set[str]) -> None:
    if not isinstance(data, Mapping):
        raise Unverifiable(f"{place} is not a JSON object.")
    unknown = [name for name in data if name not in allowed]
    if unknown:
        raise Unverifiable(
            f"{place} has the element {unknown[0]!r}, which IAM does not have there (names are case-sensitive)."
        )


def _check_elements(data: Any, place: str, kind: Kind) -> None:
    """Refuse a statement that lacks an element, has one too many, or a Sid or Effect that IAM does not take."""
    scope = ("Principal", "NotPrincipal") if kind is Kind.TRUST else ("Resource", "NotResource")
    _elements(data, place, {"Sid", "Effect", "Action", "NotAction", "Condition", *scope})
    sid = data.get("Sid", "")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        raise Unverifiable(f"{place} has the Sid {sid!r}; IAM takes letters and digits only.")
    if data.get("Effect") not in ("Allow", "Deny"):
        raise Unverifiable(f"{place} has the Effect {data.get('Effect')!r}; it must be Allow or Deny.")
    for pair in (("Action", "NotAction"), scope):
        if sum(name in data for name in pair) != 1:
            raise Unverifiable(f"{place} must have exactly one of {pair[0]} and {pair[1]}.")


def _statement(data: Any, index: int, kind: Kind, version: str) -> Statement:
    place = f"Statement {index}"
    _check_elements(data, place, kind)
    variables = version == CURRENT_VERSION

    def texts(name: str, check: Callable[[str], bool], rule: str) -> tuple[str, ...] | None:
        if name not in data:
            return None
        values = _texts(data[name], f"{place}: {name}")
        for value in values:
            if not check(value):
                raise Unverifiable(f"{place}: {name} holds {value!r}; {rule}.")
        return values

    def is_resource(text: str) -> bool:
        _check_variables(text, place, variables)
        return text == "*" or text.startswith("arn:")

    def principals(name: str) -> tuple[Principal, ...] | None:
        return _principals(data[name], f"{place}: {name}") if name in data else None

    action_rule = "an action is '*' or a service prefix, a colon and a name"
    return Statement(
        index=index,
        sid=data.get("Sid", ""),
        effect=Effect(data["Effect"]),
        actions=texts("Action", _is_action, action_rule),
        not_actions=texts("NotAction", _is_action, action_rule),
        resources=texts("Resource", is_resource, "a resource is '*' or an ARN"),
        not_resources=texts("NotResource", is_resource, "a resource is '*' or an ARN"),
        principals=principals("Principal"),
        not_principals=principals("NotPrincipal"),
        conditions=_conditions(data.get("Condition", {}), place, variables),
    )


def _texts(value: Any, place: str) -> tuple[str, ...]:
    values = value if isinstance(value, (list, tuple)) else [value]
    if not values:
        raise Unverifiable(f"{place} is empty.")
    for item in values:
        if not isinstance(item, str) or not item:
            raise Unverifiable(f"{place} holds {item!r}, which is not a text.")
        if not _CHARACTERS.fullmatch(item):
            raise Unverifiable(f"{place} holds {item!r}, with characters that IAM does not take.")
    return tuple(values)


def _is_action(text: str) -> bool:
    return _ACTION.fullmatch(text) is not None


def _check_variables(text: str, place: str, variables: bool) -> None:
    try:
        template(text, wildcards=True, variables=variables)
    except ValueError as error:
        raise Unverifiable(f"{place}: {error}.") from None


def _principals(value: Any, place: str) -> tuple[Principal, ...]:
    if value == "*":
        return (Principal(PrincipalKind.WILDCARD, "*", None),)
    _elements(value, place, {"AWS", "Service", "Federated", "CanonicalUser"})
    if not value:
        raise Unverifiable(f"{place} is empty.")
    others = {
        "Service": PrincipalKind.SERVICE,
        "Federated": PrincipalKind.FEDERATED,
        "CanonicalUser": PrincipalKind.CANONICAL_USER,
    }
    found = []
    for name, content in value.items():
        for text in _texts(content, f"{place}: {name}"):
            found.append(Principal(others[name], text, None) if name in others else _aws_principal(text, place))
    return tuple(found)


def _aws_principal(text: str, place: str) -> Principal:
    for kind, form in _PRINCIPALS.items():
        match = form.fullmatch(text)
        if match:
            return Principal(
                kind,
                text,
                text if text.isdecimal() else match.groupdict().get("account"),
            )
    reason = "IAM takes no wildcard within a principal" if "*" in text or "?" in text else "IAM takes no such principal"
    raise Unverifiable(f"{place} holds {text!r}; {reason}.")


def _conditions(value: Any, place: str, variables: bool) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        raise Unverifiable(f"{place}: Condition is not a JSON object.")
    found = []
    for name, block in value.items():
        if block == {}:
            # IAM takes any name of an operator that tests nothing.
            continue
        try:
            family = operator(str(name)).family
        except ValueError as error:
            raise Unverifiable(f"{place}: {error}.") from None
        if not isinstance(block, Mapping):
            raise Unverifiable(f"{place}: {name} is not a JSON object of keys and values.")
        seen: set[str] = set()
        for key, content in block.items():
            where = f"{place}: {name} {key}"
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise Unverifiable(f"{where} is no condition key.")
            if key.lower() in seen:
                raise Unverifiable(f"{where} stands twice; key names are compared without regard to case.")
            seen.add(key.lower())
            found.append(Condition(str(name), key, _values(content, where, family, variables)))
    return tuple(found)


def _values(content: Any, place: str, family: Family, variables: bool) -> tuple[str, ...]:
    items = content if isinstance(content, (list, tuple)) else [content]
    if not items:
        raise Unverifiable(f"{place} has no value.")
    texts = tuple(_value(item, place) for item in items)
    for text in texts:
        if not _CHARACTERS.fullmatch(text):
            raise Unverifiable(f"{place} holds {text!r}, with characters that IAM does not take.")
        if family in WITH_VARIABLES:
            _check_variables(text, place, variables)
        if not valid(family, text):
            raise Unverifiable(f"{place} holds {text!r}, which is no value for this operator.")
    return texts


def _value(item: Any, place: str) -> str:
    match item:
        case str():
            return item
        case bool():
            return "true" if item else "false"
        case int():
            return str(item)
        case float() if math.isfinite(item):
            return str(int(item)) if item.is_integer() else format(Decimal(repr(item)), "f")
        case _:
            raise Unverifiable(f"{place} holds {item!r}, which is no text, number or boolean.")


def matching_actions(statement: Statement, names: Iterable[str]) -> frozenset[str]:
    """Those of the full action names that the statement's Action or NotAction covers; case does not matter."""
    return _covered(statement.actions, statement.not_actions, tuple(names))


@lru_cache(maxsize=1 << 12)
def _covered(
    actions: tuple[str, ...] | None, not_actions: tuple[str, ...] | None, names: tuple[str, ...]
) -> frozenset[str]:
    written, like = _actions(actions if actions is not None else not_actions or ())
    found = (name for name in names if name.lower() in written or (like and like.fullmatch(name)))
    return frozenset(found) if actions is not None else frozenset(names).difference(found)


@lru_cache(maxsize=1 << 12)
def _actions(actions: tuple[str, ...]) -> tuple[frozenset[str], re.Pattern[str] | None]:
    """The actions that are written out, in lower case, and a pattern of those that are not."""
    wild = [action for action in actions if "*" in action or "?" in action]
    forms = (re.escape(action).replace(r"\*", ".*").replace(r"\?", ".") for action in wild)
    like = re.compile("|".join(forms), re.IGNORECASE | re.ASCII) if wild else None
    return frozenset(map(str.lower, actions)), like
