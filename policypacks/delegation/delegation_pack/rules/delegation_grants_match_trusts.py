"""Grants and trust policies, within what one stack holds.

What the stack does not hold is not missed: a grant on a role of an account in which the stack makes nothing, a trust
whose grants are all elsewhere, a group whose members are managed elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from delegation_pack.addresses import networks_of
from delegation_pack.configuration import Config
from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    Callers,
    CallerType,
    Document,
    PrincipalKind,
    Query,
    Unverifiable,
    Values,
    address_classes,
    callers_of_identity,
    decide,
)
from delegation_pack.model import Model, Policy, Principal, PrincipalType, Resource, account_of
from delegation_pack.rights import ANYTHING, explicitly_denied, grants_like, role_changes, takes_users_from_elsewhere
from delegation_pack.rule import Rule, Violation
from delegation_pack.whose import DECLARED, people


def disagreements(model: Model, config: Config) -> Iterator[Violation]:
    """Yield where a grant and a trust policy of the stack do not fit together."""
    # Documents that cannot be judged are reported by the rules on grants. What programs enter is their own affair.
    have = people(model, config).have
    grants = [one for one in model.granting_policies if one.document and have(one.carrier) and _grants(one)]
    if not grants:
        return
    trusting = {role: trust.document for role in model.roles for trust in role.trusts if trust.document}
    granting: dict[Principal, list[Policy]] = {}
    for grant in grants:
        for arn in grant.read().named_resources:
            role = model.role(arn)
            wrong = [*_not_made(model, grants, grant, arn)] if role is None else []
            # Asked last, for there may be a thousand roles.
            if not (wrong or role in trusting) or not _grants(grant, arn):
                continue
            yield from wrong
            if role in trusting:
                granting.setdefault(role, []).append(grant)
                yield from _differences(grant, role, trusting[role])
    for role, document in trusting.items():
        if role in granting:
            yield from _members(model, granting[role], role, document)
        elif (
            role.arn
            and takes_users_from_elsewhere(document, role)
            and not any(_grants(grant, role.arn) for grant in grants)
        ):
            yield (
                role.maker,
                f"{role.maker.label} trusts users of another account, but no grant of this stack names {role.arn}.",
            )


def _not_made(model: Model, grants: Sequence[Policy], grant: Policy, arn: str) -> Iterator[Violation]:
    """A role that the stack makes in another account than its grant says, or not at all among others of the account."""
    account, in_vain = account_of(arn), f"{grant.label} grants {arn}, which this stack does not make although it makes"
    namesakes = (role for role in model.roles if role.account and _path_of(role.arn) == _path_of(arn))
    stray = next((role for role in namesakes if not any(_grants(one, role.arn) for one in grants)), None)
    beside = next((one for one in model.resources if account and one.account == account), None)
    if stray:
        yield grant.carrier, f"{in_vain} a role of that name in account {stray.account}. Use one account on both sides."
    elif beside:
        yield (
            grant.carrier,
            f"{in_vain} other resources in account {account}, such as {beside.label}. Name its own roles.",
        )


def _path_of(arn: str) -> str:
    return arn.partition(":role/")[2]


def _grants(policy: Policy, arn: str = "*") -> bool:
    """Tell whether a policy lets one role of another account, or any, be assumed; not if that cannot be told of any."""
    try:
        return grants_like(policy, arn) is not None
    except Unverifiable:
        if arn == "*":
            return False
        raise


def _differences(grant: Policy, role: Principal, trust: Document) -> Iterator[Violation]:
    callers = callers_of_identity(grant.attachment, grant.account, grant.partition)
    if not decide(trust, Query(callers=callers, targets=(ASSUME_THIS_ROLE,))):
        whose = f"of account {grant.account}" if grant.account else "of its account"
        yield grant.carrier, f"{grant.label} grants {role.maker.label}, whose trust policy admits nobody {whose}."
    yield from _other_networks(grant, role)


def _other_networks(grant: Policy, role: Principal) -> Iterator[Violation]:
    """Addresses from which a role may be used and not entered, or the other way round where it may do nothing there.

    Role management from fewer networks than the grant's is no mistake.
    """
    documents = [policy.document for policy in role.inline if policy.document]
    if not (networks_of(grant.read()) and any(map(networks_of, documents))):
        return
    callers = (Callers(type=CallerType.ROLE, account=role.account, partition=role.partition),)
    managing = role_changes(role.account)
    found: list[tuple[str, bool, bool, bool]] = []
    for at in address_classes([grant.read(), *documents]):
        if at.example is None:
            continue
        keys = {"aws:SourceIp": Values(absent=False, like=(at.example,))}
        entered = grants_like(grant, role.arn, keys=keys) is not None
        idle = explicitly_denied(documents, Query(callers=callers, targets=(ANYTHING,), keys=keys))
        manages = decide(documents, Query(callers=callers, targets=(managing,), keys=keys)) is not None
        found.append((at.example, entered, idle, manages))
    # Where a document lets it from everywhere, it leaves the addresses to the other side.
    tests_entry, tests_management = (not all(one[i] for one in found) for i in (1, 3))
    for address, entered, idle, manages in found:
        if (tests_entry and entered and idle) or (tests_management and manages and not entered):
            what, lets = "may do nothing" if idle else "manages roles", "lets" if entered else "does not let"
            yield (
                grant.carrier,
                f"{role.maker.label} {what} from {address}, where {grant.label} {lets} it be entered. "
                "Use the same networks on both sides.",
            )
            return


def _members(model: Model, grants: Sequence[Policy], role: Principal, trust: Document) -> Iterator[Violation]:
    """Compare the users that a role names with the members of all groups that have a grant on it."""
    if any(principal.kind is not PrincipalKind.USER for _, principal in trust.admitted):
        return
    trusted = {(principal.account, principal.value.rpartition("/")[2]) for _, principal in trust.admitted}
    groups = dict.fromkeys((grant.account, group) for grant in grants for group in _groups(model, grant))
    memberships = {group: [*_memberships(model, *group)] for group in groups}
    granted = set()
    for (account, group), found in memberships.items():
        for membership, users in found:
            granted |= {(account, user) for user in users}
            for user in sorted(user for user in users if (account, user) not in trusted):
                yield (
                    membership,
                    f"{membership.label} makes {user} a member of group {group}, but {role.maker.label} does not trust "
                    f"{user}.",
                )
    if not all(memberships.values()):
        return
    accounts = {account for account, _ in groups}
    for _, user in sorted((account, user) for account, user in trusted - granted if account and account in accounts):
        yield (
            role.maker,
            f"{role.maker.label} trusts {user}, who is not a member of group "
            f"{' or '.join(str(group) for _, group in groups)} and so has no grant.",
        )


def _groups(model: Model, grant: Policy) -> list[str | None]:
    """The groups that hold a grant: those to which it is attached, if it is a managed policy."""
    if not grant.managed:
        return [grant.carrier.text("group", "groupname")]
    groups = model.having(PrincipalType.GROUP)
    return [group.name for group in groups if any(policy.resource is grant.resource for policy in group.policies)]


def _memberships(model: Model, account: str | None, group: str | None) -> Iterator[tuple[Resource, Sequence[str]]]:
    """The memberships of a group that the stack holds, and their users; none where that cannot be told."""
    for membership in model.of("iam.GroupMembership"):
        users = membership.get("users")
        if account is None or group is None or (membership.account, membership.text("group")) != (account, group):
            continue
        if isinstance(users, list) and all(isinstance(user, str) for user in users):
            yield membership, users


RULE = Rule(
    name="delegation-grants-match-trusts",
    description="Grants and trust policies of one stack belong together.",
    severity="medium",
    remediation=(
        'Let "Resource" of the grant be the role\'s ARN, let the role trust the members of all its groups, and use '
        "the same networks on both."
    ),
    configuration=DECLARED,
    on_stack=disagreements,
    # A role that is removed has lost its grant before: the grant of its group no longer names it.
    judges_undeclared=False,
)
