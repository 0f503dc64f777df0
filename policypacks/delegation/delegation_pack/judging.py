"""What the rules on documents share: which documents are judged, when, and what an attached policy of AWS brings.

Inline documents are judged with their resource, before it is made. A managed policy is judged with the whole stack, for
one that serves only as a permissions boundary grants nothing; one whose use the stack does not show is judged as a
grant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from delegation_pack.configuration import Config
from delegation_pack.facts import aws_managed_policies
from delegation_pack.iam import Attachment, Finding, PrincipalKind, Unverifiable
from delegation_pack.iam import Principal as Entry
from delegation_pack.model import (
    MANAGED_POLICIES,
    UNKNOWN,
    Model,
    Policy,
    Principal,
    PrincipalType,
    Resource,
    attached_policies,
    attachment_of,
    aws_managed,
    identity_policies,
    only_account,
    trusts,
)
from delegation_pack.rights import only_denies
from delegation_pack.rule import Violation
from delegation_pack.trust_policies import without
from delegation_pack.whose import people

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


def on_trusts(judge: Judge, *, by_account: bool = False) -> Callable[[Resource, Config], Iterator[str]]:
    """Return what judges the trust policies of a role.

    `by_account` leaves to `on_trusts_in_stack` which roles they name, where only the stack may show whether these are
    the own account's.
    """

    def on_resource(resource: Resource, config: Config) -> Iterator[str]:
        for trust in trusts(resource):
            roles = _roles_of_any_account(trust) if by_account else ()
            narrowed = without(trust.read(), roles) if roles else None
            yield from judged(replace(trust, narrowed=narrowed), config, judge)

    return on_resource


def _roles_of_any_account(trust: Policy) -> list[tuple[int, Entry]]:
    """The roles that a trust policy names where its provider does not say which account is the role's own."""
    if only_account(trust.carrier.provider) or not trust.document:
        return []
    return [(statement.index, one) for statement, one in trust.document.admitted if one.kind is PrincipalKind.ROLE]


def on_trusts_in_stack(judge: Judge) -> Callable[[Model, Config], Iterator[Violation]]:
    """Return what judges in full the trust policies that `on_trusts` judges in part only."""

    def on_stack(model: Model, config: Config) -> Iterator[Violation]:
        for resource in model.of("iam.Role"):
            for trust in trusts(resource):
                if _roles_of_any_account(trust):
                    yield from ((resource, text) for text in judged(trust, config, judge))

    return on_stack


def on_inline(
    judge: Judge, *, concerns: Callable[[Resource, Config], bool] = lambda *_: True
) -> Callable[[Resource, Config], Iterator[str]]:
    """Return what judges the inline documents of a resource and the policies of AWS that it attaches.

    `concerns` tells whether the rule is about a resource at all, as far as that does not hang on a document.
    """

    def on_resource(resource: Resource, config: Config) -> Iterator[str]:
        if not concerns(resource, config):
            return
        together = _together(config)
        for policy in identity_policies(resource):
            if not policy.managed and not together:
                yield from judged(policy, config, judge)
        for place, arn in attached_policies(resource):
            if arn is UNKNOWN:
                continue
            if not isinstance(arn, str) or not arn.startswith("arn:"):
                yield f"{resource.label} cannot be verified: {place} is {arn!r}, not the ARN of a managed policy."
            elif not together and refuses(judge, arn):
                yield _attaches(resource, arn)

    return on_resource


def on_managed(
    judge: Judge, *, concerns: Callable[[Resource, Config], bool] = lambda *_: True
) -> Callable[[Model, Config], Iterator[Violation]]:
    """Return what judges the managed policies that the stack makes, and attachments of what nobody knows yet."""

    def on_stack(model: Model, config: Config) -> Iterator[Violation]:
        held: set[Resource | None] = set()
        if _together(config):
            held = {policy.resource for one in model.principals for policy in one.policies}
            yield from (
                (resource, text)
                for resource, text in _judged_together(model, config, judge)
                if concerns(resource, config)
            )
        for resource in model.resources:
            if not concerns(resource, config):
                continue
            if resource.kind in MANAGED_POLICIES and resource not in model.only_boundaries and resource not in held:
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


def on_people(judge: Judge) -> Callable[[Model, Config], Iterator[Violation]]:
    """Return what judges of a stack all that is people's, also what `on_inline` has judged with `of_people_alone`: what
    roles carry and attach, and managed policies but for those that programs' roles alone have."""

    def on_stack(model: Model, config: Config) -> Iterator[Violation]:
        have = people(model, config).have
        yield from on_managed(judge, concerns=lambda resource, _: have(resource))(model, config)
        for resource in model.resources:
            if attachment_of(resource) in (Attachment.ROLE, Attachment.MANAGED) and have(resource):
                yield from ((resource, text) for text in on_inline(judge)(resource, config))

    return on_stack


def _together(config: Config) -> bool:
    return config.get("together") is True


def _attaches(resource: Resource, arn: str) -> str:
    return (
        f"{resource.label} attaches {arn}, which AWS maintains and which this policy refuses as of "
        f"{aws_managed_policies.date()}. Attach a narrower policy."
    )


def _judged_together(model: Model, config: Config, judge: Judge) -> Iterator[Violation]:
    """Judge what each principal holds beside all that it, or each of its members, is denied."""
    for principal in model.principals:
        denies = tuple(only_denies(one.document) for one in _carried(model, principal) if one.document)
        for policy in principal.policies:
            if policy.resource:
                yield from ((policy.resource, text) for text in judged(replace(policy, beside=denies), config, judge))
        for resource, arn in principal.aws_attachments:
            kept = aws_managed(arn)
            if kept and any(judged(replace(kept, beside=denies), config, judge)):
                yield resource, _attaches(resource, arn)


def _carried(model: Model, principal: Principal) -> list[Policy]:
    """What whoever uses a principal's policies carries; of a group, what each member does, if all are known."""
    if principal.type is not PrincipalType.GROUP or not _all_members_known(model, principal):
        return principal.all_policies
    each = [{_place(policy): policy for policy in member.all_policies} for member in principal.members]
    shared = [policy for place, policy in each[0].items() if all(place in one for one in each)] if each else []
    return [*principal.policies, *shared]


def _place(policy: Policy) -> tuple[Resource | None, str, str]:
    return policy.resource, policy.place, policy.arn


def _all_members_known(model: Model, group: Principal) -> bool:
    """Tell whether a resource manages the members of a group exclusively, and nothing may add others."""
    if model.members_unknown:
        return False
    for membership in model.of("iam.GroupMembership"):
        users = membership.get("users")
        if (membership.account, membership.text("group")) == (group.account, group.name) and isinstance(users, list):
            return group.name is not None and all(isinstance(user, str) for user in users)
    return False


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
