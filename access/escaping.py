"""Texts from states, made safe to show: a resource's name may hold anything."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that have no glyph of their own, such as line breaks and marks that turn the direction of text."""
_BROKEN = "\u200b"
_MEANS_SOMETHING = re.compile(
    r"[\\`*_\[\]<>&|~$]|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=^)(?=[#+-])|(?<=^\d)(?=[.)])", re.IGNORECASE
)


def visible(text: str) -> str:
    """Return a text in one line: what cannot be seen is written as its number, a line break as `\\u000a`."""
    return "".join(f"\\u{ord(char):04x}" if unicodedata.category(char) in _UNSEEN else char for char in text)


def markdown(text: str) -> str:
    """Return a text that GitHub shows as it is, in one line: no markup, link, picture, mention or reference.

    GitHub looks for mentions (`@team`) and references (`#1`) in what Markdown has become, where no backslash is left:
    a space without width after the sign keeps it from being one.
    """
    shown = _MEANS_SOMETHING.sub(lambda match: f"\\{match[0]}" if match[0] else _BROKEN, visible(text))
    return re.sub(r"[@#]|(?<=\bGH)-", lambda match: match[0] + _BROKEN, shown, flags=re.IGNORECASE)
