"""The two sides of a delegation, grants and trust policies, within what one stack holds.

What the stack does not hold is not missed: a grant on a role elsewhere, a trust whose grants are all elsewhere, a group
whose members are managed elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    Callers,
    CallerType,
    Document,
    PrincipalKind,
    Question,
    Resources,
    Target,
    Unverifiable,
    callers_of_identity,
    decide,
)
from delegation_pack.policies.addresses import networks_of
from delegation_pack.policies.documents import Carried, trusts
from delegation_pack.policies.identity import granting_policies
from delegation_pack.policies.networks import role_arn, role_documents, role_with_arn
from delegation_pack.policies.resources import Resource, Stack
from delegation_pack.policies.validation import Config, policy
from delegation_pack.policies.wording import listed


@dataclass(frozen=True, kw_only=True)
class _Grant:
    carried: Carried
    document: Document

    @property
    def account(self) -> str | None:
        return self.carried.resource.account

    def allows(self, arn: str = "*") -> bool:
        """Tell whether the grant lets one role of another account, or any, be assumed."""
        resources = Resources(types=("role",), not_callers_account=True, like=(arn,))
        target = Target(actions=("sts:AssumeRole",), resources=resources)
        callers = callers_of_identity(self.carried.attachment, self.account, self.carried.resource.partition)
        return decide(self.document, Question(callers=callers, targets=(target,))) is not None


def _disagreements(stack: Stack, _config: Config) -> Iterator[tuple[Resource, str]]:
    grants = list(_grants(stack))
    if not grants:
        return
    trusting = {role: document for role in stack.of("iam.Role") for document in _readable_trusts(role)}
    met: set[Resource] = set()
    for grant in grants:
        for arn in grant.document.named_resources:
            role = role_with_arn(stack, arn)
            if role is None or role not in trusting or not grant.allows(arn):
                continue
            met.add(role)
            yield from _differences(stack, grant, role, trusting[role])
    for role, document in trusting.items():
        own = role_arn(role)
        if role in met or own is None or not _takes_users(document, role):
            continue
        if not any(grant.allows(own) for grant in grants):
            yield role, f"{role.label} trusts users of another account, but no grant of this stack names {own}."


def _grants(stack: Stack) -> Iterator[_Grant]:
    for carried in granting_policies(stack):
        # Documents that cannot be judged are reported by the policies on grants.
        try:
            grant = _Grant(carried=carried, document=carried.read())
            if grant.allows():
                yield grant
        except Unverifiable:
            continue


def _readable_trusts(role: Resource) -> Iterator[Document]:
    for carried in trusts(role):
        try:
            yield carried.read()
        except Unverifiable:
            continue


def _takes_users(document: Document, role: Resource) -> bool:
    callers = (Callers(type=CallerType.USER, not_account=role.account, partition=role.partition),)
    try:
        return decide(document, Question(callers=callers, targets=(ASSUME_THIS_ROLE,))) is not None
    except Unverifiable:
        return False


def _differences(stack: Stack, grant: _Grant, role: Resource, trust: Document) -> Iterator[tuple[Resource, str]]:
    resource = grant.carried.resource
    callers = callers_of_identity(grant.carried.attachment, grant.account, resource.partition)
    if not decide(trust, Question(callers=callers, targets=(ASSUME_THIS_ROLE,))):
        whose = f"of account {grant.account}" if grant.account else "of its account"
        yield resource, f"{grant.carried.label} grants {role.label}, whose trust policy lets nobody {whose} in."
    granted = networks_of(grant.document)
    for document in role_documents(stack, role):
        tested = networks_of(document)
        if granted and tested and granted != tested:
            yield (
                resource,
                f"{grant.carried.label} allows {listed([*map(str, granted)])}, but {role.label} tests "
                f"{listed([*map(str, tested)])}. Use the same networks on both sides.",
            )
    yield from _members(stack, grant, role, trust)


def _members(stack: Stack, grant: _Grant, role: Resource, trust: Document) -> Iterator[tuple[Resource, str]]:
    """Compare the members of the grant's group with the users that the role names."""
    admitted = [principal for _, principal in trust.admitted if principal.account == grant.account]
    if grant.account is None or any(principal.kind is not PrincipalKind.USER for _, principal in trust.admitted):
        return
    trusted = {principal.value.rpartition("/")[2] for principal in admitted}
    group = grant.carried.resource.text("group") or grant.carried.resource.text("groupname")
    for membership in stack.of("iam.GroupMembership"):
        users = membership.get("users")
        if group is None or membership.text("group") != group or membership.account != grant.account:
            continue
        if not isinstance(users, list) or not all(isinstance(user, str) for user in users):
            continue
        for user in sorted(trusted - set(users)):
            yield role, f"{role.label} trusts {user}, who is not a member of group {group} and so has no grant."
        for user in sorted(set(users) - trusted):
            yield (
                membership,
                f"{membership.label} makes {user} a member of group {group}, but {role.label} does not trust {user}.",
            )


sides_agree = policy("delegation-sides-agree", on_stack=_disagreements)
