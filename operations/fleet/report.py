"""What a run has come to: a screen for people, JSON for machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from listing import few
from operations.fleet.outcome import RESULTS, SUCCEEDED, Outcome
from operations.stack_names import without_name

_DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "lock": "lock removed",
    "output": "outputs changed",
}
_WOULD = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "delete": "to delete",
    "output": "outputs to change",
}
_GROUPS = 4
"""Most entries of a kind; the other stacks are named together."""
_REASON_LINES = 4
_WIDTH = 300
_NAMES = 5


def as_json(verb: str, outcomes: Iterable[Outcome], seconds: float) -> dict[str, Any]:
    """Return a run as plain values."""
    return {
        "command": verb,
        "seconds": round(seconds, 1),
        "stacks": [outcome.json() for outcome in sorted(outcomes, key=lambda outcome: outcome.stack)],
    }


def changes(verb: str, counts: Mapping[str, int]) -> str:
    """Return what was changed, or would be, such as `1 created, 2 updated`."""
    words = _WOULD if verb == "preview" else _DONE
    return ", ".join(f"{count} {words.get(what, what)}" for what, count in counts.items())


def totals(verb: str, outcomes: Sequence[Outcome]) -> str:
    """Return how many stacks ended how, such as `1 failed, 2 unchanged`."""
    counts = {result: sum(outcome.result == result for outcome in outcomes) for result in RESULTS}
    return ", ".join(f"{count} {_result(verb, result)}" for result, count in counts.items() if count)


def duration(seconds: float) -> str:
    """Return a time for people, such as `3 min 10 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def summary(verb: str, outcomes: Sequence[Outcome], seconds: float) -> Iterator[str]:
    """Yield the lines that say what a run has come to; stacks of which the same is to be said are one entry.

    However many stacks there are, the lines fit one screen: `as_json` has the rest.
    """
    yield f"{verb} of {_stacks(len(outcomes))} in {duration(seconds)}: {totals(verb, outcomes)}"
    for result in RESULTS:
        if result != "unchanged":
            of_result = [outcome for outcome in outcomes if outcome.result == result]
            texts = [(outcome.stack, outcome.reason or changes(verb, outcome.changes)) for outcome in of_result]
            yield from _entries(_result(verb, result), texts, lines=_REASON_LINES if result == "failed" else 0)
    yield from _entries("warning", [(outcome.stack, text) for outcome in outcomes for text in outcome.warnings])
    waited: dict[tuple[str, str], float] = {}
    for outcome in outcomes:
        for wait in outcome.waits:
            waited[outcome.stack, wait.why] = waited.get((outcome.stack, wait.why), 0) + wait.seconds
    for why in dict.fromkeys(why for _, why in waited):
        of_why = {stack: seconds for (stack, reason), seconds in waited.items() if reason == why}
        yield f"  waited: {few(list(of_why), _NAMES)}: {why} {duration(sum(of_why.values()))} in all"
    if any(outcome.result not in SUCCEEDED for outcome in outcomes):
        yield f"Run make fleet-{verb} again: it goes on where it was."


def _entries(title: str, texts: Sequence[tuple[str, str]], *, lines: int = 0) -> Iterator[str]:
    """Yield an entry for each text; with `lines`, that many of the text below the names, else all of it beside them."""
    alike: dict[str, tuple[list[str], str]] = {}
    for stack, text in texts:
        # What one stack says is said in its own words; of several the first speaks for all.
        alike.setdefault(without_name(text, stack), ([], text))[0].append(stack)
    groups = sorted(alike.values(), key=lambda group: -len(group[0]))
    for names, text in groups[:_GROUPS]:
        if not lines:
            yield f"  {title}: {few(names, _NAMES)}" + (f": {_cut(' '.join(text.split()))}" if text else "")
            continue
        yield f"  {title}: {few(names, _NAMES)}"
        yield from (f"    {_cut(line)}" for line in text.splitlines()[:lines])
        if len(text.splitlines()) > lines:
            yield f"    and {len(text.splitlines()) - lines} more lines"
    if more := [name for names, _ in groups[_GROUPS:] for name in names]:
        yield f"  {title}, something else: {few(more, _NAMES)}"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _result(verb: str, result: str) -> str:
    return "to change" if verb == "preview" and result == "changed" else result


def _stacks(count: int) -> str:
    return f"{count} stack" if count == 1 else f"{count} stacks"
