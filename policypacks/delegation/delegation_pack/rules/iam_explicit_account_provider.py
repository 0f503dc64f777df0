"""In which account a resource is made."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.iam import Attachment, Unverifiable
from delegation_pack.model import UNKNOWN, Resource, allowed_accounts, attachment_of, is_account, is_credential, trusts
from delegation_pack.rule import Rule
from delegation_pack.trust_policies import may_let_users_in

_PACKAGES = ("aws", "aws-native")
_WHICH = ("people", "all")
_PEOPLE = ("iam.User", "iam.Group", "iam.GroupMembership", "iam.UserGroupMembership", "iam.UserToGroupAddition")


def not_tied(resource: Resource, config: Config) -> Iterator[str]:
    """Yield that a resource's provider may act in another account."""
    which = config.get("resources", _WHICH[0])
    if which not in _WHICH:
        raise Unverifiable(f"resources is {which!r}; it must be one of {', '.join(_WHICH)}.")
    # The engine gives every resource of a package a provider, if need be a default one; what has none is a component.
    if resource.type.partition(":")[0] not in _PACKAGES or resource.provider is None:
        return
    if which == "people" and not _is_people_s(resource, config):
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


def _is_people_s(resource: Resource, config: Config) -> bool:
    """Tell whether a resource is a person, a person's rights, or a role that people may enter, as far as it says so."""
    return (
        resource.kind in _PEOPLE
        or is_credential(resource.type)
        or attachment_of(resource) in (Attachment.GROUP, Attachment.USER)
        or any(may_let_users_in(trust, config) for trust in trusts(resource))
    )


RULE = Rule(
    name="iam-explicit-account-provider",
    description="What is people's, or every AWS resource, has a provider that can act in one named account only.",
    severity="high",
    remediation=(
        'Make the provider with aws.Provider("…", allowed_account_ids=["222222222222"]) and pass it to the resource.'
    ),
    configuration={
        "resources": {
            "type": "string",
            "enum": list(_WHICH),
            "default": _WHICH[0],
            "description": "people: users, groups, their rights, and roles that users enter. all: every resource.",
        }
    },
    on_resource=not_tied,
)
