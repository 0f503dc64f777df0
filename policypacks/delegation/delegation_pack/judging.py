"""What the rules on documents share: which documents are judged, when, and what an attached policy of AWS brings.

Inline documents are judged with their resource, before it is made. A managed policy is judged with the whole stack, for
one that serves only as a permissions boundary grants nothing; one whose use the stack does not show is judged as a
grant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from delegation_pack.configuration import Config
from delegation_pack.facts import aws_managed_policies
from delegation_pack.iam import Finding, Unverifiable
from delegation_pack.model import (
    MANAGED_POLICIES,
    UNKNOWN,
    Model,
    Policy,
    Resource,
    attached_policies,
    aws_managed,
    identity_policies,
    trusts,
)
from delegation_pack.rule import Violation

Judge = Callable[[Policy, Config], Iterator[str]]
"""Yields what is wrong with a document, as the rest of a sentence that begins with the resource."""

MFA_ON_ALLOW = '"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}'
ADDRESS_ON_ALLOW = '"Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.10/32"]}}'


def judged(policy: Policy, config: Config, judge: Judge) -> Iterator[str]:
    """Yield the violations of one document; that it cannot be judged is one."""
    try:
        for text in judge(policy, config):
            yield type(text)(f"{policy.label} {text}")
    except Unverifiable as reason:
        yield f"{policy.label} cannot be verified: {reason}"


def on_trusts(judge: Judge) -> Callable[[Resource, Config], Iterator[str]]:
    """Return what judges the trust policies of a role."""

    def on_resource(resource: Resource, config: Config) -> Iterator[str]:
        for trust in trusts(resource):
            yield from judged(trust, config, judge)

    return on_resource


def on_inline(
    judge: Judge, *, concerns: Callable[[Resource, Config], bool] = lambda *_: True
) -> Callable[[Resource, Config], Iterator[str]]:
    """Return what judges the inline documents of a resource and the policies of AWS that it attaches.

    `concerns` tells whether the rule is about a resource at all, as far as that does not hang on a document.
    """

    def on_resource(resource: Resource, config: Config) -> Iterator[str]:
        if not concerns(resource, config):
            return
        for policy in identity_policies(resource):
            if not policy.managed:
                yield from judged(policy, config, judge)
        for place, arn in attached_policies(resource):
            if arn is UNKNOWN:
                continue
            if not isinstance(arn, str) or not arn.startswith("arn:"):
                yield f"{resource.label} cannot be verified: {place} is {arn!r}, not the ARN of a managed policy."
            elif refuses(judge, arn):
                yield (
                    f"{resource.label} attaches {arn}, which AWS maintains and which this policy refuses as of "
                    f"{aws_managed_policies.date()}. Attach a narrower policy."
                )

    return on_resource


def on_managed(
    judge: Judge, *, concerns: Callable[[Resource, Config], bool] = lambda *_: True
) -> Callable[[Model, Config], Iterator[Violation]]:
    """Return what judges the managed policies that the stack makes, and attachments of what nobody knows yet."""

    def on_stack(model: Model, config: Config) -> Iterator[Violation]:
        for resource in model.resources:
            if not concerns(resource, config):
                continue
            if resource.kind in MANAGED_POLICIES and resource not in model.only_boundaries:
                for policy in identity_policies(resource):
                    for text in judged(policy, config, judge):
                        yield resource, text
            for place in model.unknown_attachments(resource):
                yield (
                    resource,
                    f"{resource.label} cannot be verified: {place} is not known before the update, nor which policy "
                    "of this stack it is.",
                )

    return on_stack


@cache
def refuses(judge: Judge, arn: str) -> bool:
    """Tell whether something is wrong with a policy of AWS, by its own document and without an allowed network."""
    policy = aws_managed(arn)
    return policy is not None and any(True for _ in judged(policy, {"allowedCidrs": []}, judge))


def because(finding: Finding) -> str:
    """Return the finding's sentence as it follows a colon."""
    return finding.sentence[:1].lower() + finding.sentence[1:]


def listed(texts: Sequence[str], none: str = "nowhere") -> str:
    """Return texts as a list within a sentence."""
    return ", ".join(texts) or none
