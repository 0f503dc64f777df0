"""What a run has come to: a screen for people, JSON for machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from operations.fleet.outcome import RESULTS, Outcome

_DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted", "lock": "lock removed"}
_WOULD = {"create": "to create", "update": "to update", "replace": "to replace", "delete": "to delete"}
_GROUPS = 8
"""Most groups of stacks that are listed; the others are counted."""
_REASON_LINES = 6
_NAMES = 5


def as_json(verb: str, outcomes: Iterable[Outcome], seconds: float) -> dict[str, Any]:
    """Return a run as plain values."""
    return {
        "command": verb,
        "seconds": round(seconds, 1),
        "stacks": [outcome.json() for outcome in sorted(outcomes, key=lambda outcome: outcome.stack)],
    }


def changes(verb: str, outcome: Outcome) -> str:
    """Return what was changed, or would be, such as `1 created, 2 updated`."""
    words = _WOULD if verb == "preview" else _DONE
    return ", ".join(f"{count} {words.get(what, what)}" for what, count in outcome.changes.items())


def duration(seconds: float) -> str:
    """Return a time for people, such as `3 min 10 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def summary(verb: str, outcomes: Sequence[Outcome], seconds: float) -> Iterator[str]:
    """Yield the lines that say what a run has come to: stacks with the same to say are one entry."""
    counts = {result: sum(outcome.result == result for outcome in outcomes) for result in RESULTS}
    told = ", ".join(f"{count} {_result(verb, result)}" for result, count in counts.items() if count)
    yield f"{verb} of {_stacks(len(outcomes))} in {duration(seconds)}: {told}"
    for result in RESULTS:
        of_result = [outcome for outcome in outcomes if outcome.result == result]
        if result == "unchanged":
            continue
        said = {outcome.stack: outcome.reason or changes(verb, outcome) for outcome in of_result}
        yield from _entries(_result(verb, result), said)
    warned: dict[str, list[str]] = {}
    for outcome in outcomes:
        for warning in outcome.warnings:
            warned.setdefault(warning.replace(outcome.stack, "…"), []).append(outcome.stack)
    for text, names in list(warned.items())[:_GROUPS]:
        yield f"  warning of {_named(names)}: {' '.join(text.split())}"
    waited: dict[str, dict[str, float]] = {}
    for outcome in outcomes:
        for wait in outcome.waits:
            of_why = waited.setdefault(wait.why, {})
            of_why[outcome.stack] = of_why.get(outcome.stack, 0) + wait.seconds
    yield from _groups(
        "waited",
        [(list(of_why), [f"{why} {duration(sum(of_why.values()))} in all."]) for why, of_why in waited.items()],
    )
    if counts["failed"] or counts["stopped"] or counts["not begun"]:
        yield f"Run make fleet-{verb} again: it goes on where it was."


def _entries(title: str, said: Mapping[str, str]) -> Iterator[str]:
    alike: dict[str, list[str]] = {}
    for stack, text in said.items():
        alike.setdefault(text.replace(stack, "…"), []).append(stack)
    # What one stack says is said in its own words; of several the first speaks for all.
    groups = [(names, said[names[0]].splitlines()) for names in alike.values()]
    yield from _groups(title, sorted(groups, key=lambda group: -len(group[0])))


def _groups(title: str, groups: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Iterator[str]:
    for names, lines in groups[:_GROUPS]:
        yield f"  {title}: {_named(names)}"
        yield from (f"    {line}" for line in lines[:_REASON_LINES])
        if len(lines) > _REASON_LINES:
            yield f"    and {len(lines) - _REASON_LINES} more lines"
    if more := [name for names, _ in groups[_GROUPS:] for name in names]:
        yield f"  {title}, for other reasons: {_named(more)}"


def _named(names: Sequence[str]) -> str:
    listed = ", ".join(names[:_NAMES])
    return f"{listed} and {len(names) - _NAMES} more" if len(names) > _NAMES else listed


def _result(verb: str, result: str) -> str:
    return "to change" if verb == "preview" and result == "changed" else result


def _stacks(count: int) -> str:
    return f"{count} stack" if count == 1 else f"{count} stacks"
