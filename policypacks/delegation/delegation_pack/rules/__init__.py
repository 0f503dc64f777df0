"""The rules, one a module of the same name: adding one is a new module, its test, and its entry in docs/policies.md."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from delegation_pack.rule import Rule

__all__ = ["RULES"]

_FOUND: list[Rule] = [import_module(f"{__name__}.{module.name}").RULE for module in pkgutil.iter_modules(__path__)]

RULES = tuple(sorted(_FOUND, key=lambda rule: (not rule.mandatory, rule.name)))
"""In reporting order: advisory rules last, among them the one that reports on the exemptions of the others."""
