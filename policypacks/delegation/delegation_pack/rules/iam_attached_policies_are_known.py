"""Attached managed policies of which nobody can see what they allow."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.facts import aws_managed_policies
from delegation_pack.model import Model, aws_managed
from delegation_pack.rule import Rule, Violation


def unseen(model: Model, config: Config) -> Iterator[Violation]:
    """Yield the attachments of policies that are neither in the stack, nor AWS's, nor named in the configuration."""
    known = config.get("policyArns", ())
    for resource in model.resources:
        for arn in model.attached_elsewhere(resource):
            if arn in known or aws_managed(arn):
                continue
            why = (
                f"it is not among the policies that AWS maintains as of {aws_managed_policies.date()}"
                if aws_managed_policies.name_of(arn)
                else "this stack does not make it"
            )
            yield (
                resource,
                f"{resource.label} attaches {arn}, which cannot be verified: {why}. Name it in policyArns once you "
                "know what it allows.",
            )


RULE = Rule(
    name="iam-attached-policies-are-known",
    description="What an attached managed policy allows can be seen: it is the stack's own or AWS's.",
    severity="high",
    remediation="Make the policy in the same stack, attach one of AWS's, or name it in policyArns.",
    configuration={
        "policyArns": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Customer-managed policies of other stacks that may be attached, by ARN.",
        },
    },
    on_stack=unseen,
)
