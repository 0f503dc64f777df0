"""The users, groups and roles of all accounts that the states describe, and how people name them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from delegation_pack import model as entities
from delegation_pack.facts import PARTITIONS, SOURCE
from delegation_pack.model import ModelError, Principal, PrincipalType, Resource

from access.read_back import policies_made, settled
from access.states import InputError, Stack, placed


class Placed(Principal):
    """A principal of which account, partition and name are known, as all are that have been checked."""

    account: str
    partition: str
    name: str


User = Placed
Group = Placed
Role = Placed


@dataclass(frozen=True)
class Model:
    """All accounts of the stacks."""

    users: Sequence[User]
    groups: Sequence[Group]
    roles: Sequence[Role]
    labels: Mapping[str, str]
    """Name of each account: its alias, the stack that describes it, else its id."""
    stacks: Sequence[Stack]
    entities: entities.Model
    """All resources and principals, as the policy pack's model has them: one that two stacks make is there twice."""

    @property
    def not_judged(self) -> Sequence[Resource]:
        """Resources that hold IAM documents, or may, and on which there is no verdict."""
        return self.entities.not_judged

    @property
    def accounts(self) -> list[str]:
        """The accounts that have roles, by label."""
        return sorted({role.account for role in self.roles}, key=self.label)

    def label(self, account: str) -> str:
        """Return what an account is called."""
        return self.labels.get(account, account)

    def user(self, text: str) -> User:
        """Find a user by name or ARN.

        Raises:
            InputError: there is none, or more than one of that name.
        """
        found = [user for user in self.users if text in (user.arn, user.name)]
        if len(found) > 1:
            raise InputError(f"There are {len(found)} users {text}; give one's ARN: {', '.join(u.arn for u in found)}.")
        return found[0] if found else _none("user", text, [user.name for user in self.users])

    def account(self, text: str) -> str:
        """Find an account by id or label.

        Raises:
            InputError: the stacks hold no role in such an account.
        """
        known = {role.account for role in self.roles} | {user.account for user in self.users}
        found = [account for account in known if text in (account, self.label(account))]
        return found[0] if found else _none("account", text, [*map(self.label, known), *known])

    def roles_in(self, account: str, name: str | None = None) -> list[Role]:
        """Find the roles of an account, or the one called `name`: with its path or without, or by ARN.

        Raises:
            InputError: there is none.
        """
        here = [role for role in self.roles if role.account == account]
        found = [r for r in here if name in (None, r.name, r.arn, f"{r.path}{r.name}".lstrip("/"))]
        return found or _none("role", name or "", [r.name for r in here], f" in {self.label(account)} ({account})")


def _none(what: str, text: str, known: Iterable[str], where: str = "") -> Any:
    names = list(dict.fromkeys(known))
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(sorted(names)[:8]) or 'none'}."
    raise InputError(f"There is no {what} {text}{where} in these states. {hint}")


def build(stacks: Sequence[Stack], others: Sequence[Stack] = ()) -> Model:
    """Build the model of all accounts that the stacks describe.

    `others` are the stacks at another moment, with which the model will be compared.

    Raises:
        InputError: a resource cannot be placed, or what it says is encrypted.
    """
    try:
        resources, compared = ([one for stack in each for one in placed(stack)] for each in (stacks, others))
        found = entities.Model(settled(resources, policies_made([*resources, *compared])))
        aliases = found.of("iam.AccountAlias")
        for resource in (*found.read, *aliases):
            if resource.kind.startswith("iam."):
                _check_place(resource)
        for principal in found.principals:
            if principal.resource and principal.name is None:
                resource = principal.resource
                raise InputError(f"The name of {resource.name} ({resource.type}) is not known before the deployment.")
        users, groups, roles = (
            _sorted(found.having(type_)) for type_ in (PrincipalType.USER, PrincipalType.GROUP, PrincipalType.ROLE)
        )
        labels = _labels([*users, *groups, *roles], aliases)
        return Model(users, groups, roles, labels, stacks, found)
    except ModelError as error:
        raise InputError(str(error)) from None


def _check_place(resource: Resource) -> None:
    if not (resource.account and resource.partition):
        raise InputError(
            f"It is not known which account and partition {resource.name} ({resource.type}) is in: its provider "
            "has nothing with an ARN, and not both allowedAccountIds and a region. "
            "For a plan, preview with --show-sames or give the stack's state too (--state)."
        )
    if resource.partition not in PARTITIONS:
        raise InputError(
            f"{resource.name} ({resource.type}) is in partition {resource.partition}, of which nothing is known here "
            f"({SOURCE}): update the policy pack."
        )


def _sorted(principals: Iterable[Principal]) -> list[Placed]:
    # A principal that two stacks make is one.
    found: dict[str, Placed] = {}
    for principal in principals:
        if principal.name:
            found.setdefault(principal.arn, cast(Placed, principal))
    return [found[arn] for arn in sorted(found)]


def _labels(principals: Iterable[Principal], aliases: Iterable[Resource]) -> dict[str, str]:
    owners: dict[str, set[str]] = {}
    for principal in principals:
        if principal.resource:
            owners.setdefault(str(principal.account), set()).add(principal.resource.stack)
    labels = {account: next(iter(stacks)) for account, stacks in owners.items() if len(stacks) == 1}
    labels |= {str(one.account): one.text("accountalias") or "" for one in aliases}
    # A name that two accounts would have is none.
    return {account: label for account, label in labels.items() if list(labels.values()).count(label) == 1}


def read_at(model: Model) -> str:
    """When the newest of the states was written (ISO 8601, UTC); now, if none says."""
    times = [stack.time for stack in model.stacks if stack.time]
    return max(times)[:19] + "Z" if times else datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
