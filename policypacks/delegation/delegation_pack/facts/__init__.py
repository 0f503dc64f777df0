"""Facts about AWS: data with source and date, and nothing that judges.

The pack, `access`, `operations`, the workflows' scripts and the program all read them here, so that a fact has one
place: partitions, and as modules the IAM `actions` by what they change, the `aws_managed_policies`, what binds
`federation`, and IAM's `quotas`. A module is read by whoever imports it: the program wants no table of actions at its
start. Nothing here imports a package or calls AWS.
"""

from delegation_pack.facts.partitions import PARTITIONS, SOURCE, Partition, partition_of

__all__ = [
    "PARTITIONS",
    "SOURCE",
    "Partition",
    "actions",
    "aws_managed_policies",
    "federation",
    "partition_of",
    "quotas",
]
