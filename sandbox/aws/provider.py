"""The provider: routes the engine's requests to the resource types and functions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    GetSchemaRequest,
    GetSchemaResponse,
    InvokeRequest,
    InvokeResponse,
    PropertyDiff,
    PropertyDiffKind,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from sandbox.aws import settings
from sandbox.aws.connection import Connection
from sandbox.aws.errors import REAL_PLUGIN, RefusedError, explained
from sandbox.aws.functions import FUNCTIONS
from sandbox.aws.resources import RESOURCES
from sandbox.aws.resources.base import Change, Resource
from sandbox.aws.schema import package_schema
from sandbox.aws.wire import contains_unknown, plain, property_values, secret_keys


class StandIn(Provider):
    """Pulumi's AWS package for local accounts.

    Requests that cannot be carried out end in RefusedError, whose text is for the user.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None

    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        """Return the schema of what is known here."""
        del request
        return GetSchemaResponse(json.dumps(package_schema()))

    async def check_config(self, request: CheckRequest) -> CheckResponse:
        """Refuse inputs of the provider that are not honored."""
        found = settings.problems(plain(request.new_inputs))
        return CheckResponse(request.new_inputs, [CheckFailure(key, reason) for key, reason in found.items()])

    async def diff_config(self, request: DiffRequest) -> DiffResponse:
        """Compare a provider's inputs with its last ones; a change replaces nothing."""
        old, new = plain(request.old_state), plain(request.new_inputs)
        changed = [key for key in {**old, **new} if old.get(key) != new.get(key) and key != "version"]
        return DiffResponse(changes=bool(changed), diffs=changed)

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Connect to the account; with inputs unknown at preview, later."""
        inputs = plain(request.args)
        if not contains_unknown(inputs):
            self._connection = await asyncio.to_thread(lambda: Connection(settings.provider_settings(inputs)))
        # Output values: SDK 3.259.0 fails on one without dependencies. References: ids say the same.
        return ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_outputs=False, accept_resources=False
        )

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Check a resource's inputs and give the missing ones their defaults."""
        resource = _resource(request.type)
        secrets = _secret_outputs(secret_keys(request.new_inputs))
        values, problems = resource.checked(
            plain(request.new_inputs),
            plain(request.old_inputs),
            request.name,
            request.random_seed,
            self._default_tags,
        )
        return CheckResponse(
            property_values(values, secrets),
            [
                # What is wrong is told with the value.
                CheckFailure(key, "the secret value is not one that AWS takes" if key in secrets else problem)
                for key, problem in sorted(problems.items())
            ],
        )

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Compare a resource as it is with its new inputs."""
        resource, old, new = _resource(request.type), plain(request.old_state), plain(request.new_inputs)
        ignored = {path.partition(".")[0].partition("[")[0] for path in request.ignore_changes}
        changes = list(resource.changes(old, new, self._default_tags, ignored))
        replaces = [change.name for change in changes if change.replaces]
        return DiffResponse(
            changes=bool(changes),
            replaces=replaces,
            diffs=[change.name for change in changes],
            detailed_diff={change.name: PropertyDiff(_diff_kind(change), input_diff=False) for change in changes},
            delete_before_replace=bool(replaces) and resource.replacement.old_first(new),
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Create a resource, or tell at preview what it will be."""
        resource, new = _resource(request.type), plain(request.properties)
        secrets = _secret_outputs(secret_keys(request.properties))
        if request.preview:
            return CreateResponse(None, property_values(resource.preview(new, None, self._default_tags), secrets))

        def create() -> tuple[str, dict[str, Any]]:
            resource_id = resource.create(self._aws, new)
            return resource_id, self._written(resource, resource_id, None, new)

        with _explained("", resource.doing("creating", new)):
            resource_id, state = await asyncio.to_thread(create)
        return CreateResponse(resource_id, property_values(state, secrets))

    async def read(self, request: ReadRequest) -> ReadResponse:
        """Read a resource for a refresh or an import; one that is gone is answered without an id."""
        resource = _resource(request.type)
        known = plain(request.properties) or resource.from_import_id(request.resource_id)
        with _explained(f"refreshing {request.urn}", resource.doing("reading", known, request.resource_id)):
            state = await asyncio.to_thread(resource.read, self._aws, request.resource_id, known)
        if state is None:
            return ReadResponse()
        secrets = _secret_outputs(secret_keys(request.inputs, request.properties))
        if request.properties:
            inputs = resource.refreshed_inputs(plain(request.inputs), state)
        else:
            inputs = resource.imported_inputs(state)
        return ReadResponse(
            request.resource_id if request.properties else resource.id_after_import(request.resource_id, state),
            property_values(state, secrets),
            property_values(inputs, secrets),
        )

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Update a resource, or tell at preview what it will be."""
        resource, old, new = _resource(request.type), plain(request.olds), plain(request.news)
        secrets = _secret_outputs(secret_keys(request.news))
        if request.preview:
            return UpdateResponse(property_values(resource.preview(new, old, self._default_tags), secrets))

        def update() -> dict[str, Any]:
            resource.update(self._aws, request.resource_id, old, new)
            return self._written(resource, resource.id_after_update(request.resource_id, new), old, new)

        with _explained(f"updating {request.urn}", resource.doing("updating", new, request.resource_id)):
            state = await asyncio.to_thread(update)
        return UpdateResponse(property_values(state, secrets))

    async def delete(self, request: DeleteRequest) -> None:
        """Delete a resource."""
        resource, old = _resource(request.type), plain(request.properties)
        with _explained(f"deleting {request.urn}", resource.doing("deleting", old, request.resource_id)):
            await asyncio.to_thread(resource.delete, self._aws, request.resource_id, old)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        """Call a function."""
        function = FUNCTIONS.get(request.tok)
        if function is None:
            raise RefusedError(f"the AWS stand-in does not know the function {request.tok}; {REAL_PLUGIN}")
        arguments = plain(request.args)
        described = f"reading {request.tok.rpartition(':')[2]} ({', '.join(map(str, arguments.values()))})"
        with _explained(f"invoking {request.tok}", described):
            results = await asyncio.to_thread(function, self._aws, arguments)
        return InvokeResponse(property_values(results))

    @property
    def _aws(self) -> Connection:
        if self._connection is None:
            raise RefusedError("the provider's inputs are not known yet, so that no account can be reached")
        return self._connection

    @property
    def _default_tags(self) -> dict[str, str]:
        return dict(self._connection.default_tags) if self._connection else {}

    def _written(
        self, resource: Resource, resource_id: str, old: dict[str, Any] | None, new: dict[str, Any]
    ) -> dict[str, Any]:
        known = (old or {}) | new
        state = resource.read(self._aws, resource_id, known)
        if state is None:
            raise RefusedError(
                f"{resource.describe(known, resource_id)} was removed by someone else while it was written"
            )
        return resource.written(state, old, new)


def _resource(qualified_type: str) -> Resource:
    # The type in a URN, which SDK 3.259.0 gives as it is, begins with the types of the parents: `…Component$aws:…`.
    type_name = qualified_type.rpartition("$")[2]
    if type_name not in RESOURCES:
        raise RefusedError(f"the AWS stand-in does not know the type {type_name}; {REAL_PLUGIN}")
    return RESOURCES[type_name]


def _secret_outputs(secrets: set[str]) -> set[str]:
    return secrets | {"tagsAll"} if "tags" in secrets else secrets


def _diff_kind(change: Change) -> PropertyDiffKind:
    if not change.old:
        return PropertyDiffKind.ADD_REPLACE if change.replaces else PropertyDiffKind.ADD
    if not change.new:
        return PropertyDiffKind.DELETE_REPLACE if change.replaces else PropertyDiffKind.DELETE
    return PropertyDiffKind.UPDATE_REPLACE if change.replaces else PropertyDiffKind.UPDATE


@contextmanager
def _explained(bridge: str, provider: str) -> Iterator[None]:
    """Turn AWS's errors into refusals, in the words of the bridge and of the provider.

    pkg/tfbridge/provider.go wraps what the Terraform provider answers, which comes as a list of one error. A create
    that made nothing is not wrapped.
    """
    try:
        yield
    except ClientError as error:
        told = f"{provider}: {explained(error)}"
    except BotoCoreError as error:
        told = f"{provider}: the local AWS server cannot be used: {error}"
    else:
        return
    raise RefusedError(f"{bridge}{': ' if bridge else ''}1 error occurred:\n\t* {told}\n\n")
