"""Resources as plain data, whatever they come from (the policy SDK, a state, a plan) and however types and properties
are spelt; what is not known yet is marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, Final

from delegation_pack.facts import partition_of

_ACCOUNT = re.compile(r"\d{12}")
_MODULES = {"aws:iam": "iam", "aws-native:iam": "iam", "aws:ssoadmin": "ssoadmin"}
_COMPUTED = frozenset({"inlinepolicies", "managedpolicyarns"})
"""Outputs of a role that say what AWS had before the update unless they are inputs too."""


class ModelError(ValueError):
    """A resource of which something cannot be read that has to be known; the text is a full sentence."""


class Unknown:
    """A value that is not known before the update."""

    def __repr__(self) -> str:
        return "unknown"


class Encrypted:
    """A secret of which only the encrypted form is there."""


UNKNOWN: Final = Unknown()
ENCRYPTED: Final = Encrypted()


def holds_unknown(value: Any) -> bool:
    """Tell whether plain data holds an unknown value anywhere."""
    if isinstance(value, Mapping):
        return any(holds_unknown(item) for item in value.values())
    return any(map(holds_unknown, value)) if isinstance(value, list) else value is UNKNOWN


@cache
def folded(name: str) -> str:
    """Return a property's name as it is compared: assume_role_policy, assumeRolePolicy and AssumeRolePolicy are one."""
    return name.replace("_", "").lower()


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """One resource."""

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
    provider_urn: str = ""
    dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """URNs of the resources from which a property's value comes, by the property's folded name."""
    neighbor: str | None = None
    """ARN of a resource of the same provider, which tells account and partition where nothing else does."""
    waits_for: frozenset[str] = frozenset()
    """URNs of the resources that have to be there before it."""
    roles: Mapping[str, Mapping[str, Resource]] = field(default_factory=dict)
    """The roles that the same run has shown before, by name in lower case, empty where it is not known, and URN; of a
    resource that is judged by itself."""

    @cached_property
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
    def provider_name(self) -> str:
        """The name of its provider; empty if it has none."""
        return self.provider_urn.rpartition("::")[2]

    @property
    def stack(self) -> str:
        """The name of its stack."""
        return self.urn.partition("::")[0].removeprefix("urn:pulumi:")

    @cached_property
    def account(self) -> str | None:
        """The account that the resource is in, where its provider or its ARN says so."""
        return only_account(self.provider) or account_of(self.get("arn")) or account_of(self.neighbor)

    @property
    def exists(self) -> bool:
        """Whether AWS has said its ARN: an input says only what somebody wants."""
        return isinstance(self.outputs.get("arn"), str)

    @property
    def place(self) -> str:
        """Where a name means one thing: the account, or what this provider reaches where the account is not known."""
        return self.account or self.provider_urn

    def is_apart_from(self, other: Resource) -> bool:
        """Tell whether two resources are known to be in two accounts."""
        return bool(self.account and other.account and self.account != other.account)

    @cached_property
    def partition(self) -> str | None:
        """The partition of the resource's account: its ARN's, else its provider's region's; None if neither says it."""
        for arn in (self.text("arn"), self.neighbor):
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

    @cached_property
    def _by_folded_name(self) -> Mapping[str, list[tuple[str, Any]]]:
        found: dict[str, list[tuple[str, Any]]] = {}
        for name, value in self.properties.items():
            found.setdefault(folded(name), []).append((name, value))
        return found

    def values(self, *names: str) -> Iterator[tuple[str, Any]]:
        """Yield name as written and value of each property that is one of the folded names.

        Raises:
            ModelError: a value is an encrypted secret.
        """
        for wanted in names:
            for name, value in self._by_folded_name.get(wanted, ()):
                if value is ENCRYPTED:
                    raise ModelError(
                        f"{name} of {self.name} ({self.type}) is an encrypted secret: "
                        "export the state with `pulumi stack export --show-secrets`, or do not mark it as secret."
                    )
                yield name, value

    def get(self, name: str) -> Any:
        """Return a property by its folded name; None if there is none, `UNKNOWN` if it is not known."""
        return next((value for _, value in self.values(name)), None)

    def text(self, *names: str) -> str | None:
        """Return the first property of the folded names that is a known text."""
        return next((v for name in names for _, v in self.values(name) if isinstance(v, str)), None)


def with_neighbors(resources: Iterable[Resource]) -> list[Resource]:
    """Return resources, each with the ARN of something in IAM that the same provider has made."""
    found: dict[str, str] = {}
    resources = list(resources)
    for one in resources:
        # IAM makes things in the caller's own account only. What is an input is what somebody says.
        arn = one.outputs.get("arn") if one.kind.startswith("iam.") else None
        if account_of(arn):
            found.setdefault(one.provider_urn, str(arn))
    return [replace(one, neighbor=found.get(one.provider_urn)) for one in resources]


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
