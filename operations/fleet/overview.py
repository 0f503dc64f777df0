"""One page on a deployment whose stacks ran in jobs of their own: `python -m operations.fleet.overview FOLDER`.

FOLDER holds what `make fleet-up ARGS="--json FILE"` wrote in each job. Standard library only, as `stages`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from operations.fleet.outcome import RESULTS, SUCCEEDED, Outcome
from operations.fleet.report import changes, duration, totals
from operations.stack_names import stacks


def outcomes(folder: Path, known: Sequence[str]) -> list[Outcome]:
    """Return how each stack ended, by the files in a folder; without a word of it, it has not begun."""
    found: dict[str, Outcome] = {}
    for file in folder.glob("*.json"):
        for entry in json.loads(file.read_text(encoding="utf-8"))["stacks"]:
            fields = ("stack", "result", "changes", "reason", "seconds")
            found[entry["stack"]] = Outcome(**{field: entry[field] for field in fields})
    missing = "Its job did not come so far."
    return [found.get(stack, Outcome(stack=stack, result="not begun", reason=missing)) for stack in known]


def page(ended: Sequence[Outcome]) -> Iterator[str]:
    """Yield the lines of the page, in Markdown: what needs a look first, what is unchanged in one line."""
    yield f"### {len(ended)} stacks: {totals('up', ended)}"
    rows = sorted((one for one in ended if one.result != "unchanged"), key=lambda one: RESULTS.index(one.result))
    if rows:
        yield from ("", "| stack | result | what | time |", "|---|---|---|---|")
        for outcome in rows:
            what = changes("up", outcome.changes) if outcome.result in SUCCEEDED else _cell(outcome.reason)
            yield f"| {outcome.stack} | {outcome.result} | {what} | {duration(outcome.seconds)} |"
    if unchanged := [outcome.stack for outcome in ended if outcome.result == "unchanged"]:
        yield from ("", f"Unchanged: {', '.join(unchanged)}.")


def _cell(text: str) -> str:
    lines = [line.replace("|", r"\|").replace("<", "&lt;") for line in text.splitlines()[:5]]
    return "<br>".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print the page of the folder that is named."""
    print("\n".join(page(outcomes(Path(arguments[0]), stacks(Path())))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
