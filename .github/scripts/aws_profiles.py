"""Writes the AWS profiles of one stack for a job of a workflow: `delegation-security` and `delegation-<stack>`.

Each profile assumes the named role of its account with the job's OIDC token; no key is stored anywhere. The token is
good for some minutes only, and each program that uses a profile exchanges it once, when it starts: so this runs
immediately before that program.
https://docs.github.com/en/actions/reference/security/oidc
https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from delegation_pack.facts import partition_of

AUDIENCE = "sts.amazonaws.com"


def main() -> None:
    """Write `config` and `token` into the folder `--out`, readable by this user only."""
    parser = argparse.ArgumentParser(description="Write the AWS profiles of one stack for a job of a workflow.")
    parser.add_argument("--role", required=True, help="role of each account, such as delegation-preview")
    parser.add_argument("--stack-file", required=True, type=Path, help="the stack's file, Pulumi.<stack>.yaml")
    parser.add_argument("--out", required=True, type=Path, help="folder for the two files")
    arguments = parser.parse_args()

    os.umask(0o077)
    arguments.out.mkdir(parents=True, exist_ok=True)
    token_file = arguments.out.resolve() / "token"
    sections = profiles(arguments.stack_file, arguments.role, token_file)
    token_file.write_text(oidc_token())
    (arguments.out / "config").write_text(sections)


def profiles(stack_file: Path, role: str, token_file: Path) -> str:
    """Return the AWS configuration for the accounts that a stack file names.

    Exits with a sentence when the file does not name them; what else is wrong in it, the program says.
    """
    stack = stack_file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    config = configuration(stack_file)
    region = str(config.get("delegation:region", "us-east-1"))
    partition = partition_of(region)
    keys = {"security": "delegation:securityAccountId"}
    if stack != "security":
        keys[stack] = "delegation:targetAccountId"
    accounts = {name: str(config.get(key, "")) for name, key in keys.items()}
    for name, account_id in accounts.items():
        if not re.fullmatch("[0-9]{12}", account_id):
            sys.exit(f"{stack_file.name}: {keys[name]} is {account_id!r}; an account id is 12 digits, in quotes.")
    if partition is None:
        sys.exit(f"{stack_file.name}: delegation:region is {region!r}; that is no region of AWS.")
    return "\n".join(
        f"[profile delegation-{name}]\n"
        f"role_arn = arn:{partition.id}:iam::{account_id}:role/{role}\n"
        f"web_identity_token_file = {token_file}\n"
        f"role_session_name = {role}-{os.environ['GITHUB_RUN_ID']}\n"
        f"region = {region}\n"
        for name, account_id in accounts.items()
    )


def configuration(stack_file: Path) -> dict[str, Any]:
    """Return a stack's configuration by full key: what Pulumi.yaml beside the file says for all stacks, and the file.

    A key of Pulumi.yaml has its value there or, with a type, as `default` or `value`.
    https://www.pulumi.com/docs/iac/concepts/projects/project-file/#config-options
    """
    project_file = stack_file.with_name("Pulumi.yaml")
    project: dict[str, Any] = yaml.safe_load(project_file.read_text()) if project_file.exists() else {}
    shared: dict[str, Any] = {}
    for key, declared in (project.get("config") or {}).items():
        full = key if ":" in key else f"{project['name']}:{key}"
        value = declared.get("default", declared.get("value")) if isinstance(declared, dict) else declared
        if value is not None:
            shared[full] = value
    return shared | ((yaml.safe_load(stack_file.read_text()) or {}).get("config") or {})


def oidc_token() -> str:
    """Return a new OIDC token of the job, for AWS.

    Exits with a sentence when the job has none to give.
    """
    try:
        url = os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
        bearer = os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    except KeyError:
        sys.exit("This job has no OIDC token: it needs the permission `id-token: write`, and forks never get one.")
    request = urllib.request.Request(  # noqa: S310  # the runner's own address
        f"{url}&{urllib.parse.urlencode({'audience': AUDIENCE})}", headers={"Authorization": f"Bearer {bearer}"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        token: str = json.load(response)["value"]
    return token


if __name__ == "__main__":
    main()
