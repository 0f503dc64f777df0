"""Credentials of users that a deployment makes."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.model import Resource, is_credential
from delegation_pack.rule import Rule


def credentials(resource: Resource, _config: Config) -> Iterator[str]:
    """Yield that a resource is a credential of a user, or gives one a password."""
    if is_credential(resource.type) or (resource.kind == "iam.User" and resource.get("loginprofile") is not None):
        yield (
            f"{resource.label} is a user's credential, or contains one: whoever reads the state, or deploys, can act "
            "as that user. Let the user create it, as the self-service policy allows with MFA."
        )


RULE = Rule(
    name="iam-no-credentials-as-resources",
    description="No deployment makes access keys, passwords, MFA devices or other credentials of users.",
    severity="critical",
    remediation=(
        "Take the resource out. People make their own access keys and MFA devices; a first password is given by hand: "
        "aws iam create-login-profile --user-name alice --password-reset-required. Programs use roles."
    ),
    on_resource=credentials,
)
