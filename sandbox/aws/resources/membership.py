"""aws:iam/groupMembership:GroupMembership"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from sandbox.aws.errors import RefusedError, missing_is_fine
from sandbox.aws.resources.base import Input, Kind, Resource, Values

if TYPE_CHECKING:
    from sandbox.aws.connection import Connection


class GroupMembership(Resource):
    """The members of a group.

    As in the real provider, a create only adds, and the outputs name the planned members: unlisted ones are seen by a
    refresh, and removed by the update after it.
    """

    type_name = "aws:iam/groupMembership:GroupMembership"
    title = "IAM Group Membership"
    inputs: ClassVar = {
        "name": Input(required=True),
        "group": Input(required=True),
        "users": Input(kind=Kind.SET, required=True),
    }

    def create(self, aws: Connection, new: Values) -> str:
        self._add(aws, new["group"], new["users"])
        return str(new["name"])

    def read(self, aws: Connection, resource_id: str, known: Values) -> Values | None:
        with missing_is_fine():
            pages = aws.iam.get_paginator("get_group").paginate(GroupName=known["group"])
            members = [user["UserName"] for page in pages for user in page["Users"]]
            return {"name": resource_id, "group": known["group"], "users": sorted(members)}
        return None

    def update(self, aws: Connection, resource_id: str, old: Values, new: Values) -> None:
        del resource_id
        self._remove(aws, new["group"], [user for user in old["users"] if user not in new["users"]])
        self._add(aws, new["group"], [user for user in new["users"] if user not in old["users"]])

    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        del resource_id
        self._remove(aws, old["group"], old["users"])

    def from_import_id(self, resource_id: str) -> Values:
        raise RefusedError(
            f"{self.type_name} {resource_id!r} cannot be imported, neither here nor with the real provider: let the "
            "program create it, which leaves the members that are in the group already"
        )

    @staticmethod
    def _add(aws: Connection, group: str, users: Iterable[str]) -> None:
        for user in users:
            aws.iam.add_user_to_group(GroupName=group, UserName=user)

    @staticmethod
    def _remove(aws: Connection, group: str, users: Iterable[str]) -> None:
        for user in users:
            with missing_is_fine():
                aws.iam.remove_user_from_group(GroupName=group, UserName=user)
