"""Grants and trust policies, within what one stack holds.

What the stack does not hold is not missed: a grant on a role elsewhere, a trust whose grants are all elsewhere, a group
whose members are managed elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.addresses import networks_of
from delegation_pack.configuration import Config
from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    Callers,
    CallerType,
    Document,
    PrincipalKind,
    Query,
    Resources,
    Target,
    Unverifiable,
    callers_of_identity,
    decide,
)
from delegation_pack.judging import listed
from delegation_pack.model import Model, Policy, Principal
from delegation_pack.rights import allowed
from delegation_pack.rule import Rule, Violation


def disagreements(model: Model, _config: Config) -> Iterator[Violation]:
    """Yield where a grant and a trust policy of the stack do not fit together."""
    # Documents that cannot be judged are reported by the rules on grants.
    grants = [policy for policy in model.granting_policies if policy.document and _grants(policy)]
    if not grants:
        return
    trusting = {role: trust.document for role in model.roles for trust in role.trusts if trust.document}
    met: set[Principal] = set()
    for grant in grants:
        for arn in grant.read().named_resources:
            role = model.role(arn)
            if role is None or role not in trusting or not _grants(grant, arn):
                continue
            met.add(role)
            yield from _differences(model, grant, role, trusting[role])
    for role, document in trusting.items():
        if role in met or not role.arn or not _takes_users(document, role):
            continue
        if not any(_grants(grant, role.arn) for grant in grants):
            yield (
                role.maker,
                f"{role.maker.label} trusts users of another account, but no grant of this stack names {role.arn}.",
            )


def _grants(policy: Policy, arn: str = "*") -> bool:
    """Tell whether a policy lets one role of another account, or any, be assumed; not if that cannot be told of any."""
    resources = Resources(types=("role",), not_callers_account=True, like=(arn,))
    try:
        return allowed(policy, Target(actions=("sts:AssumeRole",), resources=resources)) is not None
    except Unverifiable:
        if arn == "*":
            return False
        raise


def _takes_users(document: Document, role: Principal) -> bool:
    callers = (Callers(type=CallerType.USER, not_account=role.account, partition=role.partition),)
    try:
        return decide(document, Query(callers=callers, targets=(ASSUME_THIS_ROLE,))) is not None
    except Unverifiable:
        return False


def _differences(model: Model, grant: Policy, role: Principal, trust: Document) -> Iterator[Violation]:
    callers = callers_of_identity(grant.attachment, grant.account, grant.partition)
    if not decide(trust, Query(callers=callers, targets=(ASSUME_THIS_ROLE,))):
        whose = f"of account {grant.account}" if grant.account else "of its account"
        yield grant.carrier, f"{grant.label} grants {role.maker.label}, whose trust policy lets nobody {whose} in."
    granted = networks_of(grant.read())
    for document in (policy.document for policy in role.inline if policy.document):
        tested = networks_of(document)
        if granted and tested and granted != tested:
            yield (
                grant.carrier,
                f"{grant.label} allows {listed([*map(str, granted)])}, but {role.maker.label} tests "
                f"{listed([*map(str, tested)])}. Use the same networks on both sides.",
            )
    yield from _members(model, grant, role, trust)


def _members(model: Model, grant: Policy, role: Principal, trust: Document) -> Iterator[Violation]:
    """Compare the members of the grant's group with the users that the role names."""
    admitted = [principal for _, principal in trust.admitted if principal.account == grant.account]
    if grant.account is None or any(principal.kind is not PrincipalKind.USER for _, principal in trust.admitted):
        return
    trusted = {principal.value.rpartition("/")[2] for principal in admitted}
    group = grant.carrier.text("group", "groupname")
    for membership in model.of("iam.GroupMembership"):
        users = membership.get("users")
        if group is None or membership.text("group") != group or membership.account != grant.account:
            continue
        if not isinstance(users, list) or not all(isinstance(user, str) for user in users):
            continue
        for user in sorted(trusted - set(users)):
            yield (
                role.maker,
                f"{role.maker.label} trusts {user}, who is not a member of group {group} and so has no grant.",
            )
        for user in sorted(set(users) - trusted):
            yield (
                membership,
                f"{membership.label} makes {user} a member of group {group}, but {role.maker.label} does not trust "
                f"{user}.",
            )


RULE = Rule(
    name="delegation-grants-match-trusts",
    description="Grants and trust policies of one stack belong together.",
    severity="medium",
    remediation=(
        'Let "Resource" of the grant be the role\'s ARN, let the role trust the members of the group, and use '
        "the same networks on both."
    ),
    on_stack=disagreements,
    # A role that is removed has lost its grant before: the grant of its group no longer names it.
    judges_undeclared=False,
)
