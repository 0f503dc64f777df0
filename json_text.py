"""JSON as shells and Pulumi's CLI leave it: in another encoding, or with text around it."""

from __future__ import annotations

import json
import re
from typing import Any


def decoded(content: bytes) -> str:
    """Return a file's text, from UTF-8, UTF-16 or UTF-32, with or without a byte-order mark.

    Windows PowerShell's `>` writes UTF-16, and some editors begin UTF-8 with a mark.
    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding

    Raises:
        UnicodeDecodeError: it is text in none of them.
    """
    return content.decode(json.detect_encoding(content)).removeprefix("\ufeff")


def parsed(text: str) -> Any:
    """Return the JSON value that a text is, or else the first JSON object in it that begins a line.

    Under an organization's policy packs `pulumi preview --json` begins with lines such as "Installing policy pack …",
    and a shell's `2>&1` puts warnings before and after.

    Raises:
        json.JSONDecodeError: there is neither; it says what is wrong with the first line that begins an object, where
            there is one.
        RecursionError: the value is nested too deeply.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        wrong = error
    # Written over several lines, an object has no other brace at the beginning of one: each is a value of its own.
    starts = [found.start() for found in re.finditer(r"^\{", text, re.MULTILINE)]
    for start in starts:
        try:
            return json.JSONDecoder().raw_decode(text, start)[0]
        except json.JSONDecodeError as error:
            wrong = error if start == starts[0] else wrong
    raise wrong
