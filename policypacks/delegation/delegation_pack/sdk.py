"""Makes the SDK's policies of rules: what cannot be judged is a violation, and what is exempt is said, not refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyProviderResource,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
    proxy,
)

from delegation_pack.configuration import Config, shared
from delegation_pack.exemptions import Exemption, ExemptionError, covers, exemption
from delegation_pack.iam import Unverifiable
from delegation_pack.model import UNKNOWN, Model, Resource, folded, with_neighbors
from delegation_pack.rule import Declared, Rule, Violation

ROOT = "pulumi:pulumi:Stack"
UNDECLARED = (
    "This hangs on a resource that the program no longer declares. With --refresh or --target the engine shows it to "
    "the policy pack all the same, and does not say whether it stays. If this update removes it, deploy once without "
    "--refresh."
)
# After a sentence, and before the finding and its reason (iam/explanation.py).
_BREAKS = re.compile(r"(?<=[\w)'\"*]\.) (?=[A-Z])|(?<=:) (?=statement \d)|(?<=,) (?=because )")
_SENTINELS = (
    proxy.UNKNOWN_ARCHIVE_VALUE,
    proxy.UNKNOWN_ARRAY_VALUE,
    proxy.UNKNOWN_ASSET_VALUE,
    proxy.UNKNOWN_BOOLEAN_VALUE,
    proxy.UNKNOWN_NUMBER_VALUE,
    proxy.UNKNOWN_OBJECT_VALUE,
    proxy.UNKNOWN_STRING_VALUE,
)


def initial_config(rules: Iterable[Rule], file: Path) -> dict[str, EnforcementLevel | dict[str, Any]]:
    """Return what all stacks share of the configuration, from the pack's own file; a stack's file overrides it by
    property.

    Raises:
        ValueError: the file is not JSON, or names what no rule has. The pack does not start then.
    """
    by_name = {rule.name: rule for rule in rules}
    content = json.loads(file.read_text(encoding="utf-8"))
    properties = {name: rule.properties.keys() for name, rule in by_name.items()}
    # With each its own level: one that is left out reaches the engine as advisory.
    return {
        name: {"enforcementLevel": _level(by_name[name]), **values}
        for name, values in shared(content, properties).items()
    }


def policies(rules: Iterable[Rule]) -> list[Policy]:
    """Make the policies of one run."""
    run = _Run()
    return [_policy(rule, run) for rule in rules]


class _Run:
    """What one run has seen so far."""

    def __init__(self) -> None:
        self.shown: dict[str, Resource] = {}
        """By URN, as seen when each resource was judged by itself: a stack policy is shown outputs only."""
        self.used: dict[tuple[str, str], tuple[Exemption, str]] = {}
        self.declared: dict[tuple[str, str], list[str]] = {}
        self.roles: dict[str, dict[str, Resource]] = {}
        """By name and URN: the engine shows whatever needs a role after the role."""
        self.of_resources: set[tuple[str, str, str]] = set()
        """Rule, URN and violation of what was found before the stack was complete, which says it no second time."""
        self._stack: tuple[Sequence[PolicyResource], Model, Model] | None = None

    def resource(self, args: ResourceValidationArgs) -> Resource:
        """Return the resource that a resource policy is shown."""
        inputs, provider = plain(args.props), _provider(args.provider)
        provider_urn = args.provider.urn if args.provider else ""
        found = self.shown.get(args.urn)
        if found and (found.inputs, found.provider, found.provider_urn) == (inputs, provider, provider_urn):
            return found
        found = Resource(
            urn=args.urn,
            type=args.resource_type,
            name=args.name,
            inputs=inputs,
            provider=provider,
            provider_urn=provider_urn,
            roles=self.roles,
        )
        self.shown[args.urn] = found
        if found.kind == "iam.Role":
            self.roles.setdefault((found.text("name", "rolename") or "").lower(), {})[found.urn] = found
        return found

    def models(self, args: StackValidationArgs) -> tuple[Model, Model]:
        """Return the models of what the program declares and of all that a stack policy is shown, made once.

        The engine shows a stack policy what its run has touched: after a refresh also what this very run deletes, as
        well as the former name of what an alias carries over.
        https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/resource/deploy/step_executor.go (`news`)
        """
        if self._stack is None or self._stack[0] is not args.resources:
            resources = with_neighbors(self._in_stack(resource) for resource in args.resources)
            declared = [resource for resource in resources if self.declares(resource.urn)]
            everything = Model(resources)
            self._stack = args.resources, Model(declared) if len(declared) < len(resources) else everything, everything
        return self._stack[1:]

    def declares(self, urn: str) -> bool:
        """Tell whether the program declares a resource: then the engine has had it judged by itself before.

        Where it has had nothing judged, not even the stack's root resource, that cannot be told, and all counts.
        """
        return not self.shown or urn in self.shown

    def _in_stack(self, resource: PolicyResource) -> Resource:
        return Resource(
            urn=resource.urn,
            type=resource.resource_type,
            name=resource.name,
            inputs=self.shown[resource.urn].inputs if resource.urn in self.shown else {},
            outputs=plain(resource.props),
            provider=_provider(resource.provider),
            provider_urn=resource.provider.urn if resource.provider else "",
            dependencies={
                folded(name): [one.urn for one in sources] for name, sources in resource.property_dependencies.items()
            },
            waits_for=frozenset(one.urn for one in resource.dependencies),
        )

    def report(
        self, rule: Rule, texts: Sequence[str], on: tuple[str, str], exemptions: Sequence[Exemption]
    ) -> list[str]:
        """Return the violations on a resource (name, URN) that no exemption covers, and note the one that does, and
        what is declared."""
        declared: list[str] = [text for text in texts if isinstance(text, Declared)]
        if declared:
            self.declared[rule.name, on[1]] = declared
        texts = [text for text in texts if not isinstance(text, Declared)]
        covering = next((one for one in exemptions if texts and one.covers(*on)), None)
        if covering:
            self.used.setdefault((rule.name, on[1]), (covering, texts[0]))
        return [] if covering else list(dict.fromkeys(map(in_lines, texts)))


def in_lines(text: str) -> str:
    """Return a violation with a line for what is wrong, which request shows it, why, and what to do.

    Pulumi keeps and indents the lines.
    """
    return _BREAKS.sub("\n", text)


def plain(value: Any) -> Any:
    """Return a property's value as plain data; `UNKNOWN` stands where a value, or a part of a text, is not known."""
    if isinstance(value, str):
        return UNKNOWN if any(sentinel in value for sentinel in _SENTINELS) else value
    if isinstance(value, Mapping):
        return {str(key): _item(value, key) for key in value}
    if isinstance(value, Sequence):
        return [_item(value, i) for i in range(len(value))]
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except proxy.UnknownValueError:
        return UNKNOWN


def _provider(provider: PolicyProviderResource | None) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = plain(provider.props) if provider else None
    return found


def _policy(rule: Rule, run: _Run) -> Policy:
    on_resource, on_stack = _OnResource(rule, run), _OnStack(rule, run)
    if rule.on_resource and rule.on_stack:
        return _BothViews(on_resource, on_stack, **_metadata(rule))
    if rule.on_resource:
        return ResourceValidationPolicy(validate=on_resource, **_metadata(rule))
    return StackValidationPolicy(validate=on_stack, **_metadata(rule))


def _level(rule: Rule) -> EnforcementLevel:
    return EnforcementLevel.MANDATORY if rule.mandatory else EnforcementLevel.ADVISORY


def _metadata(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "description": rule.description,
        "enforcement_level": _level(rule),
        "config_schema": PolicyConfigSchema(properties=rule.properties) if rule.properties else None,
        "severity": Severity(rule.severity),
        "remediation_steps": rule.remediation,
        "url": rule.url,
    }


class _BothViews(ResourceValidationPolicy, StackValidationPolicy):
    """A policy that judges each resource before it is made, and the stack for what one resource does not show.

    The SDK serves a resource policy and a stack policy by their class, and calls the same `validate` for both.
    """

    def __init__(self, on_resource: _OnResource, on_stack: _OnStack, **metadata: Any) -> None:
        Policy.__init__(self, **metadata)
        self._on_resource, self._on_stack = on_resource, on_stack

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


class _OnResource:
    """Judges one resource by a rule."""

    def __init__(self, rule: Rule, run: _Run) -> None:
        self.rule, self.run = rule, run

    def __call__(self, args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        assert self.rule.on_resource  # noqa: S101
        valid, faults = _exemptions(args.get_config(), [(args.name, args.urn, args.resource_type)])
        for text in faults:
            report_violation(text, None)
        found: list[str] = []
        try:
            for text in self.rule.on_resource(self.run.resource(args), args.get_config()):
                found.append(text)
        except Exception as error:  # An exception would end the whole analysis, and what it had found.
            found.append(f"{args.resource_type.rpartition(':')[2]} '{args.name}' cannot be verified: {_said(error)}")
        self.run.of_resources.update((self.rule.name, args.urn, text) for text in found)
        for text in self.run.report(self.rule, found, (args.name, args.urn), valid):
            report_violation(text, args.urn)


class _OnStack:
    """Judges the stack by a rule."""

    def __init__(self, rule: Rule, run: _Run) -> None:
        self.rule, self.run = rule, run

    def __call__(self, args: StackValidationArgs, report_violation: ReportViolation) -> None:
        valid, faults = _exemptions(args.get_config(), [(r.name, r.urn, r.resource_type) for r in args.resources])
        # Where each resource is judged by itself, too, faulty exemptions were reported with them.
        for text in faults if self.rule.on_resource is None else ():
            report_violation(text, None)
        found: dict[Resource, list[str]] = {}
        try:
            for resource, text in self._violations(*self.run.models(args), args.get_config()):
                if (self.rule.name, resource.urn, text) not in self.run.of_resources:
                    found.setdefault(resource, []).append(text)
        except Exception as error:  # An exception would end the whole analysis, and what it had found.
            report_violation(f"The stack cannot be verified: {_said(error)}", None)
        for resource, texts in found.items():
            for text in self.run.report(self.rule, texts, (resource.name, resource.urn), valid):
                report_violation(text, resource.urn)

    def _violations(self, declared: Model, everything: Model, config: Config) -> Iterator[Violation]:
        if self.rule.on_stack:
            # What goes may neither stand in for what is missing nor be missed.
            found = list(self.rule.on_stack(declared, config))
            yield from found
            if self.rule.judges_undeclared and declared is not everything:
                for resource, text in self.rule.on_stack(everything, config):
                    if (resource, text) not in found:
                        yield resource, f"{text} {UNDECLARED}"
        if self.rule.on_exceptions:
            yield from self.rule.on_exceptions(everything, self.run.used, self.run.declared)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, Unverifiable) else f"{type(error).__name__}: {error}."


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
