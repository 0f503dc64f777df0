"""In which account a resource is made."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.policies.resources import UNKNOWN, Resource, allowed_accounts, is_account
from delegation_pack.policies.validation import Config, policy

_PACKAGES = ("aws", "aws-native")


def _not_tied(resource: Resource, _config: Config) -> Iterator[str]:
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


explicit_account_provider = policy("iam-explicit-account-provider", on_resource=_not_tied)
