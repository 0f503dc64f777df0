"""Whether a change opens anything at all: any request that is allowed after and was not before.

Decided for what every user, group, role and permission set may do by all its documents together, for each permissions
boundary, each trust policy, and each managed policy that nobody here holds: over all actions, resources and callers,
with whatever condition keys. Either it is proved that there is none, or a request is named, or what cannot be decided.
What the decision takes into account, and what not, stands at `delegation_pack.iam.new_access`.

Identity policies and boundary are compared apart: what both allow is more only if one of them allows more. A request
that the boundary still stops is named with that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from delegation_pack.iam import Callers, CallerType, NewAccess, Request, Unverifiable, evaluate, keys_asked

from access.model import Model
from access.proof.documents import NONE, Documents, compared, everything, not_asked, unread
from access.proof.requests import ASSUME_ROLE, TELLING, Difference, Found, called, caller, circumstances
from access.proof.resources import not_judged, not_known, tags_asked
from access.proof.subjects import Subject, What, subjects


@dataclass(frozen=True)
class Finding:
    """Something that is allowed, or cannot be decided, in one direction of the comparison."""

    subject: str
    """Whom it is about, as a sentence begins."""
    says: tuple[str, str]
    """The rest of the sentence, for one and for several."""
    is_new: bool
    """Whether it opens something, or may; else it closes something."""
    request: Request | None = None
    """The counterexample."""
    documents: tuple[Documents, Documents] | None = None
    """Those that do not allow the request, and those that do."""


def findings(before: Model, after: Model) -> Iterator[Finding]:
    """Yield what is allowed after and was not before, what was before and is no longer, and what cannot be decided."""
    old, new = subjects(before, "before"), subjects(after, "after")
    yield from _Comparison(old, new, is_new=True).findings()
    yield from _Comparison(new, old, is_new=False).findings()
    yield from _beside_documents(before, after, (*old.values(), *new.values()))


class _Comparison:
    """All subjects of two moments, in one direction: what `wide` allows and `narrow` does not."""

    def __init__(
        self, narrow: Mapping[tuple[What, str], Subject], wide: Mapping[tuple[What, str], Subject], *, is_new: bool
    ) -> None:
        self.narrow, self.wide, self.is_new = narrow, wide, is_new

    def findings(self) -> Iterator[Finding]:
        """Yield what is found, a finding or two for each subject."""
        for key, subject in self.wide.items():
            was = self.narrow.get(key) or replace(subject, documents=NONE, boundary=NONE, groups=())
            if was.documents == subject.documents or self._shows_elsewhere(subject):
                continue
            if said := not_asked(was.documents, subject.documents):
                yield self._undecided(subject, f"{said} is about callers that are not asked about")
            yield from self._of(subject, was.documents, subject.documents)

    def _shows_elsewhere(self, subject: Subject) -> bool:
        if subject.what is What.POLICY:
            return any(self._shows_in(holder, subject) for holder in subject.holders)
        if subject.what is What.BOUNDARY:
            # Nobody had one before a principal was there.
            return (What.MAY, subject.arn) not in self.narrow
        return subject.what is What.MAY and self._follows_from_groups(subject)

    def _shows_in(self, holder: str, policy: Subject) -> bool:
        """Whether the change of a policy is more for one who holds it, and something is said of that one."""
        now, was, old = self.wide[What.MAY, holder], self.narrow.get((What.MAY, holder)), self.narrow.get(policy.key)
        before = was.documents if was else NONE
        with_it = Documents((before.texts - (old.documents.texts if old else frozenset())) | policy.documents.texts)
        return all(compared(before, those, now.callers) for those in (with_it, now.documents))

    def _follows_from_groups(self, subject: Subject) -> bool:
        """Whether all that is new for a user comes from what is new for the groups, of which that is said."""
        was = self.narrow.get(subject.key)
        shared = set(subject.groups) & set(was.groups) if was else set()
        changed = [
            now.documents.allows
            for arn in sorted(shared)
            for then, now in [(self.narrow.get((What.MAY, arn)), self.wide.get((What.MAY, arn)))]
            if then and now and compared(then.documents, now.documents, now.callers)
        ]
        if was is None or not changed:
            return False
        reached = was.documents
        for documents in changed:
            reached |= documents
        return compared(reached, subject.documents, subject.callers) is None

    def _of(self, subject: Subject, narrow: Documents, wide: Documents) -> Iterator[Finding]:
        found = _found(narrow, wide, subject.callers, self._arn_of_caller(subject))
        if found is None:
            return
        if isinstance(found, str):
            yield self._undecided(subject, found.rstrip("."))
            return
        yield self._said(subject, found, narrow, wide)
        # Who may enter which role is told of by sentences of its own: look for what hides behind it.
        if subject.what is not What.TRUST and found.request.action == ASSUME_ROLE:
            rest = (narrow.without(ASSUME_ROLE), wide.without(ASSUME_ROLE))
            more = _found(*rest, subject.callers, self._arn_of_caller(subject))
            if isinstance(more, Found):
                yield self._said(subject, more, narrow, wide)

    @staticmethod
    def _arn_of_caller(subject: Subject) -> str:
        """The only principal that calls, where the callers are a class of those who hold the same."""
        is_one = subject.what in (What.MAY, What.BOUNDARY) and any(f":{t}/" in subject.arn for t in ("user", "role"))
        return subject.arn if is_one and "*" not in subject.arn else ""

    def _said(self, subject: Subject, found: Found, narrow: Documents, wide: Documents) -> Finding:
        if name := unread(found.request):
            return self._undecided(subject, f"the document of {name} cannot be read")
        return Finding(
            subject.title if subject.what is What.MAY else "",
            _sentence(subject, found, is_new=self.is_new),
            self.is_new,
            found.request,
            (narrow, wide),
        )

    def _undecided(self, subject: Subject, why: str) -> Finding:
        what = {
            What.MAY: f"{subject.title} may call",
            What.BOUNDARY: f"the permissions boundary of {subject.title} lets through",
            What.TRUST: f"the trust policy of {subject.title} lets in",
            What.POLICY: f"the policy {subject.title} allows",
        }[subject.what]
        return _not_decided(f"{what} anything {'new' if self.is_new else 'less'}: {why}", is_new=self.is_new)


def _sentence(subject: Subject, found: Found, *, is_new: bool) -> tuple[str, str]:
    now = "now" if is_new else "no longer"
    match subject.what:
        case What.MAY:
            said = f"may {now} call {called(found)}{_stopped(subject, found)}"
        case What.BOUNDARY:
            lets = "now lets through" if is_new else "no longer lets through"
            said = f"The permissions boundary of {subject.title} {lets} {called(found)}"
            if is_new and subject.documents == everything():
                said = f"No permissions boundary keeps {subject.title} any more from {called(found)}"
        case What.TRUST:
            lets = "now lets in" if is_new else "no longer lets in"
            said = f"The trust policy of {subject.title} {lets} {caller(found)} by {found.request.action}"
            said += circumstances(found)
        case What.POLICY:
            said = f"Whoever holds the policy {subject.title} may {now} call {called(found)}"
    return said, said


def _stopped(subject: Subject, found: Found) -> str:
    """That the permissions boundary stops the request, if it does."""
    if not subject.boundary:
        return ""
    try:
        stopped = not evaluate(subject.boundary.parsed, found.request).allowed
    except Unverifiable:
        stopped = False
    return "; its permissions boundary stops this request" if stopped else ""


def _not_decided(said: str, *, is_new: bool) -> Finding:
    text = f"It cannot be decided whether {said}"
    return Finding("", (text, text), is_new)


@cache
def _told(narrow: Documents, wide: Documents, callers: tuple[Callers, ...]) -> Found | str | None:
    found = compared(narrow, wide, callers)
    if not isinstance(found, NewAccess):
        return found
    difference = Difference(narrow, wide)
    told = difference.telling(found)
    if told.request.action in (*TELLING, ASSUME_ROLE):
        return told
    better = compared(narrow.only(TELLING), wide.only(TELLING), callers)
    return difference.telling(better) if isinstance(better, NewAccess) else told


def _found(narrow: Documents, wide: Documents, callers: tuple[Callers, ...], arn: str) -> Found | str | None:
    """What is found, for the one caller of a class who is meant."""
    found = _told(narrow, wide, callers)
    if not isinstance(found, Found) or not arn:
        return found
    own = found.by(arn)
    if Difference(narrow, wide).allows(own.request):
        return own
    type_ = CallerType.USER if ":user/" in arn else CallerType.ROLE
    return _told(narrow, wide, (Callers(type=type_, arn=arn),))


def _beside_documents(before: Model, after: Model, those: tuple[Subject, ...]) -> Iterator[Finding]:
    """What no document shows: resources that are not judged, values that are not known, and tags."""
    named: dict[tuple[str, str], list[str]] = {}
    for how, resource in not_judged(before, after):
        named.setdefault((how, resource.type), []).append(resource.name)
    for (how, type_), names in named.items():
        many = {"appears": "appear", "changes": "change", "is gone": "are gone"}[how]
        rest = "what that means for access is not judged"
        yield from (
            Finding(f"{name} ({type_})", (f"{how}: {rest}", f"{many}: {rest}"), how != "is gone") for name in names
        )
    for resource, place in not_known(after):
        yield _not_decided(
            f"anything is new: {place} of {resource.label} is not known before the deployment", is_new=True
        )
    for title, tag in tags_asked(before, after, _keys(those)):
        yield _not_decided(f"anything is new: the tag {tag} of {title} changes, and documents ask for it", is_new=True)


def _keys(those: tuple[Subject, ...]) -> frozenset[str]:
    """The tags of principals and resources that any document asks for: "tag/team"."""
    found = set()
    for documents in {subject.documents for subject in those}:
        for document in documents.parsed:
            found |= {key.rpartition("tag/")[2] for key in keys_asked(document) if "tag/" in key}
    return frozenset(f"tag/{name}" for name in found)
