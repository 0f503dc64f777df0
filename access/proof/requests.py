"""A counterexample made as telling as it can be, and said in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from delegation_pack.facts import actions
from delegation_pack.iam import (
    ADDRESS_KEY,
    ALWAYS_PRESENT,
    MFA_KEY,
    MFA_KEYS,
    VPC_ONLY,
    Document,
    Effect,
    NewAccess,
    PrincipalKind,
    Request,
    Unverifiable,
    address_classes,
    canonical_key,
    evaluate,
    matching_actions,
)

from access.addresses import EVERYWHERE, NOWHERE, Addresses
from access.proof.documents import Documents

_USUAL = {"aws:securetransport": "true", "aws:viaawsservice": "false"}
ASSUME_ROLE = "sts:AssumeRole"
_SERVICE, _FEDERATED = "AWSService:", "Federated:"
_MOST_CLASSES = 200
"""Classes of addresses that are tried one by one; beyond, one address is named."""
_TELLING = (
    # Who changes a password gives the old one, so that this tells least of all.
    *((action, "user") for action in ("iam:CreateAccessKey", *actions.USERS) if action != "iam:ChangePassword"),
    *((action, "mfa") for action in actions.DEVICES),
    *((action, "role") for action in actions.ROLE_CHANGES),
    *((action, "policy") for action in actions.POLICY_VERSIONS),
    ("iam:PassRole", "role"),
    *((action, max(actions.ACTIONS[action])) for action in actions.OTHER_WRITES if action.startswith("iam:")),
    *((action, "group") for action in actions.GROUPS),
    *((action, "role") for action in actions.SESSIONS),
)
"""What a reviewer should rather hear of than of other actions, most telling first, with the type of its resource."""
TELLING = tuple(action for action, _ in _TELLING if action not in actions.SESSIONS)
"""These actions, but for those that open a session."""


@dataclass(frozen=True)
class Found:
    """A request that is allowed after and not before, and from where else it is."""

    request: Request
    addresses: Addresses | None
    """From where; None if not every class of addresses was tried."""
    access: NewAccess

    def by(self, principal: str) -> Found:
        """The same by another principal, who is also the resource where the first one was."""
        own = self.request.resource == self.request.principal
        resource = principal if own else self.request.resource
        return replace(self, request=replace(self.request, principal=principal, resource=resource))


class Difference:
    """What two versions of a policy make of requests."""

    def __init__(self, before: Documents, after: Documents) -> None:
        self.before, self.after = before.parsed, after.parsed

    def allows(self, request: Request) -> bool:
        """Tell whether a request is allowed after and not before."""
        try:
            return evaluate(self.after, request).allowed and not evaluate(self.before, request).allowed
        except Unverifiable:
            return False

    @property
    def documents(self) -> tuple[Document, ...]:
        """All documents of both versions."""
        return (*self.before, *self.after)

    def telling(self, found: NewAccess) -> Found:
        """Choose, among the requests like one that was found, the one to tell of.

        It has a known action, no more condition keys than it needs, and no MFA where it needs none.
        """
        request = self._known_action(found)
        request = self._bare(request)
        request = self._weakest(request)
        return Found(request, self._addresses(request), found)

    def _known_action(self, found: NewAccess) -> Request:
        request = found.request
        start = ":".join(request.principal.split(":")[:5]) if request.principal.startswith("arn:") else ""
        named = [] if request.resource.endswith("/") else [request.resource]
        for action, type_ in self._covered:
            others = [f"{start}:{type_}/another"] if start else []
            for resource in (request.principal, *named, *others, request.resource):
                telling = replace(request, action=action, resource=resource)
                if f":{type_}/" in resource and self.allows(telling):
                    return telling
        whole = replace(request, resource=f"{request.resource}another")
        return whole if request.resource.endswith("/") and self.allows(whole) else request

    @cached_property
    def _covered(self) -> list[tuple[str, str]]:
        names = [action for action, _ in _TELLING]
        statements = [s for document in self.after for s in document.statements if s.effect is Effect.ALLOW]
        covered = {name for statement in statements for name in matching_actions(statement, names)}
        return [(action, type_) for action, type_ in _TELLING if action in covered]

    def _bare(self, request: Request) -> Request:
        for key in list(request.context):
            if canonical_key(key) in {ADDRESS_KEY} | MFA_KEYS | ALWAYS_PRESENT:
                continue
            if canonical_key(key) == "sts:rolesessionname" and request.action.lower() == "sts:assumerole":
                continue
            other = replace(request, context={k: v for k, v in request.context.items() if k != key})
            if self.allows(other):
                request = other
        return request

    def _weakest(self, request: Request) -> Request:
        """The same request with as little MFA as it can have."""
        context = {canonical_key(key): value for key, value in request.context.items()}
        asked = {canonical_key(c.key) for d in self.documents for s in d.statements for c in s.conditions}
        if (context.keys() | asked) & (MFA_KEYS - {MFA_KEY}):
            return request
        kept = {key: value for key, value in request.context.items() if canonical_key(key) != MFA_KEY}
        is_user = ":user/" in request.principal or request.principal.endswith(":root")
        for mfa in (*([{}] if is_user else []), {"aws:MultiFactorAuthPresent": "false"}):
            other = replace(request, context={**kept, **mfa})
            if self.allows(other):
                return other
        return request

    def _addresses(self, request: Request) -> Addresses | None:
        if VPC_ONLY & set(map(canonical_key, request.context)):
            return Addresses((), endpoints=True)
        classes = address_classes(self.documents)
        if len(classes) == 2:
            return EVERYWHERE
        if len(classes) > _MOST_CLASSES:
            return None
        kept = {key: value for key, value in request.context.items() if canonical_key(key) != ADDRESS_KEY}
        found = NOWHERE
        for one in classes:
            address = {} if one.example is None else {"aws:SourceIp": one.example}
            if self.allows(replace(request, context={**kept, **address})):
                found |= Addresses.of(one.spans, endpoints=one.example is None)
        return found or None


def called(found: Found) -> str:
    """Say what is called, and how: "iam:CreateAccessKey on their own user without MFA, from anywhere"."""
    request = found.request
    if request.resource == request.principal:
        place = " on their own user" if ":user/" in request.principal else " on the role itself"
    else:
        place = f" on {request.resource}"
    return f"{request.action}{place}{circumstances(found)}"


def caller(found: Found) -> str:
    """Say who calls, where a trust policy lets somebody in."""
    principal = found.request.principal
    if principal.startswith(_SERVICE):
        return f"the service {principal.removeprefix(_SERVICE)}"
    if principal.startswith(_FEDERATED):
        return f"whom {principal.removeprefix(_FEDERATED)} vouches for"
    named = found.access.statement.principals
    if named is None or any(one.kind is PrincipalKind.WILDCARD for one in named):
        return f"others, such as {principal}"
    if principal in {one.value for one in named}:
        return principal
    account = principal.split(":")[4]
    if any(one.kind is PrincipalKind.ACCOUNT and one.account == account for one in named):
        return f"principals of account {account}, such as {principal}"
    return principal


def circumstances(found: Found) -> str:
    """Say with which credentials, from where and with which other condition keys a request is allowed."""
    request = found.request
    context = {canonical_key(key): (key, value) for key, value in request.context.items()}
    is_iam = request.principal.startswith("arn:")
    mfa = context.pop(MFA_KEY, None)
    how = (" with MFA" if mfa and mfa[1] == "true" else " without MFA") if is_iam else ""
    address = context.pop(ADDRESS_KEY, None)
    if found.addresses is not None:
        place = str(found.addresses)
    else:
        place = f"{address[1]} and perhaps elsewhere" if address else "where no address is known"
    where = f"{',' if how else ''} from {place}"
    others = [f"{n} {_value(v)}" for key, (n, v) in context.items() if v != _USUAL.get(key)]
    return f"{how}{where}{', with ' + ', '.join(others) if others else ''}"


def _value(value: str | tuple[str, ...]) -> str:
    return repr(value if isinstance(value, str) else ", ".join(value))
