"""AWS's own managed policies on the local server, made once instead of for every account and partition.

The server (moto 5.2.5) reads its list of them, 1,582 documents, for each of six partitions of each account when that
account is first used: 0.7 s of a processor.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moto.iam.models import IAMBackend, ManagedPolicy


def share() -> None:
    """Make each account, in each partition, take copies of one list when it is first asked; before the server answers.

    For all six partitions of an account they would take 8 MiB and 0.1 s.
    """
    from moto.iam.models import IAMBackend

    begin, read = IAMBackend.__init__, IAMBackend._init_aws_policies
    originals: list[ManagedPolicy] = []

    def begin_without(account: IAMBackend, *args: Any, **kwargs: Any) -> None:
        begin(account, *args, **kwargs)
        del account.aws_managed_policies, account.managed_policies

    def policies_of(account: IAMBackend) -> list[ManagedPolicy]:
        if not originals:
            originals.extend(read(account))
        return [_copy(policy, account) for policy in originals]

    made_when_asked = {"aws_managed_policies": policies_of, "managed_policies": IAMBackend._init_managed_policies}
    for name, make in made_when_asked.items():
        attribute = cached_property(make)
        attribute.__set_name__(IAMBackend, name)
        setattr(IAMBackend, name, attribute)
    IAMBackend._init_aws_policies = lambda _account: []  # type: ignore[method-assign, assignment]
    IAMBackend.__init__ = begin_without  # type: ignore[method-assign, assignment]


def _copy(original: ManagedPolicy, account: IAMBackend) -> ManagedPolicy:
    """Return a policy of which an account may count the attachments and change the tags."""
    policy = copy(original)
    policy.account_id, policy.partition = account.account_id, account.partition
    policy.tags = dict(original.tags)
    policy.versions = [copy(version) for version in original.versions]
    for version in policy.versions:
        version.policy_arn = policy.arn
    return policy
