"""Users, groups, keys and MFA devices: nobody manages those of others, and in a target account nobody manages any."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import SECURITY_ACCOUNT, Config
from delegation_pack.facts.actions import POLICIES
from delegation_pack.iam import Attachment
from delegation_pack.judging import because, on_inline, on_managed
from delegation_pack.model import Policy
from delegation_pack.rights import allowed, user_management, writes
from delegation_pack.rule import Rule


def manages_users(policy: Policy, config: Config) -> Iterator[str]:
    """Yield that a document manages users, and in the Security account also policies."""
    account, security = policy.account, config.get("securityAccountId")
    if account and account == security:
        finding = allowed(policy, *user_management(account, own_allowed=True), *writes(account, POLICIES))
        if finding:
            yield (
                f"allows changing other users, groups or policies in the Security account: {because(finding)} Allow "
                "only the user's own password, access keys and MFA device."
            )
        return
    # In an account that is not known, users may be caring for their own credentials, as in the Security account.
    unknown = not (account and security) and policy.attachment is not Attachment.ROLE
    finding = allowed(policy, *user_management(account, own_allowed=unknown))
    if finding:
        yield (
            f"allows managing users outside the Security account: {because(finding)} Name the actions that are needed, "
            "none of which changes users, groups, keys or MFA devices."
        )


RULE = Rule(
    name="iam-no-user-management",
    description=(
        "Nobody changes other users, groups, access keys or MFA devices; in a target account nobody changes any."
    ),
    severity="critical",
    remediation=(
        'Name the actions that are needed instead of a wildcard, such as "Action": ["iam:Get*", "iam:List*"], or '
        "deny the others."
    ),
    configuration=SECURITY_ACCOUNT,
    on_resource=on_inline(manages_users),
    on_stack=on_managed(manages_users),
)
