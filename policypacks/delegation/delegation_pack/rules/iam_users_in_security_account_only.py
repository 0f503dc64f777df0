"""Users and their credentials are in the Security account only."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import SECURITY_ACCOUNT, Config
from delegation_pack.model import Resource, is_account, is_credential
from delegation_pack.rule import Rule


def users_elsewhere(resource: Resource, config: Config) -> Iterator[str]:
    """Yield that a user, or a user's credential, is in another account."""
    if resource.kind != "iam.User" and not is_credential(resource.type):
        return
    security = config.get("securityAccountId")
    if not is_account(security):
        yield f"{resource.label} cannot be verified: securityAccountId is not in the policy's configuration."
    elif resource.account is None:
        yield (
            f"{resource.label} cannot be verified: its provider does not say the account. Set allowed_account_ids "
            "on it."
        )
    elif resource.account != security:
        yield (
            f"{resource.label} is a user, or a user's credential, in account {resource.account}. Users belong in the "
            f"Security account {security}; let them assume a role here."
        )


RULE = Rule(
    name="iam-users-in-security-account-only",
    description="IAM users and their credentials exist in the Security account only.",
    severity="high",
    remediation=(
        'Create the user in the Security account, through a provider with allowed_account_ids=["111111111111"], '
        "and let it assume a role here."
    ),
    configuration=SECURITY_ACCOUNT,
    on_resource=users_elsewhere,
)
