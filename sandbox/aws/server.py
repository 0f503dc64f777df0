"""The plugin's gRPC server: the SDK's, with its defects (SDK 3.259.0) worked around."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
import grpc.aio
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import DiffRequest, Provider
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.aws.errors import RefusedError

VERSION = "7.51.1"
"""The version of the AWS package whose types are stood in for."""

_REQUESTS = (
    "GetSchema",
    "CheckConfig",
    "DiffConfig",
    "Configure",
    "Invoke",
    "Check",
    "Diff",
    "Create",
    "Read",
    "Update",
    "Delete",
)
_ENGINE_CHECK_SECONDS = 0.5


class Servicer(ProviderServicer):
    """Answers the engine's requests; a RefusedError becomes an error with its text and nothing else."""

    def __init__(self, provider: Provider, engine_address: str) -> None:
        super().__init__([], VERSION, provider, engine_address)
        for name in _REQUESTS:
            setattr(self, name, _refusing(getattr(self, name)))

    async def DiffConfig(  # noqa: N802 - the name in the protocol
        self, request: provider_pb2.DiffRequest, context: object
    ) -> provider_pb2.DiffResponse:
        """Answer with the enum that the engine reads, where the SDK sends a bool, of which true means no difference."""
        del context
        response = await self._provider.diff_config(
            DiffRequest(
                request.urn,
                request.id,
                PropertyValue.unmarshal_map(request.olds),
                PropertyValue.unmarshal_map(request.news),
                list(request.ignoreChanges),
            )
        )
        changes = provider_pb2.DiffResponse.DIFF_SOME if response.changes else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, diffs=response.diffs)

    async def Read(  # noqa: N802 - the name in the protocol
        self, request: provider_pb2.ReadRequest, context: object
    ) -> provider_pb2.ReadResponse:
        """Answer with nothing for what is gone, where the SDK sends empty properties: the engine would import those."""
        response: provider_pb2.ReadResponse = await super().Read(request, context)  # type: ignore[no-untyped-call]
        return response if response.id else provider_pb2.ReadResponse()


class Connections:
    """Answers each connection with a provider of its own.

    An engine opens one for each provider of a program, and takes it that what answers there belongs to that provider
    alone: so one process can stand for many.
    """

    def __init__(self, provider: Callable[[], Provider], engine_address: str) -> None:
        self._servicers = defaultdict[str, Servicer](lambda: Servicer(provider(), engine_address))

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        """Return what answers a method of the protocol."""

        async def answer(request: object, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            if name == "Handshake":
                # An engine's first call: the port of an earlier one may be used again.
                self._servicers.pop(context.peer(), None)
            return await getattr(self._servicers[context.peer()], name)(request, context)

        return answer


async def serve(provider: Callable[[], Provider], engine_address: str) -> NoReturn:
    """Serve on a free port of 127.0.0.1, which is printed first, until whoever started this process is gone."""
    parent = os.getppid()
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    connections = Connections(provider, engine_address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(connections, server)  # type: ignore[arg-type]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while os.getppid() == parent:
        await asyncio.sleep(_ENGINE_CHECK_SECONDS)
    # At once: a call that still waits for its answer must not hold the process, for there is nobody left to tell.
    os._exit(0)


def _refusing(answer: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def answer_or_refuse(request: object, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            return await answer(request, context)
        except RefusedError as refusal:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(refusal))

    return answer_or_refuse
