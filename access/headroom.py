"""What is left in IAM's quotas: people per trust policy, accounts per group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from delegation_pack.facts.quotas import (
    ATTACHED_POLICIES,
    GROUPS_OF_USER,
    INLINE_POLICIES,
    MANAGED_POLICY,
    TRUST_POLICY,
    TRUST_POLICY_RAISED,
)
from delegation_pack.iam import Effect, PrincipalKind, matching_actions
from delegation_pack.model import Policy, account_of

from access.model import Group, Role, User
from access.verdicts import ASSUME, Verdicts

_FRAME = 260
"""About what a packed policy has besides the ARNs of its roles, in characters."""


@dataclass(frozen=True)
class Headroom:
    """One quota of one group, role or user."""

    what: str
    account: str
    used: int
    limit: int
    unit: str
    more: str
    """What still fits, in words."""
    advice: str
    """What to do when it runs out."""

    @property
    def share(self) -> float:
        """Used part, 0 to 1 (above: over the quota)."""
        return self.used / self.limit


def headroom(verdicts: Verdicts) -> list[Headroom]:
    """Measure every trust policy, group and user, the fullest first."""
    model = verdicts.model
    found = [
        *(one for role in model.roles for one in _trust(role, _quota(verdicts, role))),
        *(one for group in model.groups for one in _group(group)),
        *(one for user in model.users for one in _user(user)),
    ]
    return sorted(found, key=lambda one: -one.share)


def _quota(verdicts: Verdicts, role: Role) -> int:
    """The trust policy's quota: what the stack's outputs say of this very role, else the default."""
    for stack in verdicts.model.stacks:
        match stack.outputs:
            case {
                "roleArns": {role.name: role.arn},
                "documentSizes": {"roles": {role.name: {"trust": {"limit": limit}}}},
            }:
                return int(limit) if isinstance(limit, (int, float)) else TRUST_POLICY
    return TRUST_POLICY


def _trust(role: Role, quota: int) -> Iterator[Headroom]:
    if role.trust.document is None:
        return
    named = [p.value for _, p in role.trust.document.admitted if p.kind is PrincipalKind.USER]
    # Each further name costs its ARN, two quotation marks and a comma.
    each = round(sum(len(arn) for arn in named) / len(named)) + 3 if named else 0
    left = quota - role.trust.size
    yield Headroom(
        f"trust policy of {role.title}",
        role.account,
        role.trust.size,
        quota,
        "characters",
        f"about {max(left, 0) // each} more users ({len(named)} now)" if each else "names no users",
        f"Ask AWS to raise quota L-C07B4B0D (up to {TRUST_POLICY_RAISED:,}, which holds about 160 people) and set "
        "delegation:trustPolicyQuota; beyond that IAM Identity Center is the better tool.",
    )


def _group(group: Group) -> Iterator[Headroom]:
    inline = [policy for policy in group.policies if not policy.managed]
    if inline:
        grants = [policy for policy in inline if _is_grant(policy)]
        used = sum(policy.size for policy in inline)
        each = max((policy.size for policy in grants), default=0)
        left = max(INLINE_POLICIES["group"] - used, 0)
        yield Headroom(
            f"inline policies of {group.title}",
            group.account,
            used,
            INLINE_POLICIES["group"],
            "characters",
            f"about {left // each} more accounts ({len(grants)} grants now)" if each else "holds no grants",
            "Set delegation:grants to packed: the managed policies of a group hold about a thousand accounts.",
        )
    managed = [policy for policy in group.policies if policy.managed]
    packed = [policy for policy in managed if _is_grant(policy)]
    if packed:
        yield _packed(group, packed, ATTACHED_POLICIES - len(managed) + len(packed))
    if managed:
        yield Headroom(
            f"managed policies of {group.title}",
            group.account,
            len(managed),
            ATTACHED_POLICIES,
            "policies",
            f"{max(ATTACHED_POLICIES - len(managed), 0)} more policies",
            "Merge policies, or split the group.",
        )


def _packed(group: Group, packed: Sequence[Policy], policies: int) -> Headroom:
    """Measure grants in managed policies, of which there may be so many."""
    named = [arn for policy in packed if policy.document for arn in policy.document.named_resources]
    accounts = {account_of(arn) for arn in named}
    # Each further role costs its ARN, two quotation marks and a comma; each further policy its frame, too.
    each = round(sum(map(len, named)) / len(named)) + 3 if named else 0
    fit = [max(MANAGED_POLICY - policy.size, 0) // each for policy in packed] if each else []
    new = (policies - len(packed)) * ((MANAGED_POLICY - _FRAME) // each) if each else 0
    more = (sum(fit) + new) * len(accounts) // len(named) if named else 0
    return Headroom(
        f"packed grants of {group.title}",
        group.account,
        sum(policy.size for policy in packed),
        policies * MANAGED_POLICY,
        "characters",
        f"about {more:,} more accounts ({len(accounts):,} now)" if named else "name no roles",
        "Split the group, or shorten the roles' names; for so many accounts IAM Identity Center is the better tool.",
    )


def _user(user: User) -> Iterator[Headroom]:
    inline = [policy for policy in user.policies if not policy.managed]
    if inline:
        yield Headroom(
            f"inline policies of {user.title}",
            user.account,
            sum(policy.size for policy in inline),
            INLINE_POLICIES["user"],
            "characters",
            "",
            "Give the permissions to a group.",
        )
    if len(user.groups) > GROUPS_OF_USER // 2:
        yield Headroom(
            f"groups of {user.title}",
            user.account,
            len(user.groups),
            GROUPS_OF_USER,
            "groups",
            f"{max(GROUPS_OF_USER - len(user.groups), 0)} more groups",
            "Merge groups.",
        )


def _is_grant(policy: Policy) -> bool:
    statements = policy.document.statements if policy.document else ()
    return any(s.effect is Effect.ALLOW and matching_actions(s, [ASSUME]) for s in statements)
