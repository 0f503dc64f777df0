"""Ordinary programs on AWS, as states of the size that tutorials have: the pack's own defaults find nothing in them.

Their documents have the forms in which people write them: wildcards, one statement or many, provider by default.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.documents import document
from tests.policies.documents_under_test import ALICE
from tests.policies.running import ELSEWHERE, TARGET, UNKNOWN, Made, refused

ACCOUNT, REGION = TARGET, "eu-west-1"
AWS = "arn:aws:iam::aws:policy/"
CLUSTER = f"oidc.eks.{REGION}.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
GITHUB = "token.actions.githubusercontent.com"


def made(type_: str, name: str, **inputs: Any) -> Made:
    """A resource under the default provider, which says no account."""
    module, _, kind = type_.partition(".")
    properties = {"name": f"{name}-1a2b3c4", **inputs}
    # What joins two things of IAM has no ARN.
    arn = {} if module == "iam" else {"arn": f"arn:aws:{module}:{REGION}:{ACCOUNT}:{name}"}
    return Made(
        type=f"aws:{module}/{kind[:1].lower()}{kind[1:]}:{kind}",
        name=name,
        inputs=properties,
        outputs={**properties, **arn},
        provider={"region": REGION},
    )


def role(name: str, trusts: dict[str, Any] | str, *attached: str, **inline: list[dict[str, Any]]) -> tuple[Made, ...]:
    """A role that a service enters, or whom a statement lets in, with its policies."""
    statement = {"Principal": {"Service": f"{trusts}.amazonaws.com"}} if isinstance(trusts, str) else trusts
    trust = document({"Action": "sts:AssumeRole", "Effect": "Allow", "Sid": "", **statement})
    of_role = made("iam.Role", name, assumeRolePolicy=json.dumps(trust))
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}-1a2b3c4"
    this = replace(of_role, outputs={**(of_role.outputs or {}), "arn": arn})
    more = (
        *(
            made("iam.RolePolicyAttachment", f"{name}-{i}", role=f"{name}-1a2b3c4", policyArn=AWS + one)
            for i, one in enumerate(attached)
        ),
        *(
            made("iam.RolePolicy", f"{name}-{key}", role=f"{name}-1a2b3c4", policy=json.dumps(document(*statements)))
            for key, statements in inline.items()
        ),
    )
    return this, *(replace(one, sources={"role": [this]}) for one in more)


def allows(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def federated(provider: str, **claims: str) -> dict[str, Any]:
    like = any("*" in value for value in claims.values())
    return {
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{provider}"},
        "Condition": {
            "StringLike" if like else "StringEquals": {f"{provider}:{claim}": v for claim, v in claims.items()}
        },
    }


def function(name: str, role_name: str) -> Made:
    return made("lambda.Function", name, role=f"arn:aws:iam::{ACCOUNT}:role/{role_name}", runtime="python3.13")


LOGS = allows(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:*:*:*")
PROGRAMS: dict[str, tuple[Made, ...]] = {
    "a function behind an API, with a table": (
        *role(
            "api",
            "lambda",
            "service-role/AWSLambdaBasicExecutionRole",
            table=[allows(["dynamodb:*Item", "dynamodb:Query"], f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/notes*")],
        ),
        function("api", "api"),
        made("dynamodb.Table", "notes", hashKey="id"),
        made("apigatewayv2.Api", "api", protocolType="HTTP"),
        made("lambda.Permission", "api", action="lambda:InvokeFunction", principal="apigateway.amazonaws.com"),
    ),
    "containers on Fargate": (
        *role("execution", "ecs-tasks", "service-role/AmazonECSTaskExecutionRolePolicy"),
        *role(
            "task",
            "ecs-tasks",
            secrets=[
                allows("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:app-*")
            ],
            uploads=[allows("s3:*", ["arn:aws:s3:::uploads", "arn:aws:s3:::uploads/*"])],
            exec=[allows([f"ssmmessages:{verb}" for verb in ("CreateControlChannel", "OpenDataChannel")])],
        ),
        made("ecs.Cluster", "app"),
        made("ecs.TaskDefinition", "app", taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/task"),
        made("lb.LoadBalancer", "app"),
        Made(type="awsx:ecs:FargateService", name="app", inputs={}, account=None),
    ),
    "a server with an instance profile": (
        *role("server", "ec2", "AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy"),
        made("iam.InstanceProfile", "server", role="server-1a2b3c4"),
        made("ec2.Instance", "server", iamInstanceProfile="server", ami="ami-0", instanceType="t3.micro"),
        made("ec2.SecurityGroup", "server"),
    ),
    "a Kubernetes cluster": (
        *role("cluster", "eks", "AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController"),
        *role(
            "nodes", "ec2", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"
        ),
        made("eks.Cluster", "cluster", roleArn=f"arn:aws:iam::{ACCOUNT}:role/cluster"),
        made("iam.OpenIdConnectProvider", "cluster", url=f"https://{CLUSTER}", clientIdLists=["sts.amazonaws.com"]),
        *role(
            "balancers",
            federated(CLUSTER, sub="system:serviceaccount:kube-system:balancers", aud="sts.amazonaws.com"),
            linked=[
                allows(
                    "iam:CreateServiceLinkedRole",
                    Condition={"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
                ),
                allows(["elasticloadbalancing:*", "ec2:Describe*", "ec2:CreateSecurityGroup", "ec2:CreateTags"]),
            ],
        ),
        *role("names", federated(CLUSTER, sub="system:serviceaccount:dns:*"), zones=[allows("route53:*")]),
        *role(
            "pods",
            {"Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"Service": "pods.eks.amazonaws.com"}},
            queue=[allows("sqs:*", f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs")],
        ),
        made("eks.PodIdentityAssociation", "pods", roleArn=f"arn:aws:iam::{ACCOUNT}:role/pods"),
        Made(type="kubernetes:apps/v1:Deployment", name="app", inputs={"spec": {}}, account=None),
    ),
    "a website in a bucket": (
        made("s3.Bucket", "site"),
        made(
            "s3.BucketPolicy",
            "site",
            policy=document({**allows("s3:GetObject", "arn:aws:s3:::site/*"), "Principal": {"AWS": "*"}}),
        ),
        made("cloudfront.Distribution", "site"),
        made("acm.Certificate", "site"),
    ),
    "a pipeline of GitHub that deploys containers": (
        made("iam.OpenIdConnectProvider", "github", url=f"https://{GITHUB}", clientIdLists=["sts.amazonaws.com"]),
        *role(
            "deploy",
            federated(GITHUB, sub="repo:acme/shop:*", aud="sts.amazonaws.com"),
            images=[allows(["ecr:*"])],
            services=[
                allows(["ecs:UpdateService", "ecs:RegisterTaskDefinition", "ecs:Describe*"]),
                allows(
                    "iam:PassRole",
                    [f"arn:aws:iam::{ACCOUNT}:role/task-*", f"arn:aws:iam::{ACCOUNT}:role/execution-*"],
                    Condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
                ),
            ],
        ),
        made("ecr.Repository", "shop"),
    ),
    "a pipeline of AWS": (
        *role(
            "pipeline",
            "codepipeline",
            stages=[
                allows(["codebuild:StartBuild", "codebuild:BatchGetBuilds", "codestar-connections:UseConnection"]),
                allows(["s3:*"], ["arn:aws:s3:::artifacts", "arn:aws:s3:::artifacts/*"]),
                allows(
                    "iam:PassRole",
                    Condition={"StringEqualsIfExists": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
                ),
            ],
        ),
        *role("build", "codebuild", "AmazonEC2ContainerRegistryPowerUser", logs=[LOGS]),
        made("codepipeline.Pipeline", "shop", roleArn=f"arn:aws:iam::{ACCOUNT}:role/pipeline"),
        made("codebuild.Project", "shop", serviceRole=f"arn:aws:iam::{ACCOUNT}:role/build"),
    ),
    "builds with the rights of a power user": (
        *role("image", "codebuild", "PowerUserAccess"),
        *role("workflow", federated(GITHUB, sub="repo:acme/shop:*", aud="sts.amazonaws.com"), "PowerUserAccess"),
        made("codebuild.Project", "image", serviceRole=f"arn:aws:iam::{ACCOUNT}:role/image"),
    ),
    "a pipeline that makes roles with a boundary": (
        *role(
            "platform",
            federated(GITHUB, sub="repo:acme/shop:*", aud="sts.amazonaws.com"),
            functions=[
                allows("lambda:*"),
                allows(
                    "iam:PassRole",
                    f"arn:aws:iam::{ACCOUNT}:role/shop-*",
                    Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
                ),
            ],
            roles=[
                allows(
                    [f"iam:{verb}RolePolicy" for verb in ("Attach", "Detach", "Put", "Delete")] + ["iam:CreateRole"],
                    f"arn:aws:iam::{ACCOUNT}:role/shop-*",
                    Condition={"StringEquals": {"iam:PermissionsBoundary": AWS + "ReadOnlyAccess"}},
                ),
                allows(["iam:Get*", "iam:List*"]),
            ],
        ),
    ),
    "a report from all accounts": (
        *role(
            "report",
            "lambda",
            "service-role/AWSLambdaBasicExecutionRole",
            accounts=[
                allows("sts:AssumeRole", [f"arn:aws:iam::{ELSEWHERE}:role/report", "arn:aws:iam::*:role/report-*"])
            ],
        ),
        function("report", "report"),
    ),
    "roles that enter each other": (
        *role(
            "first",
            "lambda",
            next=[allows("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/{one}") for one in ("second-1a2b3c4", "old")],
        ),
        *role("second", {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/first-1a2b3c4"}}, table=[allows("s3:*")]),
    ),
    "a workflow that runs by the clock": (
        *role("workflow", "states", "service-role/AWSLambdaRole", logs=[allows("logs:*")]),
        *role("clock", "scheduler", start=[allows("states:StartExecution", f"arn:aws:states:{REGION}:{ACCOUNT}:*")]),
        *role("worker", "lambda", "service-role/AWSLambdaVPCAccessExecutionRole", "AWSXRayDaemonWriteAccess"),
        made("sfn.StateMachine", "nightly", roleArn=f"arn:aws:iam::{ACCOUNT}:role/workflow"),
        made("scheduler.Schedule", "nightly"),
        function("worker", "worker"),
    ),
    "a data lake": (
        *role(
            "crawler", "glue", "service-role/AWSGlueServiceRole", lake=[allows("s3:GetObject", "arn:aws:s3:::lake/*")]
        ),
        *role("stream", "firehose", put=[allows(["s3:PutObject", "kms:GenerateDataKey"])]),
        made("kinesis.FirehoseDeliveryStream", "events"),
        made("glue.Crawler", "lake", role="crawler-1a2b3c4"),
        made("athena.Workgroup", "lake"),
        made("lakeformation.Permissions", "lake", principal=f"arn:aws:iam::{ACCOUNT}:role/crawler"),
    ),
    "a database with monitoring and backups": (
        *role("monitoring", "monitoring.rds", "service-role/AmazonRDSEnhancedMonitoringRole"),
        *role(
            "backup",
            "backup",
            "service-role/AWSBackupServiceRolePolicyForBackup",
            "service-role/AWSBackupServiceRolePolicyForRestores",
        ),
        made("rds.Cluster", "orders", iamDatabaseAuthenticationEnabled=True),
        made(
            "kms.Key",
            "orders",
            policy=document({**allows("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}),
        ),
        made("backup.Vault", "orders"),
        made("secretsmanager.Secret", "orders"),
    ),
    "the logs of an account": (
        *role("flows", "vpc-flow-logs", logs=[allows(["logs:Create*", "logs:Describe*", "logs:PutLogEvents"])]),
        *role("recorder", "config", "service-role/AWS_ConfigRole"),
        *role("trail", "cloudtrail", logs=[LOGS]),
        made("ec2.FlowLog", "vpc"),
        made("cfg.Recorder", "recorder"),
        made("cloudtrail.Trail", "trail"),
        made("sns.TopicPolicy", "alarms", policy="{}"),
    ),
    "an application with accounts of its customers": (
        *role(
            "customer",
            {
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                "Condition": {
                    "StringEquals": {
                        "cognito-identity.amazonaws.com:aud": f"{REGION}:0f1e2d3c-0000-1111-2222-333344445555"
                    },
                    "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
                },
            },
            files=[allows("s3:*", "arn:aws:s3:::files/${cognito-identity.amazonaws.com:sub}/*")],
        ),
        made("cognito.UserPool", "customers"),
        made("cognito.IdentityPool", "customers", allowUnauthenticatedIdentities=False),
        made("cognito.IdentityPoolRoleAttachment", "customers"),
    ),
    "machine learning": (
        *role("notebook", "sagemaker", data=[allows(["s3:*", "sagemaker:*", "ecr:Get*"])]),
        *role("jobs", "batch", "service-role/AWSBatchServiceRole"),
        made("sagemaker.NotebookInstance", "notebook", roleArn=f"arn:aws:iam::{ACCOUNT}:role/notebook"),
        made("batch.ComputeEnvironment", "jobs"),
    ),
    "copies of a bucket in another region": (
        *role(
            "copies",
            "s3",
            copy=[
                allows(["s3:GetReplicationConfiguration", "s3:ListBucket"], "arn:aws:s3:::here"),
                allows("s3:Replicate*", "arn:aws:s3:::there/*"),
            ],
        ),
        made("s3.BucketReplicationConfig", "copies", role=f"arn:aws:iam::{ACCOUNT}:role/copies"),
    ),
    "the same with aws-native": (
        Made(
            type="aws-native:iam:Role",
            name="function",
            provider={"region": REGION},
            inputs={
                "assumeRolePolicyDocument": document(
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": ["lambda.amazonaws.com"]},
                        "Action": ["sts:AssumeRole"],
                    }
                ),
                "managedPolicyArns": [AWS + "service-role/AWSLambdaBasicExecutionRole"],
                "policies": [{"policyName": "queue", "policyDocument": document(allows("sqs:*"))}],
            },
        ),
        Made(type="aws-native:lambda:Function", name="function", provider={"region": REGION}, inputs={"runtime": "x"}),
        Made(type="aws-native:s3:Bucket", name="bucket", provider={"region": REGION}, inputs={}),
    ),
}
PEOPLES: dict[str, tuple[Made, ...]] = {
    "a role that users enter": role("people", {"Principal": {"AWS": ALICE}}),
    "a user with keys": (made("iam.User", "uploader"), made("iam.AccessKey", "uploader", user="uploader")),
    "a group's rights": (made("iam.GroupPolicy", "admins", group="admins", policy=json.dumps(document(allows("*")))),),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_defaults_find_nothing_in_an_ordinary_program(name: str) -> None:
    assert [f"{one.policy}: {one.message}" for one in refused(*PROGRAMS[name], config={})] == []


WITHOUT_ACCOUNT = {"roles that enter each other"}
"""What names roles by their ARNs, of which nothing shows that they are the own account's before there are any."""


def planned(made: tuple[Made, ...]) -> list[Made]:
    """Resources before the first update: nothing has an ARN, and what comes from another resource is not known."""
    found: dict[int, Made] = {}
    for one in made:
        sources = {key: [found[id(source)] for source in from_] for key, from_ in one.sources.items()}
        inputs = {**one.inputs, **dict.fromkeys(sources, UNKNOWN)}
        found[id(one)] = replace(one, inputs=inputs, outputs={**inputs, "arn": UNKNOWN}, sources=sources)
    return list(found.values())


@pytest.mark.parametrize("name", sorted(PROGRAMS.keys() - WITHOUT_ACCOUNT))
def test_the_defaults_find_nothing_in_an_ordinary_program_before_anything_is_made(name: str) -> None:
    found = refused(*planned(PROGRAMS[name]), config={})
    assert [f"{one.policy}: {one.message}" for one in found] == []


@pytest.mark.parametrize("name", sorted(WITHOUT_ACCOUNT))
def test_before_that_roles_in_an_account_that_no_provider_names_count_as_another_account_s(name: str) -> None:
    made = PROGRAMS[name]
    assert any("a role of another account" in one.message for one in refused(*planned(made), config={}))
    named: dict[int, Made] = {}
    for one in made:
        sources = {key: [named[id(source)] for source in from_] for key, from_ in one.sources.items()}
        named[id(one)] = replace(one, provider=None, account=ACCOUNT, sources=sources)
    assert refused(*planned(tuple(named.values())), config={}) == []


@pytest.mark.parametrize("name", PEOPLES)
def test_beside_it_what_is_people_s_is_found(name: str) -> None:
    every = tuple(one for program in PROGRAMS.values() for one in program)
    of_people = {one.urn for one in PEOPLES[name]}
    found = refused(*every, *PEOPLES[name], config={})
    assert found
    assert {one.urn for one in found} <= of_people
