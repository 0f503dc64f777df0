"""Which types of resources carry permissions, or run code that makes such, although no document here shows what they
allow.

A carrier, as meant here, gives a principal of IAM permissions or opens a session of one by itself, or makes further
resources with the rights of the deployment. What hands a role to a service or an identity pool that the role's own
trust names is none (an instance profile, a function, an OIDC provider): trust and documents of the role are judged. Nor
are policies of resources (buckets, keys, queues), which open that resource alone.

In a service that is named here every type counts as a carrier unless it is told otherwise, so that a type of a newer
provider is refused until somebody has looked at it. Types: https://www.pulumi.com/registry/packages/aws/api-docs/ in
version 7 and, for aws-native, the resource types of CloudFormation; both 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from delegation_pack.model.resources import folded

CREDENTIALS = frozenset(
    {
        *("accesskey", "servicespecificcredential", "signingcertificate", "sshkey", "userloginprofile"),
        "virtualmfadevice",
    }
)
"""Types of IAM that are a credential of a user."""

_PACKAGES = frozenset({"aws", "aws-native"})


@dataclass(frozen=True, kw_only=True)
class _Service:
    """A service among whose types are carriers."""

    why: str
    """What its carriers do, as it follows the type."""
    carries_nothing: frozenset[str] = frozenset()
    """Types that are no carriers."""


_TEMPLATES = "makes resources of a template or a description, roles and policies among them"
_PEOPLE = "lets people of a directory into accounts"
_HOLDERS = "opens sessions of roles to the holders of certificates or codes"
_ORGANIZATION = "lets in whoever manages the organization"
_SERVICES: Mapping[str, _Service] = {
    "iam": _Service(
        why="lets somebody in, or gives permissions, by what no IAM document here shows",
        carries_nothing=frozenset(
            {
                *("accountalias", "accountpasswordpolicy", "instanceprofile", "openidconnectprovider", "oidcprovider"),
                *("outboundwebidentityfederation", "securitytokenservicepreferences", "servercertificate"),
                *("servicelinkedrole", *CREDENTIALS),
                *(f"{owner}policiesexclusive" for owner in ("group", "role", "user")),
            }
        ),
    ),
    "ssoadmin": _Service(why=_PEOPLE, carries_nothing=frozenset({"permissionsboundaryattachment", "region"})),
    "sso": _Service(why=_PEOPLE),
    "identitystore": _Service(why=_PEOPLE),
    "accountaccess": _Service(why=_PEOPLE),
    "rolesanywhere": _Service(why=_HOLDERS),
    "cloudcontrol": _Service(why=_TEMPLATES),
    "cloudformation": _Service(why=_TEMPLATES),
    "serverlessrepository": _Service(why=_TEMPLATES),
    "serverlessapplicationrepository": _Service(why=_TEMPLATES),
    "servicecatalog": _Service(
        why=_TEMPLATES,
        carries_nothing=frozenset(
            {
                *("appregistryapplication", "appregistryattributegroup", "appregistryattributegroupassociation"),
                *("budgetresourceassociation", "tagoption", "tagoptionresourceassociation"),
            }
        ),
    ),
    "controltower": _Service(why=_ORGANIZATION, carries_nothing=frozenset({"controltowercontrol", "enabledcontrol"})),
    "organizations": _Service(
        why=_ORGANIZATION, carries_nothing=frozenset({"organizationalunit", "policy", "policyattachment", "tag"})
    ),
    "account": _Service(
        why="tells where a lost sign-in of the root user is restored",
        carries_nothing=frozenset({"alternativecontact", "region"}),
    ),
}
_SINGLE: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("chatbot.slackchannelconfiguration", "chatbot.teamschannelconfiguration"),
            "chatbot.microsoftteamschannelconfiguration",
        ),
        "opens sessions of roles to the people of a chat",
    ),
    "iot.rolealias": _HOLDERS,
    "ssm.activation": _HOLDERS,
    **dict.fromkeys(("budgets.budgetaction", "budgets.budgetsaction"), "attaches policies once a budget is spent"),
    **dict.fromkeys(("sagemaker.project", "ssm.quicksetupconfigurationmanager"), _TEMPLATES),
    "ssmquicksetup.configurationmanager": _TEMPLATES,
    **dict.fromkeys(("index.extensionresource", "index.cfncustomresource"), "stands for a resource of any type"),
}
_ELSEWHERE: Mapping[re.Pattern[str], str] = {
    re.compile(r"(ansible|command|shell):.*|pulumi-(nodejs|python):dynamic\b.*"): (
        "runs code of its own with the rights of the deployment"
    ),
    re.compile(r"kubernetes:(iam|organizations)\.[^:]*aws\b.*"): "has a controller make IAM resources",
}
_TERRAFORM = re.compile(r"(?:aws|awscc):index(?:/[^:]*)?:(?P<name>\w+)|.*:(?:aws|awscc)_(?P<resource>\w+)")
"""How providers that are made of Terraform's name their types: aws:index/iamRole:IamRole, vpc:tf:aws_iam_role."""


def carries(type_: str) -> str | None:
    """Return what resources of a type do, as a phrase that follows it; None if the type is no carrier.

    Some carriers are judged all the same: those whose documents the model reads.
    """
    for pattern, why in _ELSEWHERE.items():
        if pattern.fullmatch(type_):
            return why
    service, name = _parts(type_)
    found = _SERVICES.get(service)
    if found and name not in found.carries_nothing:
        return found.why
    return _SINGLE.get(f"{service}.{name}")


def is_credential(type_: str) -> bool:
    """Tell whether resources of a type are credentials of a user."""
    service, name = _parts(type_)
    return service == "iam" and name in CREDENTIALS


def _parts(type_: str) -> tuple[str, str]:
    """Service and name of a type of AWS, folded; empty for any other."""
    if match := _TERRAFORM.fullmatch(type_):
        name = folded(match["name"] or match["resource"])
        services = {*_SERVICES, *(one.partition(".")[0] for one in _SINGLE)}
        service = max((one for one in services if name.startswith(one)), key=len, default="")
        return service, name.removeprefix(service)
    package, _, rest = type_.partition(":")
    module, _, name = rest.rpartition(":")
    return (module.partition("/")[0].lower(), folded(name)) if package in _PACKAGES else ("", "")
