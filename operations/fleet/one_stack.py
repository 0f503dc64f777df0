"""Takes one stack through a verb, as `make` does for that stack alone, and tells how it goes."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pulumi import automation

# `Stack.select` makes no subclass, and the mode that it passes on is not among the package's names.
from pulumi.automation._stack import StackInitMode
from pulumi.automation.events import EngineEvent

import json_text
from operations import unfinished
from operations.errors import OperationError
from operations.fleet.locks import holders
from operations.fleet.outcome import CHANGING, Outcome, Result, Wait
from operations.fleet.pulumi_processes import PulumiProcesses
from operations.project_files import PACK, pack_config
from operations.stack import JUDGED, ask, check

Say = Callable[[str], None]
"""Told what a stack is doing, in a few words."""

TRANSIENT = re.compile(
    "Throttl|Rate exceeded|RequestLimitExceeded|TooManyRequests|ServiceFailure|ServiceUnavailable|InternalFailure"
)
"""What AWS answers to a call that it may well carry out later.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""
PAUSES = (2, 4, 8, 16, 32, 60, 60)
"""Seconds between tries when AWS throttles, after the provider's own tries."""
LOCK_PAUSE = 10
"""Seconds between tries when another update holds the lock."""

_DOING = {
    "create": "creating",
    "update": "updating",
    "replace": "replacing",
    "create-replacement": "replacing",
    "delete-replaced": "replacing",
    "delete": "deleting",
    "refresh": "reading",
}
_COLOUR = re.compile(r"<\{%.*?%\}>")
_LONGEST_TEXT = 2000


@dataclass(kw_only=True)
class _Seen:
    """What the engine told in one run of Pulumi."""

    resources: dict[str, int] = field(default_factory=dict)
    outputs: int = 0
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refused: bool = False
    doing: bool = False
    """Whether this is no preview."""

    @property
    def changes(self) -> dict[str, int]:
        """How many resources change; where none does, how many of the stack's outputs."""
        return self.resources or ({"output": self.outputs} if self.outputs else {})

    @property
    def done(self) -> dict[str, int]:
        """The changes that were made."""
        return self.changes if self.doing else {}

    def add(self, event: EngineEvent, say: Say) -> None:
        if event.resource_pre_event:
            step = event.resource_pre_event.metadata
            if doing := _DOING.get(step.op):
                say(f"{doing} {step.urn.rpartition('::')[2]}")
        elif event.summary_event:
            counts: Mapping[str, int] = {str(getattr(op, "value", op)): n for op, n in _counts(event).items()}
            self.resources = {op: counts[op] for op in CHANGING if counts.get(op)}
        elif event.res_outputs_event and event.res_outputs_event.metadata.type == "pulumi:pulumi:Stack":
            # Told several times; the last one is how it ends.
            old, new = event.res_outputs_event.metadata.old, event.res_outputs_event.metadata.new
            before, after = (old and old.outputs) or {}, (new and new.outputs) or {}
            self.outputs = sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())
        elif event.policy_event:
            policy = event.policy_event
            mandatory = policy.enforcement_level == "mandatory"
            self.refused |= mandatory
            name = (policy.resource_urn or "").rpartition("::")[2]
            # Its first line is the policy's description.
            message = policy.message.partition("\n")[2] or policy.message
            (self.errors if mandatory else self.warnings).append(_plain(f"{policy.policy_name} ({name}): ", message))
        elif event.diagnostic_event and not event.diagnostic_event.ephemeral:
            told = event.diagnostic_event
            name = (told.urn or "").rpartition("::")[2]
            text = _plain(f"{name}: " if name else "", told.message)
            if told.severity == "error":
                self.errors.append(text)
            elif told.severity == "warning":
                self.warnings.append(text)


def _counts(event: EngineEvent) -> Mapping[Any, int]:
    return event.summary_event.resource_changes if event.summary_event else {}


def _plain(begin: str, message: str) -> str:
    return (begin + _COLOUR.sub("", message)).strip()[:_LONGEST_TEXT]


class _Try(NamedTuple):
    """How one try ended, and why another may end better after a while: a sentence, where it may."""

    outcome: Outcome
    throttled: str = ""
    held: str = ""


class OneStack:
    """Takes stacks through one verb; may be called from several threads.

    Args:
        verb: `preview`, `up` or `destroy`.
        top: the checkout whose policy pack judges.
        program: folder of the program.
        pulumi: runs Pulumi.
        stopping: set when nothing new may begin.
        patience: seconds to wait for a lock that another update holds.
        log: folder for what Pulumi prints, a file a stack; None for none.
    """

    def __init__(
        self,
        verb: str,
        *,
        top: Path,
        program: Path,
        pulumi: PulumiProcesses,
        stopping: threading.Event,
        patience: float,
        log: Path | None = None,
    ) -> None:
        self._verb = verb
        self._top = top
        self._program = program
        self._pulumi = pulumi
        self._stopping = stopping
        self._patience = patience
        self._log = log

    def __call__(self, stack: str, say: Say) -> Outcome:
        """Take one stack through, waiting where waiting helps."""
        if self._log:
            (self._log / f"{stack}.txt").unlink(missing_ok=True)
        begun = time.monotonic()
        waits: list[Wait] = []
        done: Counter[str] = Counter()
        pauses = iter(PAUSES)
        while True:
            outcome, throttled, held = self._try(stack, say)
            # What a try did before it failed, the next one finds done.
            done.update(outcome.changes)
            seconds: float = 0
            if throttled:
                seconds = next(pauses, 0)
            elif held:
                seconds = min(LOCK_PAUSE, self._patience - sum(wait.seconds for wait in waits if wait.why == held))
            if seconds <= 0:
                break
            say(f"{throttled or held} Next try in {seconds:.0f} s.")
            paused = time.monotonic()
            stopped = self._stopping.wait(seconds)
            waits.append(Wait(why=throttled or held, seconds=time.monotonic() - paused))
            if stopped:
                outcome = replace(outcome, result="stopped")
                break
        result: Result = "changed" if outcome.result == "unchanged" and done else outcome.result
        return replace(outcome, result=result, changes=dict(done), waits=tuple(waits), seconds=time.monotonic() - begun)

    def _try(self, stack: str, say: Say) -> _Try:
        seen = _Seen()
        try:
            say("checking the files")
            notes = [*check(self._top, stack, self._program), *ask(self._verb, stack, self._program)]
            self._run(stack, seen, say)
        except OperationError as refused:
            return _Try(_failed(stack, str(refused), seen))
        except automation.ConcurrentUpdateError as locked:
            return _locked(stack, str(locked), seen)
        except automation.StackNotFoundError:
            reason = (
                f"It is not initialized: pulumi stack init {stack}, with the secrets provider of your other stacks."
            )
            return _Try(_failed(stack, reason, seen))
        except automation.CommandError as error:
            told = "\n".join(dict.fromkeys(_reasons(seen.errors))) or _last_words(error)
            outcome = _failed(stack, unfinished.unreadable(stack, str(error)) or told, seen)
            if self._pulumi.interrupted:
                return _Try(replace(outcome, result="stopped"))
            code = TRANSIENT.search("" if seen.refused else outcome.reason)
            return _Try(outcome, throttled=f"AWS throttles or fails ({code[0]})." if code else "")
        result: Result = "changed" if seen.changes else "unchanged"
        warnings = (*notes, *dict.fromkeys(seen.warnings))
        return _Try(Outcome(stack=stack, result=result, changes=seen.changes, warnings=warnings))

    def _run(self, stack: str, seen: _Seen, say: Say) -> None:
        selected = Stack(stack, self._program, self._pulumi)
        pack = self._top / PACK
        judged = {"policy_packs": [str(pack)], "policy_pack_configs": [str(pack_config(pack, stack))]}

        def run(verb: str) -> None:
            seen.resources, seen.outputs, seen.doing = {}, 0, verb != "preview"
            say("previewing" if verb == "preview" else "starting")
            getattr(selected, verb)(
                refresh=True,
                color="never",
                on_event=lambda event: seen.add(event, say),
                on_output=lambda text: self._write(stack, text),
                on_error=lambda text: self._write(stack, text),
                **(judged if verb in JUDGED else {}),
            )

        if self._verb == "up":
            state = selected.export_stack().deployment or {}
            if creates := unfinished.creates_in(state):
                raise OperationError(unfinished.explanation(stack, creates))
            # As `make up` does. An update judges the stack as a whole only when all is done; a preview, before.
            run("preview")
            if not (seen.changes or state.get("pending_operations")):
                return
        run(self._verb)

    def _write(self, stack: str, text: str) -> None:
        if self._log:
            with (self._log / f"{stack}.txt").open("a", encoding="utf-8") as file:
                file.write(text + "\n")


class _Workspace(automation.LocalWorkspace):
    """The folder as it is: every command names its stack, so none is selected, which others would find changed."""

    def select_stack(self, stack_name: str) -> None:
        pass

    def stack_outputs(self, stack_name: str) -> automation.OutputMap:  # noqa: ARG002 - the library's
        # After each update the Automation API asks for outputs and history, by three more runs of Pulumi.
        return {}

    def export_stack(self, stack_name: str) -> automation.Deployment:
        # The Automation API asks for the secrets in plain text too, for which a passphrase is hashed a million times.
        done = self._run_pulumi_cmd_sync(["stack", "export", "--stack", stack_name])
        return automation.Deployment(deployment=json_text.parsed(done.stdout)["deployment"])


class Stack(automation.Stack):
    """A stack that exists.

    Args:
        name: its name.
        program: folder of the program.
        pulumi: runs Pulumi.
    """

    def __init__(self, name: str, program: Path, pulumi: PulumiProcesses) -> None:
        super().__init__(name, _Workspace(work_dir=str(program), pulumi_command=pulumi), StackInitMode.SELECT)

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002 - the library's
        return automation.UpdateSummary("", datetime.now(UTC), "", {}, {}, "succeeded")


def _failed(stack: str, reason: str, seen: _Seen) -> Outcome:
    warnings = tuple(dict.fromkeys(seen.warnings))
    return Outcome(stack=stack, result="failed", changes=seen.done, reason=reason, warnings=warnings)


def _locked(stack: str, message: str, seen: _Seen) -> _Try:
    held = holders(message)
    if held and all(holder.was_killed() for holder in held):
        reason = f"An update that was killed left its lock: {held[0]}. Remove it: make fleet-unlock ONLY={stack}"
        return _Try(_failed(stack, reason, seen))
    by = ", ".join(map(str, held)) or "Pulumi does not say whose"
    reason = (
        f"Another update holds the stack: {by}. Wait for it; "
        f"only if it was killed, remove its lock: pulumi cancel --stack {stack}"
    )
    return _Try(_failed(stack, reason, seen), held=f"Another update holds the stack: {by}.")


def _reasons(errors: list[str]) -> list[str]:
    """Return the errors without what Pulumi adds to each failed update."""
    telling = [error for error in errors if not re.fullmatch(r"(\S+: )?(update|preview|destroy) failed", error)]
    return telling or errors


def _last_words(error: automation.CommandError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "\n".join(lines[-5:])[:_LONGEST_TEXT]
