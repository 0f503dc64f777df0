"""Runs the pack's policies on resources, with the SDK's own argument types, in the order in which an engine does."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from delegation_pack.rules import RULES
from delegation_pack.sdk import policies
from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

SECURITY, TARGET, ELSEWHERE = "111111111111", "222222222222", "999999999999"
NETWORK = "203.0.113.10/32"
UNKNOWN = UNKNOWN_STRING_VALUE
BY_NAME = {rule.name: rule for rule in RULES}

CONFIG: dict[str, dict[str, Any]] = {
    "iam-trust-names-users-only": {"securityAccountId": SECURITY},
    "iam-assume-role-requires-source-ip": {"allowedCidrs": [NETWORK]},
    "iam-role-management-requires-source-ip": {"allowedCidrs": [NETWORK]},
    "iam-explicit-account-provider": {"resources": "all"},
    "iam-no-user-management": {"securityAccountId": SECURITY},
    "iam-users-in-security-account-only": {"securityAccountId": SECURITY},
}
"""The pack's configuration as a stack of a target account has it."""

_OPTIONS = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
_SHOWN_ALL = "iam-no-credentials-as-resources"
"""A policy that is shown each resource by itself: the pack keeps what it has been shown so."""
_ROOT = "urn:pulumi:stack::project::pulumi:pulumi:Stack::project-stack"


@dataclass(frozen=True, kw_only=True)
class Made:
    """One resource of a stack under test."""

    type: str
    inputs: Mapping[str, Any]
    name: str = "it"
    account: str | None = TARGET
    """Account of its explicit provider; None: it has no provider."""
    outputs: Mapping[str, Any] | None = None
    """None: the same as the inputs, and a role's ARN."""
    sources: Mapping[str, Sequence[Made]] = field(default_factory=dict)
    """Resources from which a property takes its value."""
    provider: Mapping[str, Any] | None = None
    """Inputs of its provider, in place of an explicit one for the account."""
    provider_name: str = "tied"

    @property
    def urn(self) -> str:
        return f"urn:pulumi:stack::project::{self.type}::{self.name}"

    @property
    def of_provider(self) -> PolicyProviderResource | None:
        inputs = self.provider
        if inputs is None:
            if self.account is None:
                return None
            inputs = {"allowedAccountIds": json.dumps([self.account]), "region": "us-east-1"}
        urn = f"urn:pulumi:stack::project::pulumi:providers:aws::{self.provider_name}"
        return PolicyProviderResource("pulumi:providers:aws", _shown(inputs), urn, self.provider_name)


@dataclass(frozen=True)
class Violation:
    """What a policy reported."""

    policy: str
    message: str
    urn: str | None
    before: bool = False
    """Whether it was reported before the resource was made."""


def judge(
    *made: Made,
    config: Mapping[str, Mapping[str, Any]] = CONFIG,
    undeclared: Sequence[Made] = (),
    of: Collection[str] = BY_NAME,
) -> list[Violation]:
    """Return what all policies, or those of these names, report on a stack of these resources.

    One policy sees nothing of another, but that a resource was shown before the stack was, and what was exempt.
    `undeclared` are those that the program does not declare and the engine shows with the stack alone.
    """
    found: list[Violation] = []
    pack = policies(rule for rule in RULES if rule.name in {*of, _SHOWN_ALL})
    root = Made(type="pulumi:pulumi:Stack", name="project-stack", inputs={}, account=None)
    for one in (root, *made):
        for policy in pack:
            if isinstance(policy, ResourceValidationPolicy):
                settings = config.get(policy.name, {})
                args = ResourceValidationArgs(
                    one.type, _shown(one.inputs), one.urn, one.name, _OPTIONS, one.of_provider, settings
                )
                policy.validate(args, _reporting(found, policy.name, one.urn))
    stack = {id(one): in_stack(one) for one in (root, *made, *undeclared)}
    for one in (*made, *undeclared):
        for name, sources in one.sources.items():
            stack[id(one)].property_dependencies[name] = [stack[id(source)] for source in sources]
            stack[id(one)].dependencies.extend(stack[id(source)] for source in sources)
    shown = list(stack.values())
    for policy in pack:
        if isinstance(policy, StackValidationPolicy):
            args_of_stack = StackValidationArgs(shown, config.get(policy.name, {}))
            policy.validate(args_of_stack, _reporting(found, policy.name, None))
    return [one for one in found if one.policy in of]


def refused(
    *made: Made, config: Mapping[str, Mapping[str, Any]] = CONFIG, undeclared: Sequence[Made] = ()
) -> list[Violation]:
    """Return what the mandatory policies report."""
    return [one for one in judge(*made, config=config, undeclared=undeclared) if _is_mandatory(one.policy)]


def _is_mandatory(name: str) -> bool:
    return BY_NAME[name].mandatory


def _reporting(found: list[Violation], policy: str, of: str | None) -> Any:
    def report(message: str, urn: str | None = None) -> None:
        found.append(Violation(policy, " ".join(message.split("\n")), of or urn, before=of is not None))

    return report


def in_stack(one: Made) -> PolicyResource:
    outputs = {**one.inputs, **_arn(one)} if one.outputs is None else one.outputs
    return PolicyResource(one.type, _shown(outputs), one.urn, one.name, _OPTIONS, one.of_provider, None, [], {})


def _arn(one: Made) -> dict[str, str]:
    """The ARN of a role that exists, where its account is known."""
    name = one.inputs.get("name") or one.inputs.get("roleName")
    if not one.type.endswith(":Role") or one.provider is not None or not one.account or not isinstance(name, str):
        return {}
    return {"arn": f"arn:aws:iam::{one.account}:role{one.inputs.get('path', '/')}{name}"}


def _shown(properties: Mapping[str, Any]) -> dict[str, Any]:
    return unknown_checking_proxy(deserialize_properties(json.loads(json.dumps(properties))))
