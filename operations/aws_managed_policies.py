"""Renews the table of the policies that AWS keeps, from those that moto ships (`make facts`).

moto copies what AWS publishes. Policies of service-linked roles are left out, as nobody else can have them.
"""

from __future__ import annotations

import json
from importlib import metadata

from delegation_pack.facts.aws_managed_policies import TABLE, reduced
from moto.iam.aws_managed_policies import aws_managed_policies_data


def table() -> str:
    """Return the table as text, one policy a line."""
    policies = json.loads(aws_managed_policies_data)
    lines = [
        f"{json.dumps(path + name)}:{json.dumps(reduced(content['Document']['Statement']), separators=(',', ':'))}"
        for name, content in sorted(policies.items())
        if not (path := content["Path"].lstrip("/")).startswith("aws-service-role/")
    ]
    source = json.dumps(f"AWS-managed policies as shipped with moto {metadata.version('moto')}")
    date = max(content["UpdateDate"] for content in policies.values())[:10]
    return f'{{"source":{source},"date":"{date}","policies":{{\n' + ",\n".join(lines) + "\n}}\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
