"""Pulumi mocks that record every registration, call, output and message as plain data."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

PROVIDER = "pulumi:providers:aws"
NO_GROUP = "NoSuchEntity: The group with name IT-Admins cannot be found"

Members = Mapping[str, Sequence[str]] | Sequence[str] | str
"""ARNs of the users in each live group, or in all of them, or the text of the provider's refusal."""


@dataclass(frozen=True)
class Resource:
    """One registration, as plain data; `parent` and `dependencies` are URNs, `provider` is `<URN>::<id>`."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    parent: str
    provider: str
    protect: bool
    dependencies: Sequence[str]
    delete_before_replace: bool | None
    """None leaves it to the provider."""
    ignore_changes: Sequence[str]
    aliases: Sequence[str]
    """Former names."""

    @property
    def account(self) -> str:
        """Name of the explicit provider, which is one per account."""
        return self.provider.split("::")[3] if self.provider else ""

    def document(self, property_name: str = "policy") -> dict[str, Any]:
        """Return a policy document of the resource, parsed."""
        return json.loads(self.inputs[property_name])  # type: ignore[no-any-return]


@dataclass
class Recorded:
    """What a program registered, called, exported and said."""

    resources: list[Resource] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    exit_code: int = 0

    def of(self, type_: str) -> list[Resource]:
        """Return the resources of one type, by name, as the order of registrations differs between Python versions."""
        return sorted((resource for resource in self.resources if resource.type == type_), key=lambda found: found.name)

    def one(self, type_: str) -> Resource:
        """Return the only resource of a type."""
        (resource,) = self.of(type_)
        return resource

    def named(self, name: str) -> Resource:
        """Return the only resource of a name."""
        (resource,) = [resource for resource in self.resources if resource.name == name]
        return resource

    def said(self, level: str) -> list[str]:
        """Return the messages of one level: WARNING or ERROR."""
        return [message for logged, message in self.log if logged == level]


class ProviderError(grpc.RpcError):  # type: ignore[misc]
    """What the engine answers when a provider refuses a call."""

    def __init__(self, details: str) -> None:
        super().__init__(details)
        self._details = details

    def code(self) -> grpc.StatusCode:
        """Return the code that the engine gives for any refusal of a provider."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """Return the provider's words."""
        return self._details


class LiveAccounts(Mocks):
    """Answers as AWS would: ids and ARNs of what is registered, the live groups and the live roles."""

    def __init__(self, recorded: Recorded, members: Members, revocations: Mapping[str, str] | str) -> None:
        self.recorded = recorded
        self.members = members
        self.revocations = revocations

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "aws:iam/rolePolicy:RolePolicy" and args.resource_id:
            role, _, name = args.resource_id.partition(":")
            return args.resource_id, {"role": role, "name": name, "policy": self._revocations()[role]}
        name = args.inputs.get("name", args.name)
        return f"{name}-id", args.inputs | {"arn": f"arn:of:{args.typ.rpartition(':')[2]}/{name}"}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        account = args.provider.split("::")[3]
        (name,) = args.args.values()
        self.recorded.calls.append(f"{args.token} {name} by {account}")
        if args.token == "aws:iam/getRolePolicies:getRolePolicies":  # noqa: S105
            names = ["role-management"] + ["AWSRevokeOlderSessions"] * (name in self._revocations())
            return {"roleName": name, "policyNames": names}, []
        members = self.members.get(name, NO_GROUP) if isinstance(self.members, Mapping) else self.members
        if isinstance(members, str):
            raise ProviderError(members)
        users = [{"arn": arn, "path": "/", "userId": "AIDA", "userName": arn} for arn in members]
        return {"arn": "arn", "groupId": "id", "id": "id", "groupName": "g", "path": "/", "users": users}, []

    def _revocations(self) -> Mapping[str, str]:
        if isinstance(self.revocations, str):
            raise ProviderError(self.revocations)
        return self.revocations


class RecordingMonitor(MockMonitor):
    """Keeps each registration as the engine would get it, its options included."""

    def __init__(self, mocks: LiveAccounts) -> None:
        super().__init__(mocks)
        self.recorded = mocks.recorded

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (named by the RPC)
        self.recorded.resources.append(
            Resource(
                type=request.type,
                name=request.name,
                inputs=rpc.deserialize_properties(request.object),
                parent=request.parent,
                provider=request.provider,
                protect=request.protect,
                dependencies=list(request.dependencies),
                delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
                ignore_changes=list(request.ignoreChanges),
                aliases=[alias.spec.name for alias in request.aliases],
            )
        )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


class Log(logging.Handler):
    """Keeps what the program says to the user."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__()
        self.recorded = recorded

    def emit(self, record: logging.LogRecord) -> None:
        self.recorded.log.append((record.levelname, record.getMessage()))


RunPulumi = Callable[..., Recorded]
"""Runs a program under the mocks; the fixture `run_pulumi` tells its arguments."""
