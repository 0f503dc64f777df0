"""One account of the local AWS server, looked at from inside the server's process."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any


class Account:
    """The IAM of an account.

    The server's own objects have no types; what is read of them is listed here, in one place.
    """

    def __init__(self, account_id: str, partition: str) -> None:
        from moto.iam.models import iam_backends

        self.account_id = account_id
        self.partition = partition
        self._iam = iam_backends[account_id][partition]

    def other(self, account_id: str) -> Account:
        """Return another account of the same partition."""
        return Account(account_id, self.partition)

    def user(self, name: str) -> Any:
        """Return the user of a name, or None."""
        return self._iam.users.get(name)

    def group(self, name: str) -> Any:
        """Return the group of a name, or None."""
        return self._iam.groups.get(name)

    def role(self, name: str) -> Any:
        """Return the role of a name, or None."""
        return next((role for role in list(self._iam.roles.values()) if role.name == name), None)

    def policy(self, arn: str) -> Any:
        """Return the managed policy of an ARN, AWS's own included, or None."""
        return self._iam.managed_policies.get(arn)

    def owner(self, kind: str, name: str) -> Any:
        """Return the user, group or role of a name, or None; `kind` is `User`, `Group` or `Role`."""
        return {"User": self.user, "Group": self.group, "Role": self.role}[kind](name)

    def names(self, kind: str) -> Collection[str]:
        """Return the names of all users, groups, roles or customer-managed policies; `kind` as above, or `Policy`."""
        match kind:
            case "User":
                return list(self._iam.users)
            case "Group":
                return list(self._iam.groups)
            case "Role":
                return [role.name for role in list(self._iam.roles.values())]
        own = f":{self.account_id}:"
        return [policy.name for arn, policy in list(self._iam.managed_policies.items()) if own in arn]

    def groups_of(self, user: str) -> list[str]:
        """Return the names of a user's groups."""
        return [
            group.name for group in list(self._iam.groups.values()) if user in {member.name for member in group.users}
        ]

    def principals_of(self, arn: str) -> Iterator[Any]:
        """Yield the users, groups and roles that a managed policy is attached to."""
        owners: list[Any] = [*self._iam.users.values(), *self._iam.groups.values(), *self._iam.roles.values()]
        yield from (owner for owner in owners if arn in owner.managed_policies)

    def bounded_by(self, arn: str) -> bool:
        """Tell whether a managed policy is the permissions boundary of a role."""
        return any(role.permissions_boundary_arn == arn for role in list(self._iam.roles.values()))

    def move_group(self, name: str, path: str) -> None:
        """Give a group another path, which the server itself does only along with another name."""
        self._iam.groups[name].path = path
