"""What changes between two moments, one sentence per change; what makes access weaker is marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from delegation_pack.iam import Callers, CallerType, Effect, instant

from access.addresses import Addresses
from access.effective_access import Credentials, EffectiveAccess, effective_access, only
from access.escaping import markdown as escaped
from access.escaping import visible
from access.explain import sentence
from access.model import Model, Role
from access.proof import findings
from access.verdicts import Cell, Outsider, PolicySet, Status, Verdicts

MARKER = "<!-- access diff -->"
"""First line of the pull-request comment, by which the workflow finds it again."""
MOST_IN_COMMENT = 100
"""Sentences of each kind in a comment, if they are not too long."""
LONGEST_OF_A_KIND = 30_000
"""Characters of all sentences of a kind in a comment; GitHub takes 65,536 in all."""


@dataclass(frozen=True)
class Change:
    """One change."""

    who: str
    """The user it is about; empty if it is about a role."""
    says: tuple[str, str]
    """The rest of the sentence, for one and for several people: ("gains …", "gain …")."""
    weaker: bool
    """Whether it lets in what was kept out."""


def changes(before: Verdicts, after: Verdicts) -> list[Change]:
    """Compare all verdicts, then whatever else is allowed that was not; weaker changes first."""
    old_roles = {role.arn: role for role in before.model.roles}
    cells = {(cell.user.arn, cell.role.arn): cell for cell in before.cells()}
    open_to: dict[str, dict[Credentials, Addresses]] = {}
    for cell in cells.values():
        if cell.access:
            known = open_to.setdefault(cell.role.arn, dict(cell.access.by))
            for credentials, addresses in cell.access.by.items():
                known[credentials] |= addresses
    found: list[Change] = []
    for new in after.cells():
        old = cells.pop((new.user.arn, new.role.arn), None)
        place = _place(after.model, new.role)
        if old is None or not _in(old):
            if _in(new):
                found.append(_gain(new, place, open_to.get(new.role.arn)))
        elif not _in(new):
            found.append(Change(new.user.name, (f"loses {place}", f"lose {place}"), False))
        else:
            found.extend(_moved(old, new, place))
    for old in cells.values():
        if _in(old):
            place = _place(before.model, old.role)
            found.append(Change(old.user.name, (f"loses {place}", f"lose {place}"), False))
    found.extend(dict.fromkeys(_sides(before, after)))
    found.extend(_outsiders(before, after))
    for role in after.model.roles:
        found.extend(_role(old_roles.get(role.arn), role, before, after))
    found.extend(Change(one.subject, one.says, one.is_new) for one in findings(before.model, after.model))
    return sorted(found, key=lambda change: not change.weaker)


def sentences(found: Sequence[Change]) -> list[tuple[str, bool]]:
    """The changes as full sentences, those that are the same for several people as one; and whether each is weaker."""
    people: dict[tuple[tuple[str, str], bool], list[str]] = {}
    for change in found:
        people.setdefault((change.says, change.weaker), []).append(change.who)
    return [
        (visible(f"{_names(who)} {says[len(who) > 1]}").strip() + (" (!)" if weaker else "."), weaker)
        for (says, weaker), who in people.items()
    ]


def markdown(found: Sequence[Change]) -> str:
    """The changes as a pull-request comment."""
    said = sentences(found)
    worse = [text for text, weaker in said if weaker]
    rest = [text for text, weaker in said if not weaker]
    lines = [MARKER, "## Who can get in where: what this changes", ""]
    if not said:
        lines.append("Nothing: nothing is allowed that was not before, nor the other way round.")
    for heading, texts in (("⚠️ Weaker access", worse), ("Other changes", rest)):
        if texts:
            shown = _fitting([f"- {escaped(text)}" for text in texts])
            lines += [f"### {heading} ({len(texts)})", "", *shown]
            left = len(texts) - len(shown)
            lines += [f"- … and {left} more: run `access diff` for all of them", ""] if left > 0 else [""]
    return "\n".join(lines).rstrip() + "\n"


def _fitting(lines: Sequence[str]) -> Sequence[str]:
    lengths = accumulate(len(line) + 1 for line in lines)
    return [line for line, length in zip(lines[:MOST_IN_COMMENT], lengths, strict=False) if length < LONGEST_OF_A_KIND]


def _names(who: Sequence[str], most: int = 5) -> str:
    names = [name for name in who if name]
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} others"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _in(cell: Cell) -> bool:
    return cell.status is not Status.REFUSED


def _place(model: Model, role: Role) -> str:
    return f"{model.label(role.account)} through {role.name}"


def _gain(cell: Cell, place: str, before: dict[Credentials, Addresses] | None) -> Change:
    """A new way in: weaker if nobody had it before; to a new role, if MFA or address are not asked for."""
    unverified = cell.status is Status.UNVERIFIED
    if before:
        weaker = any(bool(addresses - before[credentials]) for credentials, addresses in cell.access.by.items())
    else:
        weaker = bool(cell.access.without_mfa) or cell.access.addresses.unrestricted
    how = "; this cannot be verified" if unverified else f" ({sentence(cell.access, cell.provisos)})"
    return Change(cell.user.name, (f"gains {place}{how}", f"gain {place}{how}"), weaker or unverified)


def _moved(old: Cell, new: Cell, place: str) -> Iterator[Change]:
    who = new.user.name

    def change(one: str, many: str, weaker: bool) -> Change:
        return Change(who, (one, many), weaker)

    if old.status is not new.status:
        yield (
            change(
                f"gets into {place}, which can be verified now", f"get into {place}, which can be verified now", False
            )
            if new.status is Status.ALLOWED
            else change(f"can no longer be verified for {place}", f"can no longer be verified for {place}", True)
        )
    if new.access.without_mfa and not old.access.without_mfa:
        yield change(f"no longer needs MFA in {place}", f"no longer need MFA in {place}", True)
    elif old.access.without_mfa and not new.access.without_mfa:
        yield change(f"now needs MFA in {place}", f"now need MFA in {place}", False)
    elif more := new.access.without_mfa - old.access.without_mfa:
        said = f"without MFA {place} also from {more}"
        yield change(f"may enter {said}", f"may enter {said}", True)
    more, less = (a.access.addresses - b.access.addresses for a, b in ((new, old), (old, new)))
    if more:
        where = "anywhere" if new.access.addresses.unrestricted else f"{more} too"
        yield change(f"may enter {place} from {where}", f"may enter {place} from {where}", True)
    if less:
        yield change(f"may no longer enter {place} from {less}", f"may no longer enter {place} from {less}", False)
    was = [one for one in old.provisos if one not in new.provisos]
    now = [one for one in new.provisos if one not in old.provisos]
    for one in was:
        into = next((other for other in now if other.kind and other.kind == one.kind), None)
        if into:
            now.remove(into)
            said = f"{place} {into} instead of {one}"
            yield change(f"may enter {said}", f"may enter {said}", into.bound > one.bound)
        else:
            # A condition that was replaced by another is listed as dropped, which is the weaker half.
            yield change(f"may enter {place} no longer only {one}", f"may enter {place} no longer only {one}", True)
    for one in now:
        yield change(f"may now enter {place} only {one}", f"may now enter {place} only {one}", False)


def _sides(before: Verdicts, after: Verdicts) -> Iterator[Change]:
    """Grants and trusts that ask for less than before, where the rest still keeps the access as it was."""
    known = {(cell.user.arn, cell.role.arn): cell for cell in before.cells() if _in(cell)}
    for new in after.cells():
        old = known.get((new.user.arn, new.role.arn))
        if (
            old is None
            or not _in(new)
            or (old.identity.documents == new.identity.documents and old.trust.documents == new.trust.documents)
        ):
            continue
        role = f"{new.role.name} in {after.model.label(new.role.account)}"
        for what, was, now in (
            (f"The grant for {role}", old.identity, new.identity),
            (f"The trust policy of {role}", old.trust, new.trust),
        ):
            wide, narrow = _alone(now), _alone(was)
            if wide.without_mfa and not narrow.without_mfa and not new.access.without_mfa:
                said = f"{what} no longer asks for MFA by itself; something else still does"
                yield Change("", (said, said), True)
            if wide.addresses - narrow.addresses and not new.access.addresses - old.access.addresses:
                said = f"{what} no longer keeps addresses out by itself as it did; something else still does"
                yield Change("", (said, said), True)


def _alone(policies: PolicySet) -> EffectiveAccess:
    """What the Allow statements of one policy set let through."""
    documents = only(policies.documents, lambda statement: statement.effect is Effect.ALLOW)
    return effective_access((documents,), Callers(type=CallerType.USER))


def _outsiders(before: Verdicts, after: Verdicts) -> Iterator[Change]:
    def by_key(verdicts: Verdicts) -> dict[tuple[str, str], list[Outsider]]:
        found: dict[tuple[str, str], list[Outsider]] = {}
        for outsider in verdicts.outsiders():
            found.setdefault((outsider.principal.value, outsider.role.arn), []).append(outsider)
        return found

    old, new = by_key(before), by_key(after)
    for key, outsiders in new.items():
        first = outsiders[0]
        known = [sentence(one.access) for one in old.get(key, ())]
        for outsider in outsiders:
            said = sentence(outsider.access)
            if said not in known:
                place = f"{_place(after.model, first.role)} ({said}); nothing is known of the grants"
                yield Change("", (f"The trust policy now admits {outsider.title} to {place}",) * 2, True)
    for key in [key for key in old if key not in new]:
        first = old[key][0]
        said = f"The trust policy no longer admits {first.title} to {_place(before.model, first.role)}"
        yield Change("", (said, said), False)


def _role(old: Role | None, new: Role, before: Verdicts, after: Verdicts) -> Iterator[Change]:
    """What the role itself may do, once entered."""
    name = f"{new.name} in {after.model.label(new.account)}"

    def change(text: str, weaker: bool) -> Change:
        return Change("", (text, text), weaker)

    if old is None:
        yield change(f"The role {name} is new", False)
        return
    revoked, former = after.revoked_before(new), before.revoked_before(old)
    sessions = f"Sessions of {name} that were issued before"
    if former and (instant(revoked or "") or 0) < (instant(former) or 0):
        left = f", only those before {revoked}" if revoked else ""
        yield change(f"{sessions} {former} are no longer revoked{left}", True)
    elif revoked and revoked != former:
        yield change(f"{sessions} {revoked} are revoked", False)
    lock, was = after.session_addresses(new), before.session_addresses(old)
    if lock != was and was is not None:
        more = None if lock is None else lock - was
        if more is None or more:
            yield change(f"A session of {name} may be used from {more or 'anywhere'}", True)
    if lock is not None and (was is None or was - lock):
        yield change(f"A session of {name} may be used only from {lock}", False)
    if new.max_session > old.max_session:
        yield change(f"A session of {name} lasts up to {_hours(new.max_session)} (was {_hours(old.max_session)})", True)
    if old.boundary and (not new.boundary or new.boundary.arn != old.boundary.arn):
        now = (
            f"has the permissions boundary {new.boundary.name} instead of"
            if new.boundary
            else "loses the permissions boundary"
        )
        # Whether it lets more through is proved from its documents.
        yield change(f"{name} {now} {old.boundary.name}", False)


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:g} h"
