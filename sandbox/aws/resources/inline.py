"""aws:iam/rolePolicy:RolePolicy and aws:iam/groupPolicy:GroupPolicy"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.aws import names
from sandbox.aws.errors import missing_is_fine
from sandbox.aws.resources.base import Input, Kind, Resource, Values, document_output, split_id

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from sandbox.aws.connection import Connection


class InlinePolicy(Resource):
    """A policy inside a role or a group; its id is `<owner>:<policy>`."""

    owner: ClassVar[str]
    """The input that names the owner, and what AWS calls it: `role` or `group`."""
    unsupported = ("namePrefix",)

    @abstractmethod
    def names(self, iam: IAMClient, owner: str) -> list[str]:
        """Return the names of an owner's inline policies."""

    @abstractmethod
    def get(self, iam: IAMClient, owner: str, name: str) -> Mapping[str, Any] | str:
        """Return the document of an inline policy."""

    @abstractmethod
    def put(self, iam: IAMClient, owner: str, name: str, text: str) -> None:
        """Write an inline policy, new or not."""

    @abstractmethod
    def remove(self, iam: IAMClient, owner: str, name: str) -> None:
        """Delete an inline policy."""

    def create(self, aws: Connection, new: Values) -> str:
        owner, name = new[self.owner], new["name"]
        self.put(aws.iam, owner, name, new["policy"])
        return f"{owner}:{name}"

    def read(self, aws: Connection, resource_id: str, known: Values) -> Values | None:
        owner, name = split_id(resource_id, ":", f"<{self.owner}>:<policy>")
        with missing_is_fine():
            document = self.get(aws.iam, owner, name)
            return {
                self.owner: owner,
                "name": name,
                "namePrefix": "",
                "policy": document_output(document, known.get("policy"), version_first=True),
            }
        return None

    def update(self, aws: Connection, resource_id: str, old: Values, new: Values) -> None:
        del resource_id, old
        self.create(aws, new)

    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        del old
        owner, name = split_id(resource_id, ":", f"<{self.owner}>:<policy>")
        with missing_is_fine():
            self.remove(aws.iam, owner, name)

    def doing(self, verb: str, values: Mapping[str, Any], resource_id: str = "") -> str:
        if verb not in ("creating", "updating"):
            return super().doing(verb, values, resource_id)
        return f"putting IAM {self.owner.capitalize()} ({values.get(self.owner)}) Policy ({values.get('name')})"

    def describe(self, values: Mapping[str, Any], resource_id: str = "") -> str:
        found = resource_id or f"{values.get(self.owner)}:{values.get('name')}"
        return f"{self.title} ({found})"


class RolePolicy(InlinePolicy):
    """A role's inline policy."""

    type_name = "aws:iam/rolePolicy:RolePolicy"
    title = "IAM Role Policy"
    inputs: ClassVar = {
        "role": Input(required=True, check=names.name_up_to(64)),
        "name": Input(required=True, check=names.name_up_to(128)),
        "policy": Input(kind=Kind.DOCUMENT, required=True),
    }
    owner = "role"

    def names(self, iam: IAMClient, owner: str) -> list[str]:
        pages = iam.get_paginator("list_role_policies").paginate(RoleName=owner)
        return [name for page in pages for name in page["PolicyNames"]]

    def get(self, iam: IAMClient, owner: str, name: str) -> Mapping[str, Any] | str:
        return iam.get_role_policy(RoleName=owner, PolicyName=name)["PolicyDocument"]

    def put(self, iam: IAMClient, owner: str, name: str, text: str) -> None:
        iam.put_role_policy(RoleName=owner, PolicyName=name, PolicyDocument=text)

    def remove(self, iam: IAMClient, owner: str, name: str) -> None:
        iam.delete_role_policy(RoleName=owner, PolicyName=name)


class GroupPolicy(InlinePolicy):
    """A group's inline policy."""

    type_name = "aws:iam/groupPolicy:GroupPolicy"
    title = "IAM Group Policy"
    inputs: ClassVar = {
        "group": Input(required=True, check=names.name_up_to(128)),
        "name": Input(required=True, check=names.name_up_to(128)),
        "policy": Input(kind=Kind.DOCUMENT, required=True),
    }
    owner = "group"

    def names(self, iam: IAMClient, owner: str) -> list[str]:
        pages = iam.get_paginator("list_group_policies").paginate(GroupName=owner)
        return [name for page in pages for name in page["PolicyNames"]]

    def get(self, iam: IAMClient, owner: str, name: str) -> Mapping[str, Any] | str:
        return iam.get_group_policy(GroupName=owner, PolicyName=name)["PolicyDocument"]

    def put(self, iam: IAMClient, owner: str, name: str, text: str) -> None:
        iam.put_group_policy(GroupName=owner, PolicyName=name, PolicyDocument=text)

    def remove(self, iam: IAMClient, owner: str, name: str) -> None:
        iam.delete_group_policy(GroupName=owner, PolicyName=name)
