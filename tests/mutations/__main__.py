"""Weakens the three deployed stacks in every way it can, and counts how many weakenings the policy pack refuses.

Run as `python -m tests.mutations`. Deploys the stacks on local accounts, exports them, changes one thing at a time
in a copy of an export, and lets `pulumi policy analyze` judge it. Prints the weakenings that passed, then caught over
made; ends with 1 unless all are caught.

Left out, for they weaken nothing: wider conditions on reading IAM, which ReadOnlyAccess on the same role allows without
any; a wider resource where IAM acts in its own account only.
"""

from __future__ import annotations

import copy
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.workspace import Workspace

State = dict[str, Any]
Document = dict[str, Any]
Statement = dict[str, Any]

SECURITY, ELSEWHERE = "111111111111", "999999999999"
AWS_MANAGED = "arn:aws:iam::aws:policy/"
ADMINISTRATOR = f"{AWS_MANAGED}AdministratorAccess"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
DOCUMENTS = ("assumeRolePolicy", "policy")
READS_ONLY = ("ViewIam", "ViewAccount")
SESSION_DENY = "session-addresses"
MODE_DEPENDENT = ("access-grant-IT-Admins", f"access-TSU-IAM-ACCESS-{SESSION_DENY}")
"""Resources that differ in the modes session and both; the others are weakened once."""


ESCALATING_ALONE = (
    "iam:PutRolePermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:*Role*",
    "iam:*",
    "*",
)
ADDED_TO_ROLE_MANAGEMENT = (
    *ESCALATING_ALONE,
    "iam:PassRole",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:AddRoleToInstanceProfile",
)
ADDED_ANYWHERE = (
    "*",
    "*:*",
    "sts:*",
    "sts:AssumeRole",
    "STS:assumer*",
    "sts:AssumeRoot",
    "iam:*",
    "iam:Put*",
    "iam:CreateRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:AttachRolePolicy",
    "iam:EnableMFADevice",
    "iam:CreatePolicyVersion",
)
WRITTEN_BY_NOBODY = (
    *("iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:PutGroupPolicy", "iam:AddUserToGroup", "iam:CreateAccessKey"),
    *("iam:UpdateLoginProfile", "iam:DeactivateMFADevice", "iam:PutUserPermissionsBoundary", "iam:UpdateSAMLProvider"),
    *("iam:CreateOpenIDConnectProvider", "iam:AddClientIDToOpenIDConnectProvider", "iam:AcceptDelegationRequest"),
    *("iam:PassRole", "iam:CreatePolicy", "iam:UpdateAccountPasswordPolicy", "iam:CreateSomethingNew"),
    *("organizations:LeaveOrganization", "account:EnableRegion", "sso:CreateAccountAssignment"),
    *("sso-directory:AddMemberToGroup", "identitystore:CreateGroupMembership", "rolesanywhere:CreateTrustAnchor"),
    *("cognito-identity:SetIdentityPoolRoles", "sts:GetFederationToken"),
)
"""What changes who may do what, and no statement of the program allows."""
_OWN = f"arn:aws:iam::{SECURITY}:user/${{aws:username}}"
ON_ONESELF = {
    "iam:PutUserPolicy": _OWN,
    "iam:UpdateLoginProfile": _OWN,
    "iam:UploadSSHPublicKey": _OWN,
    "iam:CreatePolicyVersion": "arn:aws:iam::*:policy/*-self-service",
    "iam:SetDefaultPolicyVersion": "arn:aws:iam::*:policy/*",
}
_SAML, _GITHUB = "arn:aws:iam::222222222222:saml-provider/x", "token.actions.githubusercontent.com"
_BY_GITHUB = {"Federated": f"arn:aws:iam::222222222222:oidc-provider/{_GITHUB}"}
OTHER_ENTRIES: dict[str, tuple[Any, str, Any]] = {
    "Google": ({"Federated": "accounts.google.com"}, "sts:AssumeRoleWithWebIdentity", None),
    "Cognito": ({"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity", None),
    "GitHub": (_BY_GITHUB, "sts:AssumeRoleWithWebIdentity", {"StringEquals": {f"{_GITHUB}:aud": "sts.amazonaws.com"}}),
    "a repository": (_BY_GITHUB, "sts:AssumeRoleWithWebIdentity", {"StringEquals": {f"{_GITHUB}:sub": "repo:a/b:x"}}),
    "SAML": ({"Federated": _SAML}, "sts:AssumeRoleWithSAML", {"StringEquals": {"SAML:aud": "https://x"}}),
    "any provider": ({"Federated": "*"}, "sts:AssumeRoleWith*", None),
    "everybody by the web": ("*", "sts:AssumeRoleWithWebIdentity", None),
    "a service": ({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole", None),
    "a role of another account": ({"AWS": f"arn:aws:iam::{SECURITY}:role/x"}, "sts:AssumeRole", None),
    "a role of the account": ({"AWS": "arn:aws:iam::222222222222:role/x"}, "sts:AssumeRole", None),
    "a new action": ({"AWS": f"arn:aws:iam::{SECURITY}:user/alice"}, "sts:AssumeRoleWithSomethingNew", None),
}
"""Entries beside those of users: principal, action, condition."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One weakened state."""

    stack: str
    name: str
    state: State


def mutations(stack: str, state: State) -> Iterator[Mutation]:
    """Yield every weakening of a stack."""
    for i, resource in enumerate(resources(state)):
        for name, change in (*weaker_documents(resource), *weaker_resources(resource)):
            mutant = copy.deepcopy(state)
            changed = change(resources(mutant)[i])
            if changed is None:
                del resources(mutant)[i]
            yield Mutation(stack=stack, name=f"{resource['urn'].rpartition('::')[2]}: {name}", state=mutant)
    for name, added in more_resources(state):
        mutant = copy.deepcopy(state)
        resources(mutant).append(added)
        yield Mutation(stack=stack, name=name, state=mutant)


def resources(state: State) -> list[dict[str, Any]]:
    """Return the resources of an exported state."""
    found: list[dict[str, Any]] = state["deployment"]["resources"]
    return found


Change = Callable[[dict[str, Any]], dict[str, Any] | None]


def weaker_documents(resource: dict[str, Any]) -> Iterator[tuple[str, Change]]:
    """Yield the changes of a resource's document."""
    for key in DOCUMENTS:
        text = resource.get("inputs", {}).get(key)
        if not isinstance(text, str):
            continue
        document = json.loads(text)
        for name, mutant in weaker(document):
            yield name, _putting(key, json.dumps(mutant))
        yield "unknown", _putting(key, UNKNOWN)
        yield "unknown within", _putting(key, text.replace("2012-10-17", UNKNOWN))
        yield "not JSON", _putting(key, text[:-1])
        yield "empty", _putting(key, "{}")


def _putting(key: str, value: Any) -> Change:
    def change(resource: dict[str, Any]) -> dict[str, Any]:
        for properties in (resource["inputs"], resource["outputs"]):
            properties[key] = value
        return resource

    return change


def weaker(document: Document) -> Iterator[tuple[str, Document]]:
    """Yield the weakenings of a document."""
    trust = any("Principal" in statement for statement in document["Statement"])
    for i, statement in enumerate(document["Statement"]):
        if statement["Sid"] in READS_ONLY:
            continue
        alternatives = weaker_denies(statement) if statement["Effect"] == "Deny" else weaker_allows(statement)
        for name, mutant in alternatives:
            others = [mutant if j == i else other for j, other in enumerate(document["Statement"])]
            yield f"{statement['Sid']}: {name}", {**document, "Statement": [one for one in others if one]}
    if _OWN.rpartition("/")[2] in json.dumps(document):
        for action, resource in ON_ONESELF.items():
            added = {"Sid": "More", "Effect": "Allow", "Action": action, "Resource": resource}
            yield f"{action} on {resource} more", {**document, "Statement": [*document["Statement"], added]}
    denied = [statement.get("Action") for statement in document["Statement"] if statement["Effect"] == "Deny"]
    for name, added in (more_trust if trust else more_permissions)():
        if trust or added.get("Action") not in denied:
            yield name, {**document, "Statement": [*document["Statement"], added]}


def weaker_allows(statement: Statement) -> Iterator[tuple[str, Statement]]:
    """Yield the weakenings of an Allow."""
    conditions = statement.get("Condition", {})
    if conditions:
        yield "no condition", {k: v for k, v in statement.items() if k != "Condition"}
    for operator, keys in conditions.items():
        for key, value in keys.items():
            rest = {other: block for other, block in conditions.items() if other != operator}
            rest |= {operator: {k: v for k, v in keys.items() if k != key}} if len(keys) > 1 else {}
            yield f"no {key}", {**statement, "Condition": rest}
            for name, loose in _looser(operator, key, value):
                yield f"{key} {name}", {**statement, "Condition": rest | loose}
    if "Principal" in statement:
        users = statement["Principal"]["AWS"]
        users = users if isinstance(users, list) else [users]
        for name, principal in {
            "everybody": "*",
            "the account": f"arn:aws:iam::{SECURITY}:root",
            "the account's id": SECURITY,
            "a user elsewhere": f"arn:aws:iam::{ELSEWHERE}:user/mallory",
            "a role": f"arn:aws:iam::{SECURITY}:role/ops",
            "a session": f"arn:aws:sts::{SECURITY}:assumed-role/ops/session",
            "a deleted user": "AIDAEXAMPLEEXAMPLE123",
        }.items():
            yield f"trusts {name} too", {**statement, "Principal": {"AWS": [*users, principal]}}
        yield "trusts everybody", {**statement, "Principal": "*"}
        yield "trusts all but one", _without(statement, "Principal") | {"NotPrincipal": {"AWS": users[:1]}}
        yield "swaps the account", json.loads(json.dumps(statement).replace(SECURITY, ELSEWHERE))
    elif statement["Action"] == "sts:AssumeRole":
        arn = statement["Resource"]
        for resource in ("*", arn.rpartition("/")[0] + "/*", arn[:-1] + "?", arn.replace(arn.split(":")[4], "*")):
            yield f"on {resource}", {**statement, "Resource": resource}
            yield f"on {resource} too", {**statement, "Resource": [arn, resource]}
        yield "on all but one", _without(statement, "Resource") | {"NotResource": "arn:aws:iam::1:role/x"}
        yield "swaps the account", {**statement, "Resource": arn.replace(arn.split(":")[4], ELSEWHERE)}
        yield "another role", {**statement, "Resource": arn + "X"}
        yield "all but one action", _without(statement, "Action") | {"NotAction": "s3:*"} | {"Resource": "*"}
        for action in ("*", "sts:*"):
            yield f"{action} on *", {**statement, "Action": action, "Resource": "*"}
    elif statement["Sid"] == "ManageBoundedRoles":
        for action in ADDED_TO_ROLE_MANAGEMENT:
            open_ = {"Condition": _without(conditions, "StringEquals")}
            yield f"{action} too, unbounded", {**statement, "Action": [*statement["Action"], action]} | open_
            if action in ESCALATING_ALONE:
                yield f"only {action}, unbounded", {**statement, "Action": action, "Resource": "*"} | open_
    elif statement["Sid"] == "OwnCredentials":
        own = statement["Resource"]
        for resource in ("*", own.replace("${aws:username}", "*"), own.replace("${aws:username}", "bob")):
            yield f"on {resource}", {**statement, "Resource": resource}


def _looser(operator: str, key: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield conditions on a key that hold for more requests."""
    if key == "aws:MultiFactorAuthPresent":
        in_session = operator == "BoolIfExists"
        for name in ("Bool", "StringEquals") if in_session else ("BoolIfExists", "StringEqualsIfExists"):
            yield f"{name} false", {name: {key: "false"}}
        if not in_session:
            yield "BoolIfExists", {"BoolIfExists": {key: value}}
            yield "StringLikeIfExists", {"StringLikeIfExists": {key: "t*"}}
        yield "either", {operator: {key: ["true", "false"]}}
        yield "present", {"Null": {key: "false"}}
        yield "any", {"StringLike": {key: "*"}}
        yield "not false, if at all", {"StringNotEqualsIfExists": {key: "nothing"}}
        yield "young, if at all", {"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "3600"}}
        if not in_session:
            yield "for all values", {"ForAllValues:Bool": {key: value}}
    elif key == "aws:SourceIp":
        yield "IpAddressIfExists", {"IpAddressIfExists": {key: value}}
        for wider in ("203.0.113.0/24", "0.0.0.0/0", "::/0", "203.0.113.10/31", "198.51.100.7", "2001:db8::/32"):
            yield f"{wider} too", {operator: {key: [*value, wider]}}
            yield f"{wider}", {operator: {key: [wider]}}
        yield "not", {f"Not{operator}": {key: value}}
        yield "for all values", {f"ForAllValues:{operator}": {key: value}}
        yield "in a VPC", {operator: {"aws:VpcSourceIp": value}}
    else:
        yield "IfExists", {f"{operator}IfExists": {key: value}}
        yield "any", {"StringLike": {key: "*"}}
        yield "administrator", {operator: {key: ADMINISTRATOR}}
        yield "administrator too", {operator: {key: [value, ADMINISTRATOR]}}
        yield "not", {"StringNotEquals": {key: "x"}}
        yield "another key", {operator: {"iam:PolicyARN": value}}


def weaker_denies(statement: Statement) -> Iterator[tuple[str, Statement]]:
    """Yield the weakenings of a Deny."""
    yield "gone", {}
    yield "allows", {**statement, "Effect": "Allow"}
    yield "only with another tag", {**statement, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "x"}}}
    yield "only over plain HTTP", {**statement, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    for element in ("Resource", "Action"):
        values = statement.get(element)
        if isinstance(values, list):
            for value in values:
                yield f"not {value}", {**statement, element: [other for other in values if other != value]}
    if "NotAction" in statement:
        yield "not for iam:*", {**statement, "NotAction": [*statement["NotAction"], "iam:*"]}
    if statement.get("Action") in ("sts:AssumeRole", "*"):
        yield "only for reading", {**statement, "Action": "s3:GetObject"}
        yield "only somewhere", {**statement, "Resource": "arn:aws:iam::999999999999:role/x"}
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            for name, loose in {
                "Bool false": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
                "Null false": {"Null": {"aws:MultiFactorAuthPresent": "false"}},
                "another value": {operator: {key: "true" if value == "false" else "false"}},
            }.items():
                if key == "aws:MultiFactorAuthPresent" and loose != {operator: {key: value}}:
                    yield name, {**statement, "Condition": loose}
            if key == "aws:SourceIp":
                for wider in ("203.0.113.0/24", "0.0.0.0/0"):
                    yield f"but {wider}", {**statement, "Condition": {operator: {key: [*value, wider]}}}
                yield "IpAddress", {**statement, "Condition": {"IpAddress": {key: value}}}
                yield "for any value", {**statement, "Condition": {f"ForAnyValue:{operator}": {key: value}}}


def more_trust() -> Iterator[tuple[str, Statement]]:
    """Yield statements that make a trust policy weaker."""
    user = f"arn:aws:iam::{SECURITY}:user/alice"
    anybody = {"everybody": "*", "all": {"AWS": "*"}, "an account": {"AWS": ELSEWHERE}, "a user": {"AWS": user}}
    for name, principal in anybody.items():
        for action in ("sts:AssumeRole", "sts:*", "sts:Assume*"):
            added = {"Sid": "More", "Effect": "Allow", "Principal": principal, "Action": action}
            yield f"{action} for {name} more", added
    for name, (principal, action, condition) in OTHER_ENTRIES.items():
        added = {"Sid": "More", "Effect": "Allow", "Principal": principal, "Action": action}
        yield f"{name} more", added | ({"Condition": condition} if condition else {})


def more_permissions() -> Iterator[tuple[str, Statement]]:
    """Yield statements that make an identity policy weaker."""
    for action in (*ADDED_ANYWHERE, *WRITTEN_BY_NOBODY):
        yield f"{action} more", {"Sid": "More", "Effect": "Allow", "Action": action, "Resource": "*"}
    yield "NotAction more", {"Sid": "More", "Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}
    yield "NotResource more", {"Sid": "More", "Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::x"}


def _without(mapping: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


def weaker_resources(resource: dict[str, Any]) -> Iterator[tuple[str, Change]]:
    """Yield the changes of a resource around its documents."""
    type_ = resource["type"]
    if type_ == "pulumi:providers:aws":
        for accounts in (None, [SECURITY, ELSEWHERE], [ELSEWHERE]):
            yield f"allows {accounts}", _putting("allowedAccountIds", json.dumps(accounts) if accounts else None)
    if "policyArn" in resource.get("inputs", {}):
        for arn in (*(f"{AWS_MANAGED}{name}" for name in ("IAMFullAccess", "PowerUserAccess")), ADMINISTRATOR, UNKNOWN):
            yield f"attaches {arn}", _putting("policyArn", arn)
    if "policyArns" in resource.get("inputs", {}):
        yield "attaches AdministratorAccess", _putting("policyArns", [ADMINISTRATOR])
    if resource["urn"].endswith(SESSION_DENY):
        yield "gone", lambda _: None
    if type_ == "aws:iam/role:Role":
        yield "managed policies", _putting("managedPolicyArns", [ADMINISTRATOR])
        open_ = {"Version": "2012-10-17", "Statement": [more[1] for more in more_permissions()][:1]}
        yield "inline policy", _putting("inlinePolicies", [{"name": "more", "policy": json.dumps(open_)}])
    if type_ == "aws:iam/groupPolicy:GroupPolicy":
        yield "on a user", _becoming("aws:iam/userPolicy:UserPolicy", "user")
    if type_ == "aws:iam/groupPolicyAttachment:GroupPolicyAttachment":
        yield "on a user", _becoming("aws:iam/userPolicyAttachment:UserPolicyAttachment", "user")


def _becoming(type_: str, owner: str) -> Change:
    def change(resource: dict[str, Any]) -> dict[str, Any]:
        resource["urn"] = resource["urn"].replace(resource["type"], type_)
        resource["type"] = type_
        for properties in (resource["inputs"], resource["outputs"]):
            properties[owner] = "alice"
        return resource

    return change


def more_resources(state: State) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield resources that make a stack weaker."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [next(more_permissions())[1]]})
    anywhere: dict[str, dict[str, Any]] = {
        "rolePolicy:RolePolicy": {"role": "x", "policy": document},
        "groupPolicy:GroupPolicy": {"group": "x", "policy": document},
        "policy:Policy": {"policy": document},
        "userPolicyAttachment:UserPolicyAttachment": {"user": "alice", "policyArn": ADMINISTRATOR},
        "policyAttachment:PolicyAttachment": {"users": ["alice"], "policyArn": ADMINISTRATOR},
    }
    in_target = {"user:User": {"name": "mallory"}, "accessKey:AccessKey": {"user": "mallory"}}
    for beside in resources(state):
        if beside["type"] not in ("aws:iam/role:Role", "aws:iam/group:Group"):
            continue
        for name, properties in (anywhere | (in_target if beside["type"].endswith("Role") else {})).items():
            type_ = f"aws:iam/{name}"
            yield (
                f"one more {type_}",
                {
                    "urn": f"{beside['urn'].rpartition('::')[0].replace(beside['type'], type_)}::more",
                    "type": type_,
                    "custom": True,
                    "id": "more",
                    "provider": beside["provider"],
                    "inputs": properties,
                    "outputs": properties,
                },
            )


def exported(workspace: Workspace) -> Iterator[tuple[str, State, dict[str, Any]]]:
    """Deploy the stacks; yield name, state and the pack's configuration of each, and of one whose sessions test the
    address."""
    pack = workspace.root / "policypacks" / "delegation"
    for stack in workspace.stack_names:
        config = json.loads((pack / "config" / f"{stack}.json").read_text())
        workspace.run("stack", "init", stack).check()
        workspace.run("up", "--yes", "--stack", stack).check()
        yield stack, workspace.run("stack", "export", "--stack", stack).check().json(), config
    for mode in ("session", "both"):
        workspace.run("config", "set", "delegation:staticIpAt", mode, "--stack", stack).check()
        workspace.run("up", "--yes", "--stack", stack).check()
        changed = {
            name: settings | ({"mode": mode} if name.endswith("requires-source-ip") else {})
            for name, settings in config.items()
        }
        yield f"{stack}, {mode}", workspace.run("stack", "export", "--stack", stack).check().json(), changed


def refusals(workspace: Workspace, state: State, config: dict[str, Any]) -> list[str]:
    """Return the mandatory violations that the pack reports on a state."""
    with tempfile.TemporaryDirectory() as folder:
        state_file, config_file = Path(folder, "state.json"), Path(folder, "config.json")
        state_file.write_text(json.dumps(state))
        config_file.write_text(json.dumps(config))
        result = workspace.run(
            "policy", "analyze", "--file", str(state_file), "--policy-pack", "policypacks/delegation",
            "--policy-pack-config", str(config_file), "--json",
        )  # fmt: skip
    events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    if not any("summaryEvent" in event for event in events):
        raise RuntimeError(f"The analysis did not end: {result.output}")
    found = [event["policyEvent"] for event in events if "policyEvent" in event]
    return [f"{one['policyName']}: {one['message']}" for one in found if one["enforcementLevel"] == "mandatory"]


def main() -> int:
    made = caught = 0
    with Workspace(say=lambda line: print(line, file=sys.stderr)) as workspace, ThreadPoolExecutor(2) as pool:
        for stack, state, config in exported(workspace):
            objections = refusals(workspace, state, config)
            if objections:
                print(f"{stack} is refused as it is: {objections[0]}")
                return 1
            mutants = list(mutations(stack, state))
            if "," in stack:
                mutants = [one for one in mutants if one.name.startswith(MODE_DEPENDENT)]

            def missed(mutant: Mutation, config: dict[str, Any] = config) -> bool:
                return not refusals(workspace, mutant.state, config)

            for mutant, passed in zip(mutants, pool.map(missed, mutants), strict=True):
                made, caught = made + 1, caught + (not passed)
                if passed:
                    print(f"missed: {mutant.stack}: {mutant.name}")
    print(f"Mutations caught: {caught} of {made}")
    return 0 if caught == made else 1


if __name__ == "__main__":
    sys.exit(main())
