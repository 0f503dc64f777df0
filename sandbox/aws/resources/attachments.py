"""aws:iam/rolePolicyAttachment:RolePolicyAttachment and aws:iam/groupPolicyAttachment:GroupPolicyAttachment"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.aws import names
from sandbox.aws.errors import missing_is_fine
from sandbox.aws.resources.base import Input, Resource, Values, split_id

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from sandbox.aws.connection import Connection


_COUNTER = itertools.count(1)


class PolicyAttachment(Resource):
    """A managed policy on a role or a group; what is imported is named `<owner>/<policy ARN>`."""

    owner: ClassVar[str]
    """The input that names the owner, and what AWS calls it: `role` or `group`."""

    @abstractmethod
    def attached(self, iam: IAMClient, owner: str) -> list[str]:
        """Return the ARNs of the managed policies on an owner."""

    @abstractmethod
    def attach(self, iam: IAMClient, owner: str, arn: str) -> None:
        """Attach a managed policy."""

    @abstractmethod
    def detach(self, iam: IAMClient, owner: str, arn: str) -> None:
        """Detach a managed policy."""

    @abstractmethod
    def new_id(self, owner: str, arn: str) -> str:
        """Return the id of a new attachment."""

    def create(self, aws: Connection, new: Values) -> str:
        owner, arn = new[self.owner], new["policyArn"]
        self.attach(aws.iam, owner, arn)
        return self.new_id(owner, arn)

    def read(self, aws: Connection, resource_id: str, known: Values) -> Values | None:
        del resource_id
        owner, arn = known[self.owner], known["policyArn"]
        with missing_is_fine():
            if arn in self.attached(aws.iam, owner):
                return {self.owner: owner, "policyArn": arn}
        return None

    def update(self, aws: Connection, resource_id: str, old: Values, new: Values) -> None:
        """Do nothing: every change of an attachment replaces it."""

    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        del resource_id
        with missing_is_fine():
            self.detach(aws.iam, old[self.owner], old["policyArn"])

    def from_import_id(self, resource_id: str) -> Values:
        owner, arn = split_id(resource_id, "/", f"<{self.owner}>/<policy ARN>")
        return {self.owner: owner, "policyArn": arn}

    def doing(self, verb: str, values: Mapping[str, Any], resource_id: str = "") -> str:
        told = {"creating": ("attaching", "to"), "deleting": ("detaching", "from")}.get(verb)
        if told is None:
            return super().doing(verb, values, resource_id)
        owner = f"IAM {self.owner.capitalize()} ({values.get(self.owner)})"
        return f"{told[0]} IAM Policy ({values.get('policyArn')}) {told[1]} {owner}"

    def describe(self, values: Mapping[str, Any], resource_id: str = "") -> str:
        found = resource_id or f"{values.get(self.owner)}/{values.get('policyArn')}"
        return f"{self.title} ({found})"


class RolePolicyAttachment(PolicyAttachment):
    """A managed policy on a role."""

    type_name = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    title = "IAM Role Policy Attachment"
    inputs: ClassVar = {
        "role": Input(required=True),
        "policyArn": Input(required=True, check=names.policy_arn),
    }
    owner = "role"

    def attached(self, iam: IAMClient, owner: str) -> list[str]:
        pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=owner)
        return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]

    def new_id(self, owner: str, arn: str) -> str:
        # Since version 6.0 of the Terraform provider; before, and in states written then, `<role>-<timestamp>`.
        return f"{owner}/{arn}"

    def attach(self, iam: IAMClient, owner: str, arn: str) -> None:
        iam.attach_role_policy(RoleName=owner, PolicyArn=arn)

    def detach(self, iam: IAMClient, owner: str, arn: str) -> None:
        iam.detach_role_policy(RoleName=owner, PolicyArn=arn)


class GroupPolicyAttachment(PolicyAttachment):
    """A managed policy on a group."""

    type_name = "aws:iam/groupPolicyAttachment:GroupPolicyAttachment"
    title = "IAM Group Policy Attachment"
    inputs: ClassVar = {
        "group": Input(required=True),
        "policyArn": Input(required=True, check=names.policy_arn),
    }
    owner = "group"

    def attached(self, iam: IAMClient, owner: str) -> list[str]:
        pages = iam.get_paginator("list_attached_group_policies").paginate(GroupName=owner)
        return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]

    def new_id(self, owner: str, arn: str) -> str:
        # helper/id/id.go of Terraform's SDK: the time to a tenth of a millisecond, and a counter.
        del arn
        now = datetime.now(UTC)
        return f"{owner}-{now:%Y%m%d%H%M%S}{now.microsecond // 100:04}{next(_COUNTER):08x}"

    def id_after_import(self, resource_id: str, state: Values) -> str:
        del resource_id
        return f"{state['group']}-{state['policyArn']}"

    def attach(self, iam: IAMClient, owner: str, arn: str) -> None:
        iam.attach_group_policy(GroupName=owner, PolicyArn=arn)

    def detach(self, iam: IAMClient, owner: str, arn: str) -> None:
        iam.detach_group_policy(GroupName=owner, PolicyArn=arn)
