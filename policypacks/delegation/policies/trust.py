"""Who may assume a role, and with what proof."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, ResourceValidationArgs, ResourceValidationPolicy

from policies.documents import TRUST, allowing_statements, demands_mfa, judging


def _without_mfa(args: ResourceValidationArgs) -> Iterator[str]:
    for index, statement in allowing_statements(args, TRUST):
        principal = statement.get("Principal")
        if isinstance(principal, dict) and "AWS" not in principal:
            continue
        if not demands_mfa(statement, ("Bool",)):
            yield (
                f"statement {index} of the trust policy allows a request without MFA. "
                'Add "Bool": {"aws:MultiFactorAuthPresent": "true"} to its Condition.'
            )


trust_requires_mfa = ResourceValidationPolicy(
    name="iam-trust-requires-mfa",
    description="A trust policy lets users in only with MFA.",
    enforcement_level=EnforcementLevel.MANDATORY,
    validate=judging(_without_mfa),
)
