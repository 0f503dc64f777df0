"""Errors that a person reads."""

from __future__ import annotations

from botocore.exceptions import ClientError


class Refusal(Exception):
    """The request cannot be carried out; the text says why and what to do, and is shown as it is."""


REAL_PLUGIN = "the real plugin (pulumi-resource-aws from Pulumi) is needed for it"


def refuse(operation: str, code: str, message: str) -> ClientError:
    """Return the error that AWS answers to `operation` where the local server would have let the call pass."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def code_of(error: ClientError) -> str:
    """Return AWS's error code, such as `NoSuchEntity`."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def message_of(error: ClientError) -> str:
    """Return AWS's sentence about the error."""
    return str(error.response.get("Error", {}).get("Message", error))
