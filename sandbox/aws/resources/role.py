"""aws:iam/role:Role"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sandbox import documents
from sandbox.aws import names
from sandbox.aws.errors import missing_is_fine
from sandbox.aws.resources.attachments import RolePolicyAttachment
from sandbox.aws.resources.base import Input, Kind, Resource, Values, document_output
from sandbox.aws.resources.inline import RolePolicy
from sandbox.aws.resources.tags import tag_list, tag_outputs, update_tags

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from sandbox.aws.connection import Connection


class Role(Resource):
    """An IAM role with its trust policy."""

    type_name = "aws:iam/role:Role"
    title = "IAM Role"
    inputs: ClassVar = {
        "name": Input(required=True, check=names.name_up_to(64)),
        "path": Input(default="/", check=names.path),
        "assumeRolePolicy": Input(kind=Kind.DOCUMENT, required=True),
        "description": Input(check=names.description),
        "forceDetachPolicies": Input(kind=Kind.FLAG, default=False),
        "maxSessionDuration": Input(kind=Kind.NUMBER, default=3600, check=names.session_seconds),
        "permissionsBoundary": Input(check=names.policy_arn),
        "tags": Input(kind=Kind.TAGS, check=names.tags),
    }
    computed = ("arn", "createDate", "uniqueId", "inlinePolicies", "managedPolicyArns")
    computed_sets = ("inlinePolicies", "managedPolicyArns")
    # Deprecated in favor of resources of their own.
    unsupported = ("namePrefix", "inlinePolicies", "managedPolicyArns")

    def create(self, aws: Connection, new: Values) -> str:
        optional: Any = {"PermissionsBoundary": new["permissionsBoundary"]} if new.get("permissionsBoundary") else {}
        created = aws.iam.create_role(
            RoleName=new["name"],
            Path=new["path"],
            AssumeRolePolicyDocument=new["assumeRolePolicy"],
            Description=new.get("description", ""),
            MaxSessionDuration=new["maxSessionDuration"],
            Tags=tag_list(self.tags_all(new, aws.default_tags)),
            **optional,
        )
        return created["Role"]["RoleName"]

    def read(self, aws: Connection, resource_id: str, known: Values) -> Values | None:
        with missing_is_fine():
            role = aws.iam.get_role(RoleName=resource_id)["Role"]
            attached = RolePolicyAttachment().attached(aws.iam, resource_id)
            return {
                "name": role["RoleName"],
                "namePrefix": "",
                "path": role["Path"],
                "assumeRolePolicy": document_output(role["AssumeRolePolicyDocument"], known.get("assumeRolePolicy")),
                "description": role.get("Description", ""),
                "forceDetachPolicies": known.get("forceDetachPolicies", False),
                "maxSessionDuration": role["MaxSessionDuration"],
                "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
                "arn": role["Arn"],
                "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "uniqueId": role["RoleId"],
                "inlinePolicies": _inline_policies(aws.iam, resource_id, known.get("inlinePolicies", [])),
                "managedPolicyArns": sorted(attached),
                **tag_outputs(role.get("Tags", []), known, aws.default_tags),
            }
        return None

    def update(self, aws: Connection, resource_id: str, old: Values, new: Values) -> None:
        if not documents.same(old["assumeRolePolicy"], new["assumeRolePolicy"]):
            aws.iam.update_assume_role_policy(RoleName=resource_id, PolicyDocument=new["assumeRolePolicy"])
        if old.get("description", "") != new.get("description", ""):
            aws.iam.update_role_description(RoleName=resource_id, Description=new.get("description", ""))
        if old["maxSessionDuration"] != new["maxSessionDuration"]:
            aws.iam.update_role(RoleName=resource_id, MaxSessionDuration=new["maxSessionDuration"])
        boundary = new.get("permissionsBoundary")
        if boundary and boundary != old.get("permissionsBoundary"):
            aws.iam.put_role_permissions_boundary(RoleName=resource_id, PermissionsBoundary=boundary)
        elif old.get("permissionsBoundary") and not boundary:
            aws.iam.delete_role_permissions_boundary(RoleName=resource_id)
        update_tags(
            old.get("tagsAll", {}),
            self.tags_all(new, aws.default_tags),
            lambda tags: aws.iam.tag_role(RoleName=resource_id, Tags=tags),
            lambda keys: aws.iam.untag_role(RoleName=resource_id, TagKeys=keys),
        )

    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        with missing_is_fine():
            for profile in aws.iam.list_instance_profiles_for_role(RoleName=resource_id)["InstanceProfiles"]:
                aws.iam.remove_role_from_instance_profile(
                    InstanceProfileName=profile["InstanceProfileName"], RoleName=resource_id
                )
            if old.get("forceDetachPolicies"):
                for arn in RolePolicyAttachment().attached(aws.iam, resource_id):
                    aws.iam.detach_role_policy(RoleName=resource_id, PolicyArn=arn)
                for name in RolePolicy().names(aws.iam, resource_id):
                    aws.iam.delete_role_policy(RoleName=resource_id, PolicyName=name)
            aws.iam.delete_role(RoleName=resource_id)


def _inline_policies(iam: IAMClient, role: str, known: list[dict[str, str]]) -> list[dict[str, str]]:
    texts = {policy["name"]: policy["policy"] for policy in known}
    return [
        {
            "name": name,
            "policy": document_output(RolePolicy().get(iam, role, name), texts.get(name), version_first=True),
        }
        for name in sorted(RolePolicy().names(iam, role))
    ]
