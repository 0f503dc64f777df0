"""The two components of the delegation, the groups and the access to one target account, and what their grants say."""

from components.cross_account_access import CrossAccountAccess, CrossAccountAccessArgs
from components.documents import Terms, grant_condition
from components.packing import PACKED_POLICIES, packed_policy_name
from components.quotas import QuotaExceededError
from components.target_access import TargetAccess
from components.target_roles import TargetRoles
from components.user_groups import UserGroups, UserGroupsPlan

__all__ = [
    "PACKED_POLICIES",
    "CrossAccountAccess",
    "CrossAccountAccessArgs",
    "QuotaExceededError",
    "TargetAccess",
    "TargetRoles",
    "Terms",
    "UserGroups",
    "UserGroupsPlan",
    "grant_condition",
    "packed_policy_name",
]
