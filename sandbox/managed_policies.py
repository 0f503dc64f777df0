"""AWS's own managed policies on the local server, made once instead of for every account and partition.

The server (moto 5.2.5) reads its list of them, 1,582 documents, for each of six partitions of each account when that
account is first used: 0.7 s of a processor.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moto.iam.models import IAMBackend, ManagedPolicy


def share() -> None:
    """Make the server's accounts begin with copies of one list; before the server answers."""
    from moto.iam.models import IAMBackend

    read = IAMBackend._init_aws_policies
    originals: list[ManagedPolicy] = []

    def policies_of(account: IAMBackend) -> list[ManagedPolicy]:
        if not originals:
            originals.extend(read(account))
        return [_copy(policy, account) for policy in originals]

    IAMBackend._init_aws_policies = policies_of  # type: ignore[method-assign, assignment]


def _copy(original: ManagedPolicy, account: IAMBackend) -> ManagedPolicy:
    """Return a policy of which an account may count the attachments and change the tags."""
    policy = copy(original)
    policy.account_id, policy.partition = account.account_id, account.partition
    policy.tags = dict(original.tags)
    policy.versions = [copy(version) for version in original.versions]
    for version in policy.versions:
        version.policy_arn = policy.arn
    return policy
