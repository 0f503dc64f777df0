"""What the bootstrap templates make: whom each role trusts, what it may do, and how the state is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from delegation_pack.facts import PARTITIONS
from moto import mock_aws

from components import documents

Template = dict[str, Any]
Statements = list[dict[str, Any]]

CLAIM = "token.actions.githubusercontent.com"
PROVIDER = "arn:aws:iam::{}:oidc-provider/token.actions.githubusercontent.com"
SSO_ROLE = "arn:aws:iam::999999999999:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"
KINDS = ["security", "target"]
ROLES = ["DeployRole", "PreviewRole"]


def trust(resources: Template, role: str) -> Statements:
    """Return the statements of a role's trust policy."""
    return resources[role]["AssumeRolePolicyDocument"]["Statement"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", KINDS)
def test_deploy_trusts_exact_environments_on_the_exact_branch(kind: str, filled_in: Callable[..., Template]) -> None:
    assert trust(filled_in(kind), "DeployRole") == [
        {
            "Sid": "DeployWorkflow",
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": "ref:OidcProvider"},
            "Condition": {
                "StringEquals": {
                    f"{CLAIM}:aud": "sts.amazonaws.com",
                    f"{CLAIM}:sub": [
                        "repo:your-org/delegation:environment:security",
                        "repo:your-org/delegation:environment:preprod",
                    ],
                    f"{CLAIM}:ref": "refs/heads/main",
                }
            },
        }
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_preview_trusts_the_exact_subjects(kind: str, filled_in: Callable[..., Template]) -> None:
    (statement,) = trust(filled_in(kind), "PreviewRole")
    assert statement["Condition"] == {
        "StringEquals": {
            f"{CLAIM}:aud": "sts.amazonaws.com",
            f"{CLAIM}:sub": ["repo:your-org/delegation:pull_request", "repo:your-org/delegation:ref:refs/heads/main"],
        }
    }


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_deploy_ref_leaves_the_subject_alone_to_decide(kind: str, filled_in: Callable[..., Template]) -> None:
    (statement,) = trust(filled_in(kind, DeployRef=""), "DeployRole")
    assert set(statement["Condition"]["StringEquals"]) == {f"{CLAIM}:aud", f"{CLAIM}:sub"}


@pytest.mark.parametrize("kind", KINDS)
def test_an_oidc_provider_that_exists_is_used(kind: str, filled_in: Callable[..., Template]) -> None:
    arn = PROVIDER.format("111111111111")
    resources = filled_in(kind, OidcProviderArn=arn)
    assert "OidcProvider" not in resources
    assert {trust(resources, role)[0]["Principal"]["Federated"] for role in ROLES} == {arn}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("mfa", "condition"),
    [("true", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}), ("false", None)],
    ids=["with MFA", "without MFA"],
)
def test_a_human_role_is_trusted_by_name(
    kind: str, role: str, mfa: str, condition: object, filled_in: Callable[..., Template]
) -> None:
    _, human = trust(filled_in(kind, HumanRoleArn=SSO_ROLE, HumanRoleMfa=mfa), role)
    assert human["Principal"] == {"AWS": SSO_ROLE}
    assert (human["Action"], human.get("Condition")) == ("sts:AssumeRole", condition)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("parameter", "value", "accepted"),
    [
        ("DeploySubjects", "repo:your-org/delegation:environment:production", True),
        ("DeploySubjects", "repo:your-org@123/delegation@456:environment:production", True),
        ("DeploySubjects", "repo:your-org/*:environment:production", False),
        ("DeploySubjects", "repo:your-org/delegation:environment:*", False),
        ("DeploySubjects", "repo:your-org/delegation:pull_request", False),
        ("DeploySubjects", "repo:your-org/delegation:*", False),
        ("DeploySubjects", "", False),
        ("PreviewSubjects", "repo:your-org/delegation:pull_request", True),
        ("PreviewSubjects", "repo:your-org/delegation:ref:refs/heads/main", True),
        ("PreviewSubjects", "repo:your-org/delegation:ref:refs/heads/*", False),
        ("PreviewSubjects", "repo:*/delegation:pull_request", False),
        ("DeployRef", "refs/heads/main", True),
        ("DeployRef", "", True),
        ("DeployRef", "refs/heads/*", False),
        ("DeployRef", "main", False),
        ("HumanRoleArn", "", True),
        ("HumanRoleArn", SSO_ROLE, True),
        ("HumanRoleArn", "arn:aws:iam::111111111111:user/alice", False),
        ("HumanRoleArn", "arn:aws:iam::111111111111:root", False),
        ("HumanRoleArn", "arn:aws:iam::111111111111:role/*", False),
        ("HumanRoleArn", "*", False),
    ],
)
def test_parameters_refuse_what_would_widen_the_trust(
    kind: str, parameter: str, value: str, accepted: bool, template: Callable[[str], Template]
) -> None:
    # CloudFormation matches the whole value, and each value of a list.
    pattern = template(kind)["Parameters"][parameter]["AllowedPattern"]
    assert (re.fullmatch(pattern, value) is not None) == accepted


@pytest.mark.parametrize(
    ("kind", "action", "resource", "context"),
    [
        ("security", "iam:CreateUser", "arn:aws:iam::111111111111:user/alice", {}),
        ("security", "iam:PutGroupPolicy", "arn:aws:iam::111111111111:group/IT-Admins", {}),
        ("security", "s3:PutObject", "arn:StateBucket/.pulumi/locks/delegation/preprod/1.json", {}),
        ("security", "kms:GenerateDataKey", "arn:StateKey", {}),
        (
            "security",
            "iam:AttachGroupPolicy",
            "arn:aws:iam::111111111111:group/IT-Admins",
            {"PolicyARN": "arn:aws:iam::111111111111:policy/IT-Admins-self-service"},
        ),
        (
            "security",
            "iam:AttachGroupPolicy",
            "arn:aws:iam::111111111111:group/IT-Admins",
            {"PolicyARN": "arn:aws:iam::111111111111:policy/IT-Admins-grants-9"},
        ),
        ("security", "iam:DeletePolicyVersion", "arn:aws:iam::111111111111:policy/IT-Admins-grants-1", {}),
        ("target", "iam:CreateRole", "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS", {}),
        (
            "target",
            "iam:AttachRolePolicy",
            "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS",
            {"PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        ),
    ],
)
def test_the_deploy_role_may_deploy(
    kind: str,
    action: str,
    resource: str,
    context: dict[str, str],
    role_policy: Callable[..., Statements],
    allows: Callable[..., bool],
) -> None:
    assert allows(role_policy(kind, "DeployRole"), action, resource, **context)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("kind", "action", "resource", "context"),
    [
        ("security", "iam:CreateAccessKey", "arn:aws:iam::111111111111:user/alice", {}),
        ("security", "iam:CreateLoginProfile", "arn:aws:iam::111111111111:user/alice", {}),
        ("security", "iam:UpdateLoginProfile", "arn:aws:iam::111111111111:user/alice", {}),
        ("security", "iam:EnableMFADevice", "arn:aws:iam::111111111111:user/alice", {}),
        ("security", "iam:CreateVirtualMFADevice", "arn:aws:iam::111111111111:mfa/alice", {}),
        ("security", "iam:PutUserPolicy", "arn:aws:iam::111111111111:user/alice", {}),
        ("security", "iam:AddUserToGroup", "arn:aws:iam::111111111111:group/Others", {}),
        ("security", "iam:CreateRole", "arn:aws:iam::111111111111:role/other", {}),
        ("security", "s3:PutBucketPolicy", "arn:StateBucket", {}),
        ("security", "s3:DeleteObjectVersion", "arn:StateBucket/.pulumi/stacks/delegation/preprod.json", {}),
        ("security", "kms:ScheduleKeyDeletion", "arn:StateKey", {}),
        ("security", "kms:PutKeyPolicy", "arn:StateKey", {}),
        ("security", "sts:AssumeRole", "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS", {}),
        (
            "security",
            "iam:AttachGroupPolicy",
            "arn:aws:iam::111111111111:group/IT-Admins",
            {"PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ),
        ("security", "iam:CreatePolicy", "arn:aws:iam::111111111111:policy/IT-Admins-grants-of-others", {}),
        ("target", "iam:CreateRole", "arn:aws:iam::222222222222:role/other", {}),
        ("target", "iam:PassRole", "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS", {}),
        ("target", "iam:CreateUser", "arn:aws:iam::222222222222:user/alice", {}),
        ("target", "sts:AssumeRole", "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS", {}),
        (
            "target",
            "iam:AttachRolePolicy",
            "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS",
            {"PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ),
    ],
)
def test_no_bootstrap_role_may_do_more(
    kind: str,
    role: str,
    action: str,
    resource: str,
    context: dict[str, str],
    role_policy: Callable[..., Statements],
    allows: Callable[..., bool],
) -> None:
    assert not allows(role_policy(kind, role), action, resource, **context)


@pytest.mark.parametrize("name", ["delegation-deploy", "delegation-preview"])
@pytest.mark.parametrize(
    "action", ["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole", "iam:DetachRolePolicy"]
)
def test_the_deploy_role_changes_no_bootstrap_role_even_where_an_access_role_has_such_a_name(
    name: str, action: str, role_policy: Callable[..., Statements], allows: Callable[..., bool]
) -> None:
    statements = role_policy("target", "DeployRole", RoleNames=f"TSU-AUDIT,{name}")
    role = f"arn:aws:iam::222222222222:role/{name}"
    assert allows([statement for statement in statements if statement["Effect"] == "Allow"], action, role)
    assert not allows(statements, action, role)


ROLE, GROUP, POLICY = (
    "arn:aws:iam::222222222222:role/",
    "arn:aws:iam::111111111111:group/",
    "arn:aws:iam::111111111111:policy/",
)


@pytest.mark.parametrize(
    ("names", "named", "others"),
    [
        ("A", ["A"], ["B", "AA", ""]),
        ("A,B", ["A", "B"], ["C", "A,B", ""]),
        ("A,B,C", ["A", "B", "C"], ["D", "CA", ""]),
        ("A,B,C,D", ["A", "B", "C", "D"], ["E", ""]),
        ("TSU-*,A", ["TSU-AUDIT", "TSU-", "A"], ["TSU", "other"]),
        ("TSU-?", ["TSU-A"], ["TSU-AUDIT"]),
    ],
)
def test_all_names_and_patterns_of_roles_and_groups_are_in_reach_and_no_others(
    names: str,
    named: list[str],
    others: list[str],
    role_policy: Callable[..., Statements],
    allows: Callable[..., bool],
) -> None:
    parameters = {"security": {"GroupNames": names}, "target": {"RoleNames": names}}
    deploys, previews = (
        {kind: role_policy(kind, role, **given) for kind, given in parameters.items()} for role in ROLES
    )
    reachable, out_of_reach = (
        [
            [
                allows(deploys["target"], "iam:CreateRole", ROLE + name),
                allows(
                    deploys["target"],
                    "iam:AttachRolePolicy",
                    ROLE + name,
                    PolicyARN="arn:aws:iam::aws:policy/ReadOnlyAccess",
                ),
                allows(previews["target"], "iam:GetRole", ROLE + name),
                allows(deploys["security"], "iam:PutGroupPolicy", GROUP + name),
                allows(
                    deploys["security"],
                    "iam:AttachGroupPolicy",
                    GROUP + name,
                    PolicyARN=f"{POLICY}{name}-self-service",
                ),
                allows(deploys["security"], "iam:CreatePolicyVersion", f"{POLICY}{name}-self-service"),
                allows(deploys["security"], "iam:CreatePolicyVersion", f"{POLICY}{name}-grants-1"),
                allows(previews["security"], "iam:GetGroup", GROUP + name),
                allows(previews["security"], "iam:GetPolicyVersion", f"{POLICY}{name}-self-service"),
                allows(previews["security"], "iam:GetPolicyVersion", f"{POLICY}{name}-grants-1"),
            ]
            for name in group
        ]
        for group in (named, others)
    )
    assert all(map(all, reachable))
    assert not any(map(any, out_of_reach))


@pytest.mark.parametrize(
    ("names", "accepted"),
    [
        ("TSU-IAM-ACCESS", True),
        ("TSU-*,TSU-AUDIT", True),
        ("A,B,C,D", True),
        ("A,B,C,D,E", False),
        ("*", False),
        ("A,*", False),
        ("?*", False),
        ("A,", False),
        ("A, B", False),
        ("role/A", False),
        ("", False),
    ],
)
def test_names_are_four_at_most_and_none_is_for_all(
    names: str, accepted: bool, template: Callable[[str], Template]
) -> None:
    for kind, parameter in (("security", "GroupNames"), ("target", "RoleNames")):
        pattern = template(kind)["Parameters"][parameter]["AllowedPattern"]
        assert (re.fullmatch(pattern, names) is not None) == accepted


@pytest.mark.parametrize("kind", KINDS)
def test_the_preview_role_only_reads(kind: str, role_policy: Callable[..., Statements]) -> None:
    granted = {
        action
        for statement in role_policy(kind, "PreviewRole")
        if statement["Effect"] == "Allow"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    writing = {action for action in granted if not re.match("(iam|s3):(Get|List)", action)}
    assert writing == ({"kms:Decrypt"} if kind == "security" else set())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ROLES)
def test_the_admins_cannot_change_or_enter_a_bootstrap_role(
    kind: str, role: str, filled_in: Callable[..., Template]
) -> None:
    name = filled_in(kind)[role]["RoleName"]
    management = json.loads(
        documents.role_management(
            partition="aws",
            account_id="222222222222",
            role_names=["TSU-IAM-ACCESS"],
            boundary_policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess",
            static_ips=["203.0.113.10/32"],
            mfa=True,
        )
    )
    (never,) = (statement for statement in management["Statement"] if statement["Sid"] == "NeverTheseRoles")
    assert name.startswith("delegation-")
    assert "arn:aws:iam::222222222222:role/delegation-*" in never["Resource"]
    assert all("AWS" not in statement["Principal"] for statement in trust(filled_in(kind), role))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ROLES)
def test_documents_fit_their_quotas(kind: str, role: str, filled_in: Callable[..., Template]) -> None:
    subjects = ",".join(f"repo:your-organisation/delegation:environment:target-{number}" for number in range(10))
    names = {"GroupNames": ",".join(letter * 128 for letter in "ABCD")} if kind == "security" else {}
    resources = filled_in(kind, DeploySubjects=subjects, HumanRoleArn=SSO_ROLE, **names)
    (policy,) = resources[role]["Policies"]
    assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) < 10_240
    assert len(json.dumps(resources[role]["AssumeRolePolicyDocument"], separators=(",", ":"))) < 2_048


def test_the_state_is_versioned_encrypted_private_and_kept(
    template: Callable[[str], Template], filled_in: Callable[..., Template]
) -> None:
    bucket = filled_in("security")["StateBucket"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:StateKey"}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    for kept in ("StateBucket", "StateBucketPolicy", "StateKey"):
        resource = template("security")["Resources"][kept]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_state_travels_over_tls_only(filled_in: Callable[..., Template]) -> None:
    (statement,) = filled_in("security")["StateBucketPolicy"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == ["arn:StateBucket", "arn:StateBucket/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_key_rotates_and_belongs_to_its_account_alone(filled_in: Callable[..., Template]) -> None:
    key = filled_in("security")["StateKey"]
    assert key["EnableKeyRotation"] is True
    assert [statement["Principal"] for statement in key["KeyPolicy"]["Statement"]] == [
        {"AWS": "arn:aws:iam::111111111111:root"}
    ]


@pytest.mark.filterwarnings("ignore:Tried to parse")
@pytest.mark.parametrize("kind", KINDS)
def test_the_templates_are_created_on_the_local_cloudformation(
    kind: str, create_stack: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        create_stack(session.client("cloudformation"), kind)
        roles = {role["RoleName"] for role in session.client("iam").list_roles()["Roles"]}
        assert roles == {"delegation-deploy", "delegation-preview"}
        (stack,) = session.client("cloudformation").describe_stacks()["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        assert outputs["DeployRoleArn"] == "arn:aws:iam::123456789012:role/delegation-deploy"
        if kind == "security":
            assert outputs["BackendUrl"] == (
                "s3://delegation-state-123456789012?region=us-east-1&profile=delegation-security"
            )
            s3 = session.client("s3")
            encryption = s3.get_bucket_encryption(Bucket="delegation-state-123456789012")
            (rule,) = encryption["ServerSideEncryptionConfiguration"]["Rules"]
            assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
            (alias,) = (
                alias["AliasName"]
                for alias in session.client("kms").list_aliases()["Aliases"]
                if not alias["AliasName"].startswith("alias/aws/")
            )
            assert alias == "alias/delegation-state"


@pytest.mark.parametrize("partition", PARTITIONS)
def test_read_only_access_of_the_accounts_partition_may_be_attached(
    partition: str, role_policy: Callable[..., Statements], allows: Callable[..., bool]
) -> None:
    role = f"arn:{partition}:iam::222222222222:role/TSU-IAM-ACCESS"
    deploys = role_policy("target", "DeployRole", partition=partition)
    own, wider = (PARTITIONS[partition].arn_of_aws_policy(name) for name in ("ReadOnlyAccess", "AdministratorAccess"))
    assert allows(deploys, "iam:AttachRolePolicy", role, PolicyARN=own)
    assert not allows(deploys, "iam:AttachRolePolicy", role, PolicyARN=wider)


def test_listed_policies_take_the_place_of_read_only_access(
    role_policy: Callable[..., Statements], allows: Callable[..., bool]
) -> None:
    role = "arn:aws:iam::222222222222:role/TSU-IAM-ACCESS"
    listed = ["arn:aws:iam::aws:policy/SecurityAudit", "arn:aws:iam::222222222222:policy/Own"]
    deploys = role_policy("target", "DeployRole", ManagedPolicyArns=",".join(listed))
    for arn in listed:
        assert allows(deploys, "iam:AttachRolePolicy", role, PolicyARN=arn)
    assert not allows(deploys, "iam:AttachRolePolicy", role, PolicyARN="arn:aws:iam::aws:policy/ReadOnlyAccess")
