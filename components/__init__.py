"""The two components of the delegation: the admin group and the access to one target account."""

from components.admin_group import AdminGroup, AdminGroupArgs
from components.cross_account_access import CrossAccountAccess, CrossAccountAccessArgs
from components.quotas import QuotaExceededError

__all__ = [
    "AdminGroup",
    "AdminGroupArgs",
    "CrossAccountAccess",
    "CrossAccountAccessArgs",
    "QuotaExceededError",
]
