"""The provider's inputs, as far as the stand-in honors them."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sandbox.aws.errors import REAL_PLUGIN, RefusedError
from sandbox.aws.wire import UNKNOWN, contains_unknown

_HONOURED = {"profile", "region", "allowedAccountIds", "defaultTags"}
_WITHOUT_EFFECT = {"version", "pluginDownloadURL"}
_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS")


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """What one explicit provider is configured with."""

    endpoint: str
    """The local AWS server, such as `http://127.0.0.1:5000`."""
    region: str
    profile: str | None = None
    """Name of the AWS profile that gives the credentials; without one the environment gives them."""
    allowed_account_ids: tuple[str, ...] = ()
    """The accounts the credentials may belong to; empty allows any."""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    """Tags that every resource gets unless it sets the same key."""


def problems(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return, by property, what cannot be honored in a provider's inputs."""
    found = {}
    for key, value in inputs.items():
        ignored = key in _WITHOUT_EFFECT or key.startswith(("skip", "__"))
        if key not in _HONOURED and not ignored:
            found[key] = f"the AWS stand-in does not honor {key}; {REAL_PLUGIN}"
        elif key in ("allowedAccountIds", "defaultTags") and not contains_unknown(value):
            try:
                _decoded(value)
            except ValueError:
                found[key] = f"{value!r} is not JSON"
    tags = _decoded(inputs.get("defaultTags", {})) if "defaultTags" not in found else {}
    if isinstance(tags, dict) and tags.keys() - {"tags"}:
        found["defaultTags"] = f"the AWS stand-in knows nothing but tags in it; {REAL_PLUGIN}"
    return found


def provider_settings(inputs: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> ProviderSettings:
    """Return the settings in a provider's inputs and the environment.

    Raises RefusedError for an input that is not honored, a missing region, a missing endpoint, and an endpoint that is
    not on loopback.
    """
    if found := problems(inputs):
        raise RefusedError("; ".join(f"{key}: {reason}" for key, reason in found.items()))
    region = inputs.get("region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise RefusedError("no AWS region is set: give the provider a region or set AWS_REGION")
    return ProviderSettings(
        endpoint=_local_endpoint(environment),
        region=region,
        profile=inputs.get("profile") or environment.get("AWS_PROFILE"),
        allowed_account_ids=tuple(_decoded(inputs.get("allowedAccountIds", []))),
        default_tags=_decoded(inputs.get("defaultTags", {})).get("tags", {}),
    )


def is_loopback(url: str) -> bool:
    """Tell whether a URL's host is this machine by its very address: 127.0.0.0/8, ::1 or `localhost`."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _local_endpoint(environment: Mapping[str, str]) -> str:
    for variable in _ENDPOINT_VARIABLES:
        url = environment.get(variable)
        if url and not is_loopback(url):
            raise RefusedError(
                f"{variable} is {url}, which is not on loopback: the AWS stand-in works on local accounts only; "
                f"for real AWS {REAL_PLUGIN.removesuffix(' for it')}"
            )
    endpoint = environment.get("AWS_ENDPOINT_URL")
    if not endpoint:
        raise RefusedError(
            "AWS_ENDPOINT_URL is not set: the AWS stand-in works on local accounts only and never reaches real AWS; "
            f"for real AWS {REAL_PLUGIN.removesuffix(' for it')}"
        )
    return endpoint


def _decoded(value: Any) -> Any:
    # The SDK sends a provider's lists and objects as JSON texts.
    return json.loads(value) if isinstance(value, str) and value != UNKNOWN else value
