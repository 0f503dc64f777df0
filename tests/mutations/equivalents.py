"""Changes of the stacks that weaken nothing: written otherwise, narrower, or about something else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.documents import allow, deny
from tests.mutations.states import (
    AWS_MANAGED,
    ELSEWHERE,
    Document,
    Mutation,
    State,
    Statement,
    made,
    made_role,
    resources,
)

ROLE, GRANT, MANAGEMENT = "aws:iam/role:Role", "aws:iam/groupPolicy:GroupPolicy", "role-management"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ADDRESSES = ("iam-assume-role-requires-source-ip", "iam-role-management-requires-source-ip")
WIDER = "203.0.113.0/28"


def equivalents(stack: str, state: State) -> Iterator[Mutation]:
    """Yield changes of a stack that weaken nothing."""
    for i, resource in enumerate(resources(state)):
        for key in ("assumeRolePolicy", "policy"):
            text = resource.get("inputs", {}).get(key)
            if isinstance(text, str):
                for name, document in rewritten(json.loads(text)):
                    mutant = copy.deepcopy(state)
                    for properties in (resources(mutant)[i]["inputs"], resources(mutant)[i]["outputs"]):
                        properties[key] = document if isinstance(document, str) else json.dumps(document)
                    yield Mutation(stack=stack, name=f"{resource['urn'].rpartition('::')[2]}: {name}", state=mutant)
    yield from narrower(stack, state)
    yield from together(stack, state)
    yield from beside(stack, state)


def rewritten(document: Document) -> Iterator[tuple[str, Document | str]]:
    """Yield a document in other words."""
    statements: list[Statement] = document["Statement"]
    yield "indented", json.dumps(document, indent=2)
    yield "backwards", {**document, "Statement": statements[::-1]}
    yield (
        "without names",
        {**document, "Statement": [{k: v for k, v in one.items() if k != "Sid"} for one in statements]},
    )
    yield "twice", {**document, "Statement": [*statements, *({**one, "Sid": f"{one['Sid']}2"} for one in statements)]}
    yield (
        "lists",
        {
            **document,
            "Statement": [
                _each(one, lambda value: value if isinstance(value, list) else [value]) for one in statements
            ],
        },
    )
    yield (
        "lower case",
        {
            **document,
            "Statement": [{**one, "Action": _lower(one["Action"])} if "Action" in one else one for one in statements],
        },
    )
    for action in ("s3:*", "cloudwatch:PutDashboard"):
        yield f"denies {action}", {**document, "Statement": [*statements, _aimed(statements, deny(action))]}
    elsewhere = deny("s3:DeleteBucket", NotIpAddress={"aws:SourceIp": "198.51.100.0/24"})
    yield (
        "denies something from another address",
        {**document, "Statement": [*statements, _aimed(statements, elsewhere)]},
    )


def _aimed(statements: list[Statement], more: Statement) -> Statement:
    """A statement as it stands beside others: a trust policy names principals, and no resource."""
    if "Principal" not in statements[0]:
        return more
    rest = {key: value for key, value in more.items() if key != "Resource"}
    return {**rest, "Action": "sts:TagSession", "Principal": {"AWS": "*"}}


def _each(statement: Statement, change: Any) -> Statement:
    return {
        key: change(value) if key in ("Action", "NotAction", "Resource") else value for key, value in statement.items()
    }


def _lower(actions: Any) -> Any:
    return [action.lower() for action in actions] if isinstance(actions, list) else actions.lower()


def narrower(stack: str, state: State) -> Iterator[Mutation]:
    """Yield states in which less is allowed than the configuration has it."""
    mutant = copy.deepcopy(state)
    wide = [one for one in resources(mutant) if one["type"] == GRANT]
    for one in wide:
        for properties in (one["inputs"], one["outputs"]):
            properties["policy"] = properties["policy"].replace("203.0.113.10/32", WIDER)
    if wide and "," not in stack:
        config = {name: {"allowedCidrs": [WIDER]} for name in ADDRESSES}
        yield Mutation(stack=stack, name="role management from fewer networks", state=mutant, config=config)


def together(stack: str, state: State) -> Iterator[Mutation]:
    """Yield states in which a Deny beside plain grants asks for MFA, as AWS's own examples have it."""
    mutant = copy.deepcopy(state)
    grants = [one for one in resources(mutant) if one["type"] == GRANT]
    for one in grants:
        document = json.loads(one["inputs"]["policy"])
        for statement in document["Statement"]:
            statement["Condition"].pop("Bool")
        for properties in (one["inputs"], one["outputs"]):
            properties["policy"] = json.dumps(document)
    if grants and "," not in stack:
        forced = deny("sts:AssumeRole", BoolIfExists={"aws:MultiFactorAuthPresent": "false"})
        policy = json.dumps({"Version": "2012-10-17", "Statement": [forced]})
        resources(mutant).append(made(grants[0], GRANT, {"group": grants[0]["inputs"]["group"], "policy": policy}))
        config = {"iam-assume-role-requires-mfa": {"together": True}}
        yield Mutation(stack=stack, name="MFA in a Deny beside the grants", state=mutant, config=config)


def beside(stack: str, state: State) -> Iterator[Mutation]:
    """Yield safe resources beside those of the stack."""
    role = next((one for one in resources(state) if one["type"] == ROLE), None)
    if role is None:
        return
    account = role["outputs"]["arn"].split(":")[4]
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    trusts = {
        "a service": ({"Service": "lambda.amazonaws.com"}, {}),
        "a service for the own account": (root, {"StringEquals": {"aws:SourceAccount": account}}),
        "SAML for the own account": (root, {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}),
    }
    for name, (principal, condition) in trusts.items():
        mutant = copy.deepcopy(state)
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        resources(mutant).append(made(role, ROLE, {"name": "app", "assumeRolePolicy": trust}, "app"))
        yield Mutation(stack=stack, name=f"a role for {name}", state=mutant)
    yield from programs(stack, state, role)
    for one in resources(state):
        if one["urn"].endswith("session-addresses"):
            mutant = copy.deepcopy(state)
            (found,) = (other for other in resources(mutant) if other["urn"] == one["urn"])
            document = json.loads(found["inputs"]["policy"])
            (statement,) = document["Statement"]
            statement["Condition"]["Bool"] = {"aws:ViaAWSService": "false"}
            for properties in (found["inputs"], found["outputs"]):
                properties["policy"] = json.dumps(document)
            yield Mutation(stack=stack, name="AWS's own address Deny", state=mutant)


def programs(stack: str, state: State, beside: dict[str, Any]) -> Iterator[Mutation]:
    """Yield roles of programs with what people would be asked MFA for."""
    account = beside["outputs"]["arn"].split(":")[4]
    iam, github = f"arn:aws:iam::{account}:", "token.actions.githubusercontent.com"
    subject = {"StringLike": {f"{github}:sub": "repo:acme/shop:*"}}
    trusts = {
        "a build": ({"Service": "codebuild.amazonaws.com"}, "sts:AssumeRole", {}),
        "a workflow": (
            {"Federated": f"{iam}oidc-provider/{github}"},
            "sts:AssumeRoleWithWebIdentity",
            {"Condition": subject},
        ),
        "another program": ({"AWS": f"{iam}role/first"}, "sts:AssumeRole", {}),
    }
    bounded: dict[str, Any] = {"StringEquals": {"iam:PermissionsBoundary": f"{AWS_MANAGED}ReadOnlyAccess"}}
    may = {
        "enters a role elsewhere": allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/x"),
        "makes roles with a boundary": allow("iam:CreateRole", f"{iam}role/shop-*", **bounded),
        "passes roles": allow("iam:PassRole"),
    }
    held = {
        **{
            what: (ROLE_POLICY, {"role": "app", "policy": json.dumps({"Version": "2012-10-17", "Statement": [one]})})
            for what, one in may.items()
        },
        "is a power user": (ATTACHMENT, {"role": "app", "policyArn": f"{AWS_MANAGED}PowerUserAccess"}),
    }
    first = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    for who, (principal, action, condition) in trusts.items():
        statement = {"Effect": "Allow", "Principal": principal, "Action": action, **condition}
        for what, (type_, properties) in held.items():
            mutant = copy.deepcopy(state)
            resources(mutant).extend(
                [
                    made_role(beside, "first", first),
                    made_role(beside, "app", statement),
                    made(beside, type_, properties, "held"),
                ]
            )
            yield Mutation(stack=stack, name=f"{who} that {what}", state=mutant)
