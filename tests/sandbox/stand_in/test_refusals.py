"""What the local accounts refuse and answer as AWS does, whoever asks: here boto3, past Pulumi and any provider."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

NOBODY = "arn:aws:iam::111111111111:user/nobody"
SSH_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 alice"


def document(size: int = 0) -> str:
    """Return an identity policy, of `size` characters if that is more than it needs."""
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::"}]},
        separators=(",", ":"),
    )
    return text.replace("s3:::", "s3:::" + "x" * max(1, size - len(text)))


def trust(principal: str, size: int = 0) -> str:
    """Return a trust policy for one AWS principal, of `size` characters if that is more than it needs."""
    statement = {"Sid": "", "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    return text.replace('"Sid":""', f'"Sid":"{"x" * max(0, size - len(text))}"')


ANYBODY = trust("*")


@pytest.fixture
def iam(iam: IAMClient) -> IAMClient:
    """An account that holds the user alice, the group admins, the role access and the policy own, apart."""
    iam.create_user(UserName="alice")
    iam.create_group(GroupName="admins")
    iam.create_role(RoleName="access", AssumeRolePolicyDocument=ANYBODY, Description="Access")
    iam.create_policy(PolicyName="own", PolicyDocument=document())
    return iam


def own(iam: IAMClient) -> str:
    return iam.list_policies(Scope="Local")["Policies"][0]["Arn"]


def missing(iam: IAMClient, name: str = "none") -> str:
    return own(iam).replace("policy/own", f"policy/{name}")


def deny(iam: IAMClient, call: Callable[[IAMClient], object]) -> tuple[str, str, int]:
    """Return code, sentence and HTTP status of the error that a call is answered with."""
    with pytest.raises(ClientError) as refused:
        call(iam)
    error = refused.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def fill(iam: IAMClient, attach: Callable[[str], object]) -> list[object]:
    """Attach as many managed policies as AWS takes."""
    names = [f"p{number}" for number in range(10)]
    return [attach(iam.create_policy(PolicyName=name, PolicyDocument=document())["Policy"]["Arn"]) for name in names]


def many_groups(iam: IAMClient) -> list[object]:
    names = [f"g{number}" for number in range(10)]
    return [
        (iam.create_group(GroupName=name), iam.add_user_to_group(GroupName=name, UserName="alice")) for name in names
    ]


LEFT = "Cannot delete entity, must {} first."


@pytest.mark.parametrize(
    ("before", "leftover"),
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
            lambda iam: iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=document()),
            "delete policies",
            id="inline",
        ),
        pytest.param(
            lambda iam: iam.attach_user_policy(UserName="alice", PolicyArn=own(iam)),
            "detach all policies",
            id="managed",
        ),
        pytest.param(
            lambda iam: iam.add_user_to_group(GroupName="admins", UserName="alice"),
            "remove users from group",
            id="group",
        ),
    ],
)
def test_a_user_with_anything_left_stays(iam: IAMClient, before: Callable[[IAMClient], object], leftover: str) -> None:
    before(iam)
    refused = deny(iam, lambda iam: iam.delete_user(UserName="alice"))
    assert refused == ("DeleteConflict", LEFT.format(leftover), 409)
    assert iam.get_user(UserName="alice")


@pytest.mark.parametrize(
    ("before", "leftover"),
    [
        pytest.param(
            lambda iam: iam.add_user_to_group(GroupName="admins", UserName="alice"),
            "remove users from group",
            id="user",
        ),
        pytest.param(
            lambda iam: iam.put_group_policy(GroupName="admins", PolicyName="p", PolicyDocument=document()),
            "delete policies",
            id="inline",
        ),
        pytest.param(
            lambda iam: iam.attach_group_policy(GroupName="admins", PolicyArn=own(iam)),
            "detach all policies",
            id="managed",
        ),
    ],
)
def test_a_group_with_anything_left_stays(iam: IAMClient, before: Callable[[IAMClient], object], leftover: str) -> None:
    before(iam)
    refused = deny(iam, lambda iam: iam.delete_group(GroupName="admins"))
    assert refused == ("DeleteConflict", LEFT.format(leftover), 409)
    assert iam.get_group(GroupName="admins")


@pytest.mark.parametrize(
    ("before", "leftover"),
    [
        pytest.param(
            lambda iam: iam.put_role_policy(RoleName="access", PolicyName="p", PolicyDocument=document()),
            "delete policies",
            id="inline",
        ),
        pytest.param(
            lambda iam: iam.attach_role_policy(RoleName="access", PolicyArn=own(iam)),
            "detach all policies",
            id="managed",
        ),
    ],
)
def test_a_role_with_anything_left_stays(iam: IAMClient, before: Callable[[IAMClient], object], leftover: str) -> None:
    before(iam)
    refused = deny(iam, lambda iam: iam.delete_role(RoleName="access"))
    assert refused == ("DeleteConflict", LEFT.format(leftover), 409)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(lambda iam: iam.attach_user_policy(UserName="alice", PolicyArn=own(iam)), id="user"),
        pytest.param(lambda iam: iam.attach_group_policy(GroupName="admins", PolicyArn=own(iam)), id="group"),
        pytest.param(lambda iam: iam.attach_role_policy(RoleName="access", PolicyArn=own(iam)), id="role"),
        pytest.param(
            lambda iam: iam.put_role_permissions_boundary(RoleName="access", PermissionsBoundary=own(iam)),
            id="boundary",
        ),
        pytest.param(
            lambda iam: iam.create_policy_version(PolicyArn=own(iam), PolicyDocument=document()), id="version"
        ),
    ],
)
def test_a_policy_in_use_or_with_versions_stays(iam: IAMClient, before: Callable[[IAMClient], object]) -> None:
    before(iam)
    code, _, status = deny(iam, lambda iam: iam.delete_policy(PolicyArn=own(iam)))
    assert (code, status) == ("DeleteConflict", 409)
    assert iam.get_policy(PolicyArn=own(iam))


def test_what_is_bare_goes(iam: IAMClient) -> None:
    iam.delete_user(UserName="alice")
    iam.delete_group(GroupName="admins")
    iam.delete_role(RoleName="access")
    iam.delete_policy(PolicyArn=own(iam))
    assert not any((iam.list_users()["Users"], iam.list_groups()["Groups"], iam.list_roles()["Roles"]))


REFUSED: list[Any] = [
    pytest.param(
        lambda iam: iam.create_user(UserName="ALICE"), "EntityAlreadyExists", "User with name alice", id="user"
    ),
    pytest.param(
        lambda iam: iam.create_group(GroupName="Admins"), "EntityAlreadyExists", "Group with name admins", id="group"
    ),
    pytest.param(
        lambda iam: iam.create_role(RoleName="Access", AssumeRolePolicyDocument=ANYBODY),
        "EntityAlreadyExists",
        "Role with name access already exists.",
        id="role",
    ),
    pytest.param(
        lambda iam: iam.create_policy(PolicyName="Own", PolicyDocument=document()),
        "EntityAlreadyExists",
        "A policy called own already exists. Duplicate names are not allowed.",
        id="policy",
    ),
    pytest.param(
        lambda iam: (iam.create_group(GroupName="b"), iam.update_group(GroupName="b", NewGroupName="ADMINS")),
        "EntityAlreadyExists",
        "Group with name admins",
        id="group-renamed",
    ),
    pytest.param(
        lambda iam: (iam.create_user(UserName="b"), iam.update_user(UserName="b", NewUserName="ALICE")),
        "EntityAlreadyExists",
        "User with name alice",
        id="user-renamed",
    ),
    pytest.param(
        lambda iam: iam.create_group(GroupName="IT Admins"), "ValidationError", "groupName is invalid", id="space"
    ),
    pytest.param(
        lambda iam: iam.create_user(UserName="u" * 65), "ValidationError", "less than or equal to 64", id="long"
    ),
    pytest.param(
        lambda iam: iam.create_user(UserName="u", Path="/team"), "ValidationError", "path is invalid", id="path"
    ),
    pytest.param(
        lambda iam: iam.create_role(RoleName="r", AssumeRolePolicyDocument=ANYBODY, PermissionsBoundary=missing(iam)),
        "NoSuchEntity",
        "Scope ARN: ",
        id="boundary",
    ),
    pytest.param(
        lambda iam: iam.put_role_permissions_boundary(RoleName="access", PermissionsBoundary=missing(iam)),
        "NoSuchEntity",
        "Scope ARN: ",
        id="boundary-later",
    ),
    pytest.param(
        lambda iam: iam.attach_group_policy(GroupName="admins", PolicyArn=missing(iam)),
        "NoSuchEntity",
        "does not exist or is not attachable.",
        id="attached-to-group",
    ),
    pytest.param(
        lambda iam: iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(NOBODY)),
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "AWS":"{NOBODY}"',
        id="trust",
    ),
    pytest.param(
        lambda iam: iam.update_assume_role_policy(
            RoleName="access", PolicyDocument=trust("arn:aws:iam::111111111111:role/nobody")
        ),
        "MalformedPolicyDocument",
        "Invalid principal in policy",
        id="trust-later",
    ),
    pytest.param(
        lambda iam: iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust("*", 2049)),
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
        id="trust-size",
    ),
    pytest.param(
        lambda iam: iam.create_policy(PolicyName="p", PolicyDocument=document(6145)),
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
        id="policy-size",
    ),
    pytest.param(
        lambda iam: iam.create_policy_version(PolicyArn=own(iam), PolicyDocument=document(6145)),
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
        id="version-size",
    ),
    pytest.param(
        lambda iam: [
            iam.put_role_policy(RoleName="access", PolicyName=name, PolicyDocument=document(5121)) for name in "ab"
        ],
        "LimitExceeded",
        "Maximum policy size of 10240 bytes exceeded for role access",
        id="role-inline-size",
    ),
    pytest.param(
        lambda iam: [
            iam.put_group_policy(GroupName="admins", PolicyName=name, PolicyDocument=document(2561)) for name in "ab"
        ],
        "LimitExceeded",
        "Maximum policy size of 5120 bytes exceeded for group admins",
        id="group-inline-size",
    ),
    pytest.param(
        lambda iam: iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=document(2049)),
        "LimitExceeded",
        "Maximum policy size of 2048 bytes exceeded for user alice",
        id="user-inline-size",
    ),
    pytest.param(
        lambda iam: iam.put_group_policy(GroupName="admins", PolicyName="p", PolicyDocument=ANYBODY),
        "MalformedPolicyDocument",
        "Policy document should not specify a principal.",
        id="grammar",
    ),
    pytest.param(
        lambda iam: (
            fill(iam, lambda arn: iam.attach_group_policy(GroupName="admins", PolicyArn=arn)),
            iam.attach_group_policy(GroupName="admins", PolicyArn=own(iam)),
        ),
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerGroup: 10",
        id="eleventh-policy-of-a-group",
    ),
    pytest.param(
        lambda iam: (
            fill(iam, lambda arn: iam.attach_role_policy(RoleName="access", PolicyArn=arn)),
            iam.attach_role_policy(RoleName="access", PolicyArn=own(iam)),
        ),
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerRole: 10",
        id="eleventh-policy-of-a-role",
    ),
    pytest.param(
        lambda iam: (many_groups(iam), iam.add_user_to_group(GroupName="admins", UserName="alice")),
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerUser: 10",
        id="eleventh-group",
    ),
    pytest.param(
        lambda iam: iam.update_role(RoleName="access", MaxSessionDuration=43201),
        "ValidationError",
        "maxSessionDuration",
        id="session",
    ),
    pytest.param(
        lambda iam: iam.list_service_specific_credentials(UserName="nobody"), "NoSuchEntity", "nobody", id="nobody"
    ),
]
STATUS = {"NoSuchEntity": 404, "EntityAlreadyExists": 409, "LimitExceeded": 409}


@pytest.mark.parametrize(("call", "code", "sentence"), REFUSED)
def test_what_aws_refuses(iam: IAMClient, call: Callable[[IAMClient], object], code: str, sentence: str) -> None:
    refused, said, status = deny(iam, call)
    assert refused == code
    assert sentence in said
    assert status == STATUS.get(code, 400)


def test_the_limits_themselves_are_taken(iam: IAMClient) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust("*", 2048) + "\n")
    iam.create_policy(PolicyName="p", PolicyDocument=document(6144))
    for name in "ab":
        iam.put_role_policy(RoleName="access", PolicyName=name, PolicyDocument=document(5120))
    iam.put_role_policy(RoleName="access", PolicyName="a", PolicyDocument=document(5120))
    fill(iam, lambda arn: iam.attach_role_policy(RoleName="access", PolicyArn=arn))


def test_a_trusted_user_of_another_account_must_exist_under_that_path(
    iam: IAMClient, iam_of: Callable[[str], IAMClient], other_account_id: str
) -> None:
    iam_of(other_account_id).create_user(UserName="bob", Path="/team/")
    user = f"arn:aws:iam::{other_account_id}:user/"
    iam.update_assume_role_policy(RoleName="access", PolicyDocument=trust(f"{user}team/bob"))
    wrong = trust(f"{user}bob")
    code, _, _ = deny(iam, lambda iam: iam.update_assume_role_policy(RoleName="access", PolicyDocument=wrong))
    assert code == "MalformedPolicyDocument"


def test_a_session_s_length_alone_keeps_the_description(iam: IAMClient) -> None:
    iam.update_role(RoleName="access", MaxSessionDuration=7200)
    role = iam.get_role(RoleName="access")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("Access", 7200)
    iam.update_role(RoleName="access", Description="Other")
    role = iam.get_role(RoleName="access")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("Other", 7200)


def test_a_group_moves_without_another_name(iam: IAMClient) -> None:
    iam.update_group(GroupName="admins", NewPath="/team/")
    iam.update_group(GroupName="admins", NewGroupName="admins", NewPath="/it/")
    assert iam.get_group(GroupName="admins")["Group"]["Path"] == "/it/"


def test_a_policy_attached_twice_counts_once(iam: IAMClient) -> None:
    for _ in range(2):
        iam.attach_role_policy(RoleName="access", PolicyArn=own(iam))
    assert iam.get_policy(PolicyArn=own(iam))["Policy"]["AttachmentCount"] == 1


def test_nobody_has_service_specific_credentials(iam: IAMClient) -> None:
    assert iam.list_service_specific_credentials(UserName="alice")["ServiceSpecificCredentials"] == []
