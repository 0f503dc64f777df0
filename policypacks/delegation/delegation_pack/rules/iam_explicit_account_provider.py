"""In which account a resource is made."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.model import UNKNOWN, Resource, allowed_accounts, is_account
from delegation_pack.rule import Rule

_PACKAGES = ("aws", "aws-native")


def not_tied(resource: Resource, _config: Config) -> Iterator[str]:
    """Yield that a resource's provider may act in another account."""
    # The engine gives every resource of a package a provider, if need be a default one; what has none is a component.
    if resource.type.partition(":")[0] not in _PACKAGES or resource.provider is None:
        return
    provider = f"{resource.label} uses provider '{resource.provider_name}'"
    accounts = allowed_accounts(resource.provider)
    if accounts is UNKNOWN or (isinstance(accounts, list) and UNKNOWN in accounts):
        yield (
            f"{provider}, which cannot be verified: allowedAccountIds is not known before the update. Write the id out."
        )
    elif accounts is None or accounts == []:
        yield (
            f"{provider}, which acts in whatever account its credentials belong to. Pass an explicit provider with "
            "allowed_account_ids."
        )
    elif not isinstance(accounts, list) or not all(map(is_account, accounts)):
        yield f"{provider}, which cannot be verified: allowedAccountIds is {accounts!r}, not a list of 12-digit ids."
    elif len(set(accounts)) > 1:
        yield (
            f"{provider}, which may act in {len(set(accounts))} accounts: {', '.join(accounts)}. Use one provider "
            "for each."
        )


RULE = Rule(
    name="iam-explicit-account-provider",
    description="Each AWS resource has a provider that can act in one named account only.",
    severity="high",
    remediation=(
        'Make the provider with aws.Provider("…", allowed_account_ids=["222222222222"]) and pass it to the resource.'
    ),
    on_resource=not_tied,
)
