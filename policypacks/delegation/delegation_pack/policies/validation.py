"""Makes policies of rules: what cannot be judged is a violation, and what is exempt is said, not refused.

A rule is a generator of violations. One on a resource is shown its inputs, before the resource is made; one on the
stack is shown all resources, for what a resource does not say by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from delegation_pack.catalogue import CATALOGUE, Entry
from delegation_pack.exemptions import Exemption, ExemptionError, covers, exemption
from delegation_pack.iam import Unverifiable
from delegation_pack.policies.resources import Resource, Stack, of_resource, of_stack

Config = Mapping[str, Any]
ResourceRule = Callable[[Resource, Config], Iterator[str]]
StackRule = Callable[[Stack, Config], Iterator[tuple[Resource, str]]]

ROOT = "pulumi:pulumi:Stack"

used_exemptions: dict[tuple[str, str], tuple[Exemption, str]] = {}
"""By policy and URN: the exemption that let something pass in this run, and the first violation it covered."""


class _BothViews(ResourceValidationPolicy, StackValidationPolicy):
    """A policy that judges each resource before it is made, and the stack for what one resource does not show.

    The SDK serves a resource policy and a stack policy by their class, and calls the same `validate` for both.
    """

    def __init__(self, on_resource: ResourceRule, on_stack: StackRule, **metadata: Any) -> None:
        Policy.__init__(self, **metadata)
        self._on_resource = _validate_resource(self.name, on_resource)
        self._on_stack = _validate_stack(self.name, on_stack, says_faults=False)

    def has_validation(self) -> bool:
        return True

    def has_remediation(self) -> bool:
        return False

    def remediate(self, args: ResourceValidationArgs) -> None:  # noqa: ARG002
        return None

    def validate(self, args: ResourceValidationArgs | StackValidationArgs, report_violation: ReportViolation) -> None:
        if isinstance(args, StackValidationArgs):
            self._on_stack(args, report_violation)
        else:
            self._on_resource(args, report_violation)


def policy(name: str, *, on_resource: ResourceRule | None = None, on_stack: StackRule | None = None) -> Policy:
    """Make the policy of the catalogue with this name from its rules."""
    entry = CATALOGUE[name]
    if on_resource and on_stack:
        return _BothViews(on_resource, on_stack, **_metadata(entry))
    if on_stack:
        return StackValidationPolicy(validate=_validate_stack(name, on_stack), **_metadata(entry))
    assert on_resource  # noqa: S101
    return ResourceValidationPolicy(validate=_validate_resource(name, on_resource), **_metadata(entry))


def _metadata(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "description": entry.description,
        "enforcement_level": EnforcementLevel.MANDATORY if entry.mandatory else EnforcementLevel.ADVISORY,
        "config_schema": PolicyConfigSchema(properties=entry.properties) if entry.properties else None,
        "severity": Severity(entry.severity),
        "remediation_steps": entry.remediation,
        "url": entry.url,
    }


def _validate_resource(name: str, rule: ResourceRule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        valid, faults = _exemptions(args.get_config(), [(args.name, args.urn, args.resource_type)])
        for text in faults:
            report_violation(text, None)
        found: list[str] = []
        try:
            for text in rule(of_resource(args), args.get_config()):
                found.append(text)
        except Exception as error:  # An exception would end the whole analysis, and what it had found.
            found.append(f"{args.resource_type.rpartition(':')[2]} '{args.name}' cannot be verified: {_said(error)}")
        _report(name, found, args.name, args.urn, valid, report_violation)

    return validate


def _validate_stack(
    name: str, rule: StackRule, *, says_faults: bool = True
) -> Callable[[StackValidationArgs, ReportViolation], None]:
    """`says_faults` is false where faulty exemptions were reported with the resources already."""

    def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
        valid, faults = _exemptions(args.get_config(), [(r.name, r.urn, r.resource_type) for r in args.resources])
        for text in faults if says_faults else ():
            report_violation(text, None)
        found: dict[Resource, list[str]] = {}
        try:
            for resource, text in rule(of_stack(args), args.get_config()):
                found.setdefault(resource, []).append(text)
        except Exception as error:  # An exception would end the whole analysis, and what it had found.
            report_violation(f"The stack cannot be verified: {_said(error)}", None)
        for resource, texts in found.items():
            _report(name, texts, resource.name, resource.urn, valid, report_violation)

    return validate


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, Unverifiable) else f"{type(error).__name__}: {error}."


def _report(
    policy_name: str,
    texts: Sequence[str],
    name: str,
    urn: str,
    exemptions: Sequence[Exemption],
    report_violation: ReportViolation,
) -> None:
    if not texts:
        return
    covering = next((one for one in exemptions if one.covers(name, urn)), None)
    if covering:
        used_exemptions[policy_name, urn] = covering, texts[0]
        return
    for text in dict.fromkeys(texts):
        report_violation(text, urn)


def _exemptions(config: Config, resources: Sequence[tuple[str, str, str]]) -> tuple[list[Exemption], list[str]]:
    """The valid exemptions of a policy, and what is wrong with those that concern one of the resources (name, URN,
    type).

    The stack's root resource is there in every run, so a faulty exemption is reported with it if with nothing else.
    """
    items = config.get("exempt", [])
    if not isinstance(items, Sequence) or isinstance(items, str):
        return [], ["exempt is not a list of exemptions."]
    valid, faults = [], []
    for i, item in enumerate(items):
        try:
            valid.append(exemption(item))
        except ExemptionError as error:
            pattern = item.get("resource") if isinstance(item, Mapping) else None
            if any(type_ == ROOT or covers(pattern, name, urn) for name, urn, type_ in resources):
                faults.append(f"Exemption {i + 1} does not count: {error}.")
    return valid, faults
