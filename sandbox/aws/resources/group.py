"""aws:iam/group:Group"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sandbox.aws import names, refusals
from sandbox.aws.errors import missing_is_fine
from sandbox.aws.resources.base import PATH, Input, Resource, Values
from sandbox.aws.wire import UNKNOWN

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from sandbox.aws.connection import Connection


class Group(Resource):
    """An IAM group; name and path change in place."""

    type_name = "aws:iam/group:Group"
    title = "IAM Group"
    inputs: ClassVar = {"name": Input(required=True, check=names.name_up_to(128)), "path": PATH}
    computed = ("arn", "uniqueId")

    def create(self, aws: Connection, new: Values) -> str:
        refusals.check_new_name("CreateGroup", "Group", new["name"], _group_names(aws.inside()))
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
        others = (other for other in _group_names(aws.inside()) if other != old["name"])
        refusals.check_new_name("UpdateGroup", "Group", new["name"], others)
        name = resource_id
        if new["name"] == name:
            # AWS changes a path alone; the local server does so only along with the name.
            aws.inside().update_group(GroupName=name, NewGroupName=f"{name}-", NewPath=new["path"])
            name = f"{name}-"
        aws.iam.update_group(GroupName=name, NewGroupName=new["name"], NewPath=new["path"])

    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        del old
        with missing_is_fine():
            refusals.check_nothing_left("DeleteGroup", _leftovers(aws.inside(), resource_id))
            aws.iam.delete_group(GroupName=resource_id)

    def id_after_update(self, resource_id: str, new: Values) -> str:
        del resource_id
        return str(new["name"])

    def unsettled(self, old: Values, new: Values) -> Values:
        renamed = (old.get("name"), old.get("path")) != (new.get("name"), new.get("path"))
        return {"arn": UNKNOWN} if renamed else {}


def _group_names(iam: IAMClient) -> list[str]:
    return [group["GroupName"] for page in iam.get_paginator("list_groups").paginate() for group in page["Groups"]]


def _leftovers(iam: IAMClient, group: str) -> list[tuple[object, str]]:
    return [
        (iam.get_group(GroupName=group)["Users"], "remove users from group"),
        (iam.list_attached_group_policies(GroupName=group)["AttachedPolicies"], "detach all policies"),
        (iam.list_group_policies(GroupName=group)["PolicyNames"], "delete policies"),
    ]
