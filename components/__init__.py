"""The two components of the delegation: the groups and the access to one target account."""

from components.cross_account_access import CrossAccountAccess, CrossAccountAccessArgs
from components.quotas import QuotaExceededError
from components.target_access import TargetAccess
from components.target_roles import TargetRoles
from components.user_groups import UserGroups, UserGroupsPlan

__all__ = [
    "CrossAccountAccess",
    "CrossAccountAccessArgs",
    "QuotaExceededError",
    "TargetAccess",
    "TargetRoles",
    "UserGroups",
    "UserGroupsPlan",
]
