"""Resources that make a stack weaker, beside those that it has or in another account."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.documents import allow, document
from tests.mutations.states import (
    ADMINISTRATOR,
    AWS_MANAGED,
    ELSEWHERE,
    SECURITY,
    UNKNOWN,
    Config,
    Mutation,
    State,
    made,
    made_role,
    resources,
)

ROLE, GROUP, POLICY = "aws:iam/role:Role", "aws:iam/group:Group", "aws:iam/policy:Policy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
CARRIER = "carrier"
OPEN_TO_TYPES: Config = {"delegation-types-are-judged": {"otherTypes": "pass"}}
CARRIERS: dict[str, dict[str, Any]] = {
    "aws-native:sso:PermissionSet": {"inlinePolicy": {}},
    "aws:ssoadmin/accountAssignment:AccountAssignment": {"principalId": "x", "permissionSetArn": "x"},
    "aws:index/iamRole:IamRole": {"name": "x"},
    "aws:index/iamRolePolicyAttachment:IamRolePolicyAttachment": {"role": "x", "policyArn": ADMINISTRATOR},
    "awscc:index/iamRole:IamRole": {"roleName": "x"},
    "aws:cloudformation/stack:Stack": {"templateBody": "{}"},
    "aws:cloudformation/stackSet:StackSet": {"templateBody": "{}"},
    "aws-native:cloudformation:Stack": {"templateBody": "{}"},
    "aws-native:index:ExtensionResource": {"type": "AWS::IAM::Role"},
    "aws:cloudcontrol/resource:Resource": {"typeName": "AWS::IAM::Role", "desiredState": "{}"},
    "aws:servicecatalog/provisionedProduct:ProvisionedProduct": {"productName": "x"},
    "command:local:Command": {"create": "aws iam create-user --user-name mallory"},
    "command:remote:Command": {"create": "aws iam create-user --user-name mallory"},
    "pulumi-nodejs:dynamic:Resource": {"__provider": "x"},
    "pulumi-python:dynamic:Resource": {"__provider": "x"},
    "aws:iam/samlProvider:SamlProvider": {"samlMetadataDocument": "<EntityDescriptor/>"},
    "aws:rolesanywhere/profile:Profile": {"roleArns": ["x"]},
    "aws:organizations/account:Account": {"email": "x@example.com"},
    "aws:budgets/budgetAction:BudgetAction": {"actionType": "APPLY_IAM_POLICY"},
}
"""Types that carry permissions, or run code that makes such, with what tells what they do."""
EVERYTHING = json.dumps(document(allow("*")))


def more_resources(state: State) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield IAM resources that make a stack weaker."""
    anywhere: dict[str, dict[str, Any]] = {
        "rolePolicy:RolePolicy": {"role": "x", "policy": EVERYTHING},
        "groupPolicy:GroupPolicy": {"group": "x", "policy": EVERYTHING},
        "policy:Policy": {"policy": EVERYTHING},
        "userPolicyAttachment:UserPolicyAttachment": {"user": "alice", "policyArn": ADMINISTRATOR},
        "policyAttachment:PolicyAttachment": {"users": ["alice"], "policyArn": ADMINISTRATOR},
        "accessKey:AccessKey": {"user": "alice"},
        "userLoginProfile:UserLoginProfile": {"user": "alice"},
        "virtualMfaDevice:VirtualMfaDevice": {"virtualMfaDeviceName": "alice"},
    }
    in_target = {"user:User": {"name": "mallory"}}
    for beside in resources(state):
        if beside["type"] in (ROLE, GROUP):
            for name, properties in (anywhere | (in_target if beside["type"] == ROLE else {})).items():
                yield f"one more aws:iam/{name}", [made(beside, f"aws:iam/{name}", properties)]


def carriers(state: State) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield resources of types whose permissions nothing here reads."""
    beside = next(one for one in resources(state) if one["type"] in (ROLE, GROUP))
    for type_, properties in CARRIERS.items():
        yield f"{CARRIER} {type_}", [made(beside, type_, properties)]


def escalating(state: State) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield policies that let those who hold them change what they hold, or that only look like a boundary."""
    for beside in resources(state):
        if beside["type"] not in (ROLE, GROUP):
            continue
        holder = beside["type"].rpartition(":")[2].lower()
        account = beside["outputs"]["arn"].split(":")[4]
        own = f"arn:aws:iam::{account}:policy/own"
        attachment = f"aws:iam/{holder}PolicyAttachment:{holder.capitalize()}PolicyAttachment"
        name = beside["outputs"]["name"]
        for action in ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:*"):
            policy = made(beside, POLICY, _own(own, document(allow(action, own))), "own")
            attached = made(beside, attachment, {holder: name, "policyArn": own}, "attached")
            yield f"{action} on an attached policy by the {holder} itself", [policy, attached]
        bounded: dict[str, Any] = {"StringEquals": {"iam:PermissionsBoundary": own}}
        looks = document(allow("*"), allow("iam:CreateRole", "*", **bounded))
        yield (
            "an administrator's policy that names itself as a boundary",
            [made(beside, POLICY, _own(own, looks), "own")],
        )
        yield (
            "a policy of another stack",
            [made(beside, attachment, {holder: name, "policyArn": own}, "attached")],
        )
    for beside in resources(state):
        if beside["type"] == POLICY:
            allowed = document(allow("iam:CreatePolicyVersion", beside["outputs"]["arn"]))
            group = next(one for one in resources(state) if one["type"] == GROUP)
            more = made(
                group,
                "aws:iam/groupPolicy:GroupPolicy",
                {"group": group["outputs"]["name"], "policy": json.dumps(allowed)},
            )
            yield "a new version of the self-service policy", [more]


def disguised(stack: str, state: State) -> Iterator[Mutation]:
    """Yield states with one more role of people's, or with more of one, that looks like a program's."""
    access = next((one for one in resources(state) if one["type"] == ROLE), None)
    if access is None:
        return
    account = access["outputs"]["arn"].split(":")[4]
    iam = f"arn:aws:iam::{account}:"
    identity_center: dict[str, Any] = {"ArnLike": {"aws:PrincipalArn": f"{iam}role/aws-reserved/sso.amazonaws.com/*"}}
    own_account: dict[str, Any] = {"StringEquals": {"aws:PrincipalAccount": account}}
    here = access["provider"]
    web, service = "sts:AssumeRoleWithWebIdentity", _lets_in({"Service": "lambda.amazonaws.com"})
    trusts = {
        "roles of Identity Center": [_lets_in({"AWS": f"{iam}root"}, **identity_center)],
        "roles of Identity Center, among all": [_lets_in({"AWS": "*"}, **identity_center, **own_account)],
        "a service, and roles of Identity Center": [service, _lets_in({"AWS": f"{iam}root"}, **identity_center)],
        "roles whose names begin so": [
            _lets_in({"AWS": f"{iam}root"}, ArnLike={"aws:PrincipalArn": f"{iam}role/program*"})
        ],
        "a session": [_lets_in({"AWS": f"arn:aws:sts::{account}:assumed-role/program/alice"})],
        "a role elsewhere": [_lets_in({"AWS": f"{iam}role/elsewhere"})],
        "a role elsewhere, by a condition": [
            _lets_in({"AWS": f"{iam}root"}, ArnEquals={"aws:PrincipalArn": f"{iam}role/elsewhere"})
        ],
        "an access role": [_lets_in({"AWS": access["outputs"]["arn"]})],
        "a chat": [_lets_in({"Service": "chatbot.amazonaws.com"})],
        "SAML": [
            _lets_in(
                {"Federated": f"{iam}saml-provider/office"},
                "sts:AssumeRoleWithSAML",
                StringEquals={"SAML:aud": "https://signin.aws.amazon.com/saml"},
            )
        ],
        "customers of Cognito": [
            _lets_in(
                {"Federated": "cognito-identity.amazonaws.com"},
                web,
                StringEquals={"cognito-identity.amazonaws.com:aud": "eu-west-1:1"},
                **{"ForAnyValue:StringEquals": {"cognito-identity.amazonaws.com:amr": "authenticated"}},
            )
        ],
        **{
            f"people of {provider}": [
                _lets_in(
                    {"Federated": f"{iam}oidc-provider/{provider}"}, web, StringEquals={f"{provider}:sub": "1234567"}
                )
            ]
            for provider in ("gitlab.com", "acme.okta.com", "acme.auth0.com/", "idp.example.com")
        },
    }
    program = _app(access, {"program": [service]})
    for name, statements in trusts.items():
        roles = _app(access, {"program": [service], "people": statements})
        for by, policy in _people_s().items():
            more = made(access, ROLE_POLICY, {"role": "people", "policy": policy})
            yield _with(stack, state, f"a role that {name} may enter", [*roles, more], by)
    for by, policy in _people_s().items():
        unknown = {"role": UNKNOWN, "policy": policy}
        sources = [program[0]["urn"], access["urn"]]
        for name, urns in {
            "nobody's": [],
            "an access role's": sources[1:],
            "perhaps an access role's": sources,
        }.items():
            more = made(access, ROLE_POLICY, unknown, propertyDependencies={"role": urns})
            yield _with(stack, state, f"a policy of a role whose name is {name}", [*program, more], by)
        more = made(access, ROLE_POLICY, {"role": access["outputs"]["name"], "policy": policy})
        decoy = _app(access, {access["outputs"]["name"]: [service]})
        yield _with(stack, state, "a program's role with an access role's name", [*decoy, more], by)
        foreign = next(one["provider"] for one in resources(state) if one.get("provider", here) != here)
        more = made(access, ROLE_POLICY, {"role": "program", "policy": policy}) | {"provider": foreign}
        yield _with(stack, state, "a policy of a role of that name elsewhere", [*program, more], by)


def _with(stack: str, state: State, name: str, more: list[dict[str, Any]], by: str) -> Mutation:
    mutant = copy.deepcopy(state)
    resources(mutant).extend(more)
    return Mutation(stack=stack, name=f"{name}, {by}", state=mutant, by=by)


def _people_s() -> dict[str, str]:
    """By the policy that asks for it of people: what programs may have as it is."""
    bounded: dict[str, Any] = {"StringEquals": {"iam:PermissionsBoundary": f"{AWS_MANAGED}ReadOnlyAccess"}}
    changes = allow("iam:CreateRole", "arn:aws:iam::*:role/*", **bounded)
    grant = allow("sts:AssumeRole", f"arn:aws:iam::{ELSEWHERE}:role/x")
    return {
        "iam-assume-role-requires-mfa": json.dumps(document(grant)),
        "iam-assume-role-requires-source-ip": json.dumps(document(grant)),
        "iam-role-management-requires-mfa": json.dumps(document(changes)),
        "iam-people-rights-are-listed": json.dumps(document(allow("iam:PassRole"))),
    }


def _lets_in(principal: dict[str, Any], action: str = "sts:AssumeRole", **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition}


def _app(beside: dict[str, Any], trusts: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Roles, by their names, with the statements of their trust policies."""
    return [made_role(beside, name, *statements) for name, statements in trusts.items()]


def _own(arn: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"name": arn.rpartition("/")[2], "arn": arn, "policy": json.dumps(content)}


def misplaced(stack: str, state: State) -> Iterator[Mutation]:
    """Yield states in which access roles are in another account than their grants say."""
    providers = {one["urn"]: one for one in resources(state) if one["type"] == "pulumi:providers:aws"}
    for urn, provider in providers.items():
        account = json.loads(provider["inputs"]["allowedAccountIds"])[0]
        reference = f"{urn}::{provider['id']}"
        for everything in (False, True) if account == SECURITY else (False,):
            mutant = copy.deepcopy(state)
            moved = [one for one in resources(mutant) if one.get("provider", reference) != reference]
            moved = [one for one in moved if everything or one["type"] == ROLE]
            for one in moved:
                one["provider"] = reference
                if "arn" in one["outputs"]:
                    one["outputs"]["arn"] = _in(account, one["outputs"]["arn"])
            what = "everything" if everything else "roles"
            if moved:
                yield Mutation(stack=stack, name=f"{what} in account {account}", state=mutant)


def _in(account: str, arn: str) -> str:
    parts = arn.split(":", 5)
    return ":".join([*parts[:4], account, parts[5]])
