"""Role management: identity policies that allow the IAM actions which change roles.

Without a permissions boundary on every role that may be made or changed it is administrator access.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from delegation_pack.actions import (
    BOUNDABLE,
    BOUNDARY_CHANGES,
    POLICY_VERSIONS,
    ROLE_CHANGES,
    around_boundaries,
    own,
    policy_versions,
    role_changes,
    user_management,
)
from delegation_pack.iam import (
    ASSUME_THIS_ROLE,
    WITHOUT_MFA,
    Attachment,
    Callers,
    CallerType,
    Document,
    Finding,
    Question,
    Resources,
    Target,
    Unverifiable,
    Values,
    assume_roles_elsewhere,
    callers_of_identity,
    callers_of_trust,
    decide,
    outside,
)
from delegation_pack.policies.documents import MANAGED_POLICIES, Carried, identity_policies, trusts
from delegation_pack.policies.holders import Holder, holders
from delegation_pack.policies.identity import (
    BOUNDARY_KEY,
    boundaries_named,
    granting_policies,
    inline_rule,
    is_policy,
    leads_around,
    managed_rule,
    refused_by,
)
from delegation_pack.policies.networks import (
    allowed_networks,
    explicitly_denied,
    mode,
    only_denies,
    owner,
    role_name,
    session_stays_inside,
)
from delegation_pack.policies.resources import Resource, Stack
from delegation_pack.policies.validation import Config, policy
from delegation_pack.policies.wording import because, listed

REQUIRES_MFA = "iam-role-management-requires-mfa"
REQUIRES_SOURCE_IP = "iam-role-management-requires-source-ip"
IS_BOUNDED = "iam-role-management-is-bounded"

_LEAVE_OUT = "Leave the action out."
_OWN_ACCOUNT = re.compile(r"\$\{aws:(Principal|Resource)Account\}", re.IGNORECASE)
_ANY_ACCOUNT = "?" * 12


def beside_role_management(document: Document, carried: Carried, _config: Config) -> Iterator[str]:
    """Yield what a document opens where another of the same principal manages roles."""
    account = carried.resource.account
    finding = _allowed(document, carried, targets=(policy_versions(account), *_around(document, account)))
    if finding:
        yield f"has a way around the permissions boundary: {because(finding)}"


def _allowed(
    document: Document,
    carried: Carried,
    keys: Mapping[str, Values] | None = None,
    targets: tuple[Target, ...] = (),
) -> Finding | None:
    account = carried.resource.account
    callers = callers_of_identity(carried.attachment, account, carried.resource.partition)
    return decide(document, Question(callers=callers, targets=targets or (role_changes(account),), keys=keys or {}))


def without_mfa(document: Document, carried: Carried, _config: Config) -> Iterator[str]:
    """Yield that roles may be changed without MFA."""
    finding = _allowed(document, carried, WITHOUT_MFA)
    if finding:
        operator = "Bool or BoolIfExists" if carried.attachment is Attachment.ROLE else "Bool"
        yield f"lets roles be changed without MFA: {because(finding)} Demand it with {operator} on the Allow."


def from_elsewhere(document: Document, carried: Carried, config: Config) -> Iterator[str]:
    """Yield that roles may be changed from outside the networks; in mode session the whole stack is asked."""
    if _allowed(document, carried) and mode(config) != "session":
        yield from _outside(document, carried, config)


def _outside(document: Document, carried: Carried, config: Config) -> Iterator[str]:
    networks = allowed_networks(config)
    finding = _allowed(document, carried, outside(networks))
    if finding:
        yield (
            f"lets roles be changed from outside {listed(networks, 'every network, for none is allowed')}: "
            f"{because(finding)} Demand the address with IpAddress on aws:SourceIp."
        )


def _managed_or_in_sessions(stack: Stack, config: Config) -> Iterator[tuple[Resource, str]]:
    """Mode session: a role's document may lack the address where the role denies everything from outside."""
    yield from managed_rule(from_elsewhere)(stack, config)
    if config.get("mode") != "session":
        return
    for carried in granting_policies(stack):
        try:
            document = carried.read()
            if not _allowed(document, carried):
                continue
            role = carried.resource if carried.resource.kind == "iam.Role" else owner(stack, carried.resource)
            if role and session_stays_inside(stack, role, allowed_networks(config)):
                continue
            for text in _outside(document, carried, config):
                yield carried.resource, f"{carried.label} {text} Or let the role deny everything from outside."
        except Unverifiable as reason:
            yield carried.resource, f"{carried.label} cannot be verified: {reason}"


def ways_around(document: Document, carried: Carried, config: Config) -> Iterator[str]:
    """Yield the escalation paths that a document opens by itself."""
    account = carried.resource.account
    accepted, refused = _boundaries(document, account, config)
    yield from (f"binds roles to {boundary}, {reason}." for boundary, reason in refused.items())
    unbound = Values(but=(*accepted, *refused))
    finding = _allowed(document, carried, {BOUNDARY_KEY: unbound}, (role_changes(account, BOUNDABLE),))
    if finding:
        yield (
            f"lets roles be changed that have no permissions boundary: {because(finding)} "
            "Demand it with StringEquals on iam:PermissionsBoundary."
        )
    finding = _allowed(document, carried, targets=(role_changes(account, BOUNDARY_CHANGES),))
    if finding:
        yield f"lets the permissions boundary itself be changed: {because(finding)} {_LEAVE_OUT}"
    manages = finding or _allowed(document, carried, targets=(role_changes(account, BOUNDABLE),))
    # A policy that is written out in full may be a program's own; role management reaches what it is attached to.
    named = () if manages else document.named_resources
    finding = _allowed(document, carried, targets=(policy_versions(account, but=named),))
    if finding:
        yield f"lets managed policies, boundaries among them, be changed: {because(finding)} {_LEAVE_OUT}"
    if not manages:
        return
    finding = _allowed(document, carried, targets=_around(document, account))
    if finding:
        yield f"has a way around the permissions boundary beside role management: {because(finding)} {_LEAVE_OUT}"
    callers = callers_of_identity(carried.attachment, account, carried.resource.partition)
    finding = _replaces([document], callers, account, accepted)
    if finding:
        yield f"lets the permissions boundary be deleted and made anew: {because(finding)} {_LEAVE_OUT}"


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
            decide(documents, Question(callers=callers, targets=(Target(actions=(action,), resources=resources),)))
            for action in ("iam:DeletePolicy", "iam:CreatePolicy")
        )
        if deletes and makes:
            return makes
    return None


def _boundaries(document: Document, account: str | None, config: Config) -> tuple[list[str], dict[str, str]]:
    """The boundaries that a document names and that hold, as patterns, and those that do not, with the reason.

    A variable for the own account stands for any account, as a boundary is always of the role's account or AWS's.
    """
    only = config.get("boundaryPolicyArns")
    accepted, refused = [], {}
    for value in dict.fromkeys(boundaries_named(document)):
        boundary = _OWN_ACCOUNT.sub(account or _ANY_ACCOUNT, value) if document.has_variables else value
        if "$" in boundary or "*" in value or "?" in value or not boundary.startswith("arn:"):
            continue
        if refused_by(boundary) & {IS_BOUNDED, "iam-no-user-management", "iam-assume-role-names-roles"}:
            refused[boundary] = "an AWS-managed policy that itself lets roles, users or other accounts be reached"
        elif only is not None and boundary not in only:
            refused[boundary] = "which is not one of boundaryPolicyArns"
        else:
            accepted.append(boundary)
    return accepted, refused


def _managed_or_together(stack: Stack, config: Config) -> Iterator[tuple[Resource, str]]:
    yield from managed_rule(ways_around)(stack, config)
    yield from _open_boundaries(stack)
    yield from _changed_boundaries(stack)
    for holder in holders(stack):
        try:
            yield from _around_together(holder, config)
            if holder.resource and holder.resource.kind == "iam.Role":
                yield from _open_access_role(holder.resource, [*holder.documents().values()], config)
        except Unverifiable as reason:
            resource = holder.resource or holder.carried[0].resource
            yield resource, f"{resource.label} cannot be verified: {reason}"


def _around_together(holder: Holder, config: Config) -> Iterator[tuple[Resource, str]]:
    """The escalation paths that documents open together: one manages roles, another has the way around."""
    callers = callers_of_identity(holder.attachment, holder.account, holder.partition)
    documents = holder.documents()
    changes = (role_changes(holder.account, BOUNDABLE + BOUNDARY_CHANGES),)
    managing = {c: d for c, d in documents.items() if decide(d, Question(callers=callers, targets=changes))}
    if not managing:
        return
    beside = f"beside the role management of {next(iter(managing)).label}"
    denies = [only_denies(document) for document in documents.values()]
    for carried, document in documents.items():
        if carried in managing:
            continue
        targets = (policy_versions(holder.account), *_around(document, holder.account))
        finding = decide([document, *denies], Question(callers=callers, targets=targets))
        if finding:
            yield (
                carried.resource,
                f"{carried.label} has a way around the permissions boundary {beside}: {because(finding)} {_LEAVE_OUT}",
            )
    for resource, arn in holder.aws_managed:
        if leads_around(arn):
            yield (
                resource,
                f"{resource.label} attaches {arn}, which has a way around the permissions boundary {beside}.",
            )
    boundaries = {one for document in managing.values() for one in _boundaries(document, holder.account, config)[0]}
    if any(_replaces([document], callers, holder.account, boundaries) for document in managing.values()):
        return
    finding = _replaces([*documents.values()], callers, holder.account, boundaries)
    if finding:
        carried = [*documents][finding.document]
        yield (
            carried.resource,
            f"{carried.label} lets the permissions boundary be deleted and made anew {beside}: {because(finding)} "
            f"{_LEAVE_OUT}",
        )


def _changed_boundaries(stack: Stack) -> Iterator[tuple[Resource, str]]:
    """Documents that change, by its name, a boundary which role management in the stack relies on.

    Those that change policies which they do not name are reported by themselves.
    """
    granting = list(granting_policies(stack))
    boundaries = {arn for carried in granting for arn in _named_by(carried)}
    for carried in granting:
        try:
            document = carried.read()
            named = tuple(boundaries.intersection(document.named_resources))
            account = carried.resource.account
            change = Target(actions=POLICY_VERSIONS, resources=own(account, "policy", like=named))
            finding = _allowed(document, carried, targets=(change,)) if named else None
        except Unverifiable:
            continue
        if finding:
            yield (
                carried.resource,
                f"{carried.label} lets a permissions boundary of role management be changed: {because(finding)} "
                f"{_LEAVE_OUT}",
            )


def _open_boundaries(stack: Stack) -> Iterator[tuple[Resource, str]]:
    """Boundaries of one's own that leave a way around themselves."""
    named = {arn for carried in granting_policies(stack) for arn in _named_by(carried)}
    for resource in stack.of(*MANAGED_POLICIES):
        if not any(is_policy(resource, arn) for arn in named):
            continue
        targets = (
            role_changes(resource.account),
            policy_versions(resource.account),
            *around_boundaries(resource.account),
            *user_management(resource.account, others_only=False),
            *assume_roles_elsewhere(),
        )
        callers = (Callers(type=CallerType.ROLE, account=resource.account, partition=resource.partition),)
        for carried in identity_policies(resource):
            try:
                finding = decide(carried.read(), Question(callers=callers, targets=targets))
            except Unverifiable as reason:
                yield resource, f"{carried.label} cannot be verified as a permissions boundary: {reason}"
                continue
            if finding:
                yield (
                    resource,
                    f"{carried.label} is a permissions boundary that leaves a way around itself: {because(finding)} "
                    "End it with a Deny of account:*, iam:*, organizations:* and sts:Assume*.",
                )


def _named_by(carried: Carried) -> list[str]:
    try:
        document = carried.read()
    except Unverifiable:
        return []
    return [_OWN_ACCOUNT.sub(carried.resource.account or "", value) for value in boundaries_named(document)]


def _open_access_role(role: Resource, documents: Sequence[Document], config: Config) -> Iterator[tuple[Resource, str]]:
    """A role that users of another account may assume and that manages roles, without a Deny that keeps what holds the
    delegation up."""
    callers = (Callers(type=CallerType.ROLE, account=role.account, partition=role.partition),)
    if not (documents and _takes_strangers(role)):
        return
    if not decide(documents, Question(callers=callers, targets=(role_changes(role.account, BOUNDABLE),))):
        return
    hop = Target(actions=("sts:AssumeRole",), resources=Resources(types=("role",)))
    if not explicitly_denied(documents, Question(callers=callers, targets=(hop,))):
        yield role, f"{role.label} manages roles and is not denied sts:AssumeRole, a further hop. Deny it on *."
    for pattern in _protected(role, config):
        change = Target(actions=ROLE_CHANGES, resources=own(role.account, "role", like=(pattern,)))
        if not explicitly_denied(documents, Question(callers=callers, targets=(change,))):
            yield (
                role,
                f"{role.label} manages roles and is not denied to change {pattern}. Deny everything but "
                "iam:Get* and iam:List* on it.",
            )


def _protected(role: Resource, config: Config) -> Iterator[str]:
    """ARN patterns of the roles that an access role must not change: itself and the protected ones.

    None where the account is not known, for a Deny names them in one account.
    """
    if role.account is None:
        return
    roles = f"arn:{role.partition or '*'}:iam::{role.account}:role"
    if role_name(role):
        yield f"{roles}{role.text('path') or '/'}{role_name(role)}"
    for name in config.get("protectedRoles", ["OrganizationAccountAccessRole"]):
        yield f"{roles}/{name}"


def _takes_strangers(role: Resource) -> bool:
    """Tell whether a role's trust lets a user of any account in; one that cannot be read may."""
    try:
        question = Question(callers=callers_of_trust(role.account, role.partition)[:1], targets=(ASSUME_THIS_ROLE,))
        return any(decide(carried.read(), question) for carried in trusts(role))
    except Unverifiable:
        return True


role_management_requires_mfa = policy(
    REQUIRES_MFA, on_resource=inline_rule(REQUIRES_MFA, without_mfa), on_stack=managed_rule(without_mfa)
)
role_management_requires_source_ip = policy(
    REQUIRES_SOURCE_IP,
    on_resource=inline_rule(REQUIRES_SOURCE_IP, from_elsewhere),
    on_stack=_managed_or_in_sessions,
)
role_management_is_bounded = policy(
    IS_BOUNDED, on_resource=inline_rule(IS_BOUNDED, ways_around), on_stack=_managed_or_together
)
