"""The provider driven as the engine drives it, with plain values in and out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pulumi.provider.experimental import provider as requests

from sandbox.aws.provider import StandIn
from sandbox.aws.wire import plain, property_values, secret_keys

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Result:
    """The outputs of one request, in plain Python."""

    id: str | None
    outputs: dict[str, Any]
    secrets: set[str]
    inputs: dict[str, Any]


class Driver:
    """The provider as the engine uses it, with plain values in and out."""

    def __init__(self, account_id: str, config: Mapping[str, Any]) -> None:
        self.account_id = account_id
        self.provider = StandIn()
        self.config = config

    def configure(self) -> None:
        """Configure the provider with the inputs `config`."""
        values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in self.config.items()}
        self.answer(self.provider.configure(requests.ConfigureRequest({}, property_values(values), True, True)))

    def check(self, type_name: str, old: Mapping[str, Any] | None = None, /, **new: Any) -> tuple[dict[str, Any], str]:
        """Return the checked inputs, and what is wrong with them in one text."""
        request = requests.CheckRequest(urn(type_name), property_values(old or {}), property_values(new), b"seed")
        response = self.answer(self.provider.check(request))
        problems = "; ".join(f"{failure.property}: {failure.reason}" for failure in response.failures or ())
        return plain(response.inputs or {}), problems

    def create(self, type_name: str, /, *secrets: str, **new: Any) -> Result:
        """Check and create a resource, with some inputs as secrets."""
        return self._create(type_name, secrets, new, preview=False)

    def preview_create(self, type_name: str, /, *secrets: str, **new: Any) -> Result:
        """Preview what `create` does."""
        return self._create(type_name, secrets, new, preview=True)

    def diff(self, type_name: str, old: Result, /, *ignored: str, **new: Any) -> requests.DiffResponse:
        """Check inputs and compare them with a resource, some paths left out."""
        inputs, problems = self.check(type_name, old.inputs, **new)
        assert not problems
        request = requests.DiffRequest(
            urn(type_name), old.id or "", property_values(old.outputs), property_values(inputs), list(ignored)
        )
        return self.answer(self.provider.diff(request))

    def update(self, type_name: str, old: Result, /, **new: Any) -> Result:
        """Check inputs and bring a resource to them."""
        return self._update(type_name, old, new, preview=False)

    def preview_update(self, type_name: str, old: Result, /, **new: Any) -> Result:
        """Preview what `update` does."""
        return self._update(type_name, old, new, preview=True)

    def read(self, type_name: str, known: Result | str) -> Result | None:
        """Refresh a resource, or import the one with an id; None if it is gone."""
        old = Result(known, {}, set(), {}) if isinstance(known, str) else known
        request = requests.ReadRequest(
            urn(type_name), old.id or "", property_values(old.outputs, old.secrets), property_values(old.inputs)
        )
        response = self.answer(self.provider.read(request))
        if response.resource_id is None:
            return None
        secrets = secret_keys(response.properties, response.inputs)
        return Result(response.resource_id, plain(response.properties), secrets, plain(response.inputs))

    def delete(self, type_name: str, old: Result) -> None:
        """Delete a resource."""
        request = requests.DeleteRequest(urn(type_name), old.id or "", property_values(old.outputs), 0)
        self.answer(self.provider.delete(request))

    def invoke(self, function: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a function."""
        response = self.answer(self.provider.invoke(requests.InvokeRequest(function, property_values(arguments))))
        return plain(response.return_value or {})

    def answer(self, answer: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run(answer)

    def _create(self, type_name: str, secrets: Collection[str], new: Mapping[str, Any], *, preview: bool) -> Result:
        inputs, problems = self.check(type_name, **new)
        assert not problems
        request = requests.CreateRequest(urn(type_name), property_values(inputs, secrets), 0, preview)
        response = self.answer(self.provider.create(request))
        return Result(response.resource_id, plain(response.properties), secret_keys(response.properties), inputs)

    def _update(self, type_name: str, old: Result, new: Mapping[str, Any], *, preview: bool) -> Result:
        inputs, problems = self.check(type_name, old.inputs, **new)
        assert not problems
        request = requests.UpdateRequest(
            urn(type_name),
            old.id or "",
            property_values(old.outputs, old.secrets),
            property_values(inputs, old.secrets),
            0,
            [],
            preview,
        )
        response = self.answer(self.provider.update(request))
        return Result(old.id, plain(response.properties), secret_keys(response.properties), inputs)


def urn(type_name: str) -> str:
    """Return the URN of a resource below a component, whose type then begins with the component's."""
    return f"urn:pulumi:test::project::team:iam:Component${type_name}::logical"
