"""Users, groups and who is in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from sandbox.aws.errors import RefusedError
from sandbox.aws.wire import UNKNOWN
from tests.sandbox.stand_in.driver import Driver

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

USER = "aws:iam/user:User"
GROUP = "aws:iam/group:Group"
MEMBERSHIP = "aws:iam/groupMembership:GroupMembership"
SSH_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 alice"
DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}]}'


def members(iam: IAMClient, group: str) -> set[str]:
    return {user["UserName"] for user in iam.get_group(GroupName=group)["Users"]}


def give_credentials(iam: IAMClient, user: str) -> None:
    iam.create_access_key(UserName=user)
    iam.create_login_profile(UserName=user, Password="not a secret")  # noqa: S106
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=user, SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=SSH_KEY)


def test_a_user_is_made_with_path_and_tags(driver: Driver, iam: IAMClient) -> None:
    user = driver.create(USER, name="alice", path="/team/", tags={"team": "it"})
    found = iam.get_user(UserName="alice")["User"]
    assert found["Tags"] == [{"Key": "team", "Value": "it"}]
    assert user.id == "alice"
    assert user.outputs == {
        "name": "alice",
        "path": "/team/",
        "forceDestroy": False,
        "tags": {"team": "it"},
        "tagsAll": {"team": "it"},
        "arn": f"arn:aws:iam::{driver.account_id}:user/team/alice",
        "uniqueId": found["UserId"],
    }


def test_a_user_s_tags_change_in_place(driver: Driver, iam: IAMClient) -> None:
    user = driver.create(USER, name="alice", tags={"a": "1", "b": "2"})
    changed = driver.update(USER, user, name="alice", tags={"b": "3", "c": "4"})
    tags = {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(UserName="alice")["Tags"]}
    assert tags == changed.outputs["tagsAll"] == {"b": "3", "c": "4"}


def test_a_user_is_renamed_and_moved_in_place(driver: Driver, iam: IAMClient) -> None:
    user = driver.create(USER, name="alice")
    difference = driver.diff(USER, user, name="bob", path="/team/")
    assert (difference.diffs, difference.replaces) == (["name", "path"], [])
    assert driver.preview_update(USER, user, name="bob").outputs["arn"] == UNKNOWN
    renamed = driver.update(USER, user, name="bob", path="/team/")
    assert renamed.outputs["arn"] == iam.get_user(UserName="bob")["User"]["Arn"]
    assert renamed.outputs["uniqueId"] == user.outputs["uniqueId"]


@pytest.mark.parametrize(("type_name", "kind"), [(USER, "User"), (GROUP, "Group")])
def test_a_name_is_taken_ignoring_case(driver: Driver, type_name: str, kind: str) -> None:
    driver.create(type_name, name="Admins")
    with pytest.raises(
        RefusedError, match=rf"creating IAM {kind} \(admins\): .*Create{kind}, .*EntityAlreadyExists: .*Admins"
    ):
        driver.create(type_name, name="admins")
    other = driver.create(type_name, name="other")
    with pytest.raises(RefusedError, match=rf"Update{kind}, .*EntityAlreadyExists"):
        driver.update(type_name, other, name="ADMINS")
    driver.update(type_name, other, name="OTHER")


def test_a_user_with_anything_left_is_not_deleted(driver: Driver, iam: IAMClient) -> None:
    user = driver.create(USER, name="alice")
    key = iam.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    with pytest.raises(
        RefusedError, match=r"deleting IAM User \(alice\): .*DeleteUser, .*DeleteConflict: .*delete access keys first"
    ):
        driver.delete(USER, user)
    iam.delete_access_key(UserName="alice", AccessKeyId=key)
    driver.delete(USER, user)
    assert driver.read(USER, user) is None


@pytest.mark.parametrize(
    ("leave", "must"),
    [
        pytest.param(lambda iam: iam.create_access_key(UserName="alice"), "delete access keys", id="key"),
        pytest.param(
            lambda iam: iam.create_login_profile(UserName="alice", Password="-"),  # noqa: S106
            "delete login profile",
            id="login",
        ),
        pytest.param(
            lambda iam: iam.enable_mfa_device(
                UserName="alice", SerialNumber="GAHT12345678", AuthenticationCode1="1" * 6, AuthenticationCode2="2" * 6
            ),
            "deactivate MFA devices",
            id="mfa",
        ),
        pytest.param(
            lambda iam: iam.upload_ssh_public_key(UserName="alice", SSHPublicKeyBody=SSH_KEY),
            "delete SSH public keys",
            id="ssh",
        ),
        pytest.param(
            lambda iam: iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=DOCUMENT),
            "delete policies",
            id="inline",
        ),
        pytest.param(
            lambda iam: iam.attach_user_policy(
                UserName="alice",
                PolicyArn=iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"],
            ),
            "detach all policies",
            id="attached",
        ),
    ],
)
def test_each_leftover_of_a_user_is_named(
    driver: Driver, iam: IAMClient, leave: Callable[[IAMClient], object], must: str
) -> None:
    user = driver.create(USER, name="alice")
    leave(iam)
    with pytest.raises(RefusedError, match=f"DeleteUser, .*DeleteConflict: Cannot delete entity, must {must} first"):
        driver.delete(USER, user)


def test_a_user_leaves_the_groups_when_deleted(driver: Driver, iam: IAMClient) -> None:
    user = driver.create(USER, name="alice")
    iam.create_group(GroupName="admins")
    iam.add_user_to_group(GroupName="admins", UserName="alice")
    driver.delete(USER, user)
    assert members(iam, "admins") == set()


def test_force_destroy_takes_the_credentials_along(driver: Driver, iam: IAMClient) -> None:
    user = driver.create(USER, name="alice", forceDestroy=True)
    give_credentials(iam, "alice")
    driver.delete(USER, user)
    assert driver.read(USER, user) is None
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []


def test_force_destroy_leaves_policies_and_so_the_user(driver: Driver, iam: IAMClient) -> None:
    user = driver.create(USER, name="alice", forceDestroy=True)
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=DOCUMENT)
    with pytest.raises(RefusedError, match="must delete policies first"):
        driver.delete(USER, user)


def test_force_destroy_acts_once_it_is_stored(driver: Driver, iam: IAMClient) -> None:
    user = driver.create(USER, name="alice")
    give_credentials(iam, "alice")
    assert driver.diff(USER, user, name="alice", forceDestroy=True).diffs == ["forceDestroy"]
    stored = driver.update(USER, user, name="alice", forceDestroy=True)
    with pytest.raises(RefusedError, match="DeleteConflict"):
        driver.delete(USER, user)
    driver.delete(USER, stored)


def test_deleting_what_is_gone_is_no_error(driver: Driver, iam: IAMClient) -> None:
    user, group = driver.create(USER, name="alice"), driver.create(GROUP, name="admins")
    iam.delete_user(UserName="alice")
    iam.delete_group(GroupName="admins")
    driver.delete(USER, user)
    driver.delete(GROUP, group)


def test_a_group_is_made_renamed_and_deleted(driver: Driver, iam: IAMClient) -> None:
    group = driver.create(GROUP, name="admins", path="/team/")
    assert group.outputs == {
        "name": "admins",
        "path": "/team/",
        "arn": f"arn:aws:iam::{driver.account_id}:group/team/admins",
        "uniqueId": iam.get_group(GroupName="admins")["Group"]["GroupId"],
    }
    assert driver.diff(GROUP, group, name="people").replaces == []
    renamed = driver.update(GROUP, group, name="people", path="/team/")
    assert renamed.outputs["arn"] == f"arn:aws:iam::{driver.account_id}:group/team/people"
    iam.delete_group(GroupName="people")


def test_a_group_s_path_changes_alone(driver: Driver, iam: IAMClient) -> None:
    group = driver.create(GROUP, name="admins")
    moved = driver.update(GROUP, group, name="admins", path="/team/")
    assert moved.outputs["arn"] == f"arn:aws:iam::{driver.account_id}:group/team/admins"
    assert [each["GroupName"] for each in iam.list_groups()["Groups"]] == ["admins"]


@pytest.mark.parametrize(
    ("leave", "must"),
    [
        pytest.param(
            lambda iam: (
                iam.create_user(UserName="alice"),
                iam.add_user_to_group(GroupName="admins", UserName="alice"),
            ),
            "remove users from group",
            id="user",
        ),
        pytest.param(
            lambda iam: iam.put_group_policy(GroupName="admins", PolicyName="p", PolicyDocument=DOCUMENT),
            "delete policies",
            id="inline",
        ),
        pytest.param(
            lambda iam: iam.attach_group_policy(
                GroupName="admins",
                PolicyArn=iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"],
            ),
            "detach all policies",
            id="attached",
        ),
    ],
)
def test_a_group_with_anything_left_is_not_deleted(
    driver: Driver, iam: IAMClient, leave: Callable[[IAMClient], object], must: str
) -> None:
    group = driver.create(GROUP, name="admins")
    leave(iam)
    with pytest.raises(RefusedError, match=f"DeleteGroup, .*DeleteConflict: Cannot delete entity, must {must} first"):
        driver.delete(GROUP, group)
    assert driver.read(GROUP, group)


class TestMembership:
    """aws:iam/groupMembership:GroupMembership"""

    @pytest.fixture(autouse=True)
    def _people(self, iam: IAMClient) -> None:
        iam.create_group(GroupName="admins")
        for name in ("alice", "bob", "eve"):
            iam.create_user(UserName=name)

    def test_a_create_only_adds_and_tells_of_nobody_else(self, driver: Driver, iam: IAMClient) -> None:
        iam.add_user_to_group(GroupName="admins", UserName="eve")
        membership = driver.create(MEMBERSHIP, name="m", group="admins", users=["bob", "alice"])
        assert membership.id == "m"
        assert membership.outputs["users"] == ["alice", "bob"]
        assert members(iam, "admins") == {"alice", "bob", "eve"}

    def test_unlisted_members_stay_until_a_refresh_has_seen_them(self, driver: Driver, iam: IAMClient) -> None:
        iam.add_user_to_group(GroupName="admins", UserName="eve")
        membership = driver.create(MEMBERSHIP, name="m", group="admins", users=["alice"])
        assert not driver.diff(MEMBERSHIP, membership, name="m", group="admins", users=["alice"]).changes
        refreshed = driver.read(MEMBERSHIP, membership)
        assert refreshed
        assert driver.diff(MEMBERSHIP, refreshed, name="m", group="admins", users=["alice"]).diffs == ["users"]
        driver.update(MEMBERSHIP, refreshed, name="m", group="admins", users=["alice"])
        assert members(iam, "admins") == {"alice"}

    def test_the_order_of_members_is_no_change(self, driver: Driver) -> None:
        membership = driver.create(MEMBERSHIP, name="m", group="admins", users=["bob", "alice"])
        assert not driver.diff(MEMBERSHIP, membership, name="m", group="admins", users=["alice", "bob"]).changes

    def test_an_update_adds_and_removes(self, driver: Driver, iam: IAMClient) -> None:
        membership = driver.create(MEMBERSHIP, name="m", group="admins", users=["alice", "bob"])
        driver.update(MEMBERSHIP, membership, name="m", group="admins", users=["bob", "eve"])
        assert members(iam, "admins") == {"bob", "eve"}

    def test_a_member_added_by_hand_is_seen(self, driver: Driver, iam: IAMClient) -> None:
        membership = driver.create(MEMBERSHIP, name="m", group="admins", users=["alice"])
        iam.add_user_to_group(GroupName="admins", UserName="eve")
        refreshed = driver.read(MEMBERSHIP, membership)
        assert refreshed
        assert refreshed.outputs["users"] == ["alice", "eve"]

    def test_a_deletion_removes_the_members_it_knows(self, driver: Driver, iam: IAMClient) -> None:
        membership = driver.create(MEMBERSHIP, name="m", group="admins", users=["alice"])
        iam.add_user_to_group(GroupName="admins", UserName="eve")
        driver.delete(MEMBERSHIP, membership)
        assert members(iam, "admins") == {"eve"}

    def test_a_deletion_after_the_users_are_gone_is_no_error(self, driver: Driver, iam: IAMClient) -> None:
        membership = driver.create(MEMBERSHIP, name="m", group="admins", users=["alice"])
        iam.remove_user_from_group(GroupName="admins", UserName="alice")
        iam.delete_user(UserName="alice")
        driver.delete(MEMBERSHIP, membership)

    def test_a_missing_user_is_refused(self, driver: Driver) -> None:
        with pytest.raises(RefusedError, match=r"IAM Group Membership \(m\): .*AddUserToGroup, .*NoSuchEntity"):
            driver.create(MEMBERSHIP, name="m", group="admins", users=["mallory"])

    def test_a_missing_group_is_refused(self, driver: Driver) -> None:
        with pytest.raises(RefusedError, match=r"AddUserToGroup, .*NoSuchEntity"):
            driver.create(MEMBERSHIP, name="m", group="others", users=["alice"])

    def test_an_eleventh_group_of_a_user_is_refused(self, driver: Driver, iam: IAMClient) -> None:
        for number in range(10):
            iam.create_group(GroupName=f"g{number}")
            iam.add_user_to_group(GroupName=f"g{number}", UserName="alice")
        driver.create(MEMBERSHIP, name="m", group="g9", users=["alice"])
        with pytest.raises(RefusedError, match=r"AddUserToGroup, .*LimitExceeded: .*GroupsPerUser: 10"):
            driver.create(MEMBERSHIP, name="n", group="admins", users=["alice"])

    def test_a_group_that_is_gone_takes_it_along(self, driver: Driver, iam: IAMClient) -> None:
        membership = driver.create(MEMBERSHIP, name="m", group="admins", users=[])
        iam.delete_group(GroupName="admins")
        assert driver.read(MEMBERSHIP, membership) is None

    def test_it_cannot_be_imported(self, driver: Driver) -> None:
        with pytest.raises(RefusedError, match="cannot be imported"):
            driver.read(MEMBERSHIP, "m")


def test_the_function_returns_a_group_and_its_members(driver: Driver, iam: IAMClient) -> None:
    iam.create_group(GroupName="admins", Path="/team/")
    iam.create_user(UserName="alice", Path="/people/")
    iam.add_user_to_group(GroupName="admins", UserName="alice")
    found = driver.invoke("aws:iam/getGroup:getGroup", groupName="admins")
    group, user = iam.get_group(GroupName="admins")["Group"], iam.get_user(UserName="alice")["User"]
    assert found == {
        "id": group["GroupId"],
        "arn": f"arn:aws:iam::{driver.account_id}:group/team/admins",
        "groupId": group["GroupId"],
        "groupName": "admins",
        "path": "/team/",
        "users": [
            {
                "arn": f"arn:aws:iam::{driver.account_id}:user/people/alice",
                "path": "/people/",
                "userId": user["UserId"],
                "userName": "alice",
            }
        ],
    }


def test_a_group_that_is_not_there_is_named_by_the_function(driver: Driver) -> None:
    with pytest.raises(RefusedError, match=r"aws:iam/getGroup:getGroup: (?s:.)*GetGroup, .*NoSuchEntity"):
        driver.invoke("aws:iam/getGroup:getGroup", groupName="admins")
