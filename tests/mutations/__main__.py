"""Weakens the three deployed stacks in every way it can, and counts how many weakenings the policy pack refuses.

Run as `python -m tests.mutations`. Deploys the stacks on local accounts, exports them, changes one thing at a time
in a copy of an export, and lets `pulumi policy analyze` judge it; changes of the pack's configuration are
`check_config.py`'s. Then the same with changes that weaken nothing. Prints the weakenings that passed and the others
that did not, then how many of how many; ends with 1 unless all weakenings are caught and nothing else is.

Left out, for they weaken nothing: wider conditions on reading IAM, which ReadOnlyAccess on the same role allows without
any; a wider resource where IAM acts in its own account only.
"""

from __future__ import annotations

import copy
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sandbox.workspace import Workspace
from tests.documents import allow
from tests.mutations import configurations
from tests.mutations.equivalents import equivalents
from tests.mutations.resources import (
    CARRIER,
    OPEN_TO_TYPES,
    carriers,
    disguised,
    escalating,
    misplaced,
    more_resources,
)
from tests.mutations.states import (
    ADMINISTRATOR,
    AWS_MANAGED,
    ELSEWHERE,
    SECURITY,
    UNKNOWN,
    Config,
    Document,
    Mutation,
    State,
    Statement,
    resources,
)
from tests.workspaces import open_workspace

GITHUB, COGNITO = "token.actions.githubusercontent.com", "cognito-identity.amazonaws.com"
AUDIENCE, WEB_IDENTITY = "sts.amazonaws.com", "sts:AssumeRoleWithWebIdentity"
SAML_CONSOLE = {"SAML:aud": "https://signin.aws.amazon.com/saml"}
PROVIDERS = "arn:aws:iam::222222222222:"
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
    "iam:UpdateSAMLProvider",
    "iam:CreateOpenIDConnectProvider",
    "iam:UpdateOpenIDConnectProviderThumbprint",
    "iam:UpdateAccountPasswordPolicy",
    "iam:CreateUser",
    "iam:CreateAccessKey",
    "organizations:CreateAccount",
    "sso:CreateAccountAssignment",
    "rolesanywhere:CreateProfile",
    "cognito-identity:SetIdentityPoolRoles",
    "account:StartPrimaryEmailUpdate",
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
    "iam:SetDefaultPolicyVersion",
    "iam:PutUserPolicy",
    "iam:AttachUserPolicy",
    "iam:PutGroupPolicy",
    "iam:AttachGroupPolicy",
    "iam:AddUserToGroup",
    "iam:DeleteUserPermissionsBoundary",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:CreateAccessKey",
    "iam:DeactivateMFADevice",
    "iam:UploadSSHPublicKey",
    "iam:UpdateSAMLProvider",
    "iam:CreateOpenIDConnectProvider",
    "iam:AddClientIDToOpenIDConnectProvider",
    "organizations:*",
    "sso:*",
    "identitystore:CreateGroupMembership",
    "rolesanywhere:*",
    "iam:AcceptDelegationRequest",
    "iam:CreatePolicy",
    "iam:UpdateAccountPasswordPolicy",
    "iam:CreateSomethingNew",
    "account:EnableRegion",
    "sso-directory:AddMemberToGroup",
    "cognito-identity:SetIdentityPoolRoles",
    "sts:GetFederationToken",
)
ON_ONESELF = (
    *("iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:DetachUserPolicy", "iam:PutUserPermissionsBoundary"),
    *("iam:DeleteUserPermissionsBoundary", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:TagUser"),
    *("iam:CreateServiceSpecificCredential", "iam:UploadSigningCertificate", "iam:UpdateUser", "iam:DeleteUser"),
)
"""What self-service may not do, not even on the own user."""


def mutations(stack: str, state: State) -> Iterator[Mutation]:
    """Yield every weakening of a stack."""
    for i, resource in enumerate(resources(state)):
        for name, change in (*weaker_documents(resource), *weaker_resources(resource)):
            mutant = copy.deepcopy(state)
            changed = change(resources(mutant)[i])
            if changed is None:
                del resources(mutant)[i]
            yield Mutation(stack=stack, name=f"{resource['urn'].rpartition('::')[2]}: {name}", state=mutant)
    for name, added in (*more_resources(state), *carriers(state), *escalating(state)):
        mutant = copy.deepcopy(state)
        resources(mutant).extend(added)
        # By the pack's own defaults, which let other types pass: the shipped configuration refuses all.
        config = OPEN_TO_TYPES if name.startswith(CARRIER) else {}
        yield Mutation(stack=stack, name=name, state=mutant, config=config)
    yield from misplaced(stack, state)
    yield from disguised(stack, state)


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
        # IAM acts in the own account only, where the users of a role are not.
        for action in ON_ONESELF if resource["type"] != "aws:iam/rolePolicy:RolePolicy" and key == "policy" else ():
            oneself = allow(action, f"arn:aws:iam::{SECURITY}:user/${{aws:username}}")
            more = {**document, "Statement": [*document["Statement"], oneself]}
            yield f"{action} on oneself", _putting(key, json.dumps(more))
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
        for protected in ("OrganizationAccountAccessRole", "delegation-deploy"):
            also = arn.rpartition("/")[0] + "/" + protected
            yield f"on {protected} too", {**statement, "Resource": [arn, also]}
            yield f"on {protected}", {**statement, "Resource": also}
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
        for name in ("AWSLambda_FullAccess", "IAMFullAccess", "PowerUserAccess", "job-function/SystemAdministrator"):
            yield name, {operator: {key: AWS_MANAGED + name}}
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
    for name, (principal, action, condition) in {
        "Google": ({"Federated": "accounts.google.com"}, WEB_IDENTITY, {}),
        "GitHub": ({"Federated": f"{PROVIDERS}oidc-provider/{GITHUB}"}, WEB_IDENTITY, {f"{GITHUB}:aud": AUDIENCE}),
        "a repository": (
            {"Federated": f"{PROVIDERS}oidc-provider/{GITHUB}"},
            WEB_IDENTITY,
            {f"{GITHUB}:sub": "repo:a/b"},
        ),
        "a pool": ({"Federated": COGNITO}, WEB_IDENTITY, {f"{COGNITO}:aud": "us-east-1:0f1e2d3c"}),
        "anybody's web identity": ("*", WEB_IDENTITY, {}),
        "SAML": ({"Federated": f"{PROVIDERS}saml-provider/corp"}, "sts:AssumeRoleWithSAML", {}),
        "SAML at the console": (
            {"Federated": f"{PROVIDERS}saml-provider/corp"},
            "sts:AssumeRoleWithSAML",
            SAML_CONSOLE,
        ),
        "a service": ({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole", {}),
        "a role of the own account": ({"AWS": f"{PROVIDERS}role/app"}, "sts:AssumeRole", {}),
        "a new action": ({"AWS": f"arn:aws:iam::{SECURITY}:user/alice"}, "sts:AssumeRoleWithSomethingNew", {}),
        "a role with MFA": ({"AWS": f"{PROVIDERS}role/app"}, "sts:AssumeRole", {"aws:MultiFactorAuthPresent": "true"}),
    }.items():
        tested = {"Condition": {"StringEquals": condition}} if condition else {}
        yield f"{name} more", {"Sid": "More", "Effect": "Allow", "Principal": principal, "Action": action, **tested}


def more_permissions() -> Iterator[tuple[str, Statement]]:
    """Yield statements that make an identity policy weaker."""
    for action in ADDED_ANYWHERE:
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


def exported(workspace: Workspace) -> Iterator[tuple[str, State, Config]]:
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


def refusals(workspace: Workspace, state: State, config: Config) -> list[str]:
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


def reported(workspace: Workspace, found: Iterable[Mutation], config: Config) -> Iterator[tuple[Mutation, list[str]]]:
    """Yield each mutation with what the pack says of it, two at a time."""

    def judged(one: Mutation) -> list[str]:
        merged = {name: {**config.get(name, {}), **one.config.get(name, {})} for name in {**config, **one.config}}
        return [text for text in refusals(workspace, one.state, merged) if text.startswith(one.by)]

    listed = list(found)
    with ThreadPoolExecutor(2) as pool:
        yield from zip(listed, pool.map(judged, listed), strict=True)


def main() -> int:
    made = caught = same = refused = 0
    with open_workspace(say=lambda line: print(line, file=sys.stderr)) as workspace:
        for name, passed in configurations.passed(workspace.root / "policypacks" / "delegation"):
            made, caught = made + 1, caught + (not passed)
            if passed:
                print(f"missed: configuration: {name}")
        for stack, state, config in exported(workspace):
            objections = refusals(workspace, state, config)
            if objections:
                print(f"{stack} is refused as it is: {objections[0]}")
                return 1
            mutants = list(mutations(stack, state))
            if "," in stack:
                mutants = [one for one in mutants if one.name.startswith(MODE_DEPENDENT)]
            for mutant, found in reported(workspace, mutants, config):
                made, caught = made + 1, caught + bool(found)
                if not found:
                    print(f"missed: {mutant.stack}: {mutant.name}")
            for mutant, found in reported(workspace, equivalents(stack, state), config):
                same, refused = same + 1, refused + bool(found)
                if found:
                    print(f"refused although nothing is weaker: {mutant.stack}: {mutant.name}: {found[0]}")
    print(f"Mutations caught: {caught} of {made}")
    print(f"Equivalents refused: {refused} of {same}")
    return 0 if caught == made and not refused else 1


if __name__ == "__main__":
    sys.exit(main())
