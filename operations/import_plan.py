"""Plans how to take over existing resources: writes the import file and says what will change (`make import-plan`).

A plain `pulumi import` uses default providers and knows no components. So this command takes Pulumi's own list of what
it would create (`pulumi preview --import-file`), keeps what exists already, and fills in the ids.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import json_text
from components import PACKED_POLICIES, packed_policy_name
from operations import aws_accounts, signals, stack_files, stack_names, trusts, unfinished
from operations.errors import OperationError, exit_code
from settings import SECURITY_STACK, Settings

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

Inputs = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Existing:
    """What is in an account already, of what a stack would create there."""

    what: str
    """What it is, in words."""
    id: str | None
    """What Pulumi imports it by; None for what cannot be imported and is made over what exists."""
    changes: tuple[str, ...] = ()
    """What the next updates change about it: each goes on where `what` ends."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What Pulumi would create."""

    creates: tuple[Mapping[str, Any], ...]
    """The new states: `urn`, `type`, `provider` and `inputs`."""
    import_file: Mapping[str, Any]
    """Pulumi's own import file for them, without ids."""
    replacements: tuple[Mapping[str, Any], ...] = ()
    """The new states of what it would make anew in the place of something that it manages."""


def preview(top: Path, stack: str) -> Preview:
    """Return what `pulumi preview` says of a stack.

    Raises:
        OperationError: there is no Pulumi, or the preview fails; the text holds what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "import.json"
        command = ["pulumi", "preview", "--non-interactive", "--stack", stack, "--json", "--import-file", str(file)]
        try:
            with signals.interrupted_afterwards():
                done = subprocess.run(command, cwd=top, capture_output=True, text=True, encoding="utf-8")
        except FileNotFoundError as error:
            raise OperationError(
                "Pulumi is not installed: see https://www.pulumi.com/docs/iac/download-install/."
            ) from error
        if done.returncode != 0:
            raise OperationError(f"The preview of stack {stack} failed:\n{_said(done)}")
        steps = _steps(done.stdout, stack)
        return Preview(
            creates=_planned(steps, "create"),
            import_file=json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"resources": []},
            replacements=_planned(steps, "create-replacement"),
        )


def _planned(steps: Sequence[Mapping[str, Any]], operation: str) -> tuple[Mapping[str, Any], ...]:
    return tuple(step["newState"] for step in steps if step["op"] == operation)


def _steps(printed: str, stack: str) -> Sequence[Mapping[str, Any]]:
    try:
        match json_text.parsed(printed):
            case {"steps": list(steps)}:
                return steps
            case {"changeSummary": _}:
                return ()
    except (ValueError, RecursionError):
        pass
    raise OperationError(
        f"The preview of stack {stack} printed no plan: run `pulumi preview --stack {stack} --json`, "
        "and look for what it prints instead."
    )


def _said(done: subprocess.CompletedProcess[str]) -> str:
    with contextlib.suppress(ValueError, KeyError):
        diagnostics = json_text.parsed(done.stdout)["diagnostics"]
        return "".join(entry["message"] for entry in diagnostics if entry["severity"] == "error").strip()
    return (done.stderr or done.stdout).strip()


def find(settings: Settings, clients: Mapping[str, IAMClient], creates: tuple[Mapping[str, Any], ...]) -> Found:
    """Return what exists already of what a stack would create.

    Args:
        settings: the stack's settings.
        clients: an IAM client by the logical name of the provider: `security`, and the stack's own.
        creates: new states, as in `Preview`.
    """
    accounts = {settings.stack: settings.target_account_id, SECURITY_STACK: settings.security_account_id}
    found: Found = {}
    for state in creates:
        look = _LOOKS.get(state["type"])
        if look is None:
            continue
        provider = state["provider"].split("::")[-2]
        iam = clients[provider]
        account = f"arn:{settings.partition}:iam::{accounts[provider]}"
        with contextlib.suppress(iam.exceptions.NoSuchEntityException):
            existing = look(iam, state["inputs"], account)
            if existing:
                found[state["type"], state["urn"].rpartition("::")[2]] = existing
    return found


Found = dict[tuple[str, str], Existing]
"""What exists, by type and logical name."""


def import_file(pulumis: Mapping[str, Any], found: Found) -> dict[str, Any]:
    """Return Pulumi's import file with the ids of what exists, and without what does not."""
    resources = []
    for resource in pulumis["resources"]:
        existing = found.get((resource["type"], resource["name"]))
        if existing and existing.id:
            resources.append({**resource, "id": existing.id})
        elif resource.get("component") or resource["type"].startswith("pulumi:providers:"):
            resources.append(resource)
    return {**pulumis, "resources": resources}


def _user(iam: IAMClient, inputs: Inputs, _account: str) -> Existing:
    user = iam.get_user(UserName=inputs["name"])["User"]
    fix = f"set delegation:userPath to {user['Path']} to keep it"
    changes = [*_path(user, inputs, fix), *_tags(user, inputs)]
    return Existing(what=f"User {inputs['name']}", id=inputs["name"], changes=tuple(changes))


def _group(iam: IAMClient, inputs: Inputs, account: str) -> Existing:
    name = inputs["name"]
    changes = [*_path(iam.get_group(GroupName=name)["Group"], inputs, "no stack can keep it")]
    inline = [
        policy
        for page in iam.get_paginator("list_group_policies").paginate(GroupName=name)
        for policy in page["PolicyNames"]
        if not policy.startswith("assume-")
    ]
    own = {f"{name}-self-service", *(packed_policy_name(name, number) for number in PACKED_POLICIES)}
    attached = [arn for arn in _attached_to_group(iam, name) if arn.removeprefix(f"{account}:policy/") not in own]
    if inline or attached:
        policies = ", ".join(inline + attached)
        changes.append(
            f"keeps {policies}, for no stack manages the group's other policies: remove by hand what must go"
        )
    return Existing(what=f"Group {name}", id=name, changes=tuple(changes))


def _membership(iam: IAMClient, inputs: Inputs, _account: str) -> Existing | None:
    pages = iam.get_paginator("get_group").paginate(GroupName=inputs["group"])
    unlisted = {user["UserName"] for page in pages for user in page["Users"]} - set(inputs["users"])
    if not unlisted:
        return None
    loss = f"loses {', '.join(sorted(unlisted))} with the second `make up`: put who must stay into delegation:groups"
    return Existing(what=f"Membership of group {inputs['group']}", id=None, changes=(loss,))


def _policy(iam: IAMClient, inputs: Inputs, account: str) -> Existing:
    arn = f"{account}:policy{inputs.get('path', '/')}{inputs['name']}"
    live = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=live["DefaultVersionId"])["PolicyVersion"]
    changes = [*_document(version["Document"], inputs["policy"]), *_tags(live, inputs)]
    return Existing(what=f"Policy {inputs['name']}", id=arn, changes=tuple(changes))


def _group_attachment(iam: IAMClient, inputs: Inputs, _account: str) -> Existing | None:
    group, arn = inputs["group"], inputs["policyArn"]
    if arn not in _attached_to_group(iam, group):
        return None
    return Existing(what=f"Attachment of {arn} to group {group}", id=f"{group}/{arn}")


def _grant(iam: IAMClient, inputs: Inputs, _account: str) -> Existing:
    group, name = inputs["group"], inputs["name"]
    live = iam.get_group_policy(GroupName=group, PolicyName=name)["PolicyDocument"]
    changes = tuple(_document(live, inputs["policy"]))
    return Existing(what=f"Grant {name} of group {group}", id=f"{group}:{name}", changes=changes)


def _role(iam: IAMClient, inputs: Inputs, _account: str) -> Existing:
    role = iam.get_role(RoleName=inputs["name"])["Role"]
    if role["Path"] != inputs.get("path", "/"):
        raise OperationError(
            f"Role {inputs['name']} exists under path {role['Path']}, and IAM changes no role's path: "
            "remove it by hand, or give the role another name in delegation:roles."
        )
    changes = [*_tags(role, inputs)]
    if role.get("Description", "") != inputs["description"]:
        changes.append("gets the program's description")
    live, wanted = role["AssumeRolePolicyDocument"], json.loads(inputs["assumeRolePolicy"])
    if live != wanted:
        changes.append("gets the program's trust policy instead of its own")
    lost = trusts.principals(live) - trusts.principals(wanted)
    if lost:
        changes.append(f"no longer lets in {', '.join(sorted(lost))}")
    seconds = int(inputs["maxSessionDuration"])
    if role["MaxSessionDuration"] != seconds:
        changes.append(f"has sessions of up to {seconds} s instead of {role['MaxSessionDuration']} s")
    if boundary := role.get("PermissionsBoundary"):
        changes.append(f"loses its permissions boundary {boundary['PermissionsBoundaryArn']}")
    return Existing(what=f"Role {inputs['name']}", id=inputs["name"], changes=tuple(changes))


def _role_policy(iam: IAMClient, inputs: Inputs, _account: str) -> Existing:
    role, name = inputs["role"], inputs["name"]
    live = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    changes = tuple(_document(live, inputs["policy"]))
    return Existing(what=f"Inline policy {name} of role {role}", id=f"{role}:{name}", changes=changes)


def _role_attachment(iam: IAMClient, inputs: Inputs, _account: str) -> Existing | None:
    role, arn = inputs["role"], inputs["policyArn"]
    if arn not in _attached_to_role(iam, role):
        return None
    return Existing(what=f"Attachment of {arn} to role {role}", id=f"{role}/{arn}")


def _exclusive_inline(iam: IAMClient, inputs: Inputs, _account: str) -> Existing | None:
    role = inputs["roleName"]
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    return _exclusive(role, {name for page in pages for name in page["PolicyNames"]} - set(inputs["policyNames"]))


def _exclusive_attached(iam: IAMClient, inputs: Inputs, _account: str) -> Existing | None:
    role = inputs["roleName"]
    return _exclusive(role, _attached_to_role(iam, role) - set(inputs["policyArns"]))


def _exclusive(role: str, unlisted: set[str]) -> Existing | None:
    if not unlisted:
        return None
    loss = f"lose {', '.join(sorted(unlisted))} with the first `make up`"
    return Existing(what=f"Policies of role {role}", id=None, changes=(loss,))


_LOOKS: Mapping[str, Callable[[IAMClient, Inputs, str], Existing | None]] = {
    "aws:iam/user:User": _user,
    "aws:iam/group:Group": _group,
    "aws:iam/groupMembership:GroupMembership": _membership,
    "aws:iam/policy:Policy": _policy,
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": _group_attachment,
    "aws:iam/groupPolicy:GroupPolicy": _grant,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _role_attachment,
    "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive": _exclusive_inline,
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": _exclusive_attached,
}


def _attached_to_group(iam: IAMClient, group: str) -> set[str]:
    pages = iam.get_paginator("list_attached_group_policies").paginate(GroupName=group)
    return {policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]}


def _attached_to_role(iam: IAMClient, role: str) -> set[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return {policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]}


def _path(live: Mapping[str, Any], inputs: Inputs, consequence: str) -> Iterator[str]:
    wanted = inputs.get("path", "/")
    if live["Path"] != wanted:
        yield f"moves from path {live['Path']} to {wanted}, and with it its ARN: {consequence}"


def _tags(live: Mapping[str, Any], inputs: Inputs) -> Iterator[str]:
    lost = sorted({tag["Key"] for tag in live.get("Tags", [])} - set(inputs.get("tags") or {}))
    if lost:
        yield f"loses the tags {', '.join(lost)}: put what must stay into delegation:tags"


def _document(live: Any, wanted: str) -> Iterator[str]:
    if live != json.loads(wanted):
        yield "gets the program's document instead of its own"


def in_the_way(stack: str, found: Found) -> str:
    """Return what exists under a name that a replacement needs, and what to do about it; empty if nothing does.

    Pulumi imports nothing as a resource that it manages already. A killed update leaves such resources behind.
    """
    names = [f"  {existing.what}" for existing in found.values() if existing.id]
    if not names:
        return ""
    return "\n".join(
        [
            f"Exists already, under the new name of something that stack {stack} manages:",
            *names,
            "It cannot be imported. If a killed update made it, remove it by hand; else choose another name.",
            "",
            "",
        ]
    )


def report(stack: str, file: Path, found: Found, *, interrupted: bool = False) -> str:
    """Return what exists, what will change about it, and the commands to go on with.

    Args:
        stack: the stack.
        file: the import file.
        found: what exists of what the stack would create.
        interrupted: the state holds creations whose end was not recorded.
    """
    forget = [f"  {unfinished.forget_command(stack)}"] if interrupted else []
    taken = [existing for existing in found.values() if existing.id]
    if not taken and interrupted:
        return "\n".join(
            [
                f"Nothing that stack {stack} would create exists. Next:",
                *forget,
                f"  make up STACK={stack}",
                "",
            ]
        )
    if not taken:
        return f"Nothing that stack {stack} would create exists by hand: deploy it with make up STACK={stack}.\n"
    lines = [f"Exists by hand, and is in {file.name} with its id:"]
    lines += [f"  {existing.what}" for existing in taken]
    changes = [f"{existing.what} {change}." for existing in found.values() for change in existing.changes]
    lines += ["", "What changes when Pulumi manages it:" if changes else "Nothing of it changes."]
    for change in changes:
        lines += textwrap.wrap(
            change, 80, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
    lines += [
        "",
        "Next, if that is what you want (the import itself changes nothing):",
        f"  pulumi import --stack {stack} --file {file.name} \\",
        "    --generate-code=false --protect=false",
        *forget,
        f"  make preview STACK={stack}",
        f"  make up STACK={stack}",
        f"Then delete {file.name}.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Write `import-<stack>.json` for the command line's stack and return the exit code."""
    parser = argparse.ArgumentParser(prog="make import-plan", description=__doc__)
    parser.add_argument("--stack", default="", help="stack that will manage the resources")
    top = Path.cwd()
    stack = stack_names.existing_stack(top, parser.parse_args().stack, "import-plan")
    settings = stack_files.read_settings(top, stack)
    with aws_accounts.explained():
        clients = {SECURITY_STACK: aws_accounts.iam(SECURITY_STACK, settings.security_account_id, settings.region)}
        if settings.target_account_id:
            clients[stack] = aws_accounts.iam(stack, settings.target_account_id, settings.region)
        pulumis = preview(top, stack)
        found = find(settings, clients, pulumis.creates)
        blocking = find(settings, clients, pulumis.replacements)
    file = top / f"import-{stack}.json"
    if any(existing.id for existing in found.values()):
        content = json.dumps(import_file(pulumis.import_file, found), indent=2, ensure_ascii=False)
        file.write_text(content + "\n", encoding="utf-8")
    interrupted = bool(unfinished.unfinished_creates(top, stack))
    print(in_the_way(stack, blocking) + report(stack, file, found, interrupted=interrupted), end="")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
