"""Errors that a person reads, and AWS's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

REAL_PLUGIN = "the real plugin (pulumi-resource-aws from Pulumi) is needed for it"


class RefusedError(Exception):
    """The request cannot be carried out; the text says why and what to do, and is shown as it is."""


def refuse(operation: str, code: str, message: str) -> ClientError:
    """Return the error that AWS answers to `operation` where the local server would have let the call pass."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


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
