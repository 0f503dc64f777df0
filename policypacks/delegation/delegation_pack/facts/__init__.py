"""Facts about AWS: data with source and date, and nothing that judges.

The pack, `access`, `operations`, the workflows' scripts and the program all read them here, so that a fact has one
place. Nothing here imports a package or calls AWS.
"""

from delegation_pack.facts.partitions import PARTITIONS, SOURCE, Partition, partition_of

__all__ = ["PARTITIONS", "SOURCE", "Partition", "partition_of"]
