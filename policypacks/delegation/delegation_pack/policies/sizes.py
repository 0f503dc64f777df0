"""Documents against IAM's quotas, which count the characters that are not white space.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.iam import Attachment, Kind, Unverifiable, size
from delegation_pack.policies.documents import Carried, identity_policies, trusts
from delegation_pack.policies.resources import Resource, Stack
from delegation_pack.policies.validation import Config, policy

MANAGED_POLICY = 6144
INLINE_TOGETHER = {Attachment.ROLE: 10240, Attachment.GROUP: 5120, Attachment.USER: 2048}
TRUST_POLICY = 2048
MOST_OF_TRUST_POLICY = 8192


def _too_large(stack: Stack, config: Config) -> Iterator[tuple[Resource, str]]:
    trust_quota = min(int(config.get("trustPolicyQuota", TRUST_POLICY)), MOST_OF_TRUST_POLICY)
    shares: dict[tuple[object, ...], list[tuple[Carried, int]]] = {}
    for resource in stack.resources:
        for carried in (*trusts(resource), *identity_policies(resource)):
            try:
                carried.read()
            except Unverifiable as reason:
                yield resource, f"{carried.label} cannot be verified: {reason}"
                continue
            used = size(carried.content)
            if carried.kind is Kind.TRUST:
                yield from _over([(carried, used)], trust_quota, "a trust policy")
            elif carried.attachment is Attachment.MANAGED:
                yield from _over([(carried, used)], MANAGED_POLICY, "a managed policy")
            elif resource.kind.startswith("iam."):
                shares.setdefault(_owner(stack, carried), []).append((carried, used))
    for together in shares.values():
        attachment = together[0][0].attachment
        yield from _over(together, INLINE_TOGETHER[attachment], f"the inline policies of a {attachment} together")


def _owner(stack: Stack, carried: Carried) -> tuple[object, ...]:
    """Whom an inline document belongs to: attachment, account and name, or the URN of the resource that has the
    name."""
    resource, attachment = carried.resource, carried.attachment
    if resource.kind == f"iam.{attachment.capitalize()}":
        name = resource.text("name") or resource.text(f"{attachment}name")
    else:
        name = resource.text(attachment) or resource.text(f"{attachment}name")
        for source in stack.sources(resource, attachment):
            name = name or source.text("name") or source.urn
    return attachment, resource.account, name or resource.urn


def _over(together: list[tuple[Carried, int]], quota: int, what: str) -> Iterator[tuple[Resource, str]]:
    used = sum(share for _, share in together)
    if used > quota:
        carried = max(together, key=lambda one: one[1])[0]
        parts = ", ".join(f"{one.label} {share:,}" for one, share in together)
        yield (
            carried.resource,
            f"{carried.label} is too large: {what} may have {quota:,} characters without white space, and these have "
            f"{used:,} ({parts}), {used - quota:,} too many.",
        )


policy_size = policy("iam-policy-size", on_stack=_too_large)
