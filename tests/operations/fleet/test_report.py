"""What a fleet's run has come to: on one screen, however many stacks there are, and as JSON."""

from __future__ import annotations

import json

from operations.fleet.outcome import Outcome, Wait
from operations.fleet.report import as_json, duration, summary


def ended(stack: str, **fields: object) -> Outcome:
    return Outcome(stack=stack, **({"result": "changed", "seconds": 5.0} | fields))  # type: ignore[arg-type]


def lines(*outcomes: Outcome, verb: str = "up") -> list[str]:
    return list(summary(verb, outcomes, 70))


def test_two_hundred_stacks_fit_one_screen() -> None:
    outcomes = [
        ended(
            f"account-{number:03}",
            result=("failed", "unchanged", "changed", "not begun")[number % 4],
            changes={"create": number % 6} if number % 4 == 2 else {},
            reason=f"Role access-{number} of account-{number:03} is taken\n" * 5 if number % 4 in (0, 3) else "",
            warnings=(f"account-{number:03} has a warning", f"{number} is its own"),
            waits=(Wait(why="AWS throttles or fails (Throttling).", seconds=4),),
        )
        for number in range(200)
    ]
    screen = lines(*outcomes)
    assert screen[0] == "up of 200 stacks in 1 min 10 s: 50 failed, 50 not begun, 50 changed, 50 unchanged"
    assert len(screen) <= 48
    assert max(map(len, screen)) <= 350


def test_stacks_with_the_same_to_say_are_one_entry() -> None:
    refused = "preprod: the group does not exist. make up STACK=preprod"
    told = lines(
        ended("preprod", result="failed", reason=refused),
        ended("staging", result="failed", reason=refused.replace("preprod", "staging")),
        ended("production", changes={"create": 2, "update": 1}),
    )
    assert told[1:] == [
        "  failed: preprod, staging",
        f"    {refused}",
        "  changed: production: 2 created, 1 updated",
        "Run make fleet-up again: it goes on where it was.",
    ]


def test_a_preview_says_what_would_be_done() -> None:
    told = lines(ended("preprod", changes={"replace": 1}), verb="preview")
    assert told == ["preview of 1 stack in 1 min 10 s: 1 to change", "  to change: preprod: 1 to replace"]


def test_waits_are_summed_by_what_was_waited_for() -> None:
    throttled = Wait(why="AWS throttles or fails (Throttling).", seconds=40)
    told = lines(ended("a", waits=(throttled, throttled)), ended("b", waits=(throttled,)))
    assert told[-1] == "  waited: a, b: AWS throttles or fails (Throttling). 2 min 0 s in all"


def test_json_holds_every_stack_whole() -> None:
    outcome = ended("b", changes={"create": 1}, waits=(Wait(why="w", seconds=1),))
    written = json.loads(json.dumps(as_json("up", [outcome, ended("a", result="failed", reason="x\n" * 99)], 70.04)))
    assert (written["command"], written["seconds"]) == ("up", 70.0)
    assert [stack["stack"] for stack in written["stacks"]] == ["a", "b"]
    assert written["stacks"][0]["reason"] == "x\n" * 99
    assert written["stacks"][1] == {
        "stack": "b",
        "result": "changed",
        "changes": {"create": 1},
        "reason": "",
        "warnings": [],
        "waits": [{"why": "w", "seconds": 1}],
        "seconds": 5.0,
    }


def test_durations_are_for_people() -> None:
    assert [duration(seconds) for seconds in (0.4, 59.6, 61, 3600)] == ["0 s", "1 min 0 s", "1 min 1 s", "60 min 0 s"]
