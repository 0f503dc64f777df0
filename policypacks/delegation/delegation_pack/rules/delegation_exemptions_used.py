"""Says which exemptions were used."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.model import Model
from delegation_pack.rule import Rule, Used, Violation


def exempted(model: Model, used: Used) -> Iterator[Violation]:
    """Yield what the rules would have refused."""
    resources = {resource.urn: resource for resource in model.resources}
    for (name, urn), (exemption, violation) in used.items():
        if urn in resources:
            yield (
                resources[urn],
                f"Exempt from {name} until {exemption.until}, for: {exemption.reason.rstrip('.')}. Refused otherwise: "
                f"{violation}",
            )


RULE = Rule(
    name="delegation-exemptions-used",
    description="Says which exemption let something pass that a policy would refuse.",
    severity="low",
    remediation="Fix what the exemption covers and take the exemption out of the pack's configuration.",
    mandatory=False,
    on_exemptions=exempted,
)
