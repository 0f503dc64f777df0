"""Trust policies that let in whom an identity provider vouches for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from delegation_pack.configuration import Config
from delegation_pack.facts.federation import claims, guests, tenant
from delegation_pack.iam import (
    Callers,
    CallerType,
    Document,
    PrincipalKind,
    Query,
    Values,
    canonical_key,
    decide,
)
from delegation_pack.judging import because, on_trusts
from delegation_pack.model import Policy, account_of
from delegation_pack.rule import Declared, Rule
from delegation_pack.trust_policies import only, opening

_OIDC = re.compile(r"arn:[a-z-]+:iam::\d{12}:oidc-provider/(?P<url>.+)")
_SAML = re.compile(r"arn:[a-z-]+:iam::\d{12}:saml-provider/.+")


def let_in_by_others(trust: Policy, config: Config) -> Iterator[str]:
    """Yield the providers that decide who gets in, for want of a condition on what they say."""
    document = trust.read()
    for statement, principal in document.admitted:
        if principal.kind is PrincipalKind.WILDCARD or principal.value == "*":
            url, bound, guest = "", {}, None
        elif principal.kind is not PrincipalKind.FEDERATED:
            continue
        else:
            url = _url(principal.value)
            bound, guest = _bound(document, url, principal.value), guests(url)
        pipelines = _pipelines(config, url)
        declared: dict[str, list[str]] = {}
        for one in pipelines:
            declared.setdefault(f"{url}:{one['claim']}", []).extend(map(str, one["values"]))
        entry, whose = only(document, statement, principal), account_of(principal.value)
        if whose and trust.account and whose != trust.account and _found(entry, trust, {}):
            yield (
                f"admits anybody whom {principal.value} vouches for, in {statement.label}, a provider of another "
                "account, whose owner decides what it says. Name one of the role's own account."
            )
            continue
        finding = _found(entry, trust, _outside(bound, declared))
        if finding is None and guest:
            finding = _found(entry, trust, {f"{url}:{guest[0]}": Values(like=(guest[1],))})
        if finding:
            named = principal.value if url or bound else "any identity provider"
            keys = " or ".join(bound) or "the provider in Principal, and what it says of the caller"
            yield (
                f"admits anybody whom {named} vouches for, in {statement.label}: {because(finding)} Bind {keys} to "
                "your own."
            )
        elif declared and _found(entry, trust, _outside(bound, {})):
            values = ", ".join(value for one in pipelines for value in one["values"])
            why = "; ".join(one["reason"].rstrip(".") for one in pipelines)
            yield Declared(f"lets in {values} of {url}, in {statement.label}: {why}.")


def _url(provider: str) -> str:
    match = _OIDC.fullmatch(provider)
    return match["url"] if match else provider


def _bound(document: Document, url: str, provider: str) -> dict[str, list[str]]:
    """By each key that can bind, the patterns of the tenants that a document names."""
    saml = _SAML.fullmatch(provider) is not None
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


def _pipelines(config: Config, url: str) -> list[Mapping[str, Any]]:
    """What the configuration declares of a provider."""
    return [one for one in config.get("pipelines", ()) if isinstance(one, Mapping) and one.get("provider") == url]


def _outside(bound: Mapping[str, Iterable[str]], declared: Mapping[str, Iterable[str]]) -> dict[str, Values]:
    """Requests whose claims are none of the tenants' that are named or declared."""
    keys = dict.fromkeys((*bound, *declared))
    return {key: Values(but=tuple(dict.fromkeys((*bound.get(key, ()), *declared.get(key, ()))))) for key in keys}


def _found(document: Document, trust: Policy, keys: Mapping[str, Values]) -> Any:
    callers = (Callers(type=CallerType.FEDERATED, partition=trust.partition),)
    return decide(document, Query(callers=callers, targets=(opening(trust.account),), keys=keys))


RULE = Rule(
    name="iam-trust-binds-federation",
    description="A trust policy that lets an identity provider's callers in says which of them.",
    severity="critical",
    remediation=(
        'Bind the claim that names the tenant, such as "Condition": {"StringEquals": '
        '{"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}, "StringLike": '
        '{"token.actions.githubusercontent.com:sub": "repo:acme/app:*"}}; or declare the pipeline in pipelines.'
    ),
    configuration={
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
                "URL without its scheme, a claim, its values (* and ? as wildcards) and a reason. They are reported."
            ),
        },
    },
    on_resource=on_trusts(let_in_by_others),
)
