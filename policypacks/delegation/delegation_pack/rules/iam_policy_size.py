"""Documents against IAM's quotas, which count the characters that are not white space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from delegation_pack.configuration import Config
from delegation_pack.facts.quotas import (
    ATTACHED_POLICIES,
    INLINE_POLICIES,
    MANAGED_POLICY,
    TRUST_POLICY,
    TRUST_POLICY_RAISED,
)
from delegation_pack.iam import Kind, Unverifiable
from delegation_pack.model import Model, Policy, Principal, PrincipalType, identity_policies, trusts
from delegation_pack.rule import Rule, Violation


def too_large(model: Model, config: Config) -> Iterator[Violation]:
    """Yield the documents that IAM would refuse for their size, alone or together."""
    trust_quota = min(int(config.get("trustPolicyQuota", TRUST_POLICY)), TRUST_POLICY_RAISED)
    for resource in model.resources:
        for policy in (*trusts(resource), *identity_policies(resource)):
            try:
                policy.read()
            except Unverifiable as reason:
                yield resource, f"{policy.label} cannot be verified: {reason}"
                continue
            if policy.kind is Kind.TRUST:
                yield from _over([policy], trust_quota, "a trust policy")
            elif policy.managed:
                yield from _over([policy], MANAGED_POLICY, "a managed policy")
    for principal in model.principals:
        inline = [policy for policy in principal.inline if policy.document]
        if inline and principal.type is not PrincipalType.PERMISSION_SET:
            quota, what = INLINE_POLICIES[principal.type], f"the inline policies of a {principal.type} together"
            yield from _over(inline, quota, what)
        yield from _too_many(principal)


def _too_many(principal: Principal) -> Iterator[Violation]:
    """Yield that a group has more managed policies than IAM attaches: no quota that AWS raises, as a role's is."""
    managed = [policy for policy in principal.policies if policy.managed]
    carrier = next((policy.resource for policy in managed if policy.resource), principal.resource)
    if principal.type is PrincipalType.GROUP and len(managed) > ATTACHED_POLICIES and carrier:
        yield (
            carrier,
            f"{carrier.label}: {principal.title} has {len(managed)} managed policies attached, and IAM attaches "
            f"{ATTACHED_POLICIES} to a group. Merge some, or split the group.",
        )


def _over(together: Sequence[Policy], quota: int, what: str) -> Iterator[Violation]:
    used = sum(policy.size for policy in together)
    if used > quota:
        largest = max(together, key=lambda policy: policy.size)
        parts = ", ".join(f"{policy.label} {policy.size:,}" for policy in together)
        yield (
            largest.carrier,
            f"{largest.label} is too large: {what} may have {quota:,} characters without white space, and these have "
            f"{used:,} ({parts}), {used - quota:,} too many.",
        )


RULE = Rule(
    name="iam-policy-size",
    description=(
        "Each document, the inline documents of one role, group or user together, and the managed policies of a group "
        "keep to IAM's quotas."
    ),
    severity="low",
    remediation="Shorten names and lists, or move statements to a managed policy; white space does not count.",
    configuration={
        "trustPolicyQuota": {
            "type": "integer",
            "minimum": TRUST_POLICY,
            "maximum": TRUST_POLICY_RAISED,
            "default": TRUST_POLICY,
            "description": "The account's quota L-C07B4B0D for a trust policy, in characters.",
        }
    },
    on_stack=too_large,
    # Under the former name of what an alias carries over, the same documents would count twice.
    judges_undeclared=False,
)
