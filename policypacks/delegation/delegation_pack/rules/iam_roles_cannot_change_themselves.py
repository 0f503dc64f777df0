"""Roles that could give themselves more than they have."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.facts.actions import BOUNDARY_CHANGES, POLICY_VERSIONS
from delegation_pack.iam import Finding, Query, Target, Unverifiable, callers_of_identity, decide
from delegation_pack.judging import because
from delegation_pack.model import Model, Principal, PrincipalType
from delegation_pack.rights import changes_of, own
from delegation_pack.rule import Rule, Violation

_OWN_POLICIES = tuple(f"iam:{name}RolePolicy" for name in ("Attach", "Delete", "Detach", "Put"))


def escalating(model: Model, _config: Config) -> Iterator[Violation]:
    """Yield the roles whose documents, together, let them change what they have."""
    for principal in model.principals:
        documents = principal.documents
        if principal.type is not PrincipalType.ROLE or not documents or not principal.name:
            continue
        try:
            finding = _changes_itself(principal)
        except Unverifiable as reason:
            carrier = next(iter(documents)).carrier
            yield carrier, f"{carrier.label} cannot be verified beside what else the role has: {reason}"
            continue
        if finding:
            policy = [*documents][finding.document]
            yield (
                policy.carrier,
                f"{policy.label} lets {principal.title} give itself more than it has: {because(finding)} Leave the "
                "action out, or name other roles and policies.",
            )


def _changes_itself(role: Principal) -> Finding | None:
    """A request of a role's session that changes the role's own policies or boundary, or what is in them."""
    callers = callers_of_identity(role.type.attachment, role.account, role.partition)
    changes = (*_OWN_POLICIES, *BOUNDARY_CHANGES)
    targets = [*changes_of(role, changes)]
    held = [*role.policies, *([role.boundary] if role.boundary else [])]
    attached = tuple(arn for policy in held if (arn := policy.arn_to_be))
    if attached:
        targets.append(Target(actions=POLICY_VERSIONS, resources=own(role.account, "policy", like=attached)))
    return decide([*role.documents.values()], Query(callers=callers, targets=tuple(targets)))


RULE = Rule(
    name="iam-roles-cannot-change-themselves",
    description="No role may change its own policies, the content of those attached to it, or its boundary.",
    severity="critical",
    remediation=(
        'Deny it: {"Effect": "Deny", "NotAction": ["iam:Get*", "iam:List*"], "Resource": '
        '"arn:aws:iam::222222222222:role/app"}; and name in Resource only policies that are attached elsewhere.'
    ),
    on_stack=escalating,
)
