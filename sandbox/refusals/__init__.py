"""What AWS refuses and the local AWS server lets pass: a layer before that server, which every client meets.

The server (moto) deletes groups that have members and policies that are attached, trusts users who do not exist and
takes documents of any size. The layer looks into the server's accounts before it lets a call of IAM pass, and answers
as AWS would.
It can also answer slowly, or fail now and then, as AWS does.
"""

from sandbox.refusals.checks import trust_policy_quota
from sandbox.refusals.conditions import Conditions
from sandbox.refusals.layer import Layer

__all__ = ["Conditions", "Layer", "trust_policy_quota"]
