"""A rule: what it is called, says and takes as configuration, beside what it judges by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from delegation_pack.configuration import EXEMPT, Config
from delegation_pack.exemptions import Exemption
from delegation_pack.model import Model, Resource

DOCUMENTATION = "docs/policies.md"

Violation = tuple[Resource, str]
Used = Mapping[tuple[str, str], tuple[Exemption, str]]
"""By rule and URN: the exemption that let something pass, and the first violation that it covered."""


class Declared(str):
    """No violation: what passes because the configuration declares it, in a full sentence that is reported."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. What judges yields violations in full sentences, and says "cannot be verified" where it cannot tell."""

    name: str
    description: str
    """One sentence: the rule."""
    severity: str
    """low, medium, high or critical."""
    remediation: str
    """What to do, with a corrected snippet."""
    mandatory: bool = True
    """Whether a violation refuses the deployment."""
    may_be_disabled: bool = False
    """Whether a configuration may switch the rule off."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema by property, without `exempt`, which all but advisory rules take."""
    on_resource: Callable[[Resource, Config], Iterator[str]] | None = None
    """Judges one resource by its inputs, before it is made."""
    on_stack: Callable[[Model, Config], Iterator[Violation]] | None = None
    """Judges all resources, for what one does not say by itself."""
    judges_undeclared: bool = True
    """Whether `on_stack` also judges all together with what the program no longer declares, where the engine shows it:
    that may stay. Never instead of judging what the program declares by itself."""
    on_exceptions: Callable[[Model, Used, Mapping[tuple[str, str], list[str]]], Iterator[Violation]] | None = None
    """Judges what other rules have let pass: by exemptions, and, by rule and URN, as declared."""

    @property
    def properties(self) -> dict[str, Any]:
        """JSON schema by property."""
        return {**self.configuration, **({"exempt": EXEMPT} if self.mandatory else {})}

    @property
    def url(self) -> str:
        """Where the rule is described."""
        return f"{DOCUMENTATION}#{self.name}"
