"""Says which exemptions were used: the last policy of a run, as it reports on all others."""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.policies.resources import Resource, Stack, forget
from delegation_pack.policies.validation import Config, policy, used_exemptions


def _used(stack: Stack, _config: Config) -> Iterator[tuple[Resource, str]]:
    used = {**used_exemptions}
    used_exemptions.clear()
    forget()
    resources = {resource.urn: resource for resource in stack.resources}
    for (name, urn), (exemption, violation) in used.items():
        if urn in resources:
            yield (
                resources[urn],
                f"Exempt from {name} until {exemption.until}, for: {exemption.reason.rstrip('.')}. Refused otherwise: "
                f"{violation}",
            )


exemptions_used = policy("delegation-exemptions-used", on_stack=_used)
