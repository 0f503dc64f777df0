"""Whom a trust policy lets in through an identity provider: a tenant's, a machine's, or what the configuration
declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from delegation_pack.configuration import Config
from delegation_pack.facts.federation import claims, machines, tenant
from delegation_pack.iam import (
    Callers,
    CallerType,
    Document,
    Finding,
    Principal,
    PrincipalKind,
    Query,
    Statement,
    Values,
    canonical_key,
    decide,
)
from delegation_pack.model import Policy, account_of
from delegation_pack.trust_policies import only, opening

PIPELINES: Mapping[str, Any] = {
    "pipelines": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "provider": {"type": "string", "minLength": 1},
                "claim": {"type": "string", "minLength": 1},
                "values": {"type": "array", "items": {"type": "string"}},
                "reason": {"type": "string", "minLength": 1},
            },
            "required": ["provider", "claim", "values", "reason"],
            "additionalProperties": False,
        },
        "description": (
            "Callers of identity providers who may enter roles by what no rule knows to bind them: the provider's "
            "URL without its scheme, a claim, its values (* and ? as wildcards) and a reason. They are reported, and "
            "count as programs."
        ),
    },
}
_OIDC = re.compile(r"arn:[a-z-]+:iam::\d{12}:oidc-provider/(?P<url>.+)")
_SAML = re.compile(r"arn:[a-z-]+:iam::\d{12}:saml-provider/.+")


def url_of(provider: str) -> str:
    """Return the URL of an OIDC provider, without its scheme; of any other, its name."""
    match = _OIDC.fullmatch(provider)
    return match["url"] if match else provider


def of_another_account(principal: Principal, trust: Policy) -> bool:
    """Tell whether an identity provider is known to be another account's than the role's."""
    account = account_of(principal.value)
    return bool(account and trust.account and account != trust.account)


def bound(document: Document, provider: str) -> dict[str, list[str]]:
    """Return, by each key that can bind, the patterns of the tenants that a document names."""
    url, saml = url_of(provider), _SAML.fullmatch(provider) is not None
    keys = ["SAML:aud"] if saml else [f"{url}:{claim}" for claim in claims(url)]
    spelled = {canonical_key(key): key for key in keys}
    found: dict[str, list[str]] = {key: [] for key in keys}
    for statement in document.statements:
        for condition in statement.conditions:
            key = canonical_key(condition.key)
            # A SAML provider is one's own, so that whatever it is asked for binds.
            if key not in spelled and not (saml and key.startswith("saml:")):
                continue
            name = spelled.setdefault(key, condition.key)
            named = (tenant(name, value) for value in condition.values)
            found.setdefault(name, []).extend(pattern for pattern in named if pattern)
    return found


def pipelines(config: Config, url: str) -> list[Mapping[str, Any]]:
    """Return what the configuration declares of a provider."""
    return [one for one in config.get("pipelines", ()) if isinstance(one, Mapping) and one.get("provider") == url]


def declared(config: Config, url: str) -> dict[str, list[str]]:
    """Return, by key, the patterns of the pipelines that the configuration declares of a provider."""
    found: dict[str, list[str]] = {}
    for one in pipelines(config, url):
        found.setdefault(f"{url}:{one['claim']}", []).extend(map(str, one["values"]))
    return found


def outside(*named: Mapping[str, Iterable[str]]) -> dict[str, Values]:
    """Return requests whose claims match none of the patterns, as restrictions of condition keys."""
    keys = dict.fromkeys(key for one in named for key in one)
    return {key: Values(but=tuple(dict.fromkeys(v for one in named for v in one.get(key, ())))) for key in keys}


def lets_in(document: Document, trust: Policy, keys: Mapping[str, Values]) -> Finding | None:
    """Return a request with which somebody enters through an identity provider; None if there is none."""
    callers = (Callers(type=CallerType.FEDERATED, partition=trust.partition),)
    return decide(document, Query(callers=callers, targets=(opening(trust.account),), keys=keys))


def admits_programs(trust: Policy, statement: Statement, principal: Principal, config: Config) -> bool:
    """Tell whether an entry of a trust policy is an identity provider that lets in programs only: machines that are
    bound to a tenant, at a provider that vouches for machines, or declared pipelines.

    Raises:
        Unverifiable: that cannot be told.
    """
    if principal.kind is not PrincipalKind.FEDERATED or of_another_account(principal, trust):
        return False
    document, url = trust.read(), url_of(principal.value)
    entry, subjects = only(document, statement, principal), machines(url)
    if subjects is None:
        known = declared(config, url)
        return bool(known) and not lets_in(entry, trust, outside(known))
    return not (
        lets_in(entry, trust, outside(bound(document, principal.value), declared(config, url)))
        or lets_in(entry, trust, outside({f"{url}:sub": [subjects]}))
    )
