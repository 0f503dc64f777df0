"""Writes the two files of another target account and says what is left to do (`make new-target`).

With packed grants it also adds the account to the two files of the stack `security`, which declares the targets.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from operations import config_edits, stack_files
from operations.errors import OperationError, exit_code
from operations.project_files import PACK, pack_config
from operations.stack_names import STACK_NAME
from settings import NAMESPACE, SECURITY_STACK, Settings

_OWN_KEYS = ("securityAccountId", "targetAccountId", "staticIps")
# A new account has no session to revoke.
_NOT_TAKEN_OVER = ("targetAccountId", "revokeSessionsBefore")
_ADDRESSES = "allowedCidrs"
_BY_ACCOUNT = "byAccount"
_OF_ONE_STACK = ("exempt", "targetAccounts", "accessRoles", _BY_ACCOUNT)
"""Exemptions, and what the policy pack's configuration of the stack security alone lists."""


Ranges = Sequence[str | Mapping[str, str]]
"""Addresses and CIDRs, wide ones with their reason."""


def write(top: Path, stack: str, account_id: str, static_ips: Sequence[str] = ()) -> Settings:
    """Write `Pulumi.<stack>.yaml` and the policy pack's configuration for it; return the new stack's settings.

    The Security account is that of `Pulumi.security.yaml`; everything else that all target stacks agree on is taken
    over, static IPs included unless they are given. What stands in `Pulumi.yaml` is not written again. Exemptions from
    policies are never taken over.

    Args:
        top: the repository's top.
        stack: name of the new stack.
        account_id: the target account, 12 digits.
        static_ips: addresses and CIDRs; empty for those of the other target stacks.

    Raises:
        OperationError: a file exists, or the name, the account or an address is refused. Nothing is written then.
    """
    if not STACK_NAME.fullmatch(stack):
        raise OperationError(
            f"{stack!r} cannot be a stack's name: use up to 40 lower-case letters, digits and hyphens, a letter first, "
            "such as make new-target STACK=staging ACCOUNT=444444444444."
        )
    if not account_id:
        raise OperationError(f"Name the account: make new-target STACK={stack} ACCOUNT=… with its 12 digits.")
    for file in (stack_files.stack_file(top, stack), top / pack_config(PACK, stack)):
        if file.exists():
            raise OperationError(f"{file.relative_to(top)} exists already: choose another name, or delete it first.")

    others = {other: stack_files.read_values(top, other) for other in stack_files.target_stacks(top)}
    for other, values in others.items():
        if values.get("targetAccountId") == account_id:
            raise OperationError(f"Account {account_id} belongs to stack {other} already: see Pulumi.{other}.yaml.")
    agreed = _agreed(list(others.values()))
    values = {key: value for key, value in agreed.items() if key not in _NOT_TAKEN_OVER} | {
        "targetAccountId": account_id
    }
    shared = stack_files.shared_values(top)
    security = stack_files.read_settings(top, SECURITY_STACK)
    if "securityAccountId" not in shared:
        values["securityAccountId"] = security.security_account_id
    some_override = any("staticIps" in one for one in others.values())
    if static_ips:
        values["staticIps"] = list(static_ips)
    elif "staticIps" not in (values if some_override else shared):
        raise OperationError(
            "The other target stacks have different static IPs: name those of this one, "
            f"such as make new-target STACK={stack} ACCOUNT={account_id} IPS=198.51.100.7,203.0.113.0/28."
        )
    settings = stack_files.settings_of(top, stack, values)
    ranges = [entry if isinstance(entry, str) else entry.model_dump() for entry in settings.static_ips]
    written = {
        top / pack_config(PACK, stack): _pack_config(top, others, ranges),
        stack_files.stack_file(top, stack): _stack_file(stack, values),
    }
    if security.grants == "packed" or security.targets:
        file = stack_files.stack_file(top, SECURITY_STACK)
        entry = _declared(security, settings, values, ranges)
        written[file] = config_edits.with_target(file.read_text(encoding="utf-8"), stack, entry)
    written |= _pack_knows(top, security, settings, ranges)
    try:
        for file, text in written.items():
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperationError(f"The files cannot be written: {error}.") from error
    return settings


def _declared(security: Settings, settings: Settings, values: Mapping[str, Any], ranges: Ranges) -> str:
    """Return what the stack security has to know of a target: its account, and in what it differs."""
    differs: dict[str, Any] = {}
    if sorted(settings.cidrs) != sorted(security.cidrs):
        differs["staticIps"] = list(ranges)
    if settings.static_ip_at != security.static_ip_at:
        differs["staticIpAt"] = settings.static_ip_at
    if "only" in values:
        differs["only"] = values["only"]
    return _flow({"accountId": settings.target_account_id, **differs}) if differs else f'"{settings.target_account_id}"'


def _pack_knows(top: Path, security: Settings, settings: Settings, ranges: Ranges) -> dict[Path, str]:
    """Return the policy pack's configuration of the stack security with one more target, where it lists the targets."""
    config = stack_files.read_pack_config(top, SECURITY_STACK)
    roles, addresses = (config.get(f"iam-assume-role-{rule}") for rule in ("names-roles", "requires-source-ip"))
    if not isinstance(roles, dict) or "targetAccounts" not in roles:
        return {}
    account_id = settings.target_account_id
    roles["targetAccounts"] = [*roles["targetAccounts"], account_id]
    own: dict[str, Any] = {_ADDRESSES: list(ranges)} if sorted(settings.cidrs) != sorted(security.cidrs) else {}
    if settings.static_ip_at == "session":
        own = {_ADDRESSES: list(ranges), "mode": "session"}
    if own and isinstance(addresses, dict):
        addresses[_BY_ACCOUNT] = {**addresses.get(_BY_ACCOUNT, {}), account_id: own}
    return {top / pack_config(PACK, SECURITY_STACK): _written(config)}


def _agreed(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the entries that all items have in common."""
    first, *rest = items or [{}]
    return {key: value for key, value in first.items() if all(key in item and item[key] == value for item in rest)}


def _stack_file(stack: str, values: Mapping[str, Any]) -> str:
    lines = [
        f"# Access to the {stack} account.",
        "config:",
        *(f'  {NAMESPACE}:{key}: "{values[key]}"' for key in ("securityAccountId", "targetAccountId") if key in values),
    ]
    if "staticIps" in values:
        lines += [
            f"  # The policy pack has its own list: change {pack_config(PACK, stack)} with it.",
            f"  {NAMESPACE}:staticIps:",
            *(f"    - {_flow(entry)}" for entry in values["staticIps"]),
        ]
    others = {f"{NAMESPACE}:{key}": value for key, value in values.items() if key not in _OWN_KEYS}
    if others:
        lines.append(textwrap.indent(yaml.safe_dump(others, sort_keys=False, allow_unicode=True).rstrip(), "  "))
    return "\n".join([*lines, ""])


def _flow(entry: object) -> str:
    if isinstance(entry, str):
        return entry
    return yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000).strip()


def _pack_config(top: Path, others: Mapping[str, Any], ranges: Ranges) -> str:
    configs = [stack_files.read_pack_config(top, other) for other in others or (SECURITY_STACK,)]
    policies = {}
    for policy in dict.fromkeys(name for config in configs for name in config):
        of_policy = [config.get(policy, {}) for config in configs]
        if not all(isinstance(entry, dict) for entry in of_policy):
            raise OperationError(
                f"The policy pack's configurations of {', '.join(others)} set the level of {policy}: "
                "correct that first, because it weakens the policy pack."
            )
        agreed = {key: value for key, value in _agreed(of_policy).items() if key not in _OF_ONE_STACK}
        if any(_ADDRESSES in entry for entry in of_policy):
            agreed[_ADDRESSES] = list(ranges)
        if agreed:
            policies[policy] = agreed
    return _written(policies)


def _written(policies: Mapping[str, Any]) -> str:
    lines = (f"  {json.dumps(policy)}: {json.dumps(entry, ensure_ascii=False)}" for policy, entry in policies.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def left_to_do(settings: Settings) -> str:
    """Return what a person still has to do before the new stack can be deployed."""
    stack, account_id = settings.stack, settings.target_account_id
    roles = "\n".join(f"  {name}: {', '.join(role.groups)}" for name, role in settings.access_roles.items())
    packed = settings.grants == "packed"
    first = f"make up STACK={SECURITY_STACK}, which makes the grants, and then\n   " if packed else ""
    declared = f"\nThe files of the stack {SECURITY_STACK} have the account too.\n" if packed else ""
    return f"""\
Wrote Pulumi.{stack}.yaml and {pack_config(PACK, stack)}, for
account {account_id} from {", ".join(settings.cidrs)}.
{declared}
Roles there, and the groups that they are for; for fewer, narrow them with
delegation:only in Pulumi.{stack}.yaml:
{roles}

Left to do:
1. Bootstrap account {account_id} with bootstrap/target.yaml, for these
   roles, and add the environment {stack} to DeploySubjects of the
   Security account's stack (bootstrap/README.md).
2. Add the AWS profile delegation-{stack} to ~/.aws/config.
3. pulumi stack init {stack}
   with the secrets provider of your other stacks.
4. {first}make preview STACK={stack}
5. In GitHub: an environment {stack}, for the branch main only. The
   workflows find the stack by its file.
6. Commit the files on a branch, {pack_config(PACK, stack).parent}
   included: its code owners confirm the addresses.
"""


def main() -> int:
    """Write the files for the command line's stack and account, and return the exit code."""
    parser = argparse.ArgumentParser(prog="make new-target", description=__doc__)
    parser.add_argument("--stack", default="", help="name of the new stack")
    parser.add_argument("--account", default="", help="id of the account: 12 digits")
    parser.add_argument("--static-ips", default="", help="separated by commas; default: those of the other targets")
    arguments = parser.parse_args()
    addresses = [address.strip() for address in arguments.static_ips.split(",") if address.strip()]
    print(left_to_do(write(Path.cwd(), arguments.stack, arguments.account, addresses)), end="")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
