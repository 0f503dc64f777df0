"""Texts of a document with wildcards and policy variables (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from delegation_pack.iam.patterns import ANY, ANYTHING, folded

_VARIABLE = re.compile(r"\$\{([*?$])\}|\$\{\s*([^\s,{}'$]+:[^,{}'$]*?)\s*(?:,\s*'([^']*)'\s*)?\}")


@dataclass(frozen=True)
class Variable:
    """A reference to a condition key of the request."""

    key: str
    """In lower case: key names are compared without regard to case."""
    default: str | None


Template = tuple[str | Variable, ...]
"""Patterns and, between them, variables."""


@lru_cache(maxsize=1 << 13)
def template(text: str, *, wildcards: bool, variables: bool) -> Template:
    """Read a text; without `variables` (policy language 2008-10-17) a variable is plain text, wildcards in it included.

    Raises:
        ValueError: a variable is malformed.
    """
    if not variables or "${" not in text:
        return (_pattern(text, wildcards),)
    parts: list[str | Variable] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        found = _VARIABLE.match(text, start)
        if not found:
            raise ValueError(f"{text!r} holds a malformed policy variable")
        parts.append(_pattern(text[position:start], wildcards))
        literal, key, default = found.groups()
        parts.append(literal or Variable(key.lower(), default))
        position = found.end()
    parts.append(_pattern(text[position:], wildcards))
    return tuple(part for part in parts if part)


def _pattern(text: str, wildcards: bool) -> str:
    return text.replace("*", ANYTHING).replace("?", ANY) if wildcards else text


def resolve(parts: Template, lookup: Callable[[str], str | None], *, fold: bool = False) -> str | None:
    """The pattern once variables have the values that `lookup` gives; None if one has no value and no default."""
    texts = []
    for part in parts:
        text = part if isinstance(part, str) else lookup(part.key)
        if text is None and isinstance(part, Variable):
            text = part.default
        if text is None:
            return None
        texts.append(text)
    pattern = "".join(texts)
    return folded(pattern) if fold else pattern


def keys_of(parts: Template) -> set[str]:
    """The condition keys that a text refers to."""
    return {part.key for part in parts if isinstance(part, Variable)}
