"""What people may write about identities: what is listed, and nothing else.

Users, groups and the devices of users are iam-no-user-management's, roles and their boundaries
iam-role-management-is-bounded's, roles of other accounts iam-assume-role-…'s. All other writing of the services that
make, enter or change identities is refused here, whatever AWS adds to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from delegation_pack.configuration import Config
from delegation_pack.facts.actions import POLICY_VERSIONS, SOURCE
from delegation_pack.iam import Attachment, Target
from delegation_pack.judging import because, judged, on_inline, refuses
from delegation_pack.model import Model, Policy, Principal, PrincipalType, Resource, attached_policies, attachment_of
from delegation_pack.people import peoples
from delegation_pack.rights import allowed, hop, own, unknown_actions, writes
from delegation_pack.rule import Rule, Violation
from delegation_pack.trust_policies import VENDORS


def not_listed(policy: Policy, _config: Config) -> Iterator[str]:
    """Yield what a document lets people write."""
    finding = allowed(policy, *writes(policy.account))
    if finding:
        yield f"lets people change who may do what: {because(finding)} Leave the action out."
    for action in unknown_actions(policy.read()):
        yield f"lets people do what cannot be verified: {action} is not an action as of {SOURCE}. Leave it out."


def _hops(policy: Policy, config: Config) -> Iterator[str]:
    """Yield that a document lets people assume roles of the own account that nobody here judges as theirs."""
    # Roles that are written out in full count as another account's where the own one is not known.
    but = (*config["roles"], *(() if policy.account else policy.read().named_resources))
    finding = allowed(policy, hop(policy.account, but=but))
    if finding:
        yield (
            f"lets people assume a role of the same account that this stack does not make: {because(finding)} Name a "
            "role of the stack."
        )


def _of_people_alone(resource: Resource, _config: Config) -> bool:
    """Tell whether what a resource carries is people's, whatever else is in the stack."""
    return attachment_of(resource) in (Attachment.GROUP, Attachment.USER) or resource.kind.startswith("ssoadmin.")


def _of_roles_and_managed(model: Model, config: Config) -> Iterator[Violation]:
    """What roles that people enter carry, and managed policies but for those that only other principals have."""
    people = peoples(model, config)
    roles = {"roles": [role.arn for role in model.roles if role.arn]}
    held = {policy.resource for one in model.principals for policy in one.policies if policy.managed}
    of_people = {policy.resource for one in people for policy in one.policies if policy.managed}
    for policy in model.granting_policies:
        if policy.managed and (policy.resource in of_people or policy.resource not in held):
            for judge in (not_listed, _hops):
                yield from ((policy.carrier, text) for text in judged(policy, roles, judge))
    for principal in people:
        for policy in principal.inline:
            for judge in (not_listed, _hops) if principal.type is PrincipalType.ROLE else (_hops,):
                yield from ((policy.carrier, text) for text in judged(policy, roles, judge))
    for resource in model.resources:
        if attachment_of(resource) is None or _of_people_alone(resource, config):
            continue
        principals = model.principals_of(resource)
        if principals and not any(one in people for one in principals):
            continue
        for _, arn in attached_policies(resource):
            if isinstance(arn, str) and refuses(not_listed, arn):
                yield (
                    resource,
                    f"{resource.label} attaches {arn}, which AWS maintains and which lets people change who may do "
                    "what. Attach a narrower policy.",
                )
    yield from _changed_by_programs(model, people)


def _changed_by_programs(model: Model, people: Sequence[Principal]) -> Iterator[Violation]:
    """Documents of other principals that change, by its name, a policy which people have."""
    arns = tuple({arn for one in people for policy in one.policies if (arn := policy.arn_to_be)})
    for principal in model.principals if arns else ():
        for policy in principal.policies if principal not in people else ():
            change = Target(actions=POLICY_VERSIONS, resources=own(policy.account, "policy", like=arns))
            finding = allowed(policy, change) if policy.resource and policy.document else None
            if finding:
                yield (
                    policy.carrier,
                    f"{policy.label} lets {principal.title} change a policy that people have: {because(finding)} Leave "
                    "the action out, or name other policies.",
                )


RULE = Rule(
    name="iam-people-rights-are-listed",
    description=(
        "Users, groups, permission sets and the roles that people enter write nothing about identities beside "
        "self-service, bounded role management and the assuming of roles."
    ),
    severity="critical",
    remediation=(
        'Name the actions that are needed instead of a wildcard, such as "Action": ["iam:Get*", "iam:List*"]; give '
        "programs roles of their own for iam:PassRole and the like."
    ),
    configuration=VENDORS,
    on_resource=on_inline(not_listed, concerns=_of_people_alone),
    on_stack=_of_roles_and_managed,
)
