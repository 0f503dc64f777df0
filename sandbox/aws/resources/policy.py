"""aws:iam/policy:Policy"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sandbox import documents
from sandbox.aws import names
from sandbox.aws.errors import missing_is_fine
from sandbox.aws.resources.base import Input, Kind, Resource, Values, document_output
from sandbox.aws.resources.tags import tag_list, tag_outputs, update_tags

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from sandbox.aws.connection import Connection

_VERSIONS = 5


class Policy(Resource):
    """A customer-managed policy; a changed document becomes a new default version."""

    type_name = "aws:iam/policy:Policy"
    title = "IAM Policy"
    inputs: ClassVar = {
        "name": Input(required=True, check=names.name_up_to(128)),
        "path": Input(default="/", check=names.path),
        "description": Input(check=names.description),
        "policy": Input(kind=Kind.DOCUMENT, required=True),
        "tags": Input(kind=Kind.TAGS, check=names.tags),
    }
    computed = ("arn", "policyId", "attachmentCount")
    unsupported = ("namePrefix", "delayAfterPolicyCreationInMs")

    def create(self, aws: Connection, new: Values) -> str:
        created = aws.iam.create_policy(
            PolicyName=new["name"],
            Path=new["path"],
            PolicyDocument=new["policy"],
            Description=new.get("description", ""),
            Tags=tag_list(self.tags_all(new, aws.default_tags)),
        )
        return created["Policy"]["Arn"]

    def read(self, aws: Connection, resource_id: str, known: Values) -> Values | None:
        with missing_is_fine():
            policy = aws.iam.get_policy(PolicyArn=resource_id)["Policy"]
            version = aws.iam.get_policy_version(PolicyArn=resource_id, VersionId=policy["DefaultVersionId"])
            return {
                "name": policy["PolicyName"],
                "namePrefix": "",
                "path": policy["Path"],
                "description": policy.get("Description", ""),
                "policy": document_output(version["PolicyVersion"]["Document"], known.get("policy")),
                "arn": policy["Arn"],
                "policyId": policy["PolicyId"],
                "attachmentCount": policy["AttachmentCount"],
                **tag_outputs(policy.get("Tags", []), known, aws.default_tags),
            }
        return None

    def update(self, aws: Connection, resource_id: str, old: Values, new: Values) -> None:
        if not documents.same(old["policy"], new["policy"]):
            _make_room(aws.iam, resource_id)
            aws.iam.create_policy_version(PolicyArn=resource_id, PolicyDocument=new["policy"], SetAsDefault=True)
        update_tags(
            old.get("tagsAll", {}),
            self.tags_all(new, aws.default_tags),
            lambda tags: aws.iam.tag_policy(PolicyArn=resource_id, Tags=tags),
            lambda keys: aws.iam.untag_policy(PolicyArn=resource_id, TagKeys=keys),
        )

    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        del old
        with missing_is_fine():
            for version in aws.iam.list_policy_versions(PolicyArn=resource_id)["Versions"]:
                if not version["IsDefaultVersion"]:
                    aws.iam.delete_policy_version(PolicyArn=resource_id, VersionId=version["VersionId"])
            aws.iam.delete_policy(PolicyArn=resource_id)


def _make_room(iam: IAMClient, arn: str) -> None:
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    if len(versions) >= _VERSIONS:
        oldest = min(
            (version for version in versions if not version["IsDefaultVersion"]),
            key=lambda version: int(version["VersionId"].removeprefix("v")),
        )
        iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
