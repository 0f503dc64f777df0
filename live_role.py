"""The access roles as they are in a target account: sessions that somebody revoked in the console.

The console's "Revoke active sessions" writes an inline policy, which the exclusive management of the role's policies
would remove with the next update, in the middle of an incident.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

import pulumi
import pulumi_aws as aws

from configuration.times import moment, written

REVOCATION = "AWSRevokeOlderSessions"
"""Name of the inline policy that the console writes."""

# AWS's code, and what the Terraform provider makes of it in some of its versions.
_NO_SUCH_ROLE = ("NoSuchEntity", "couldn't find resource")


class LiveRoleError(ValueError):
    """A role cannot be read, so what was revoked by hand is not known; the message says which."""


def kept_revocations(
    role_names: Iterable[str], revoke_before: datetime | None, provider: aws.Provider
) -> dict[str, pulumi.Output[Sequence[str]]]:
    """Return the revocations made in the console that stay, by role, and name each: a warning.

    One stays until the configuration has a later time.

    Raises:
        LiveRoleError: at up, a role cannot be read.
    """
    revoked = [name for name in role_names if REVOCATION in _inline_policies(name, provider)]
    return {name: _read(name, provider).apply(partial(_kept, name, revoke_before)) for name in revoked}


def _inline_policies(role_name: str, provider: aws.Provider) -> Sequence[str]:
    try:
        found = aws.iam.get_role_policies(role_name=role_name, opts=pulumi.InvokeOptions(provider=provider))
    # The SDK raises bare Exceptions for whatever a provider answers.
    except Exception as error:
        if any(sign in str(error) for sign in _NO_SUCH_ROLE):
            return ()
        text = f"Role {role_name} of the target account cannot be read: {error}"
        if not pulumi.runtime.is_dry_run():
            raise LiveRoleError(text) from error
        pulumi.log.warn(text)
        return ()
    return found.policy_names


def _read(role_name: str, provider: aws.Provider) -> pulumi.Output[str]:
    """Return the document: no function of the provider has it, so it is read as a resource that stays its own."""
    policy = aws.iam.RolePolicy.get(
        f"{role_name}-revoked-in-console",
        id=f"{role_name}:{REVOCATION}",
        opts=pulumi.ResourceOptions(provider=provider),
    )
    return policy.policy


def _kept(role_name: str, revoke_before: datetime | None, document: str) -> Sequence[str]:
    revoked = _time_in(document)
    if revoke_before and revoked and revoked <= revoke_before:
        return []
    when = written(revoked) if revoked else "a time that cannot be read"
    pulumi.log.warn(
        f"Somebody revoked the sessions of role {role_name} in the console, those issued before {when}: {REVOCATION} "
        "stays on the role until delegation:revokeSessionsBefore is that time or a later one."
    )
    return [REVOCATION]


def _time_in(document: str) -> datetime | None:
    """Return before when sessions were issued that a revocation is for; None if it is not as the console writes it."""
    try:
        statements = json.loads(document)["Statement"]
        (statement,) = statements if isinstance(statements, list) else [statements]
        return moment(statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"])
    except (ValueError, KeyError, TypeError):
        return None
