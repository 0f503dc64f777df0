"""aws:iam/rolePoliciesExclusive:RolePoliciesExclusive and
aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.aws import names
from sandbox.aws.errors import RefusedError, missing_is_fine
from sandbox.aws.resources.attachments import RolePolicyAttachment
from sandbox.aws.resources.base import Input, Kind, Resource, Values
from sandbox.aws.resources.inline import RolePolicy

if TYPE_CHECKING:
    from sandbox.aws.connection import Connection

_ROLE_NAME = Input(required=True, check=names.name_up_to(64))


class Exclusive(Resource):
    """All policies of one sort on a role: others are removed; its deletion changes nothing on the role."""

    members: ClassVar[str]
    """The input that lists the policies."""

    @abstractmethod
    def present(self, aws: Connection, role: str) -> list[str]:
        """Return what is on the role."""

    @abstractmethod
    def add(self, aws: Connection, role: str, member: str) -> None:
        """Put a listed policy that is not there on the role."""

    @abstractmethod
    def remove(self, aws: Connection, role: str, member: str) -> None:
        """Take a policy that is not listed off the role."""

    def create(self, aws: Connection, new: Values) -> str:
        role, wanted = new["roleName"], new[self.members]
        present = self.present(aws, role)
        for member in wanted:
            if member not in present:
                self.add(aws, role, member)
        for member in present:
            if member not in wanted:
                self.remove(aws, role, member)
        return str(role)

    def read(self, aws: Connection, resource_id: str, known: Values) -> Values | None:
        del known
        with missing_is_fine():
            present = self.present(aws, resource_id)
            return {"roleName": resource_id, self.members: sorted(present)}
        return None

    def update(self, aws: Connection, resource_id: str, old: Values, new: Values) -> None:
        del resource_id, old
        self.create(aws, new)

    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        """Do nothing, as the real provider: what was exclusive stays where it is."""

    def describe(self, values: Mapping[str, Any], resource_id: str = "") -> str:
        return f"{self.title} ({resource_id or values.get('roleName')})"


class RolePoliciesExclusive(Exclusive):
    """All inline policies of a role."""

    type_name = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
    title = "IAM Role Policies Exclusive"
    inputs: ClassVar = {"roleName": _ROLE_NAME, "policyNames": Input(kind=Kind.SET, required=True)}
    members = "policyNames"

    def present(self, aws: Connection, role: str) -> list[str]:
        return RolePolicy().names(aws.iam, role)

    def add(self, aws: Connection, role: str, member: str) -> None:
        # The real provider tries to, without a document, which its own AWS client refuses.
        del aws
        raise RefusedError(
            f"{self.describe({}, role)}: operation error IAM: PutRolePolicy, 1 validation error(s) found.\n"
            "- missing required field, PutRolePolicyInput.PolicyDocument. "
            f"(The role has no inline policy {member}, and the list of its names cannot make one.)"
        )

    def remove(self, aws: Connection, role: str, member: str) -> None:
        RolePolicy().remove(aws.iam, role, member)


class RolePolicyAttachmentsExclusive(Exclusive):
    """All managed policies on a role."""

    type_name = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
    title = "IAM Role Policy Attachments Exclusive"
    inputs: ClassVar = {"roleName": _ROLE_NAME, "policyArns": Input(kind=Kind.SET, required=True)}
    members = "policyArns"

    def present(self, aws: Connection, role: str) -> list[str]:
        return RolePolicyAttachment().attached(aws.iam, role)

    def add(self, aws: Connection, role: str, member: str) -> None:
        RolePolicyAttachment().create(aws, {"role": role, "policyArn": member})

    def remove(self, aws: Connection, role: str, member: str) -> None:
        RolePolicyAttachment().detach(aws.iam, role, member)
