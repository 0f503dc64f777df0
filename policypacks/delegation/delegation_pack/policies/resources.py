"""Resources as the policies see them: plain data, whatever the spelling of types and properties, unknown values
marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from pulumi_policy import PolicyProviderResource, PolicyResource, ResourceValidationArgs, StackValidationArgs, proxy

from delegation_pack.facts import partition_of

_SENTINELS = (
    proxy.UNKNOWN_ARCHIVE_VALUE,
    proxy.UNKNOWN_ARRAY_VALUE,
    proxy.UNKNOWN_ASSET_VALUE,
    proxy.UNKNOWN_BOOLEAN_VALUE,
    proxy.UNKNOWN_NUMBER_VALUE,
    proxy.UNKNOWN_OBJECT_VALUE,
    proxy.UNKNOWN_STRING_VALUE,
)
_ACCOUNT = re.compile(r"\d{12}")
_MODULES = {
    "aws:iam": "iam",
    "aws-native:iam": "iam",
    "aws:ssoadmin": "ssoadmin",
}


_COMPUTED = frozenset({"inlinepolicies", "managedpolicyarns"})
"""Outputs of a role that say what AWS had before the update unless they are inputs too."""


class Unknown:
    """A value that is not known before the update."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()


def plain(value: Any) -> Any:
    """Return a property's value as plain data; `UNKNOWN` stands where a value, or a part of a text, is not known."""
    if isinstance(value, str):
        return UNKNOWN if any(sentinel in value for sentinel in _SENTINELS) else value
    if isinstance(value, Mapping):
        return {str(key): _item(value, key) for key in value}
    if isinstance(value, Sequence):
        return [_item(value, i) for i in range(len(value))]
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except proxy.UnknownValueError:
        return UNKNOWN


def holds_unknown(value: Any) -> bool:
    """Tell whether plain data holds an unknown value anywhere."""
    if isinstance(value, Mapping):
        return any(holds_unknown(item) for item in value.values())
    return any(map(holds_unknown, value)) if isinstance(value, list) else value is UNKNOWN


def folded(name: str) -> str:
    """Return a property's name as it is compared: assume_role_policy, assumeRolePolicy and AssumeRolePolicy are one."""
    return name.replace("_", "").lower()


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """One resource of the stack."""

    urn: str
    type: str
    """As in the URN: aws:iam/role:Role."""
    name: str
    inputs: Mapping[str, Any]
    """Plain data by the property's name as written; empty where they were not seen."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Plain data by the property's name as written; empty before the stack is complete."""
    provider: Mapping[str, Any] | None = None
    """The provider's inputs; None if the resource has no provider."""
    provider_name: str = ""
    dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """URNs of the resources from which a property's value comes, by the property's folded name."""

    @property
    def kind(self) -> str:
        """The type without package and file: "iam.Role"; empty for what is neither IAM nor IAM Identity Center."""
        package, _, rest = self.type.partition(":")
        module, _, name = rest.rpartition(":")
        known = _MODULES.get(f"{package}:{module.partition('/')[0]}")
        return f"{known}.{name}" if known else ""

    @property
    def label(self) -> str:
        """How messages name it: "Role 'access-role'"."""
        return f"{self.type.rpartition(':')[2]} '{self.name}'"

    @property
    def account(self) -> str | None:
        """The account that the resource is in, where its provider or its ARN says so."""
        return only_account(self.provider) or account_of(self.get("arn"))

    @property
    def partition(self) -> str | None:
        """The partition of the resource's account: its ARN's, else its provider's region's; None if neither says it."""
        arn = self.text("arn")
        if account_of(arn):
            return str(arn).split(":")[1]
        found = partition_of(str((self.provider or {}).get("region")))
        return found.id if found else None

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """Plain data by the property's name as written, without nulls: what the stack will hold, as far as it is
        known."""
        computed = _COMPUTED if self.inputs else frozenset()
        outputs = {
            name: value
            for name, value in self.outputs.items()
            if value is not None and value is not UNKNOWN and folded(name) not in computed
        }
        known = {folded(name) for name in outputs}
        inputs = self.inputs or self.outputs
        return outputs | {n: value for n, value in inputs.items() if value is not None and folded(n) not in known}

    def values(self, *names: str) -> Iterator[tuple[str, Any]]:
        """Yield name as written and value of each property that is one of the folded names."""
        return ((name, value) for name, value in self.properties.items() if folded(name) in names)

    def get(self, name: str) -> Any:
        """Return a property by its folded name; None if there is none, `UNKNOWN` if it is not known."""
        return next((value for _, value in self.values(name)), None)

    def text(self, name: str) -> str | None:
        """Return a property that is a known text."""
        value = self.get(name)
        return value if isinstance(value, str) else None


_inputs: dict[str, Mapping[str, Any]] = {}
"""Inputs by URN, as seen when each resource was judged by itself: a stack policy is shown outputs only."""


def of_resource(args: ResourceValidationArgs) -> Resource:
    """Return the resource that a resource policy is shown."""
    inputs = plain(args.props)
    _inputs[args.urn] = inputs
    return Resource(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        inputs=inputs,
        provider=_provider(args.provider),
        provider_name=args.provider.name if args.provider else "",
    )


class Stack:
    """All resources of the stack."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.resources = resources
        self._by_urn = {resource.urn: resource for resource in resources}

    def of(self, *kinds: str) -> list[Resource]:
        """Return the resources of these kinds."""
        return [resource for resource in self.resources if resource.kind in kinds]

    def sources(self, resource: Resource, name: str) -> list[Resource]:
        """Return the resources from which a property, by its folded name, takes its value."""
        return [self._by_urn[urn] for urn in resource.dependencies.get(name, ()) if urn in self._by_urn]


def of_stack(args: StackValidationArgs) -> Stack:
    """Return the resources that a stack policy is shown."""
    return Stack([_in_stack(resource) for resource in args.resources])


def forget() -> None:
    """Forget what was seen of single resources, at the end of a run."""
    _inputs.clear()


def _in_stack(resource: PolicyResource) -> Resource:
    return Resource(
        urn=resource.urn,
        type=resource.resource_type,
        name=resource.name,
        inputs=_inputs.get(resource.urn, {}),
        outputs=plain(resource.props),
        provider=_provider(resource.provider),
        provider_name=resource.provider.name if resource.provider else "",
        dependencies={
            folded(name): [one.urn for one in sources] for name, sources in resource.property_dependencies.items()
        },
    )


def _provider(provider: PolicyProviderResource | None) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = plain(provider.props) if provider else None
    return found


def allowed_accounts(provider: Mapping[str, Any] | None) -> Any:
    """Return a provider's allowed accounts: a list, None if there are none, `UNKNOWN`, or whatever else stands there.

    An explicit provider's inputs are JSON texts, a default provider's are plain.
    """
    for name, value in (provider or {}).items():
        if folded(name) == "allowedaccountids":
            if isinstance(value, str):
                try:
                    return json.loads(value)
                except ValueError:
                    return value
            return value
    return None


def only_account(provider: Mapping[str, Any] | None) -> str | None:
    """Return the one account that a provider can act in; None if that is not settled."""
    accounts = allowed_accounts(provider)
    if isinstance(accounts, list) and len(accounts) == 1 and is_account(accounts[0]):
        return str(accounts[0])
    return None


def is_account(value: object) -> bool:
    """Tell whether a value is an account id."""
    return isinstance(value, str) and _ACCOUNT.fullmatch(value) is not None


def account_of(arn: object) -> str | None:
    """Return the account of an ARN."""
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    return parts[4] if len(parts) == 6 and is_account(parts[4]) else None
