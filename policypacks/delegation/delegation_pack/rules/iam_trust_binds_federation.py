"""Trust policies that let in whom an identity provider vouches for."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.facts.federation import guests
from delegation_pack.iam import PrincipalKind, Values
from delegation_pack.identity_providers import (
    PIPELINES,
    bound,
    declared,
    lets_in,
    of_another_account,
    outside,
    pipelines,
    url_of,
)
from delegation_pack.judging import because, on_trusts
from delegation_pack.model import Policy
from delegation_pack.rule import Declared, Rule
from delegation_pack.trust_policies import only


def let_in_by_others(trust: Policy, config: Config) -> Iterator[str]:
    """Yield the providers that decide who gets in, for want of a condition on what they say."""
    document = trust.read()
    for statement, principal in document.admitted:
        if principal.kind is PrincipalKind.WILDCARD or principal.value == "*":
            url, named, guest = "", {}, None
        elif principal.kind is not PrincipalKind.FEDERATED:
            continue
        else:
            url = url_of(principal.value)
            named, guest = bound(document, principal.value), guests(url)
        entry, known = only(document, statement, principal), declared(config, url)
        if of_another_account(principal, trust) and lets_in(entry, trust, {}):
            yield (
                f"admits anybody whom {principal.value} vouches for, in {statement.label}, a provider of another "
                "account, whose owner decides what it says. Name one of the role's own account."
            )
            continue
        finding = lets_in(entry, trust, outside(named, known))
        if finding is None and guest:
            finding = lets_in(entry, trust, {f"{url}:{guest[0]}": Values(like=(guest[1],))})
        if finding:
            provider = principal.value if url or named else "any identity provider"
            keys = " or ".join(named) or "the provider in Principal, and what it says of the caller"
            yield (
                f"admits anybody whom {provider} vouches for, in {statement.label}: {because(finding)} Bind {keys} to "
                "your own."
            )
        elif known and lets_in(entry, trust, outside(named)):
            values = ", ".join(value for one in pipelines(config, url) for value in one["values"])
            why = "; ".join(one["reason"].rstrip(".") for one in pipelines(config, url))
            yield Declared(f"lets in {values} of {url}, in {statement.label}: {why}.")


RULE = Rule(
    name="iam-trust-binds-federation",
    description="A trust policy that lets an identity provider's callers in says which of them.",
    severity="critical",
    remediation=(
        'Bind the claim that names the tenant, such as "Condition": {"StringEquals": '
        '{"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}, "StringLike": '
        '{"token.actions.githubusercontent.com:sub": "repo:acme/app:*"}}; or declare the pipeline in pipelines.'
    ),
    configuration=PIPELINES,
    on_resource=on_trusts(let_in_by_others),
)
