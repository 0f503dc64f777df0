"""What documents let their principals do: the targets that the rules ask about, and the queries themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from delegation_pack.facts import actions
from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    Callers,
    CallerType,
    Document,
    Effect,
    Finding,
    Kind,
    Query,
    Resources,
    Target,
    Unverifiable,
    Values,
    assume_roles_elsewhere,
    callers_of_identity,
    decide,
    matching_actions,
    outside,
    parse,
)
from delegation_pack.model import BOUNDARY_KEY, UNKNOWN, Policy, Principal

OWN_USER = ("arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}")
"""The calling user, with or without a path."""

_SERVICE_LINKED = "arn:*:iam::*:role/aws-service-role/*"
"""IAM lets nobody but the linked service change these roles, or make another role with that path.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html"""

_ARNS_OF = {"eks-auth": ("eks",), "sts": ("sts", "iam")}
"""The services in the ARNs of what a service's actions are about, where that is not itself."""
_READING = ("describe", "get", "list")
"""What the names of actions begin with that read, whatever the table says of them."""
_AROUND = tuple(name for name in actions.OTHER_WRITES if name not in actions.POLICIES)


def own(account: str | None, *types: str, like: tuple[str, ...] = ("*",), but: tuple[str, ...] = ()) -> Resources:
    """Return resources of the caller's account, the only ones that an action of IAM reaches, but for service-linked
    roles.

    Those of any account where the caller's is not known.
    """
    return Resources(types=types, account=account, like=like, but=(*but, _SERVICE_LINKED))


def role_changes(account: str | None, names: tuple[str, ...] = actions.ROLE_CHANGES) -> Target:
    """Return these actions on the account's roles as a target."""
    return Target(actions=names, resources=own(account, "role"))


def boundaries(role: Principal) -> tuple[str, ...]:
    """Return the pattern of a role's boundary, of any where that is not known; none if it has no boundary."""
    if role.boundary:
        return (role.boundary.arn or role.boundary.arn_to_be or "*",)
    return ("*",) if role.resource and role.resource.get("permissionsboundary") is UNKNOWN else ()


def changes_of(role: Principal, names: tuple[str, ...] = actions.ROLE_CHANGES) -> tuple[Target, ...]:
    """Return these actions on one role, with the boundary that it has, as targets."""
    resources = own(role.account, "role", like=(role.arn or f"arn:*:iam::*:role{role.path}{role.name}",))
    bound = boundaries(role)
    # AWS does not say the boundary where a role is tagged.
    of_tags = tuple(name for name in names if name in actions.TAGS_OF_ROLES)
    return tuple(
        Target(actions=some, resources=resources, keys={BOUNDARY_KEY: Values(absent=not keys, like=keys)})
        for some, keys in ((tuple(one for one in names if one not in of_tags), bound), (of_tags, ()))
        if some
    )


def policy_versions(account: str | None, *, but: tuple[str, ...] = ()) -> Target:
    """Return the change of the account's managed policies, other than those in `but`, as a target."""
    return Target(actions=actions.POLICY_VERSIONS, resources=own(account, "policy", but=but))


@lru_cache(maxsize=256)
def writes(account: str | None, names: tuple[str, ...] = actions.OTHER_WRITES) -> tuple[Target, ...]:
    """Return actions as targets, each on what it can be about according to AWS's own table.

    `account` is the callers'; IAM reaches no other.
    """
    by_type: dict[tuple[str, str], list[str]] = {}
    for name in names:
        service = name.partition(":")[0]
        for type_ in actions.ACTIONS.get(name, ("", "any")):
            place = type_ if type_ == "" or service == "iam" else "any"
            found = by_type.setdefault(("" if type_ == "" else service, place), [])
            if name not in found:
                found.append(name)
    return tuple(
        Target(actions=tuple(found), resources=_about(service, type_, account))
        for (service, type_), found in by_type.items()
    )


def _about(service: str, type_: str, account: str | None) -> Resources:
    if type_ == "":
        return Resources(types=(), but=("arn:*:*:*:*:*",))
    if service == "iam":
        return own(account, type_)
    return Resources(types=(), like=tuple(f"arn:*:{name}:*:*:*" for name in _ARNS_OF.get(service, (service,))))


def hop(account: str | None, but: tuple[str, ...] = ()) -> Target:
    """Return the assuming of the account's own roles, other than those in `but`, as a target."""
    return Target(actions=("sts:AssumeRole",), resources=own(account, "role", but=but))


def around_boundaries(account: str | None, *, but: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Return what makes use of a stronger role of the account although role management is bounded: all that can be
    written about identities beside the making and removing of policies.

    `but` are roles that are not of the account as far as anybody knows, so that assuming them is no hop within it.
    """
    return (*writes(account, _AROUND), hop(account, but))


def user_management(account: str | None, *, own_allowed: bool) -> tuple[Target, ...]:
    """Return all that creates or changes users, groups, keys and MFA devices; `own_allowed` leaves out self-service."""
    spared = (*actions.OWN_CREDENTIALS, *actions.OWN_DEVICES) if own_allowed else ()
    targets = [
        Target(actions=tuple(name for name in names if name not in spared), resources=own(account, *types))
        for names, types in (
            (actions.USERS, ("user",)),
            (actions.GROUPS, ("group",)),
            (actions.DEVICES, ("mfa", "sms-mfa")),
        )
    ]
    if own_allowed:
        others = own(account, "user", but=OWN_USER)
        targets.append(Target(actions=actions.OWN_CREDENTIALS, resources=others))
    return tuple(targets)


def unknown_actions(document: Document) -> list[str]:
    """Return what the Allows of a document say of the table's services that is no action of theirs, but for reading.

    AWS takes any name; it may be an action newer than the table.
    """
    named = (
        (statement, action)
        for statement in document.statements
        if statement.effect is Effect.ALLOW
        for action in statement.actions or ()
    )
    return [
        action
        for statement, action in named
        if action.partition(":")[0].lower() in actions.SERVICES
        and not action.partition(":")[2].lower().startswith(_READING)
        and not matching_actions(replace(statement, actions=(action,)), actions.KNOWN)
    ]


def past_boundary(account: str | None) -> tuple[Target, ...]:
    """Return what a permissions boundary must not allow, as targets: to change identities, and to become another role.

    The roles that are bound by it may be entered by whoever made them.
    """
    names = tuple(name for name in actions.OTHER_WRITES if name.startswith(("account:", "iam:", "organizations:")))
    return (
        role_changes(account),
        *writes(account, names),
        *user_management(account, own_allowed=False),
        hop(account),
        *assume_roles_elsewhere(),
    )


def allowed(policy: Policy, *targets: Target, keys: Mapping[str, Values] | None = None) -> Finding | None:
    """Return a request for one of the targets that a policy lets whoever may hold it make; None if there is none.

    Raises:
        Unverifiable: the document cannot be read, or the answer not be given.
    """
    callers = callers_of_identity(policy.attachment, policy.account, policy.partition)
    return decide([policy.read(), *policy.beside], Query(callers=callers, targets=targets, keys=keys or {}))


def changes_roles(
    policy: Policy, names: tuple[str, ...] = actions.ROLE_CHANGES, keys: Mapping[str, Values] | None = None
) -> Finding | None:
    """Return a request that changes a role of the policy's account."""
    return allowed(policy, role_changes(policy.account, names), keys=keys)


def enters_roles_elsewhere(
    policy: Policy,
    keys: Mapping[str, Values] | None = None,
    but: tuple[str, ...] = (),
    like: tuple[str, ...] = ("*",),
) -> Finding | None:
    """Return a request that assumes a role of another account: one of `like` and none of `but`, both ARN patterns."""
    return allowed(policy, *assume_roles_elsewhere(but=but, like=like), keys=keys)


def takes_users_from_elsewhere(document: Document, role: Principal) -> bool:
    """Tell whether a trust policy lets users of other accounts into its role; not if that cannot be told."""
    callers = (Callers(type=CallerType.USER, not_account=role.account, partition=role.partition),)
    try:
        return decide(document, Query(callers=callers, targets=(ASSUME_THIS_ROLE,))) is not None
    except Unverifiable:
        return False


def grants_like(policy: Policy, *patterns: str, keys: Mapping[str, Values] | None = None) -> Finding | None:
    """Return a request that assumes a role of another account whose ARN is like one of the patterns."""
    resources = Resources(types=("role",), not_callers_account=True, like=patterns)
    return allowed(policy, Target(actions=("sts:AssumeRole",), resources=resources), keys=keys)


def naming(document: Document) -> Document:
    """Return a document without what its Allows say of all roles at once, of one account or of any."""
    kept = []
    for one in document.statements:
        named = tuple(text for text in one.resources or () if re.split("[:/]", text)[-1].strip("*?"))
        if one.effect is Effect.DENY:
            kept.append(one)
        elif named:
            kept.append(replace(one, resources=named))
    return replace(document, statements=tuple(kept))


def only_denies(document: Document) -> Document:
    """Return a document without its Allows."""
    return replace(document, statements=tuple(one for one in document.statements if one.effect is Effect.DENY))


_EVERYTHING = parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, Kind.IDENTITY
)
_ANY_ACTION = "anyservice:AnyAction"
"""An action that no service has, so that only a wildcard covers it."""
ANYTHING = Target(actions=(_ANY_ACTION,), resources=Resources(types=()))
"""What only a statement on every action covers."""


def explicitly_denied(documents: Sequence[Document], query: Query) -> bool:
    """Tell whether the documents deny every request of a query, whatever else allows it."""
    return decide([*documents, _EVERYTHING], query) is None


def session_stays_inside(role: Principal, networks: Sequence[str]) -> bool:
    """Tell whether a role's inline documents deny everything that does not come from the networks.

    The condition key has to be tested for every action, so an exception of a NotAction counts as one that is not
    denied. Requests that a service makes in the caller's name may be left: a request of the caller's own came first.
    """
    documents = [policy.document for policy in role.inline if policy.document]
    excepted = {
        action.replace("*", "a").replace("?", "a")
        for document in documents
        for statement in document.statements
        if statement.effect is Effect.DENY
        for action in statement.not_actions or ()
    }
    anything = Target(actions=(_ANY_ACTION, *sorted(excepted)), resources=Resources(types=()))
    callers = Callers(type=CallerType.ROLE, account=role.account, partition=role.partition)
    keys = {**outside(networks), "aws:ViaAWSService": Values(absent=False, like=("false",))}
    return explicitly_denied(documents, Query(callers=(callers,), targets=(anything,), keys=keys))
