"""Users, groups, keys and MFA devices are managed in the Security account only."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import SECURITY_ACCOUNT, Config
from delegation_pack.iam import Attachment
from delegation_pack.judging import because, on_inline, on_managed
from delegation_pack.model import Policy, Resource
from delegation_pack.rights import allowed, user_management
from delegation_pack.rule import Rule


def _outside_security_account(resource: Resource, config: Config) -> bool:
    """Tell whether a resource may be in a target account; one that is not known may."""
    security = config.get("securityAccountId")
    return not (resource.account and security) or resource.account != str(security)


def user_management_elsewhere(policy: Policy, config: Config) -> Iterator[str]:
    """Yield that a document outside the Security account manages users."""
    account, security = policy.account, config.get("securityAccountId")
    # In an account that is not known, users may be caring for their own credentials, as in the Security account.
    known = bool(account and security) or policy.attachment is Attachment.ROLE
    elsewhere = (f"arn:*:iam::{security}:*",) if security else ()
    finding = allowed(policy, *user_management(account, others_only=not known, but=elsewhere))
    if finding:
        yield (
            f"manages users outside the Security account: {because(finding)} Name the actions that are needed, none "
            "of which changes users, groups, keys or MFA devices."
        )


RULE = Rule(
    name="iam-no-user-management",
    description="Nothing in a target account may create or change users, groups, access keys or MFA devices.",
    severity="critical",
    remediation=(
        'Name the actions that are needed instead of a wildcard, such as "Action": ["iam:Get*", "iam:List*"], or '
        "deny the others."
    ),
    configuration=SECURITY_ACCOUNT,
    on_resource=on_inline(user_management_elsewhere, concerns=_outside_security_account),
    on_stack=on_managed(user_management_elsewhere, concerns=_outside_security_account),
)
