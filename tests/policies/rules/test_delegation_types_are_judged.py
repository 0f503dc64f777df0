"""The rule delegation-types-are-judged: which types of resources pass, and which ask to be allowed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policies.documents_under_test import managed, role
from tests.policies.rules.cases import Case, check, ids
from tests.policies.running import Made

POLICY = "delegation-types-are-judged"
STACK = "aws:cloudformation/stack:Stack"
DYNAMIC = "pulumi-python:dynamic:Resource"
ONLY: dict[str, Any] = {"otherTypes": "refuse", "allowedTypes": ["aws:iam/role:Role", STACK]}

PASS = [
    *("aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:lambda/function:Function", "aws:eks/podIdentityAssociation:X"),
    *("aws:iam/instanceProfile:InstanceProfile", "aws:iam/openIdConnectProvider:OpenIdConnectProvider"),
    *("aws:iam:InstanceProfile", "aws-native:iam:InstanceProfile", "aws-native:iam:OidcProvider"),
    *("aws:iam/rolePoliciesExclusive:RolePoliciesExclusive", "aws:iam/serviceLinkedRole:ServiceLinkedRole"),
    *("aws:ssoadmin/permissionSet:PermissionSet", "aws:organizations/policy:Policy", "aws:cognito/identityPool:X"),
    *("aws:index/s3Bucket:S3Bucket", "aws:index/iamInstanceProfile:IamInstanceProfile", "aws-native:s3:Bucket"),
    *("kubernetes:apps/v1:Deployment", "docker:index/image:Image", "random:index/randomId:RandomId"),
    *("pulumi:pulumi:StackReference", "eks:index:Cluster", "gcp:projects/iAMMember:IAMMember"),
]
"""Types that are no carriers, or whose documents the pack reads."""
FAIL = {
    **dict.fromkeys(
        [
            *(STACK, "aws:cloudformation/stackSet:StackSet", "aws:cloudformation/stackInstances:StackInstances"),
            *("aws:cloudformation/cloudFormationType:CloudFormationType", "aws:cloudcontrol/resource:Resource"),
            *("aws:serverlessrepository/cloudFormationStack:CloudFormationStack", "aws:sagemaker/project:Project"),
            *("aws:servicecatalog/provisionedProduct:ProvisionedProduct", "aws:servicecatalog/constraint:Constraint"),
            *(
                "aws-native:cloudformation:Stack",
                "aws-native:cloudformation:StackSet",
                "awscc:index/cloudformationStack:CloudformationStack",
            ),
            "aws-native:servicecatalog:CloudFormationProvisionedProduct",
        ],
        "makes resources of a template",
    ),
    **dict.fromkeys(
        ["aws-native:index:ExtensionResource", "aws-native:index:CfnCustomResource"], "a resource of any type"
    ),
    **dict.fromkeys(
        [
            *("command:local:Command", "command:remote:Command", "command:remote:CopyToRemote"),
            *("pulumi-nodejs:dynamic:Resource", DYNAMIC, "pulumi-python:dynamic/deploy:Script"),
            *("ansible:index/playbook:Playbook", "shell:index/script:Script"),
        ],
        "runs code of its own",
    ),
    **dict.fromkeys(
        [
            *("aws:index/iamRole:IamRole", "aws:index/iamRolePolicy:IamRolePolicy", "awscc:index/iamRole:IamRole"),
            *("vpc:tf:aws_iam_role", "aws:iam/samlProvider:SamlProvider", "aws-native:iam:SamlProvider"),
            *("aws:iam/organizationsFeatures:OrganizationsFeatures", "aws:iam/ofANewerProvider:OfANewerProvider"),
        ],
        "lets somebody in, or gives permissions",
    ),
    **dict.fromkeys(
        [
            *("aws:ssoadmin/accountAssignment:AccountAssignment", "aws:ssoadmin/trustedTokenIssuer:TrustedTokenIssuer"),
            *(
                "aws-native:sso:PermissionSet",
                "aws-native:sso:Assignment",
                "awscc:index/ssoPermissionSet:SsoPermissionSet",
            ),
            *("aws:identitystore/groupMembership:GroupMembership", "aws:accountaccess/entitlement:Entitlement"),
        ],
        "lets people of a directory into accounts",
    ),
    **dict.fromkeys(
        [
            *(
                "aws:rolesanywhere/profile:Profile",
                "aws-native:rolesanywhere:TrustAnchor",
                "aws:iot/roleAlias:RoleAlias",
            ),
            "aws:ssm/activation:Activation",
        ],
        "to the holders of certificates or codes",
    ),
    **dict.fromkeys(
        [
            *("aws:organizations/account:Account", "aws:organizations/delegatedAdministrator:DelegatedAdministrator"),
            *("aws:controltower/landingZone:LandingZone", "aws:index/organizationsAccount:OrganizationsAccount"),
        ],
        "whoever manages the organization",
    ),
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": "the people of a chat",
    "aws:account/primaryContact:PrimaryContact": "root user",
    "aws:budgets/budgetAction:BudgetAction": "attaches policies once a budget is spent",
    "kubernetes:iam.services.k8s.aws/v1alpha1:Role": "has a controller make IAM resources",
    "kubernetes:iam.aws.upbound.io/v1beta1:RolePolicy": "has a controller make IAM resources",
}


def one(type_: str) -> tuple[Made, ...]:
    return (Made(type=type_, inputs={"name": "x"}),)


CASES = [
    *(Case(POLICY, "pass", type_, one(type_)) for type_ in PASS),
    *(Case(POLICY, "fail", type_, one(type_), says) for type_, says in FAIL.items()),
    Case(POLICY, "pass", "judged types", (role(), managed({}))),
    Case(POLICY, "pass", "allowed carrier", one(STACK), settings={"allowedTypes": [STACK]}),
    Case(POLICY, "fail", "another carrier", one(DYNAMIC), "runs code", settings={"allowedTypes": [STACK]}),
    Case(POLICY, "pass", "one of the only types", (role(),), settings=ONLY),
    Case(POLICY, "pass", "a carrier among the only types", one(STACK), settings=ONLY),
    *(
        Case(
            POLICY,
            "fail",
            f"{type_}, not among the only types",
            one(type_),
            "is not one of allowedTypes",
            settings=ONLY,
        )
        for type_ in ("aws:s3/bucket:Bucket", "aws:iam/user:User", "gcp:storage/bucket:Bucket", "my:own:Component")
    ),
    Case(POLICY, "fail", "a carrier, not among the only types", one(DYNAMIC), "runs code", settings=ONLY),
    Case(POLICY, "malformed", "no such way", one("a:b:C"), "otherTypes is 'deny'", settings={"otherTypes": "deny"}),
    Case(POLICY, "malformed", "no list", one("a:b:C"), "is no list", settings={"allowedTypes": "a:b:C"}),
]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_row(case: Case) -> None:
    check(case)
