"""What AWS refuses, by action of its API; whatever the local server refuses itself is not repeated here.

Quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
Errors: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from delegation_pack.facts.quotas import (
    ATTACHED_POLICIES,
    GROUPS_OF_USER,
    INLINE_POLICIES,
    MANAGED_POLICY,
    TRUST_POLICY,
    TRUST_POLICY_RAISED,
    characters,
)

from sandbox import documents
from sandbox.refusals.account import Account
from sandbox.refusals.answers import IamError
from sandbox.refusals.principals import check_principals

Parameters: TypeAlias = Mapping[str, str]
Check: TypeAlias = Callable[[Account, Parameters], None]

SESSION_SECONDS = range(3600, 43201)


def trust_policy_quota() -> int:
    """Return the local accounts' quota for a trust policy in characters.

    AWS's default is 2,048, and an account's may be raised (quota L-C07B4B0D): DELEGATION_TRUST_POLICY_QUOTA in the
    server's environment is how the local accounts' is.

    Raises:
        ValueError: it is no number from 2048 to 8192.
    """
    text = os.environ.get("DELEGATION_TRUST_POLICY_QUOTA", str(TRUST_POLICY))
    if not text.isdecimal() or not TRUST_POLICY <= int(text) <= TRUST_POLICY_RAISED:
        limits = f"{TRUST_POLICY} to {TRUST_POLICY_RAISED}"
        raise ValueError(f"DELEGATION_TRUST_POLICY_QUOTA is {text!r}: it must be a number from {limits}")
    return int(text)


def _new_name(kind: str, parameter: str, old: str = "") -> Check:
    """Refuse a name that is taken: IAM's names are unique ignoring case."""

    def check(account: Account, parameters: Parameters) -> None:
        name = parameters.get(parameter, "")
        for other in account.names(kind):
            if other.lower() == name.lower() and other != parameters.get(old):
                raise IamError(
                    "EntityAlreadyExists",
                    f"A policy called {other} already exists. Duplicate names are not allowed."
                    if kind == "Policy"
                    else f"{kind} with name {other} already exists.",
                )

    return check


def _identity_document(_account: Account, parameters: Parameters) -> None:
    _check_document(parameters, "PolicyDocument", documents.check_identity)


def _managed_size(_account: Account, parameters: Parameters) -> None:
    if characters(parameters.get("PolicyDocument", "")) > MANAGED_POLICY:
        raise IamError("LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED_POLICY}")


def _inline_size(kind: str) -> Check:
    """Refuse an inline policy that does not fit beside the owner's others."""

    def check(account: Account, parameters: Parameters) -> None:
        name = parameters.get(f"{kind}Name", "")
        owner = account.owner(kind, name)
        others = dict(owner.policies) if owner else {}
        others[parameters.get("PolicyName", "")] = parameters.get("PolicyDocument", "")
        if sum(characters(text) for text in others.values()) > INLINE_POLICIES[kind.lower()]:
            raise IamError(
                "LimitExceeded",
                f"Maximum policy size of {INLINE_POLICIES[kind.lower()]} bytes exceeded for {kind.lower()} {name}",
            )

    return check


def _trust_document(parameter: str) -> Check:
    """Refuse a text that is no trust policy, is too long, or names a principal that does not exist."""

    def check(account: Account, parameters: Parameters) -> None:
        text = parameters.get(parameter, "")
        _check_document(parameters, parameter, documents.check_trust)
        quota = trust_policy_quota()
        if characters(text) > quota:
            raise IamError("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {quota}")
        check_principals(account, text)

    return check


def _boundary(account: Account, parameters: Parameters) -> None:
    """Refuse a permissions boundary that is not there."""
    arn = parameters.get("PermissionsBoundary")
    if arn and not account.policy(arn):
        raise IamError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")


def _session_seconds(_account: Account, parameters: Parameters) -> None:
    text = parameters.get("MaxSessionDuration", "3600")
    if not text.isdecimal() or int(text) not in SESSION_SECONDS:
        raise IamError(
            "ValidationError",
            f"1 validation error detected: Value '{text}' at 'maxSessionDuration' failed to satisfy constraint: "
            f"Member must have value between {SESSION_SECONDS[0]} and {SESSION_SECONDS[-1]}",
        )


def _attachment(kind: str) -> Check:
    """Refuse the attachment of a policy that is not there, or of one too many."""

    def check(account: Account, parameters: Parameters) -> None:
        arn = parameters.get("PolicyArn", "")
        owner = account.owner(kind, parameters.get(f"{kind}Name", ""))
        if owner and not account.policy(arn):
            raise IamError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
        if owner and len({*owner.managed_policies, arn}) > ATTACHED_POLICIES:
            raise IamError("LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind}: {ATTACHED_POLICIES}")

    return check


def _membership(account: Account, parameters: Parameters) -> None:
    """Refuse one group too many for a user."""
    if len({*account.groups_of(parameters.get("UserName", "")), parameters.get("GroupName")}) > GROUPS_OF_USER:
        raise IamError("LimitExceeded", f"Cannot exceed quota for GroupsPerUser: {GROUPS_OF_USER}")


def _user_is_bare(account: Account, parameters: Parameters) -> None:
    name = parameters.get("UserName", "")
    if user := account.user(name):
        _refuse_leftovers(
            (user.access_keys, "delete access keys"),
            (user.mfa_devices, "deactivate MFA devices"),
            (user.password, "delete login profile"),
            (user.signing_certificates, "delete signing certificates"),
            (user.ssh_public_keys, "delete SSH public keys"),
            (user.managed_policies, "detach all policies"),
            (user.policies, "delete policies"),
            (account.groups_of(name), "remove users from group"),
        )


def _group_is_bare(account: Account, parameters: Parameters) -> None:
    if group := account.group(parameters.get("GroupName", "")):
        _refuse_leftovers(
            (group.users, "remove users from group"),
            (group.managed_policies, "detach all policies"),
            (group.policies, "delete policies"),
        )


def _policy_is_free(account: Account, parameters: Parameters) -> None:
    arn = parameters.get("PolicyArn", "")
    policy = account.policy(arn)
    if policy and (account.bounded_by(arn) or any(account.principals_of(arn))):
        raise IamError("DeleteConflict", "Cannot delete a policy attached to entities.")
    if policy and len(policy.versions) > 1:
        raise IamError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
        )


CHECKS: Mapping[str, tuple[Check, ...]] = {
    "AddUserToGroup": (_membership,),
    "AttachGroupPolicy": (_attachment("Group"),),
    "AttachRolePolicy": (_attachment("Role"),),
    "AttachUserPolicy": (_attachment("User"),),
    "CreateGroup": (_new_name("Group", "GroupName"),),
    "CreatePolicy": (_identity_document, _managed_size, _new_name("Policy", "PolicyName")),
    "CreatePolicyVersion": (_identity_document, _managed_size),
    "CreateRole": (
        _trust_document("AssumeRolePolicyDocument"),
        _boundary,
        _session_seconds,
        _new_name("Role", "RoleName"),
    ),
    "CreateUser": (_boundary, _new_name("User", "UserName")),
    "DeleteGroup": (_group_is_bare,),
    "DeletePolicy": (_policy_is_free,),
    "DeleteUser": (_user_is_bare,),
    "PutGroupPolicy": (_identity_document, _inline_size("Group")),
    "PutRolePermissionsBoundary": (_boundary,),
    "PutRolePolicy": (_identity_document, _inline_size("Role")),
    "PutUserPolicy": (_identity_document, _inline_size("User")),
    "UpdateAssumeRolePolicy": (_trust_document("PolicyDocument"),),
    "UpdateGroup": (_new_name("Group", "NewGroupName", old="GroupName"),),
    "UpdateRole": (_session_seconds,),
    "UpdateUser": (_new_name("User", "NewUserName", old="UserName"),),
}
"""The checks of each action, in the order in which they are made. A role with policies the server refuses itself."""


def _refuse_leftovers(*leftovers: tuple[Any, str]) -> None:
    for present, what in leftovers:
        if present:
            raise IamError("DeleteConflict", f"Cannot delete entity, must {what} first.")


def _check_document(parameters: Parameters, parameter: str, check: Callable[[str], None]) -> None:
    try:
        check(parameters.get(parameter, ""))
    except documents.InvalidDocumentError as error:
        raise IamError("MalformedPolicyDocument", str(error)) from error


def check(action: str, account: Account, parameters: Parameters) -> None:
    """Refuse what AWS refuses of an action."""
    checks: Iterable[Check] = CHECKS.get(action, ())
    for each in checks:
        each(account, parameters)
