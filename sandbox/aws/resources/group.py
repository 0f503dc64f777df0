"""aws:iam/group:Group"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sandbox.aws import names
from sandbox.aws.errors import missing_is_fine
from sandbox.aws.resources.base import PATH, Input, Resource, Values
from sandbox.aws.wire import UNKNOWN

if TYPE_CHECKING:
    from sandbox.aws.connection import Connection


class Group(Resource):
    """An IAM group; name and path change in place."""

    type_name = "aws:iam/group:Group"
    title = "IAM Group"
    inputs: ClassVar = {"name": Input(required=True, check=names.name_up_to(128)), "path": PATH}
    computed = ("arn", "uniqueId")

    def create(self, aws: Connection, new: Values) -> str:
        return aws.iam.create_group(GroupName=new["name"], Path=new["path"])["Group"]["GroupName"]

    def read(self, aws: Connection, resource_id: str, known: Values) -> Values | None:
        del known
        with missing_is_fine():
            group = aws.iam.get_group(GroupName=resource_id)["Group"]
            return {
                "name": group["GroupName"],
                "path": group["Path"],
                "arn": group["Arn"],
                "uniqueId": group["GroupId"],
            }
        return None

    def update(self, aws: Connection, resource_id: str, old: Values, new: Values) -> None:
        del old
        aws.iam.update_group(GroupName=resource_id, NewGroupName=new["name"], NewPath=new["path"])

    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        del old
        with missing_is_fine():
            aws.iam.delete_group(GroupName=resource_id)

    def id_after_update(self, resource_id: str, new: Values) -> str:
        del resource_id
        return str(new["name"])

    def unsettled(self, old: Values, new: Values) -> Values:
        renamed = (old.get("name"), old.get("path")) != (new.get("name"), new.get("path"))
        return {"arn": UNKNOWN} if renamed else {}
