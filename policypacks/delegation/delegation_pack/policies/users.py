"""Users: in the Security account only, with permissions from groups, and MFA devices that nobody else can enrol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from delegation_pack.actions import OWN_USER, own, user_management
from delegation_pack.iam import (
    WITHOUT_MFA,
    Attachment,
    Document,
    Question,
    Resources,
    Target,
    Values,
    callers_of_identity,
    decide,
    outside,
)
from delegation_pack.policies.documents import Carried, attached_policies, attachment_of, identity_policies
from delegation_pack.policies.identity import inline_rule, managed_rule
from delegation_pack.policies.networks import allowed_networks
from delegation_pack.policies.resources import Resource, is_account
from delegation_pack.policies.validation import Config, policy
from delegation_pack.policies.wording import because, listed

NO_USER_MANAGEMENT = "iam-no-user-management"
OWN_DEVICES_ONLY = "iam-mfa-devices-own-only"

_USER_KINDS = (
    "iam.User",
    "iam.AccessKey",
    "iam.ServiceSpecificCredential",
    "iam.SigningCertificate",
    "iam.SshKey",
    "iam.UserLoginProfile",
    "iam.VirtualMfaDevice",
)
_LISTS_OF_USERS = {
    "iam.ManagedPolicy": "users",
    "iam.PolicyAttachment": "users",
    "iam.UserPoliciesExclusive": "policynames",
}
"""What puts permissions on several users, or several on one; an empty list keeps them away."""
_WITH_ACCESS_KEYS: Mapping[str, Values] = {"aws:MultiFactorAuthPresent": Values(like=())}
_ENROLMENT = ("iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ResyncMFADevice")
_LASTING_CREDENTIALS = (*_ENROLMENT, "iam:CreateAccessKey", "iam:UpdateAccessKey")


def _outside_security_account(resource: Resource, config: Config) -> bool:
    """Tell whether a resource may be in a target account; one that is not known may."""
    security = config.get("securityAccountId")
    return not (resource.account and security) or resource.account != str(security)


def user_management_elsewhere(document: Document, carried: Carried, config: Config) -> Iterator[str]:
    """Yield that a document outside the Security account manages users."""
    account, security = carried.resource.account, config.get("securityAccountId")
    # In an account that is not known, users may be caring for their own credentials, as in the Security account.
    known = bool(account and security) or carried.attachment is Attachment.ROLE
    elsewhere = (f"arn:*:iam::{security}:*",) if security else ()
    targets = user_management(account, others_only=not known, but=elsewhere)
    finding = decide(
        document,
        Question(callers=callers_of_identity(carried.attachment, account, carried.resource.partition), targets=targets),
    )
    if finding:
        yield (
            f"manages users outside the Security account: {because(finding)} Name the actions that are needed, none "
            "of which changes users, groups, keys or MFA devices."
        )


def _policies_on_users(resource: Resource, _config: Config) -> Iterator[str]:
    if attachment_of(resource) is Attachment.USER:
        carries = any(True for _ in identity_policies(resource)) or any(True for _ in attached_policies(resource))
        if carries:
            yield f"{resource.label} puts permissions on a user. Put them on a group that the user is a member of."
    name = _LISTS_OF_USERS.get(resource.kind, "")
    value = resource.get(name)
    if value is not None and not isinstance(value, list):
        yield f"{resource.label} cannot be verified: {name} is {value!r}."
    elif value:
        yield f"{resource.label} puts permissions on users. Put them on a group that the users are members of."


def _users_elsewhere(resource: Resource, config: Config) -> Iterator[str]:
    if resource.kind not in _USER_KINDS:
        return
    security = config.get("securityAccountId")
    if not is_account(security):
        yield f"{resource.label} cannot be verified: securityAccountId is not in the policy's configuration."
    elif resource.account is None:
        yield (
            f"{resource.label} cannot be verified: its provider does not say the account. Set allowed_account_ids "
            "on it."
        )
    elif resource.account != security:
        yield (
            f"{resource.label} is a user, or a user's credential, in account {resource.account}. Users belong in the "
            f"Security account {security}; let them assume a role here."
        )


def devices_of_others(document: Document, carried: Carried, config: Config) -> Iterator[str]:
    """Yield the ways in which a document lets the claim of MFA be forged."""
    account = carried.resource.account
    callers = callers_of_identity(carried.attachment, account, carried.resource.partition)

    def allowed(actions: tuple[str, ...], resources: Resources, keys: Mapping[str, Values]) -> str | None:
        target = Target(actions=actions, resources=resources)
        finding = decide(document, Question(callers=callers, targets=(target,), keys=keys))
        return because(finding) if finding else None

    users, any_of_them = own(account, "user", but=OWN_USER), own(account, "user", "mfa")
    if found := allowed(("iam:EnableMFADevice", "iam:ResyncMFADevice"), users, {}):
        yield f"lets MFA devices be enrolled for somebody else: {found} Name user/${{aws:username}} in Resource."
    if found := allowed(_ENROLMENT, any_of_them, _WITH_ACCESS_KEYS):
        yield (
            f"lets MFA devices be enrolled with plain access keys: {found} "
            'Add a Deny with "Null": {"aws:MultiFactorAuthPresent": "true"}.'
        )
    if found := allowed(("iam:DeactivateMFADevice",), own(account, "user"), WITHOUT_MFA):
        yield (
            f"lets MFA devices be removed without MFA: {found} "
            'Add a Deny with "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}.'
        )
    if "allowedCidrs" not in config:
        return
    networks = allowed_networks(config)
    if found := allowed(_LASTING_CREDENTIALS, any_of_them, outside(networks)):
        yield (
            "lets access keys or MFA devices be made from outside "
            f"{listed(networks, 'every network, for none is allowed')}: {found} "
            "Add a Deny with NotIpAddress on aws:SourceIp."
        )


no_user_management = policy(
    NO_USER_MANAGEMENT,
    on_resource=inline_rule(NO_USER_MANAGEMENT, user_management_elsewhere, concerns=_outside_security_account),
    on_stack=managed_rule(user_management_elsewhere, concerns=_outside_security_account),
)
permissions_on_groups_only = policy("iam-permissions-on-groups-only", on_resource=_policies_on_users)
users_in_security_account_only = policy("iam-users-in-security-account-only", on_resource=_users_elsewhere)
mfa_devices_own_only = policy(
    OWN_DEVICES_ONLY,
    on_resource=inline_rule(OWN_DEVICES_ONLY, devices_of_others),
    on_stack=managed_rule(devices_of_others),
)
