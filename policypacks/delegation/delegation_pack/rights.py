"""What documents let their principals do: the targets that the rules ask about, and the queries themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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
    outside,
    parse,
)
from delegation_pack.model import Policy, Principal

OWN_USER = ("arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}")
"""The calling user, with or without a path."""

_SERVICE_LINKED = "arn:*:iam::*:role/aws-service-role/*"
"""IAM lets nobody but the linked service change these roles, or make another role with that path.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html"""


def own(account: str | None, *types: str, like: tuple[str, ...] = ("*",), but: tuple[str, ...] = ()) -> Resources:
    """Return resources of the caller's account, the only ones that an action of IAM reaches, but for service-linked
    roles.

    Those of any account where the caller's is not known.
    """
    return Resources(types=types, account=account, like=like, but=(*but, _SERVICE_LINKED))


def role_changes(account: str | None, names: tuple[str, ...] = actions.ROLE_CHANGES) -> Target:
    """Return these actions on the account's roles as a target."""
    return Target(actions=names, resources=own(account, "role"))


def policy_versions(account: str | None, *, but: tuple[str, ...] = ()) -> Target:
    """Return the change of the account's managed policies, other than those in `but`, as a target."""
    return Target(actions=actions.POLICY_VERSIONS, resources=own(account, "policy", but=but))


def around_boundaries(account: str | None, *, but: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Return what makes use of a stronger role of the account although role management is bounded.

    `but` are roles that are not of the account as far as anybody knows, so that assuming them is no hop within it.
    """
    hop = Target(actions=("sts:AssumeRole",), resources=own(account, "role", but=but))
    uses = (Target(actions=names, resources=own(account, type_)) for type_, names in actions.AROUND_BOUNDARIES.items())
    return (*uses, hop)


def user_management(account: str | None, *, others_only: bool, but: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Return all that creates or changes users, groups, keys and MFA devices; `others_only` leaves out one's own user
    and devices."""
    others = (*but, *OWN_USER) if others_only else but
    targets = (
        Target(actions=actions.USERS, resources=own(account, "user", but=others)),
        Target(actions=actions.GROUPS, resources=own(account, "group", but=but)),
    )
    devices = Target(actions=actions.DEVICES, resources=own(account, "mfa", but=but))
    return targets if others_only else (*targets, devices)


def allowed(policy: Policy, *targets: Target, keys: Mapping[str, Values] | None = None) -> Finding | None:
    """Return a request for one of the targets that a policy lets whoever may hold it make; None if there is none.

    Raises:
        Unverifiable: the document cannot be read, or the answer not be given.
    """
    callers = callers_of_identity(policy.attachment, policy.account, policy.partition)
    return decide(policy.read(), Query(callers=callers, targets=targets, keys=keys or {}))


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


def only_denies(document: Document) -> Document:
    """Return a document without its Allows."""
    return replace(document, statements=tuple(one for one in document.statements if one.effect is Effect.DENY))


_EVERYTHING = parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, Kind.IDENTITY
)
_ANY_ACTION = "anyservice:AnyAction"
"""An action that no service has, so that only a wildcard covers it."""


def explicitly_denied(documents: Sequence[Document], query: Query) -> bool:
    """Tell whether the documents deny every request of a query, whatever else allows it."""
    return decide([*documents, _EVERYTHING], query) is None


def session_stays_inside(role: Principal, networks: Sequence[str]) -> bool:
    """Tell whether a role's inline documents deny everything that does not come from the networks.

    The condition key has to be tested for every action, so an exception of a NotAction counts as one that is not
    denied.
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
    return explicitly_denied(documents, Query(callers=(callers,), targets=(anything,), keys=outside(networks)))
