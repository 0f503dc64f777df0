"""States as `pulumi stack export` writes them, made of plain users, groups and roles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests import documents
from tests.documents import MFA

SECURITY, TARGET, OTHER = "111111111111", "222222222222", "333333333333"
OFFICE = "203.0.113.10"
FROM_OFFICE = {"IpAddress": {"aws:SourceIp": OFFICE}}
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


def user_arn(name: str, account: str = SECURITY, path: str = "/") -> str:
    return f"arn:aws:iam::{account}:user{path}{name}"


def role_arn(name: str = "ACCESS", account: str = TARGET) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def document(*statements: Mapping[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps(documents.document(*statements, version=version))


def grant(resource: Any = None, condition: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A statement of an identity policy on sts:AssumeRole; `more` replaces elements."""
    return documents.allow("sts:AssumeRole", resource or role_arn(), **(condition or {})) | more


def trust(principals: Any, condition: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A statement of a trust policy; `more` replaces elements."""
    return documents.trusting(principals, **(condition or {})) | more


class StateBuilder:
    """One stack's state, in one account for each provider."""

    def __init__(self, stack: str = "all", project: str = "delegation", region: str = "us-east-1") -> None:
        self.stack, self.project, self.region = stack, project, region
        self.resources: list[dict[str, Any]] = []
        self.add("pulumi:pulumi:Stack", f"{project}-{stack}", {})

    def urn(self, type_: str, name: str) -> str:
        return f"urn:pulumi:{self.stack}::{self.project}::{type_}::{name}"

    def add(self, type_: str, name: str, outputs: Mapping[str, Any], account: str | None = None) -> StateBuilder:
        resource = {"urn": self.urn(type_, name), "type": type_, "custom": True, "inputs": {}, "outputs": dict(outputs)}
        if account:
            provider = self.urn("pulumi:providers:aws", account)
            if all(known["urn"] != provider for known in self.resources):
                self.add(
                    "pulumi:providers:aws", account, {"allowedAccountIds": json.dumps([account]), "region": self.region}
                )
            resource["provider"] = f"{provider}::6d236d65-bc77-46d6-898a-b08425bc94a9"
        self.resources.append(resource)
        return self

    def user(
        self,
        name: str,
        *groups: str,
        account: str = SECURITY,
        path: str = "/",
        policy: str | None = None,
        attached: Sequence[str] = (),
        **outputs: Any,
    ) -> StateBuilder:
        arn = user_arn(name, account, path)
        self.add("aws:iam/user:User", name, {"name": name, "path": path, "arn": arn, **outputs}, account)
        if groups:
            joined = {"user": name, "groups": list(groups)}
            self.add("aws:iam/userGroupMembership:UserGroupMembership", f"{name}-groups", joined, account)
        if policy:
            inline = {"user": name, "name": "own", "policy": policy}
            self.add("aws:iam/userPolicy:UserPolicy", f"{name}-own", inline, account)
        for arn in attached:
            held = {"user": name, "policyArn": arn}
            self.add("aws:iam/userPolicyAttachment:UserPolicyAttachment", f"{name}-{arn}", held, account)
        return self

    def group(
        self,
        name: str,
        *policies: str,
        account: str = SECURITY,
        attached: Sequence[str] = (),
        members: Sequence[str] = (),
    ) -> StateBuilder:
        arn = f"arn:aws:iam::{account}:group/{name}"
        self.add("aws:iam/group:Group", name, {"name": name, "path": "/", "arn": arn}, account)
        for i, policy in enumerate(policies, 1):
            inline = {"group": name, "name": f"grant-{i}", "policy": policy}
            self.add("aws:iam/groupPolicy:GroupPolicy", f"{name}-{i}", inline, account)
        for arn in attached:
            held = {"group": name, "policyArn": arn}
            self.add("aws:iam/groupPolicyAttachment:GroupPolicyAttachment", f"{name}-{arn}", held, account)
        if members:
            joined = {"group": name, "users": list(members)}
            self.add("aws:iam/groupMembership:GroupMembership", f"{name}-members", joined, account)
        return self

    def managed(self, name: str, policy: Any, account: str = SECURITY) -> StateBuilder:
        arn = f"arn:aws:iam::{account}:policy/{name}"
        return self.add(
            "aws:iam/policy:Policy", name, {"name": name, "path": "/", "arn": arn, "policy": policy}, account
        )

    def role(
        self,
        name: str,
        trusting: Any,
        *policies: str,
        account: str = TARGET,
        attached: Sequence[str] = (),
        **outputs: Any,
    ) -> StateBuilder:
        arn = role_arn(name, account)
        role = {
            "name": name,
            "path": "/",
            "arn": arn,
            "assumeRolePolicy": trusting,
            "maxSessionDuration": 3600,
            **outputs,
        }
        self.add("aws:iam/role:Role", f"{account}-{name}", role, account)
        for i, policy in enumerate(policies, 1):
            inline = {"role": name, "name": f"inline-{i}", "policy": policy}
            self.add("aws:iam/rolePolicy:RolePolicy", f"{account}-{name}-{i}", inline, account)
        for arn in attached:
            held = {"role": name, "policyArn": arn}
            self.add("aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"{account}-{name}-{arn}", held, account)
        return self

    def state(self) -> dict[str, Any]:
        manifest = {"time": "2026-11-23T12:00:00.000000Z", "magic": "", "version": "v3.259.0"}
        return {"version": 3, "deployment": {"manifest": manifest, "resources": self.resources}}

    def write(self, folder: Path, name: str | None = None) -> str:
        path = folder / f"{name or self.stack}.json"
        path.write_text(json.dumps(self.state()))
        return str(path)


def demo(*admins: str, condition: Mapping[str, Any] | None = None, policies: Sequence[str] = ()) -> StateBuilder:
    """One account entered by a group, as the delegation makes it, in one stack."""
    names = admins or ("alice", "bob")
    strict = MFA if condition is None else condition
    builder = StateBuilder()
    for name in names:
        builder.user(name)
    builder.group("Admins", document(grant(condition={**strict, **FROM_OFFICE})), members=names)
    return builder.role("ACCESS", document(trust([user_arn(name) for name in names], strict)), *policies)
