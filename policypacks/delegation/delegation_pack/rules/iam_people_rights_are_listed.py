"""What people may write about identities: what is listed, and nothing else.

Users, groups and the devices of users are iam-no-user-management's, roles and their boundaries
iam-role-management-is-bounded's, roles of other accounts iam-assume-role-…'s. All other writing of the services that
make, enter or change identities is refused here, whatever AWS adds to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from delegation_pack.configuration import Config
from delegation_pack.facts.actions import IDENTITY_PROVIDERS, POLICY_VERSIONS, SOURCE
from delegation_pack.iam import Target
from delegation_pack.judging import because, judged, on_inline, on_people
from delegation_pack.model import Model, Policy, Principal, PrincipalType
from delegation_pack.rights import allowed, changes_of, hop, own, unknown_actions, writes
from delegation_pack.rule import Rule, Violation
from delegation_pack.whose import DECLARED, of_people_alone, people


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


def _of_roles_and_managed(model: Model, config: Config) -> Iterator[Violation]:
    """What roles that people enter carry, and managed policies but for those that only other principals have."""
    yield from on_people(not_listed)(model, config)
    of_people = people(model, config)
    roles = {"roles": [role.arn for role in model.roles if role.arn]}
    for policy in model.granting_policies:
        if of_people.have(policy.carrier):
            yield from ((policy.carrier, text) for text in judged(policy, roles, _hops))
    yield from _changed_by_programs(model, of_people.principals)


def _changed_by_programs(model: Model, people: Collection[Principal]) -> Iterator[Violation]:
    """Documents of other principals that change, by its name, a policy which people have, a role of theirs, or an
    identity provider that lets them in."""
    arns = tuple({arn for one in people for policy in one.policies if (arn := policy.arn_to_be)})
    roles = [one for one in people if one.type is PrincipalType.ROLE and one.resource and one.name]
    of_roles = tuple(target for role in roles for target in changes_of(role))
    documents = (trust.document for role in roles for trust in role.trusts if trust.document)
    let_in = {one.value for document in documents for _, one in document.admitted}
    providers = {type_: tuple(arn for arn in let_in if f":{type_}/" in arn) for type_ in IDENTITY_PROVIDERS}
    for principal in (one for one in model.principals if one not in people):
        for policy in (one for one in principal.policies if one.resource and one.document):
            versions = Target(actions=POLICY_VERSIONS, resources=own(policy.account, "policy", like=arns))
            of_providers = tuple(
                Target(actions=IDENTITY_PROVIDERS[type_], resources=own(policy.account, type_, like=named))
                for type_, named in providers.items()
                if named
            )
            for what, targets, advice in (
                (
                    "a policy that people have",
                    (versions,) if arns else (),
                    "Leave the action out, or name other policies.",
                ),
                (
                    "an identity provider that lets people in",
                    of_providers,
                    "Leave the action out, or name other providers.",
                ),
                ("a role that people enter", of_roles, "Name other roles, or deny it."),
            ):
                if targets and (finding := allowed(policy, *targets)):
                    yield (
                        policy.carrier,
                        f"{policy.label} lets {principal.title} change {what}: {because(finding)} {advice}",
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
    configuration=DECLARED,
    on_resource=on_inline(not_listed, concerns=of_people_alone),
    on_stack=_of_roles_and_managed,
)
