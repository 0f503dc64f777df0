"""The policies of the pack, in reporting order."""

from __future__ import annotations

from delegation_pack.policies.accounts import explicit_account_provider
from delegation_pack.policies.addresses import source_ip_can_match
from delegation_pack.policies.exempted import exemptions_used
from delegation_pack.policies.grants import (
    assume_role_names_roles,
    assume_role_requires_mfa,
    assume_role_requires_source_ip,
)
from delegation_pack.policies.role_management import (
    role_management_is_bounded,
    role_management_requires_mfa,
    role_management_requires_source_ip,
)
from delegation_pack.policies.sides import sides_agree
from delegation_pack.policies.sizes import policy_size
from delegation_pack.policies.trust import trust_names_users_only, trust_requires_mfa
from delegation_pack.policies.users import (
    mfa_devices_own_only,
    no_user_management,
    permissions_on_groups_only,
    users_in_security_account_only,
)

POLICIES = [
    trust_requires_mfa,
    trust_names_users_only,
    assume_role_requires_mfa,
    assume_role_requires_source_ip,
    assume_role_names_roles,
    role_management_requires_mfa,
    role_management_requires_source_ip,
    role_management_is_bounded,
    no_user_management,
    permissions_on_groups_only,
    users_in_security_account_only,
    mfa_devices_own_only,
    explicit_account_provider,
    policy_size,
    source_ip_can_match,
    sides_agree,
    exemptions_used,
]
