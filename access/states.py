"""Reads what Pulumi knows: exported states, preview plans, and stacks by name."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from delegation_pack.model import ENCRYPTED, UNKNOWN, Resource, folded, with_neighbors

import json_text
from access import read_back

# https://www.pulumi.com/docs/iac/concepts/secrets/: how a state writes secrets and values that are not known yet.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

_PROVIDER_TYPE = "pulumi:providers:"
_REMOVING = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "read-discard"})


class InputError(ValueError):
    """Input that cannot be used; the text is one full sentence for the person who gave it."""


@dataclass(frozen=True)
class Stack:
    """The resources of one stack at one moment."""

    name: str
    project: str
    resources: Sequence[Resource]
    source: str
    """Where it was read: a file's name, "stack preprod", or the plan."""
    time: str = ""
    """When the state was written, as it says itself (ISO 8601)."""

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs."""
        return next((r.outputs for r in self.resources if r.type == "pulumi:pulumi:Stack"), {})


@dataclass(frozen=True)
class Plan:
    """A preview: one stack before and after."""

    old: Stack
    new: Stack
    touched: frozenset[str]
    """URNs of all resources that the plan has a step for."""

    def upon(self, state: Stack) -> Plan:
        """Return the plan with the resources that it leaves alone and does not list, from the stack's state."""
        kept = [resource for resource in state.resources if resource.urn not in self.touched]
        old, new = (
            Stack(part.name, part.project, [*kept, *part.resources], part.source, state.time)
            for part in (self.old, self.new)
        )
        return Plan(old, new, self.touched)


def read_states(sources: Sequence[str], *, across_projects: bool = False) -> list[Stack]:
    """Read states from files, folders, or stacks by name; none given: every stack with a `Pulumi.<stack>.yaml` here.

    Raises:
        InputError: a source is no state, a stack is there twice, or the states are of different projects.
    """
    stacks = []
    for source in sources or _stacks_here():
        for found in _read(source):
            if isinstance(found, Plan):
                raise InputError(f"{source} is a preview plan: `access diff` reads it, this command reads states.")
            stacks.append(found)
    return _consistent(stacks, across_projects)


def read_both(
    sources: Sequence[str], beside: Sequence[str], *, across_projects: bool = False
) -> tuple[list[Stack], list[Stack]]:
    """Read what was and what will be: from plans (any number), or from two sources of states.

    `beside` are the states of stacks that do not change, and of those that plans are made upon.

    Raises:
        InputError: as `read_states`; or the sources are neither plans nor two.
    """
    found = [list(_read(source)) for source in sources]
    flat = [item for items in found for item in items]
    plans = [item for item in flat if isinstance(item, Plan)]
    others = {stack.name: stack for stack in read_states(beside, across_projects=across_projects)} if beside else {}
    if plans and len(plans) == len(flat):
        plans = [plan.upon(others[plan.old.name]) if plan.old.name in others else plan for plan in plans]
        named = {plan.old.name for plan in plans}
        rest = [stack for stack in others.values() if stack.name not in named]
        before, after = ([*rest, *changed] for changed in ([p.old for p in plans], [p.new for p in plans]))
    elif plans or len(found) != 2:
        raise InputError(
            "Give two states (or folders, or stack names), before and after, or plans of `pulumi preview --json` only."
        )
    else:
        before, after = ([*others.values(), *(s for s in items if isinstance(s, Stack))] for items in found)
    return _consistent(before, across_projects, after), _consistent(after, across_projects, before)


def _consistent(stacks: list[Stack], across_projects: bool, others: Sequence[Stack] = ()) -> list[Stack]:
    names = [(stack.project, stack.name) for stack in stacks]
    for stack, name in zip(stacks, names, strict=True):
        if names.count(name) > 1:
            where = " and ".join(s.source for s, n in zip(stacks, names, strict=True) if n == name)
            raise InputError(f"Stack {stack.name} is there twice: {where}.")
    projects = {stack.project: stack for stack in [*others, *stacks] if stack.project}
    if len(projects) > 1 and not across_projects:
        said = ", ".join(f"{stack.source} is of project {project}" for project, stack in projects.items())
        raise InputError(f"The states are of different projects: {said} (--across-projects takes them together).")
    return stacks


def _stacks_here() -> list[str]:
    names = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in sorted(Path().glob("Pulumi.*.yaml"))]
    if not names:
        raise InputError("Name states or stacks: there is no Pulumi.<stack>.yaml in this folder to take stacks from.")
    return names


def _read(source: str) -> Iterator[Stack | Plan]:
    path = Path(source)
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise InputError(f"There is no .json file in the folder {source}.")
        for file in files:
            yield from _read(str(file))
        return
    if path.is_file():
        try:
            text = json_text.decoded(path.read_bytes())
        except OSError as error:
            raise InputError(f"{source} cannot be read: {error}.") from None
        except UnicodeDecodeError:
            raise InputError(
                f"{source} cannot be read: it is not text in UTF-8 or UTF-16. "
                "Write it again, a state with `pulumi stack export --stack NAME --file FILE`."
            ) from None
        yield _parsed(text, source, path.stem)
    elif path.suffix == ".json" or ("/" in source.strip("/") and not _is_stack_name(source)):
        raise InputError(f"There is no file {source}.")
    else:
        yield _parsed(_export(source), f"stack {source}", source)


def _is_stack_name(source: str) -> bool:
    """Whether it can be `organization/project/stack` of a Pulumi Cloud."""
    return source.count("/") <= 2 and not source.startswith((".", "/"))


def _export(name: str) -> str:
    try:
        done = subprocess.run(
            ["pulumi", "stack", "export", "--stack", name, "--non-interactive"],
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    except FileNotFoundError:
        raise InputError(
            f"There is no file {name}, and to export a stack of that name Pulumi must be installed."
        ) from None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[0].removeprefix("error: ")
        raise InputError(f"There is no file {name}, and the stack {name} cannot be exported: {said.rstrip('.')}.")
    return done.stdout


def _parsed(text: str, source: str, fallback: str) -> Stack | Plan:
    try:
        data = json_text.parsed(text)
    except json.JSONDecodeError as error:
        cut = not text.strip() or error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated")
        why = "it is empty or ends in the middle, so it was not written whole" if cut else f"it is not JSON ({error})"
        raise InputError(
            f"{source} is no state: {why}. Write it again with `pulumi stack export` or `pulumi preview --json`."
        ) from None
    except RecursionError:
        raise InputError(f"{source} is no state: it is nested too deeply.") from None
    match data:
        case {"deployment": {"manifest": dict()} as deployment}:
            resources = deployment.get("resources")
            return _stack(
                [] if resources is None else resources, source, fallback, str(deployment["manifest"].get("time", ""))
            )
        case {"steps": list(steps)}:
            return _plan(steps, source, fallback)
        case {"changeSummary": _}:
            return _plan([], source, fallback)
    raise InputError(f"{source} is no state: neither `pulumi stack export` nor `pulumi preview --json` wrote it.")


def _stack(items: Any, source: str, fallback: str, time: str = "", *, planned: bool = False) -> Stack:
    if not isinstance(items, list):
        raise InputError(f"{source} is no state: its resources are not a list.")
    # A replaced resource waits for its removal in the state.
    resources = [
        _resource(item, source, planned) for item in items if not (isinstance(item, Mapping) and item.get("delete"))
    ]
    names = {tuple(resource.urn.split("::")[:2]) for resource in resources}
    if len(names) > 1:
        raise InputError(f"{source} is no state of one stack: it holds resources of several.")
    stack, project = next(iter(names), (f"urn:pulumi:{fallback}", ""))
    return Stack(stack.removeprefix("urn:pulumi:"), project, resources, source, time)


def _plan(steps: Iterable[Any], source: str, fallback: str) -> Plan:
    old, new, same, touched = [], [], [], set()
    for step in steps:
        match step:
            case {"op": "same", "urn": str(urn), "newState": state}:
                touched.add(urn)
                same.append(state)
            case {"op": str(op), "urn": str(urn)}:
                touched.add(urn)
                if step.get("oldState") and op not in ("create-replacement", "replace"):
                    old.append(step["oldState"])
                if step.get("newState") and op not in _REMOVING and op != "replace":
                    new.append(step["newState"])
            case _:
                raise InputError(f"{source} is no plan: a step lacks op or urn.")
    parts = _stack(same, source, fallback), _stack(old, source, fallback), _stack(new, source, fallback, planned=True)
    kept, before, after = parts
    named = next((one for one in (after, before, kept) if one.project), after)
    before, after = (
        Stack(named.name, named.project, [*kept.resources, *one.resources], source) for one in (before, after)
    )
    return Plan(before, after, frozenset(touched))


def _resource(item: Any, source: str, planned: bool) -> Resource:
    """A resource with its provider's URN for the provider's name.

    It is in a state what its outputs, over its inputs, say; in a plan the other way round.
    """
    match item:
        case {"urn": str(urn), "type": str(type_)} if urn.startswith("urn:pulumi:") and urn.count("::") >= 3:
            inputs, outputs = (_plain(item.get(part) or {}) for part in ("inputs", "outputs"))
            if not (isinstance(inputs, dict) and isinstance(outputs, dict)):
                raise InputError(f"{source} is no state: {urn} has inputs or outputs that are not an object.")
            over = planned and not type_.startswith(_PROVIDER_TYPE)
            outputs = read_back.aside(type_, inputs, outputs)
            sources = item.get("propertyDependencies")
            return Resource(
                urn=urn,
                type=type_,
                name=urn.rpartition("::")[2],
                inputs={},
                outputs={**outputs, **inputs} if over else {**inputs, **outputs},
                provider_urn=str(item.get("provider") or "").rpartition("::")[0],
                dependencies={folded(name): urns or () for name, urns in (sources or {}).items()},
            )
    raise InputError(f"{source} is no state: one of its resources lacks a URN or a type.")


def placed(stack: Stack) -> list[Resource]:
    """Return the resources of a stack, each with what its provider, and others of the same provider, tell of it."""
    providers = {one.urn: one.outputs for one in stack.resources if one.type.startswith(_PROVIDER_TYPE)}
    return with_neighbors(replace(one, provider=providers.get(one.provider_urn)) for one in stack.resources)


def _plain(value: Any) -> Any:
    match value:
        case str():
            return UNKNOWN if value == _UNKNOWN else value
        case list():
            return [_plain(item) for item in value]
        case dict() if value.get(_SIGNATURE) == _SECRET:
            try:
                return _plain(json.loads(value["plaintext"]))
            except (KeyError, TypeError, ValueError):
                return ENCRYPTED
        case dict():
            return {key: _plain(item) for key, item in value.items()}
    return value
