"""Errors that a person reads, and AWS's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import botocore.session
from botocore.exceptions import ClientError
from botocore.model import ServiceModel

REAL_PLUGIN = "the real plugin (pulumi-resource-aws from Pulumi) is needed for it"


class RefusedError(Exception):
    """The request cannot be carried out; the text says why and what to do, and is shown as it is."""


def explained(error: ClientError) -> str:
    """Return AWS's error as its SDK for Go, which the real provider uses, prints it."""
    response = error.response.get("ResponseMetadata", {})
    # An error that the operation's model does not name is one of the whole API to the SDK.
    modeled = code_of(error) in _modeled(error.operation_name)
    return (
        f"operation error IAM: {error.operation_name}, https response error "
        f"StatusCode: {response.get('HTTPStatusCode', 0)}, RequestID: {response.get('RequestId', '')}, "
        f"{'' if modeled else 'api error '}{code_of(error)}: {message_of(error)}"
    )


@cache
def _modeled(operation: str) -> frozenset[str]:
    shapes = _iam().operation_model(operation).error_shapes
    return frozenset(str(shape.metadata.get("error", {}).get("code", shape.name)) for shape in shapes)


@cache
def _iam() -> ServiceModel:
    return botocore.session.Session().get_service_model("iam")


def code_of(error: ClientError) -> str:
    """Return AWS's error code, such as `NoSuchEntity`."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def message_of(error: ClientError) -> str:
    """Return AWS's sentence about the error."""
    return str(error.response.get("Error", {}).get("Message", error))


@contextmanager
def missing_is_fine() -> Iterator[None]:
    """Leave the block quietly when AWS answers that something is not there."""
    # The clients' own exception classes differ from client to client; the code does not.
    try:
        yield
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
