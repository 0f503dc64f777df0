"""Says which exemptions and declarations were used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from delegation_pack.model import Model
from delegation_pack.rule import Rule, Used, Violation


def excepted(model: Model, used: Used, declared: Mapping[tuple[str, str], list[str]]) -> Iterator[Violation]:
    """Yield what the rules would have refused, were it not exempt or declared."""
    resources = {resource.urn: resource for resource in model.resources}
    for (name, urn), (exemption, violation) in used.items():
        if urn in resources:
            yield (
                resources[urn],
                f"Exempt from {name} until {exemption.until}, for: {exemption.reason.rstrip('.')}. Refused otherwise: "
                f"{violation}",
            )
    for (name, urn), texts in declared.items():
        if urn in resources:
            yield from ((resources[urn], f"Declared in the configuration of {name}: {text}") for text in texts)


RULE = Rule(
    name="delegation-exemptions-used",
    description="Says which exemption or declaration let something pass that a policy would refuse.",
    severity="low",
    remediation="Fix what the exemption covers and take the exemption out of the pack's configuration.",
    mandatory=False,
    on_exceptions=excepted,
)
