"""aws:iam/user:User"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sandbox.aws import names
from sandbox.aws.errors import missing_is_fine
from sandbox.aws.resources.base import PATH, Input, Kind, Resource, Values
from sandbox.aws.resources.tags import tag_list, tag_outputs, update_tags
from sandbox.aws.wire import UNKNOWN

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from sandbox.aws.connection import Connection


class User(Resource):
    """An IAM user; name and path change in place."""

    type_name = "aws:iam/user:User"
    title = "IAM User"
    inputs: ClassVar = {
        "name": Input(required=True, check=names.name_up_to(64)),
        "path": PATH,
        "forceDestroy": Input(kind=Kind.FLAG, default=False),
        "tags": Input(kind=Kind.TAGS, check=names.tags),
    }
    computed = ("arn", "uniqueId")
    # The local server stores no boundary of a user.
    unsupported = ("permissionsBoundary",)

    def create(self, aws: Connection, new: Values) -> str:
        created = aws.iam.create_user(
            UserName=new["name"], Path=new["path"], Tags=tag_list(self.tags_all(new, aws.default_tags))
        )
        return created["User"]["UserName"]

    def read(self, aws: Connection, resource_id: str, known: Values) -> Values | None:
        with missing_is_fine():
            user = aws.iam.get_user(UserName=resource_id)["User"]
            return {
                "name": user["UserName"],
                "path": user["Path"],
                "forceDestroy": known.get("forceDestroy", False),
                "arn": user["Arn"],
                "uniqueId": user["UserId"],
                **tag_outputs(user.get("Tags", []), known, aws.default_tags),
            }
        return None

    def update(self, aws: Connection, resource_id: str, old: Values, new: Values) -> None:
        name = new["name"]
        if (old["name"], old["path"]) != (name, new["path"]):
            aws.iam.update_user(UserName=resource_id, NewUserName=name, NewPath=new["path"])
        update_tags(
            old.get("tagsAll", {}),
            self.tags_all(new, aws.default_tags),
            lambda tags: aws.iam.tag_user(UserName=name, Tags=tags),
            lambda keys: aws.iam.untag_user(UserName=name, TagKeys=keys),
        )

    def delete(self, aws: Connection, resource_id: str, old: Values) -> None:
        with missing_is_fine():
            for group in _groups(aws.iam, resource_id):
                with missing_is_fine():
                    aws.iam.remove_user_from_group(GroupName=group, UserName=resource_id)
            if old.get("forceDestroy"):
                _remove_credentials(aws.iam, resource_id)
            aws.iam.delete_user(UserName=resource_id)

    def id_after_update(self, resource_id: str, new: Values) -> str:
        del resource_id
        return str(new["name"])

    def unsettled(self, old: Values, new: Values) -> Values:
        renamed = (old.get("name"), old.get("path")) != (new.get("name"), new.get("path"))
        return {"arn": UNKNOWN} if renamed else {}


def _groups(iam: IAMClient, user: str) -> list[str]:
    pages = iam.get_paginator("list_groups_for_user").paginate(UserName=user)
    return [group["GroupName"] for page in pages for group in page["Groups"]]


def _remove_credentials(iam: IAMClient, user: str) -> None:
    """Remove what force_destroy removes; policies stay, as they do with the real provider."""
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    for ssh_key in iam.list_ssh_public_keys(UserName=user)["SSHPublicKeys"]:
        iam.delete_ssh_public_key(UserName=user, SSHPublicKeyId=ssh_key["SSHPublicKeyId"])
    virtual = {device["SerialNumber"] for device in iam.list_virtual_mfa_devices()["VirtualMFADevices"]}
    for device in iam.list_mfa_devices(UserName=user)["MFADevices"]:
        serial_number = device["SerialNumber"]
        iam.deactivate_mfa_device(UserName=user, SerialNumber=serial_number)
        if serial_number in virtual:
            iam.delete_virtual_mfa_device(SerialNumber=serial_number)
    with missing_is_fine():
        iam.delete_login_profile(UserName=user)
    for certificate in iam.list_signing_certificates(UserName=user)["Certificates"]:
        iam.delete_signing_certificate(UserName=user, CertificateId=certificate["CertificateId"])
    for credential in iam.list_service_specific_credentials(UserName=user)["ServiceSpecificCredentials"]:
        iam.delete_service_specific_credential(
            UserName=user, ServiceSpecificCredentialId=credential["ServiceSpecificCredentialId"]
        )
