"""Role management: identity policies that allow the IAM actions which change roles.

Without a permissions boundary on every role that may be made or changed it is administrator access.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from delegation_pack.configuration import PROTECTED_ROLES, Config, protected_roles
from delegation_pack.facts.actions import BOUNDABLE, BOUNDARY_CHANGES, POLICY_VERSIONS, ROLE_CHANGES
from delegation_pack.iam import (
    Callers,
    CallerType,
    Document,
    Finding,
    Query,
    Resources,
    Target,
    Unverifiable,
    Values,
    callers_of_identity,
    decide,
)
from delegation_pack.judging import because, judged, on_inline, on_managed, on_people, refuses
from delegation_pack.model import (
    BOUNDARY_KEY,
    MANAGED_POLICIES,
    Model,
    Policy,
    Principal,
    PrincipalType,
    Resource,
    aws_managed,
    boundaries_named,
    identity_policies,
    is_policy,
)
from delegation_pack.rights import (
    allowed,
    around_boundaries,
    changes_roles,
    explicitly_denied,
    only_denies,
    own,
    past_boundary,
    policy_versions,
    role_changes,
)
from delegation_pack.rule import Rule, Violation
from delegation_pack.trust_policies import may_let_users_in
from delegation_pack.whose import DECLARED, of_people_alone, people

_LEAVE_OUT = "Leave the action out."
_OWN_ACCOUNT = re.compile(r"\$\{aws:(Principal|Resource)Account\}", re.IGNORECASE)
_ANY_ACCOUNT = "?" * 12


def ways_around(policy: Policy, config: Config) -> Iterator[str]:
    """Yield the escalation paths that a document opens by itself."""
    document, account = policy.read(), policy.account
    accepted, refused = _boundaries(policy, account, config)
    yield from (f"binds roles to {boundary}, {reason}." for boundary, reason in refused.items())
    finding = changes_roles(policy, BOUNDABLE, {BOUNDARY_KEY: Values(but=(*accepted, *refused))})
    if finding:
        yield (
            f"allows changing roles that have no permissions boundary: {because(finding)} "
            "Require it with StringEquals on iam:PermissionsBoundary."
        )
    finding = changes_roles(policy, BOUNDARY_CHANGES)
    if finding:
        yield f"allows changing the permissions boundary itself: {because(finding)} {_LEAVE_OUT}"
    manages = finding or changes_roles(policy, BOUNDABLE)
    # A policy that is written out in full may be a program's own; role management reaches what it is attached to.
    named = () if manages else document.named_resources
    finding = allowed(policy, policy_versions(account, but=named))
    if finding:
        yield f"allows changing managed policies, boundaries included: {because(finding)} {_LEAVE_OUT}"
    if not manages:
        return
    finding = _replaces(
        [document], callers_of_identity(policy.attachment, account, policy.partition), account, accepted
    )
    if finding:
        yield f"allows replacing the permissions boundary: {because(finding)} {_LEAVE_OUT}"


def way_around_beside(policy: Policy, _config: Config) -> Iterator[str]:
    """Yield what a document opens beside the role management in it. Programs have that without any role management."""
    if policy.document and changes_roles(policy, BOUNDABLE + BOUNDARY_CHANGES):
        finding = allowed(policy, *_around(policy.document, policy.account))
        if finding:
            yield f"has a way around the permissions boundary beside role management: {because(finding)} {_LEAVE_OUT}"


def open_as_boundary(policy: Policy, _config: Config) -> Iterator[str]:
    """Yield what a document allows that no permissions boundary may."""
    callers = (Callers(type=CallerType.ROLE, account=policy.account, partition=policy.partition),)
    finding = decide(policy.read(), Query(callers=callers, targets=past_boundary(policy.account)))
    if finding:
        yield (
            f"is a permissions boundary with a way around it: {because(finding)} "
            "End it with a Deny of account:*, iam:*, organizations:* and sts:Assume*."
        )


def beside_role_management(policy: Policy, _config: Config) -> Iterator[str]:
    """Yield what a document opens where another of the same principal manages roles."""
    finding = allowed(policy, policy_versions(policy.account), *_around(policy.read(), policy.account))
    if finding:
        yield f"has a way around the permissions boundary: {because(finding)}"


def _around(document: Document, account: str | None) -> tuple[Target, ...]:
    # Roles that are written out in full count as another account's where the own one is not known.
    return around_boundaries(account, but=() if account else document.named_resources)


def _replaces(
    documents: Sequence[Document], callers: tuple[Callers, ...], account: str | None, boundaries: Iterable[str]
) -> Finding | None:
    """A request that makes a boundary anew which may be deleted first, as a boundary is told by its ARN."""
    for boundary in boundaries:
        resources = own(account, "policy", like=(boundary,))
        deletes, makes = (
            decide(documents, Query(callers=callers, targets=(Target(actions=(action,), resources=resources),)))
            for action in ("iam:DeletePolicy", "iam:CreatePolicy")
        )
        if deletes and makes:
            return makes
    return None


def _boundaries(policy: Policy, account: str | None, config: Config) -> tuple[list[str], dict[str, str]]:
    """The boundaries that a document names and that hold, as patterns, and those that do not, with the reason.

    A variable for the own account stands for any account, as a boundary is always of the role's account or AWS's.
    """
    only, has_variables = config.get("boundaryPolicyArns"), policy.read().has_variables
    accepted, refused = [], {}
    for value in dict.fromkeys(boundaries_named(policy)):
        boundary = _OWN_ACCOUNT.sub(account or _ANY_ACCOUNT, value) if has_variables else value
        if "$" in boundary or "*" in value or "?" in value or not boundary.startswith("arn:"):
            continue
        if refuses(open_as_boundary, boundary):
            refused[boundary] = "an AWS-managed policy that itself lets roles, users or other accounts be reached"
        elif only is not None and boundary not in only:
            refused[boundary] = "which is not one of boundaryPolicyArns"
        else:
            accepted.append(boundary)
    return accepted, refused


def _inline(resource: Resource, config: Config) -> Iterator[str]:
    yield from on_inline(ways_around)(resource, config)
    yield from on_inline(way_around_beside, concerns=of_people_alone)(resource, config)


def _managed_or_together(model: Model, config: Config) -> Iterator[Violation]:
    yield from on_managed(ways_around)(model, config)
    yield from on_people(way_around_beside)(model, config)
    yield from _open_boundaries(model, config)
    yield from _changed_boundaries(model)
    of_people = people(model, config).principals
    for principal in model.principals:
        if not principal.policies:
            continue
        try:
            yield from _around_together(principal, config, program=principal not in of_people)
            if principal.type is PrincipalType.ROLE and principal.resource:
                yield from _open_access_role(principal, config)
        except Unverifiable as reason:
            resource = principal.resource or next(iter(principal.documents)).carrier
            yield resource, f"{resource.label} cannot be verified: {reason}"


def _around_together(principal: Principal, config: Config, *, program: bool) -> Iterator[Violation]:
    """The escalation paths that documents open together: one manages roles, another has the way around."""
    account = principal.account
    callers = callers_of_identity(principal.type.attachment, account, principal.partition)
    documents = principal.documents
    changes = (role_changes(account, BOUNDABLE + BOUNDARY_CHANGES),)
    managing = {p: d for p, d in documents.items() if decide(d, Query(callers=callers, targets=changes))}
    if not managing:
        return
    beside = f"beside the role management of {next(iter(managing)).label}"
    denies = [only_denies(document) for document in documents.values()]
    for policy, document in documents.items():
        if policy in managing:
            continue
        targets = (policy_versions(account), *(() if program else _around(document, account)))
        finding = decide([document, *denies], Query(callers=callers, targets=targets))
        if finding:
            yield (
                policy.carrier,
                f"{policy.label} has a way around the permissions boundary {beside}: {because(finding)} {_LEAVE_OUT}",
            )
    for resource, arn in () if program else principal.aws_attachments:
        if refuses(beside_role_management, arn):
            yield (
                resource,
                f"{resource.label} attaches {arn}, which has a way around the permissions boundary {beside}.",
            )
    boundaries = {one for policy in managing for one in _boundaries(policy, account, config)[0]}
    if any(_replaces([document], callers, account, boundaries) for document in managing.values()):
        return
    finding = _replaces([*documents.values()], callers, account, boundaries)
    if finding:
        policy = [*documents][finding.document]
        yield (
            policy.carrier,
            f"{policy.label} allows replacing the permissions boundary {beside}: {because(finding)} {_LEAVE_OUT}",
        )


def _changed_boundaries(model: Model) -> Iterator[Violation]:
    """Documents that change, by its name, a boundary which role management in the stack relies on.

    Those that change policies which they do not name are reported by themselves.
    """
    boundaries = {arn for policy in model.granting_policies for arn in _named_by(policy)}
    for policy in model.granting_policies:
        named = tuple(boundaries.intersection(policy.document.named_resources)) if policy.document else ()
        change = Target(actions=POLICY_VERSIONS, resources=own(policy.account, "policy", like=named))
        try:
            finding = allowed(policy, change) if named else None
        except Unverifiable:
            continue
        if finding:
            yield (
                policy.carrier,
                f"{policy.label} allows changing a permissions boundary of role management: {because(finding)} "
                f"{_LEAVE_OUT}",
            )


def _open_boundaries(model: Model, config: Config) -> Iterator[Violation]:
    """Boundaries of one's own that leave a way around themselves, and those whose content is not to be seen."""
    made = model.of(*MANAGED_POLICIES)
    seen: set[Resource] = set()
    for policy in model.granting_policies:
        for arn in _named_by(policy):
            boundaries = [one for one in made if is_policy(one, arn)]
            seen.update(boundaries)
            if not boundaries and "*" not in arn and _is_unseen(policy, arn, config):
                yield (
                    policy.carrier,
                    f"{policy.label} cannot be verified: it binds roles to {arn}, which is neither in this stack nor "
                    "an AWS-managed policy that is known here. Name it in boundaryPolicyArns once you know that it "
                    "holds.",
                )
    for resource in made:
        for boundary in identity_policies(resource) if resource in seen else ():
            yield from ((resource, text) for text in judged(boundary, config, open_as_boundary))


def _is_unseen(policy: Policy, arn: str, config: Config) -> bool:
    """Tell whether a policy manages roles that have a boundary of which nobody knows the content."""
    if arn in config.get("boundaryPolicyArns", ()) or aws_managed(arn):
        return False
    try:
        return changes_roles(policy, BOUNDABLE, {BOUNDARY_KEY: Values(absent=False, like=(arn,))}) is not None
    except Unverifiable:
        return False


def _named_by(policy: Policy) -> list[str]:
    return [_OWN_ACCOUNT.sub(policy.account or _ANY_ACCOUNT, value) for value in boundaries_named(policy)]


def _open_access_role(role: Principal, config: Config) -> Iterator[Violation]:
    """A role that users of another account may assume and that manages roles, without a Deny that keeps what holds the
    delegation up."""
    documents = [*role.documents.values()]
    callers = (Callers(type=CallerType.ROLE, account=role.account, partition=role.partition),)
    if not (documents and any(may_let_users_in(trust, {}) for trust in role.trusts)):
        return
    if not decide(documents, Query(callers=callers, targets=(role_changes(role.account, BOUNDABLE),))):
        return
    hop = Target(actions=("sts:AssumeRole",), resources=Resources(types=("role",)))
    if not explicitly_denied(documents, Query(callers=callers, targets=(hop,))):
        yield (
            role.maker,
            f"{role.maker.label} manages roles and is not denied sts:AssumeRole, a further hop. Deny it on *.",
        )
    for pattern in _protected(role, config):
        change = Target(actions=ROLE_CHANGES, resources=own(role.account, "role", like=(pattern,)))
        if not explicitly_denied(documents, Query(callers=callers, targets=(change,))):
            yield (
                role.maker,
                f"{role.maker.label} manages roles and is not denied to change {pattern}. Deny everything but "
                "iam:Get* and iam:List* on it.",
            )


def _protected(role: Principal, config: Config) -> Iterator[str]:
    """ARN patterns of the roles that an access role must not change: itself and the protected ones.

    None where the account is not known, for a Deny names them in one account.
    """
    if role.account is None:
        return
    if role.name:
        yield role.arn
    for name in protected_roles(config):
        yield f"arn:{role.partition or '*'}:iam::{role.account}:role/{name}"


RULE = Rule(
    name="iam-role-management-is-bounded",
    description="Who may change roles can give them no more than a permissions boundary allows.",
    severity="critical",
    remediation=(
        'Put "Condition": {"StringEquals": {"iam:PermissionsBoundary": '
        '"arn:aws:iam::aws:policy/ReadOnlyAccess"}} on what '
        "creates or changes roles; leave out iam:PassRole, the boundary, tag, instance-profile and "
        "policy-version actions; deny sts:AssumeRole, and every change of the access role and of protectedRoles."
    ),
    configuration={
        "boundaryPolicyArns": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The only permissions boundaries to accept; without it, any that opens no way around "
            "itself.",
        },
        **PROTECTED_ROLES,
        **DECLARED,
    },
    on_resource=_inline,
    on_stack=_managed_or_together,
)
