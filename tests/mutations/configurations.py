"""Configurations of the pack that switch it off, by and by."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.mutations.states import ELSEWHERE, Config

ADDRESSES, BOUNDED = "iam-assume-role-requires-source-ip", "iam-role-management-is-bounded"
TYPES, TRUST, USERS = "delegation-types-are-judged", "iam-trust-requires-mfa", "iam-no-user-management"
_EXEMPTION = {"resource": "access-role", "reason": "on trial", "until": "2999-12-31"}


def weaker(config: Config) -> Iterator[tuple[str, Config]]:
    """Yield the weakenings of a stack's configuration."""
    for level in ("disabled", "advisory"):
        yield f"all {level}", {**config, "all": level}
        yield f"all {level}, as an object", {**config, "all": {"enforcementLevel": level}}
        yield f"one {level}", {**config, TRUST: level}
    for pattern in (
        "*",
        "?*",
        "urn:*",
        "*e*",
        "access-*",
        "urn:pulumi:*",
        "urn:pulumi:*::delegation::aws:iam/role:Role::x",
    ):
        yield f"exempt {pattern}", {**config, TRUST: {"exempt": [{**_EXEMPTION, "resource": pattern}]}}
    for lacking in ("reason", "until", "resource"):
        one = {key: value for key, value in _EXEMPTION.items() if key != lacking}
        yield f"exempt without {lacking}", {**config, TRUST: {"exempt": [one]}}
    yield "exempt until yesterday", {**config, TRUST: {"exempt": [{**_EXEMPTION, "until": "2026-01-31"}]}}
    for cidrs in (["0.0.0.0/0"], ["::/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["8.8.0.0/16"], ["8.8.8.0/24", "8.8.9.0/24"]):
        yield f"from {cidrs}", {**config, ADDRESSES: {"allowedCidrs": cidrs}}
        reasoned = [{"cidr": cidr, "reason": "x"} for cidr in cidrs]
        if any("/1" in cidr.replace("/16", "") or "/0" in cidr for cidr in cidrs):
            yield f"from {cidrs}, for a reason", {**config, ADDRESSES: {"allowedCidrs": reasoned}}
    for roles in ([], ["other"], ["OrganizationAccountAccessRole"], ["delegation-*"]):
        yield f"protected {roles}", {**config, BOUNDED: {"protectedRoles": roles}}
    yield "two Security accounts", {**config, USERS: {"securityAccountId": ELSEWHERE}}
    for types in (["*"], ["aws:*"], ["aws:iam/*"]):
        yield f"types {types}", {**config, TYPES: {"allowedTypes": types}}
    yield "a property that no policy has", {**config, ADDRESSES: {"allowedCIDRs": []}}
    yield "a policy that there is not", {**config, "iam-trust-require-mfa": {}}


def passed(pack: Path) -> Iterator[tuple[str, bool]]:
    """Yield each weakening of a shipped configuration, and whether the check of configurations lets it pass."""
    config = json.loads((pack / "config" / "preprod.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "config.json")
        for name, changed in weaker(config):
            file.write_text(json.dumps(changed))
            check = [sys.executable, str(pack / "check_config.py"), str(file)]
            yield name, subprocess.run(check, capture_output=True).returncode == 0
