"""The commands in the documents: fenced `sh` blocks, one command at a time.

A block whose first line is a comment that begins with `# Needs` cannot be run here: it needs AWS, GitHub or a terminal.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "docs/getting-started.md",
    "docs/operations.md",
    "docs/security.md",
    "docs/troubleshooting.md",
    "docs/configuration.md",
    "CONTRIBUTING.md",
)
"""Where people find commands, in the order in which they read them."""
PAGES = tuple(
    str(file.relative_to(TOP)) for part in (".", "docs", "bootstrap") for file in sorted((TOP / part).glob("*.md"))
)
"""All documents: their links and `make` verbs are checked."""
_BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of a document; its text may go over several lines."""

    document: str
    line: int
    text: str
    runs_here: bool

    def __str__(self) -> str:
        return f"{self.document}:{self.line} {' '.join(self.text.split())}"


def commands(documents: Sequence[str] = DOCUMENTS) -> Iterator[Command]:
    """Yield the commands of documents, in the order in which a person reads them."""
    for document in documents:
        text = (TOP / document).read_text()
        for block in _BLOCK.finditer(text):
            lines = textwrap.dedent(block[2]).splitlines()
            runs_here = not lines[0].startswith("# Needs")
            first = text.count("\n", 0, block.start(2)) + 1
            started: list[str] = []
            for number, line in enumerate(lines, first):
                if line.startswith("#") or not line.strip():
                    continue
                started.append(line)
                if not line.endswith("\\"):
                    at = number - len(started) + 1
                    yield Command(document=document, line=at, text="\n".join(started), runs_here=runs_here)
                    started = []
