"""One model of the IAM entities, from plain resources: who holds which documents, who is in which group, whom each role
trusts, and in which account.

The resources may come from the policy SDK's arguments, a state or a plan. It alone knows the types of resources and how
their properties are spelt. What is not known or cannot be read is a value, never left out: `UNKNOWN`, a `Policy` whose
`document` is None, a resource in `Model.not_judged`.
"""

from delegation_pack.model.policies import (
    MANAGED_POLICIES,
    Policy,
    attached_policies,
    attachment_of,
    aws_managed,
    identity_policies,
    trusts,
)
from delegation_pack.model.principals import (
    BOUNDARY_KEY,
    Model,
    Principal,
    PrincipalType,
    boundaries_named,
    is_policy,
    is_read,
)
from delegation_pack.model.resources import (
    ENCRYPTED,
    UNKNOWN,
    ModelError,
    Resource,
    account_of,
    allowed_accounts,
    folded,
    holds_unknown,
    is_account,
    only_account,
    with_neighbors,
)
from delegation_pack.model.types import carries, is_credential

__all__ = [
    "BOUNDARY_KEY",
    "ENCRYPTED",
    "MANAGED_POLICIES",
    "UNKNOWN",
    "Model",
    "ModelError",
    "Policy",
    "Principal",
    "PrincipalType",
    "Resource",
    "account_of",
    "allowed_accounts",
    "attached_policies",
    "attachment_of",
    "aws_managed",
    "boundaries_named",
    "carries",
    "folded",
    "holds_unknown",
    "identity_policies",
    "is_account",
    "is_credential",
    "is_policy",
    "is_read",
    "only_account",
    "trusts",
    "with_neighbors",
]
