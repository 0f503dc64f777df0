"""Users have their permissions from groups."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.iam import Attachment
from delegation_pack.model import Resource, attached_policies, attachment_of, identity_policies
from delegation_pack.rule import Rule

_LISTS_OF_USERS = {
    "iam.ManagedPolicy": "users",
    "iam.PolicyAttachment": "users",
    "iam.UserPoliciesExclusive": "policynames",
}
"""What puts permissions on several users, or several on one; an empty list keeps them away."""


def on_users(resource: Resource, _config: Config) -> Iterator[str]:
    """Yield that a resource puts permissions on users."""
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


RULE = Rule(
    name="iam-permissions-on-groups-only",
    description="No policy is attached to a user.",
    severity="medium",
    remediation='Attach it to a group: aws.iam.GroupPolicy("…", group="IT-Admins", policy=…).',
    on_resource=on_users,
)
