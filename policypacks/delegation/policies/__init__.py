"""The policies of the pack, in reporting order."""

from __future__ import annotations

from policies.assume_role import assume_role_requires_mfa, assume_role_requires_source_ip
from policies.role_management import role_management_requires_mfa, role_management_requires_source_ip
from policies.trust import trust_requires_mfa

POLICIES = [
    trust_requires_mfa,
    assume_role_requires_mfa,
    assume_role_requires_source_ip,
    role_management_requires_mfa,
    role_management_requires_source_ip,
]
