"""Identity policies that allow the IAM actions which change roles."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, ResourceValidationArgs, ResourceValidationPolicy

from policies.assume_role import ALLOWED_CIDRS
from policies.documents import (
    IDENTITY,
    ROLE_ONLY,
    allowing_statements,
    demands_address,
    demands_mfa,
    judging,
    may_allow,
)

CHANGING = (
    "iam:addrole",
    "iam:attachrole",
    "iam:createrole",
    "iam:deleterole",
    "iam:detachrole",
    "iam:passrole",
    "iam:putrole",
    "iam:tagrole",
    "iam:untagrole",
    "iam:updateassumerole",
    "iam:updaterole",
)


def _without_mfa(args: ResourceValidationArgs) -> Iterator[str]:
    # A role's session always has the MFA key, so IfExists is no hole there.
    operators = ("Bool", "BoolIfExists") if args.resource_type in ROLE_ONLY else ("Bool",)
    for index, statement in allowing_statements(args, IDENTITY):
        if may_allow(statement, CHANGING) and not demands_mfa(statement, operators):
            yield f"statement {index} lets roles be changed without MFA. Add {operators[-1]} on the MFA key."


def _from_elsewhere(args: ResourceValidationArgs) -> Iterator[str]:
    allowed = args.get_config().get("allowedCidrs", [])
    for index, statement in allowing_statements(args, IDENTITY):
        if may_allow(statement, CHANGING) and not demands_address(statement, allowed):
            yield (
                f"statement {index} lets roles be changed from outside {', '.join(allowed) or 'every network'}. "
                "Add IpAddress on aws:SourceIp within the allowed networks."
            )


role_management_requires_mfa = ResourceValidationPolicy(
    name="iam-role-management-requires-mfa",
    description="Roles are changed only with MFA.",
    enforcement_level=EnforcementLevel.MANDATORY,
    validate=judging(_without_mfa),
)
role_management_requires_source_ip = ResourceValidationPolicy(
    name="iam-role-management-requires-source-ip",
    description="Roles are changed only from the allowed networks.",
    enforcement_level=EnforcementLevel.MANDATORY,
    config_schema=ALLOWED_CIDRS,
    validate=judging(_from_elsewhere),
)
