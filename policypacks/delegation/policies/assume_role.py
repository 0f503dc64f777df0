"""Grants: identity policies that allow sts:AssumeRole."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, PolicyConfigSchema, ResourceValidationArgs, ResourceValidationPolicy

from policies.documents import IDENTITY, allowing_statements, demands_address, demands_mfa, judging, may_allow

ASSUMING = ("sts:assumero",)


def _without_mfa(args: ResourceValidationArgs) -> Iterator[str]:
    for index, statement in allowing_statements(args, IDENTITY):
        if may_allow(statement, ASSUMING) and not demands_mfa(statement, ("Bool",)):
            yield (
                f"statement {index} allows sts:AssumeRole without MFA. "
                'Add "Bool": {"aws:MultiFactorAuthPresent": "true"} to its Condition; BoolIfExists is true for '
                "plain access keys, which carry no MFA key."
            )


def _from_elsewhere(args: ResourceValidationArgs) -> Iterator[str]:
    allowed = args.get_config().get("allowedCidrs", [])
    for index, statement in allowing_statements(args, IDENTITY):
        if may_allow(statement, ASSUMING) and not demands_address(statement, allowed):
            yield (
                f"statement {index} allows sts:AssumeRole from outside {', '.join(allowed) or 'every network'}. "
                "Add IpAddress on aws:SourceIp within the allowed networks to its Condition."
            )


ALLOWED_CIDRS = PolicyConfigSchema(
    properties={
        "allowedCidrs": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Networks from which the delegation may be used; none means nowhere.",
        }
    }
)

assume_role_requires_mfa = ResourceValidationPolicy(
    name="iam-assume-role-requires-mfa",
    description="A grant allows sts:AssumeRole only with MFA.",
    enforcement_level=EnforcementLevel.MANDATORY,
    validate=judging(_without_mfa),
)
assume_role_requires_source_ip = ResourceValidationPolicy(
    name="iam-assume-role-requires-source-ip",
    description="A grant allows sts:AssumeRole only from the allowed networks.",
    enforcement_level=EnforcementLevel.MANDATORY,
    config_schema=ALLOWED_CIDRS,
    validate=judging(_from_elsewhere),
)
