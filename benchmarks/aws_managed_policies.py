"""Makes the table of AWS-managed policies that the pack refuses to see attached, some beside role management only.

Run as `python -m benchmarks.aws_managed_policies`. The documents are those that moto ships, a copy of what AWS
publishes; each is judged by the pack's own rules, without an allowed network. Policies of service-linked roles are left
out, as nobody else can have them.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

from delegation_pack.catalogue import CATALOGUE
from delegation_pack.policies import grants, role_management, users
from delegation_pack.policies.documents import identity_policies
from delegation_pack.policies.identity import Judge, judged
from delegation_pack.policies.resources import Resource
from moto.iam.aws_managed_policies import aws_managed_policies_data

TABLE = Path(users.__file__).with_name("aws_managed_policies.json")

JUDGES: dict[str, Judge] = {
    "iam-assume-role-requires-mfa": grants.without_mfa,
    "iam-assume-role-requires-source-ip": grants.from_elsewhere,
    "iam-assume-role-names-roles": grants.unnamed,
    "iam-role-management-requires-mfa": role_management.without_mfa,
    "iam-role-management-requires-source-ip": role_management.from_elsewhere,
    "iam-role-management-is-bounded": role_management.ways_around,
    "iam-no-user-management": users.user_management_elsewhere,
    "iam-mfa-devices-own-only": users.devices_of_others,
}


def caught(policies: dict[str, Any], judge: Judge) -> list[str]:
    """Return the names, with path, of the policies about which a rule has something to say."""
    found = []
    for name, content in sorted(policies.items()):
        path = str(content["Path"]).lstrip("/")
        if path.startswith("aws-service-role/"):
            continue
        resource = Resource(
            urn="", type="aws:iam/policy:Policy", name=name, inputs={"policy": json.dumps(content["Document"])}
        )
        if any(True for one in identity_policies(resource) for _ in judged(one, {"allowedCidrs": []}, judge)):
            found.append(path + name)
    return found


def main() -> None:
    policies = json.loads(aws_managed_policies_data)
    table = {
        "source": f"AWS-managed policies as shipped with moto {metadata.version('moto')}",
        "date": max(content["UpdateDate"] for content in policies.values())[:10],
        "refused": {name: caught(policies, JUDGES[name]) for name in CATALOGUE if name in JUDGES},
        "besideRoleManagement": caught(policies, role_management.beside_role_management),
    }
    TABLE.write_text(json.dumps(table, indent=1) + "\n")
    print({policy: len(names) for policy, names in table["refused"].items()}, len(table["besideRoleManagement"]))


if __name__ == "__main__":
    main()
