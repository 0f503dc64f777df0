"""Resources that make a stack weaker, beside those that it has or in another account."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.documents import allow, document
from tests.mutations.states import ADMINISTRATOR, SECURITY, Config, Mutation, State, made, resources

ROLE, GROUP, POLICY = "aws:iam/role:Role", "aws:iam/group:Group", "aws:iam/policy:Policy"
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
