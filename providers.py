"""The only maker of AWS providers: one explicit provider per account."""

from __future__ import annotations

import pulumi_aws as aws


def account_provider(name: str, *, account_id: str, region: str) -> aws.Provider:
    """Return the provider of one account, under the AWS profile `delegation-<name>`.

    Args:
        name: `security` or the stack's name; constant for a stack, for it is the provider's identity.
        account_id: 12 digits. The provider refuses to work with credentials of any other account.
        region: where the API is called; IAM itself is global within a partition.

    The profile says how its credentials are come by (a role, SSO, OIDC). No role ARN goes into the configuration or
    the state, so that a preview under a read-only role and an update under the deploy role are the same program.
    """
    return aws.Provider(
        name,
        profile=f"delegation-{name}",
        region=region,
        allowed_account_ids=[account_id],
    )
