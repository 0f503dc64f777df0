"""Sums up the previews of a pull request: `python -m operations.preview_summary FOLDER` (preview.yml).

FOLDER holds a folder `report-<stack>` for each stack, with `outcome`, `preview.txt` and `plans/<stack>.json`. All of it
may come from the code under review, so it is read as text, whatever it says: no link is followed, nothing is rendered.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import json_text
from listing import few
from operations.fleet.outcome import CHANGING
from operations.fleet.report import changes
from operations.stack_names import STACK_NAME, without_name

_NAMES = 8
_LONGEST = 8000
"""Characters of a preview that are shown; the job's log has all."""
_LONGEST_PAGE = 35000
# What differs between previews that say the same: the account, addresses of this machine, times.
_OWN = re.compile(r"\d{12}|127\.0\.0\.1:\d+|\d+(\.\d+)?m?s\b|\d+ warnings?")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What is known of one stack's preview."""

    stack: str
    succeeded: bool
    changes: str
    """Such as `1 to create`; empty for none."""
    text: str
    """What was printed."""

    @property
    def alike(self) -> tuple[object, ...]:
        """What it has in common with previews that say the same of other stacks."""
        return self.succeeded, self.changes, _OWN.sub("…", without_name(self.text, self.stack))


def previews(folder: Path) -> list[Preview]:
    """Return what the reports in a folder hold, by stack."""
    found = []
    for report in sorted(folder.glob("report-*")):
        stack = report.name.removeprefix("report-")
        if STACK_NAME.fullmatch(stack) and not report.is_symlink():
            found.append(
                Preview(
                    stack=stack,
                    succeeded=_text(report, "outcome").strip() == "success",
                    changes=_changes(_text(report, f"plans/{stack}.json")),
                    text=_text(report, "preview.txt")[:_LONGEST],
                )
            )
    return found


def page(found: Sequence[Preview]) -> Iterator[str]:
    """Yield the lines of the summary, in Markdown; stacks whose previews say the same are one part of it."""
    failed = [preview for preview in found if not preview.succeeded]
    changing = [preview for preview in found if preview.succeeded and preview.changes]
    yield f"### {len(found)} previewed: {len(failed)} failed, {len(changing)} would change"
    groups: dict[tuple[object, ...], list[Preview]] = {}
    for preview in (*failed, *changing, *(one for one in found if one.succeeded and not one.changes)):
        groups.setdefault(preview.alike, []).append(preview)
    left = _LONGEST_PAGE
    for members in groups.values():
        first = members[0]
        result = (first.changes or "no change") if first.succeeded else "failed"
        part = ["", f"#### {few([member.stack for member in members], _NAMES)}: {result}", ""]
        if first.text:
            # What the change printed stays text: no fence of its own, no mention, no picture.
            part += ["~~~~text", first.text.replace("~~~", "- - ").rstrip(), "~~~~"]
        left -= sum(map(len, part))
        if left < 0:
            part = part[:2]
        yield from part


def _changes(plan: str) -> str:
    try:
        summary = json_text.parsed(plan)["changeSummary"]
        counts = {what: int(summary[what]) for what in CHANGING if what in summary}
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return ""
    return changes("preview", counts)


def _text(report: Path, name: str) -> str:
    file = report / name
    if any(part.is_symlink() for part in (file.parent, file)) or not file.is_file():
        return ""
    return file.read_bytes().decode(errors="replace")


def main(arguments: Sequence[str]) -> int:
    """Print the summary of the folder that is named."""
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    print("\n".join(page(previews(Path(arguments[0])))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
