"""By which claims an identity provider tells its tenants apart.

A provider such as GitHub vouches for everybody who has an account there. A claim binds if an outsider cannot have its
value. Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html, each provider's own pages on its
tokens, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WHOLE = 0
"""A claim that binds with its whole value only."""

_EKS = r"oidc[.-]eks\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|api\.aws)/id/.*"
_SERVICE_ACCOUNT = "system:serviceaccount:"
"""How the subjects of any Kubernetes cluster begin, wherever its provider's URL is."""
_CLAIMS: Mapping[str, Mapping[str, int]] = {
    # repo:OWNER/REPOSITORY:ref:…; anybody chooses the audience, and by which claims a repository's subject is made.
    r"token\.actions\.githubusercontent\.com(/.*)?": {"sub": 2},
    # project_path:GROUP/PROJECT:ref_type:…
    r"gitlab\.com": {"sub": 2},
    # organization:NAME:…
    r"app\.terraform\.io|agent\.buildkite\.com": {"sub": 2},
    # The provider's URL names the workspace or organization, and the audience is its own.
    r"api\.bitbucket\.org/.*": {"sub": 1, "aud": WHOLE},
    r"oidc\.circleci\.com/org/.*": {"sub": 2, "aud": WHOLE},
    # system:serviceaccount:NAMESPACE:NAME; every service account may ask for sts.amazonaws.com.
    _EKS: {"sub": 3},
    # Whoever signs in there has a token for one's own application only if that application asked for it.
    r"accounts\.google\.com": {"sub": WHOLE, "aud": WHOLE, "oaud": WHOLE},
    r"www\.amazon\.com": {"app_id": WHOLE, "user_id": WHOLE},
    r"graph\.facebook\.com": {"app_id": WHOLE, "id": WHOLE},
    r"cognito-identity\.amazonaws\.com(\.cn)?": {"aud": WHOLE},
    r"([^/]+\.)?(auth0|okta|oktapreview)\.com(/.*)?|(sts\.windows\.net|login\.microsoftonline\.com)/.*": {
        "sub": WHOLE,
        "aud": WHOLE,
    },
}
"""By the provider's URL without its scheme: how many parts of a claim, between colons and slashes, name the tenant."""
_BEGINNINGS: Mapping[str, str] = {
    r"token\.actions\.githubusercontent\.com(/.*)?:sub": r"(repo|repository(_id)?|repository_owner(_id)?):",
}
"""How a claim begins that names the tenant, where callers choose what else it says: a regular expression by provider
and claim."""
_OTHERS: Mapping[str, int] = {"sub": 2}
"""Of an unknown provider the audience may be the caller's choice, as in GitLab's and GitHub's tokens."""

_MACHINES: Mapping[str, str] = {
    r"token\.actions\.githubusercontent\.com(/.*)?": "*",
    # People sign in with GitLab, too: their subject is a number.
    r"gitlab\.com": "project_path:*",
    r"app\.terraform\.io|agent\.buildkite\.com": "organization:*",
    r"api\.bitbucket\.org/.*": "*",
    r"oidc\.circleci\.com/org/.*": "org/*",
    _EKS: f"{_SERVICE_ACCOUNT}*",
}
"""By URL, the providers that vouch for machines, and the subjects that are machines'. At all others people sign in."""

SERVICES_FOR_PEOPLE = (
    # Whoever uses an application on a streaming instance has the credentials of its role.
    # https://docs.aws.amazon.com/appstream2/latest/developerguide/how-to-use-iam-role-with-streaming-instances.html
    "appstream",
    # https://docs.aws.amazon.com/chatbot/latest/adminguide/understanding-permissions.html
    "chatbot",
    # Users of a directory sign in to the console.
    # https://docs.aws.amazon.com/directoryservice/latest/admin-guide/edit_trust.html
    "ds",
    # Nobody can tell who holds a certificate.
    # https://docs.aws.amazon.com/rolesanywhere/latest/userguide/introduction.html
    "rolesanywhere",
)
"""The services, by the first part of their names, that use a role for people whom they let in by themselves, or may."""

GUESTS: Mapping[str, tuple[str, str]] = {r"cognito-identity\.amazonaws\.com(\.cn)?": ("amr", "unauthenticated")}
"""The claim, and its value, that providers give to those who have not signed in."""


def claims(provider: str) -> Mapping[str, int]:
    """Return the claims of a provider that bind, each with the number of its parts that name the tenant."""
    return next((found for url, found in _CLAIMS.items() if re.fullmatch(url, provider)), _OTHERS)


def machines(provider: str) -> str | None:
    """Return the pattern of the subjects that are machines' at a provider; None if it vouches for people, or nobody
    here knows for whom."""
    return next((found for url, found in _MACHINES.items() if re.fullmatch(url, provider)), None)


def guests(provider: str) -> tuple[str, str] | None:
    """Return claim and value of those who have not signed in at a provider; None if it lets nobody in without."""
    return next((found for url, found in GUESTS.items() if re.fullmatch(url, provider)), None)


def tenant(key: str, value: str) -> str | None:
    """Return the pattern of a claim's values that are the tenant's that one value names; None if it names none.

    "repo:acme/*:ref:refs/heads/main" of GitHub's `sub` names the tenant "repo:acme/*". `key` is the provider's URL and,
    after a colon, the claim; of a SAML provider, which is one's own, every whole value binds.
    """
    provider, _, claim = key.rpartition(":")
    parts = claims(provider).get(claim, WHOLE)
    if parts and value.startswith(_SERVICE_ACCOUNT):
        parts = _CLAIMS[_EKS]["sub"]
    beginning = next((text for url, text in _BEGINNINGS.items() if re.fullmatch(url, key)), "")
    if not re.match(beginning, value):
        return None
    literal = re.split(r"[*?$]", value, maxsplit=1)[0]
    if literal == value:
        return value
    match = re.match(rf"([^:/]+[:/]){{{parts}}}", literal) if parts else None
    return f"{match[0]}*" if match else None
