"""What all resource types have in common: their inputs, and how they are checked, compared and previewed."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from sandbox import documents
from sandbox.aws import names
from sandbox.aws.errors import REAL_PLUGIN, RefusedError
from sandbox.aws.replacement import DEFAULTS, REPLACEMENTS, Order, Replacement
from sandbox.aws.wire import UNKNOWN, contains_unknown

if TYPE_CHECKING:
    from sandbox.aws.connection import Connection

Values: TypeAlias = dict[str, Any]
"""Inputs or outputs by name, in plain Python."""


class Kind(Enum):
    """The form of an input's value, and with it how two values are compared."""

    TEXT = "string"
    NUMBER = "integer"
    FLAG = "boolean"
    TAGS = "object"
    SET = "array"
    DOCUMENT = "document"


_PYTHON_TYPES: dict[Kind, type] = {
    Kind.TEXT: str,
    Kind.NUMBER: int,
    Kind.FLAG: bool,
    Kind.TAGS: dict,
    Kind.SET: list,
    Kind.DOCUMENT: str,
}


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a resource type."""

    kind: Kind = Kind.TEXT
    required: bool = False
    default: object = None
    check: Callable[[Any], str | None] = lambda _: None
    """Returns what is wrong with a known value."""

    def same(self, one: object, other: object) -> bool:
        """Tell whether two values make no difference to AWS."""
        if isinstance(one, str) and isinstance(other, str) and self.kind is Kind.DOCUMENT:
            return documents.same(one, other)
        if isinstance(one, list) and isinstance(other, list):
            return sorted(one) == sorted(other)
        return one == other or (not one and not other)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A property that differs between the state and the inputs."""

    name: str
    old: object
    new: object
    replaces: bool


class Resource(ABC):
    """One resource type of the AWS package.

    The operations talk to AWS; they raise botocore's ClientError for what AWS refuses and RefusedError for all else.
    """

    type_name: ClassVar[str]
    """Pulumi's type, such as `aws:iam/role:Role`."""
    title: ClassVar[str]
    """What a person calls it, such as `IAM Role`."""
    inputs: ClassVar[Mapping[str, Input]]
    computed: ClassVar[tuple[str, ...]] = ()
    """Outputs that AWS decides and that are unknown before the resource exists."""
    computed_sets: ClassVar[tuple[str, ...]] = ()
    """Those of them that an update leaves as they were, until the next refresh."""
    unsupported: ClassVar[tuple[str, ...]] = ()
    """Inputs of the real provider that the stand-in refuses."""

    @abstractmethod
    def create(self, aws: Connection, new: Values) -> str:
        """Create the resource and return its id."""

    @abstractmethod
    def read(self, aws: Connection, resource_id: str, known: Values) -> Values | None:
        """Return the outputs as AWS has them, None if there is no such resource.

        `known` are the outputs of last time; what AWS does not hold, or holds in other words, is taken from there.
        """

    @abstractmethod
    def update(self, aws: Connection, resource_id: str, old: Values, new: Values) -> None:
        """Make the resource, whose last known outputs are `old`, as the inputs `new` say."""

    @abstractmethod
    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        """Delete the resource whose last known outputs are `old`; one that is gone already is no error."""

    def id_after_update(self, resource_id: str, new: Values) -> str:
        """Return the id under which AWS has the resource after an update; Pulumi keeps the old one."""
        del new
        return resource_id

    def id_after_import(self, resource_id: str, state: Values) -> str:
        """Return the id that an imported resource has in the state."""
        del state
        return resource_id

    def from_import_id(self, resource_id: str) -> Values:
        """Return what an id given to an import says about the resource.

        Raises RefusedError if it has the wrong form, or if such resources cannot be imported.
        """
        del resource_id
        return {}

    @property
    def replacement(self) -> Replacement:
        """How a resource of this type is replaced."""
        return REPLACEMENTS[self.type_name]

    def describe(self, values: Mapping[str, Any], resource_id: str = "") -> str:
        """Return the resource's title and what tells it from others, for error messages."""
        return f"{self.title} ({resource_id or values.get('name', '')})"

    def doing(self, verb: str, values: Mapping[str, Any], resource_id: str = "") -> str:
        """Return what the real provider says it was doing, such as `creating IAM Role (access)`."""
        return f"{verb} {self.describe(values, resource_id)}"

    def checked(
        self, new: Values, old: Values, urn_name: str, seed: bytes, default_tags: Mapping[str, str]
    ) -> tuple[Values, dict[str, str]]:
        """Return the inputs with their defaults, and what is wrong with them by property.

        A name that is not given is kept, or else made of the resource's logical name and seven random digits. As the
        bridge does, the inputs then name those that were filled in, and hold all tags beside the resource's own.
        """
        given = {key: value for key, value in new.items() if not key.startswith("__")}
        defaults = {
            key: each.default for key, each in self.inputs.items() if each.default is not None and key not in given
        }
        if "name" in self.inputs and "name" not in given:
            digits = f"{random.Random(seed or None).getrandbits(28):07x}"  # noqa: S311 - a name, not a secret
            defaults["name"] = old.get("name", f"{urn_name}-{digits}")
        values = defaults | {
            key: documents.dump(value)
            if isinstance(value, dict) and self._kind(key) is Kind.DOCUMENT and not contains_unknown(value)
            else value
            for key, value in given.items()
        }
        problems = {
            key: problem for key in values.keys() | self.inputs.keys() if (problem := self._problem(key, values))
        }
        if "tags" in self.inputs and "tags" not in problems:
            values["tagsAll"] = self.tags_all(values, default_tags)
        if self.replacement.order is not Order.NEW_FIRST_IN_FRAMEWORK:
            values[DEFAULTS] = sorted(defaults)
        return values, problems

    def changes(
        self, old: Values, new: Values, default_tags: Mapping[str, str], ignored: Collection[str] = ()
    ) -> Iterator[Change]:
        """Yield what differs between the outputs `old` and the inputs `new`."""
        for key, each in self.inputs.items():
            if key not in ignored and not each.same(old.get(key), new.get(key)):
                yield Change(name=key, old=old.get(key), new=new.get(key), replaces=key in self.replacement.inputs)
        if "tags" in self.inputs and not {"tags", "tagsAll"} & set(ignored):
            tags_all = self.tags_all(new, default_tags)
            if tags_all != old.get("tagsAll", {}):
                yield Change(name="tagsAll", old=old.get("tagsAll"), new=tags_all, replaces=False)

    def preview(self, new: Values, old: Values | None, default_tags: Mapping[str, str]) -> Values:
        """Return the outputs to be expected; those that only AWS can tell are unknown."""
        expected = dict.fromkeys(self.computed, UNKNOWN) if old is None else {**old, **self.unsettled(old, new)}
        if "tags" in self.inputs:
            expected["tagsAll"] = self.tags_all(new, default_tags)
        return {key: value for key, value in (expected | new).items() if key in new or key not in self.inputs}

    def unsettled(self, old: Values, new: Values) -> Values:
        """Return the outputs that an update from `old` to `new` changes in a way only AWS can tell, as unknown."""
        del old, new
        return {}

    def written(self, state: Values, old: Values | None, new: Values) -> Values:
        """Return the outputs after a create or update, of which `state` is what AWS has.

        Sets are what was planned, not what is there: Terraform's SDK takes a planned set for what was applied
        (`normalizeNullValues` in helper/schema/grpc_provider.go), and the framework's resources keep the plan.
        """
        planned = {key: sorted(new[key]) for key, each in self.inputs.items() if each.kind is Kind.SET and key in new}
        kept = {key: old[key] for key in self.computed_sets if old and key in old}
        return {**state, **planned, **kept}

    def imported_inputs(self, state: Values) -> Values:
        """Return the inputs of a resource that was just imported: what is required, or other than its default.

        Source: pkg/tfbridge/schema.go, extractSchemaInputsObject.
        """
        found = {
            key: state[key]
            for key, each in self.inputs.items()
            if (each.required and key in state)
            or (state.get(key) not in (None, "", {}, [], False, 0) and state[key] != each.default)
        }
        if self.replacement.order is Order.NEW_FIRST_IN_FRAMEWORK:
            return found
        if "tags" in self.inputs and state.get("tagsAll"):
            found["tagsAll"] = state["tagsAll"]
        maps = {key: {**value, DEFAULTS: []} for key, value in found.items() if isinstance(value, dict)}
        return {**found, **maps, DEFAULTS: []}

    def refreshed_inputs(self, inputs: Values, state: Values) -> Values:
        """Return the inputs after a refresh: those there were, with what of them has changed.

        Documents stay in the program's words, and what was added to a set or to tags is not taken in.
        Source: pkg/tfbridge/schema.go, extractInputs.
        """
        found = {}
        for key, value in inputs.items():
            now = state.get(key)
            if key.startswith("__") or now is None:
                continue
            if self._kind(key) is Kind.DOCUMENT:
                found[key] = value
            elif isinstance(value, list) and isinstance(now, list):
                found[key] = [item for item in value if item in now]
            elif isinstance(value, dict) and isinstance(now, dict):
                found[key] = {name: now[name] for name in value if name in now}
            else:
                found[key] = now
        return found

    @staticmethod
    def tags_all(new: Values, default_tags: Mapping[str, str]) -> Any:
        """Return the tags of a resource with those of its provider."""
        tags = new.get("tags", {})
        return UNKNOWN if contains_unknown(tags) else {**default_tags, **tags}

    def _kind(self, key: str) -> Kind | None:
        return self.inputs[key].kind if key in self.inputs else None

    def _problem(self, key: str, values: Values) -> str | None:
        if key in self.unsupported:
            return f"the AWS stand-in does not know the input {key} of {self.type_name}; {REAL_PLUGIN}"
        if key not in self.inputs:
            return None if key.startswith("__") else f"{self.type_name} has no input {key}"
        each, value = self.inputs[key], values.get(key)
        if value is None or value == "":
            return f"missing required property {key!r}" if each.required else None
        if contains_unknown(value):
            return None
        if type(value) is not _PYTHON_TYPES[each.kind]:
            return f"{value!r} is not of the type {each.kind.value}"
        return _json_problem(str(value)) if each.kind is Kind.DOCUMENT else each.check(value)


def _json_problem(text: str) -> str | None:
    try:
        documents.parse(text)
    except documents.InvalidDocumentError as error:
        return f"the policy document cannot be read: {error}"
    return None


def document_output(document: Mapping[str, Any] | str, known: object, *, version_first: bool = False) -> str:
    """Return a document that AWS returned as the real provider keeps it: the known one if it is the same policy."""
    text = document if isinstance(document, str) else documents.dump(document)
    kept = known if isinstance(known, str) and documents.same(text, known) else text
    return documents.normalized(kept, version_first=version_first)


def split_id(resource_id: str, separator: str, form: str) -> tuple[str, str]:
    """Return the two parts of an id; raises RefusedError, which tells the right form, unless there are two."""
    first, _, second = resource_id.partition(separator)
    if not first or not second:
        raise RefusedError(f"the id {resource_id!r} does not have the form {form}")
    return first, second


PATH = Input(default="/", check=names.path)
