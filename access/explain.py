"""Verdicts in words: why somebody is let in or refused, statement by statement, and what to change."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from delegation_pack.facts.quotas import SWITCH_ROLE_NAME
from delegation_pack.iam import (
    ADDRESS_KEY,
    MFA_KEYS,
    Callers,
    CallerType,
    Effect,
    Request,
    Statement,
    Unmet,
    canonical_key,
    unmet,
)
from delegation_pack.model import Policy

from access.addresses import Addresses
from access.effective_access import Credentials, EffectiveAccess, effective_access
from access.model import Role, User
from access.provisos import AGE, TIME_KEY, Proviso
from access.states import InputError
from access.verdicts import ASSUME, Cell, PolicySet, Ref, Status, Verdicts, context_of
from listing import few

_SHOWN = 3
"""Most actions, resources or values of a statement that are written out."""


class Keys(StrEnum):
    """What somebody calls AWS with."""

    LONG_TERM = "long-term"
    SESSION = "session"
    CONSOLE = "console"

    def credentials(self, mfa: bool) -> Credentials:
        """What AWS sees of it: an access key sent with an MFA code counts as MFA, without one the key is absent."""
        if mfa:
            return Credentials.MFA
        return Credentials.KEYS if self is Keys.LONG_TERM else Credentials.SESSION


@dataclass(frozen=True)
class Check:
    """One thing that must be right for somebody to get in."""

    what: str
    ok: bool | None
    """None: cannot be verified."""
    why: str


@dataclass(frozen=True)
class Explanation:
    """The answer to one query."""

    headline: str
    status: Status
    checks: Sequence[Check]
    changes: Sequence[str]
    """What to change, most fitting first; empty if allowed."""
    notes: Sequence[str]


def terms(found: EffectiveAccess) -> tuple[str, str]:
    """Say whether MFA is needed and from where: ("required", "203.0.113.10/32"), ("not needed", "anywhere")."""
    with_mfa, without = found.by[Credentials.MFA], found.without_mfa
    if not found:
        return "", ""
    if not without:
        return "required", str(with_mfa)
    if len(set(found.by.values())) == 1:
        return "not needed", str(with_mfa)
    places: dict[Addresses, list[str]] = {}
    for credentials, addresses in found.by.items():
        if addresses:
            places.setdefault(addresses, []).append(credentials)
    return "not always needed", "; ".join(
        f"with {' or '.join(names)}: {addresses}" for addresses, names in places.items()
    )


def sentence(found: EffectiveAccess, provisos: Iterable[Proviso] = ()) -> str:
    """Say the same in one go, with what else is asked for: "MFA required, from 203.0.113.10/32, until 2027-01-31"."""
    mfa, where = terms(found)
    return ", ".join([f"MFA {mfa}", where if where.startswith("with ") else f"from {where}", *map(str, provisos)])


def reasons(cell: Cell, who: str = "") -> list[str]:
    """Say in full sentences what a verdict rests on, for all circumstances together; `who` stands for the user's
    name."""
    user, role = who or cell.user.name, f"role {cell.role.name}"
    if cell.status is Status.REFUSED:
        return _why_refused(cell, user)
    may = "may enter" if cell.status is Status.ALLOWED else "may be let into"
    found = [f"{user} {may} {role}: {sentence(cell.access, cell.provisos)}."]
    for what, refs in zip(("Grant", "Trust"), cell.statements, strict=True):
        found.extend(f"{what}: {ref.title}." for ref in refs)
    return [*found, *cell.notes]


def _why_refused(cell: Cell, user: str) -> list[str]:
    found = []
    role = cell.role
    caller = Callers(type=CallerType.USER, arn=cell.user.arn)
    opens = []
    for policies, says_nothing, never in (
        (
            cell.identity,
            f"No policy of {user} or of {user}'s groups allows {ASSUME} on {role.arn}.",
            f"The policies of {user} never allow {ASSUME} on {role.arn}",
        ),
        (
            cell.trust,
            f"The trust policy of role {role.name} lets {user} in by no statement.",
            f"The trust policy of role {role.name} never lets {user} in",
        ),
    ):
        allowing = [ref for ref in policies.refs if ref.statement.effect is Effect.ALLOW]
        if not allowing and policies.knows_all:
            found.append(says_nothing)
        elif policies.knows_all:
            alone = effective_access((policies.documents,), caller)
            opens.append(alone)
            if not alone:
                denying = [ref.title for ref in policies.refs if ref.statement.effect is Effect.DENY]
                found.append(
                    f"{never}: {'denied by ' + ' and '.join(denying) if denying else 'its conditions cannot hold'}."
                )
    if cell.boundary and not effective_access((cell.boundary.documents,), caller):
        found.append(f"The permissions boundary of {user} does not allow {ASSUME} on {role.arn}.")
    if not found:
        said = ", the trust policy with ".join(map(sentence, opens))
        found.append(f"Grant and trust each allow it, but never for one and the same request: the grant with {said}.")
    return found


def explain(
    verdicts: Verdicts, user: User, role: Role, keys: Keys = Keys.CONSOLE, mfa: bool = True, address: str | None = None
) -> Explanation:
    """Take one attempt to enter a role apart.

    Raises:
        InputError: `address` is no IP address.
    """
    _check_address(address)
    cell = verdicts.cell(user, role)
    credentials = keys.credentials(mfa)
    status = _status(cell, cell.access.by[credentials], address)
    # Without an address, one that works is taken: what remains is then what else is wrong.
    tried = address or next((network.partition("/")[0] for network in _likely(cell).networks), "192.0.2.1")
    request = _request(cell, credentials, tried, verdicts.now)
    granting, trusting = _judged(user.all_policies, request), _judged([role.trust], request)
    checks = [_check("Grant", f"the policies of {user.name}", cell.identity, granting, f" on {role.arn}")]
    if user.boundary and cell.boundary:
        bounding = _judged([user.boundary], request)
        checks.append(_check("Boundary", f"the boundary of {user.name}", cell.boundary, bounding))
    checks.append(_check("Trust", f"the trust policy of role {role.name}", cell.trust, trusting, f" for {user.arn}"))
    if cell.trust.direct and status is Status.ALLOWED:
        checks[0] = (
            Check("Grant", True, "Not needed: the trust policy names the user, in the role's own account."),
            [],
        )
    failing = [item for _, items in checks for item in items]
    asked = f"{'with' if mfa else 'without'} MFA, {_CALLED[keys]}" + (f", from {address}" if address else "")
    result = "allowed" if status is Status.ALLOWED else status
    return Explanation(
        f"{user.name} → {verdicts.model.label(role.account)} ({role.account}), role {role.name}, {asked}: {result}",
        status,
        [*_form_checks(user, role), *(check for check, _ in checks)],
        []
        if status is Status.ALLOWED
        else [
            *_changes_of_policies(verdicts, cell, granting, trusting),
            *_changes_of_conditions(cell, credentials, failing),
        ],
        [*_notes(cell, status, credentials, address), *_in_session(verdicts, cell, keys, mfa)],
    )


def _check_address(address: str | None) -> None:
    try:
        ipaddress.ip_address("::" if address is None else address)
    except ValueError:
        raise InputError(f"{address} is no IP address.") from None


def _status(cell: Cell, open_from: Addresses, address: str | None) -> Status:
    entered = address in open_from if address else bool(open_from)
    if cell.status is Status.UNVERIFIED and (entered or not cell.access):
        return Status.UNVERIFIED
    if entered:
        return Status.ALLOWED
    return Status.UNVERIFIED if cell.access.doubts else Status.REFUSED


def _notes(cell: Cell, status: Status, credentials: Credentials, address: str | None) -> Iterator[str]:
    if status is not Status.REFUSED:
        yield from cell.notes
    if status is Status.ALLOWED and not address:
        yield f"From {cell.access.by[credentials]}."
    if status is Status.ALLOWED and cell.provisos:
        yield f"Only {', '.join(map(str, cell.provisos))}."
        yield from renewal(cell)


_CALLED = {Keys.LONG_TERM: "with access keys", Keys.SESSION: "with a session", Keys.CONSOLE: "in the console"}


def _likely(cell: Cell) -> Addresses:
    """Addresses from which the role, or else the grant or the trust alone, admits the user."""
    caller = Callers(type=CallerType.USER, arn=cell.user.arn)
    for found in (
        cell.access,
        *(effective_access((policies.documents,), caller) for policies in (cell.identity, cell.trust)),
    ):
        if found.addresses.spans:
            return found.addresses
    return Addresses(())


def _request(cell: Cell, credentials: Credentials, address: str, time: datetime) -> Request:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    context: dict[str, str] = {
        **context_of(cell.user, cell.role),
        "aws:CurrentTime": now,
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:SourceIp": address,
        # The console sends the user's name, and a profile can.
        "sts:RoleSessionName": cell.user.name,
    }
    if credentials is not Credentials.KEYS:
        context["aws:MultiFactorAuthPresent"] = "true" if credentials is Credentials.MFA else "false"
        context["aws:TokenIssueTime"] = now
    if credentials is Credentials.MFA:
        context["aws:MultiFactorAuthAge"] = "0"
    return Request(principal=cell.user.arn, action=ASSUME, resource=cell.role.arn, context=context)


Judged = list[tuple[Ref, Sequence[Unmet]]]
"""Statements on this user and role, each with the conditions of it that fail."""


def _judged(policies: Iterable[Policy], request: Request) -> Judged:
    found: Judged = []
    for policy, document in ((policy, policy.document) for policy in policies):
        if document is None:
            continue
        for statement in document.statements:
            failed = unmet(document, statement, request)
            # A part without a key is an element: the statement is about somebody or something else.
            if all(part.key for part in failed):
                found.append((Ref(policy, document, statement), failed))
    return found


def _check(what: str, who: str, policies: PolicySet, judged: Judged, scope: str = "") -> tuple[Check, Judged]:
    """What one set of policies makes of the request, and the statements that stand in its way."""
    for ref, failed in judged:
        if ref.statement.effect is Effect.DENY and not failed:
            return Check(what, False, f"{ref.title} denies it."), [(ref, [])]
    allows = [(ref, failed) for ref, failed in judged if ref.statement.effect is Effect.ALLOW]
    for ref, failed in allows:
        if not failed:
            return Check(what, True, f"{ref.title} allows it."), []
    if not policies.knows_all:
        return Check(what, None, " ".join(policies.reasons)), allows
    if not allows:
        return Check(what, False, f"Nothing in {who} allows {ASSUME}{scope}."), []
    said = " ".join(
        f"{ref.title} does not apply: {' and '.join(part.why for part in failed)}." for ref, failed in allows[:5]
    )
    return Check(what, False, said), allows


def _form_checks(user: User, role: Role) -> list[Check]:
    """What the Switch Role form itself takes."""
    name = f"{role.path}{role.name}".lstrip("/")
    checks = [
        Check("Account", True, f"{role.account}: the role is in the states of this account."),
        Check(
            "Role name",
            True,
            f"{name}: type it so, upper and lower case as here{', with its path' if '/' in name else ''}.",
        ),
    ]
    if len(name) > SWITCH_ROLE_NAME:
        checks[1] = Check(
            "Role name",
            False,
            f"{name} is longer than the {SWITCH_ROLE_NAME} characters that Switch Role takes.",
        )
    if user.partition != role.partition:
        checks.append(Check("Partition", False, f"{user.partition} users cannot enter roles of {role.partition}."))
    return checks


def _changes_of_policies(verdicts: Verdicts, cell: Cell, granting: Judged, trusting: Judged) -> Iterator[str]:
    """What to change where no statement is about this user and role at all."""
    user, role = cell.user, cell.role
    grants, trusts = (any(r.statement.effect is Effect.ALLOW for r, _ in judged) for judged in (granting, trusting))
    if not grants and cell.identity.knows_all and not cell.trust.direct:
        groups = [g.name for g in verdicts.model.groups if g.account == user.account and verdicts.grants(g, role)]
        yield (
            f"Add {user.name} to the group {' or '.join(groups)}, which has a grant for this role."
            if groups
            else f"Give a group of {user.name} a policy that allows {ASSUME} on {role.arn}."
        )
    if not trusts and cell.trust.knows_all:
        yield f"Name {user.arn} in the trust policy of role {role.name} (in this project: delegation:groups)."
        admitted = role.trust.document.admitted if role.trust.document else ()
        if gone := [one.value for _, one in admitted if one.value.startswith("AIDA")]:
            yield f"The trust policy holds the id of a user that was deleted ({', '.join(gone)}): deploy it again."


def _changes_of_conditions(cell: Cell, credentials: Credentials, failing: Judged) -> list[str]:
    """What to change about the attempt, or about conditions that stand in its way."""
    found: dict[str, None] = {}
    for ref, unmet_parts in failing:
        failed = [(part.key, part.why) for part in unmet_parts]
        if ref.statement.effect is Effect.DENY:
            asked = [(canonical_key(c.key), "") for c in ref.statement.conditions]
            failed = [(key, said) for key, said in asked if key in MFA_KEYS or key == ADDRESS_KEY]
            if not failed and any(key == TIME_KEY for key, _ in asked):
                found[
                    f"Give {cell.user.name} a later last day, or none, in {ref.title} (in this project: until in "
                    "delegation:groups)."
                ] = None
            elif not failed:
                found[f"Change {ref.title}, or what it denies: a Deny outweighs every Allow."] = None
        for key, said in failed:
            if key in MFA_KEYS:
                found[_MFA_ADVICE[credentials]] = None
            elif key == ADDRESS_KEY:
                open_from = cell.access.by[credentials] or cell.access.addresses
                where = f"Come from {open_from}, or add" if open_from else "Add"
                found[
                    f"{where} your address to the networks in {ref.title} (in this project: delegation:staticIps)."
                ] = None
            else:
                found[f"Meet or change this condition of {ref.title}: {said}."] = None
    return list(found)


_MFA_ADVICE = {
    Credentials.KEYS: "Use MFA: mfa_serial, or `aws sts get-session-token --serial-number <device> --token-code ...`.",
    Credentials.SESSION: "Sign out and in again with your MFA device, or get a session with serial number and code.",
    Credentials.MFA: "Sign in again with MFA: the statement asks for a newer one.",
}


def renewal(cell: Cell) -> list[str]:
    """Say what to do when MFA has become too old for a role."""
    if not any(proviso.kind == AGE for proviso in cell.provisos):
        return []
    return ["When MFA is older: in the console sign out and in again; on the command line, get-session-token again."]


def revoked(time: str) -> str:
    """Say that the older sessions of a role are revoked."""
    return f"Sessions that were issued before {time} are revoked: they may do nothing."


def _in_session(verdicts: Verdicts, cell: Cell, keys: Keys, mfa: bool) -> list[str]:
    """What to know once inside."""
    found, role = [], cell.role
    denies = [statement for statement in cell.identity.statements if statement.effect is Effect.DENY]
    denied_without_mfa = any(canonical_key(c.key) in MFA_KEYS for statement in denies for c in statement.conditions)
    lock = verdicts.session_addresses(role)
    if lock is not None:
        found.append(f"Once inside, every request is refused that does not come from {lock}.")
    if time := verdicts.revoked_before(role):
        found.append(revoked(time))
    named = [
        f"{policy.name}, {statement.label}"
        for policy in role.policies
        for statement in (policy.document.statements if policy.document else ())
        if statement.effect is Effect.ALLOW and any(c.key.lower() in MFA_KEYS for c in statement.conditions)
    ]
    if keys is Keys.LONG_TERM and mfa and denied_without_mfa:
        found.append(
            "Whether a Deny without MFA spares access keys that send the code with AssumeRole itself is untested on "
            "AWS: get-session-token is the sure way."
        )
    if named and keys is Keys.LONG_TERM and mfa:
        found.append(
            f"Once inside, {'; '.join(named)} do not apply: a session that AssumeRole opened with a code of its own "
            "carries no MFA. Use get-session-token first."
        )
    return found


def role_summary(role: Role) -> list[str]:
    """Say what the role's policies hold, a line each: managed policies first, then by name."""
    found = []
    for policy in sorted(role.policies, key=lambda policy: (not policy.managed, policy.name)):
        if policy.document is None:
            found.append(f"{policy.name} (AWS-managed)" if policy.aws_managed else f"{policy.name}: {policy.problem}")
            continue
        if policy.managed:
            found.append(f"{policy.name} (managed)")
            continue
        found.extend(f"{policy.name}: {_statement_line(statement)}" for statement in policy.document.statements)
    if role.boundary:
        found.append(f"within the permissions boundary {role.boundary.name}")
    return found or ["no policies in these states"]


def _statement_line(statement: Statement) -> str:
    scope = (
        few(statement.actions or (), _SHOWN)
        if statement.actions is not None
        else f"all but {few(statement.not_actions or (), _SHOWN)}"
    )
    on = (
        few(statement.resources or (), _SHOWN)
        if statement.resources is not None
        else f"all but {few(statement.not_resources or (), _SHOWN)}"
    )
    when = "; ".join(f"{c.operator} {c.key} {few(c.values, _SHOWN)}" for c in statement.conditions)
    return f"{statement.effect} {scope} on {on}" + (f" if {when}" if when else "")


def statement_json(ref: Ref) -> Mapping[str, object]:
    """The statement as JSON data, in the words of a policy document."""
    s = ref.statement
    data: dict[str, object] = {"Sid": s.sid} if s.sid else {}
    data["Effect"] = str(s.effect)
    for name, texts in (
        ("Action", s.actions),
        ("NotAction", s.not_actions),
        ("Resource", s.resources),
        ("NotResource", s.not_resources),
        ("Principal", s.principals and [p.value for p in s.principals]),
        ("NotPrincipal", s.not_principals and [p.value for p in s.not_principals]),
    ):
        if texts:
            data[name] = texts[0] if len(texts) == 1 else list(texts)
    conditions: dict[str, dict[str, object]] = {}
    for c in s.conditions:
        conditions.setdefault(c.operator, {})[c.key] = c.values[0] if len(c.values) == 1 else list(c.values)
    return {**data, **({"Condition": conditions} if conditions else {})}
