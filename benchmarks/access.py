"""Measures the access queries on a large company: 500 users in 20 teams, 200 accounts, 100,000 pairs.

python -m benchmarks.access            print the figures
python -m benchmarks.access FOLDER     only write the states
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, seconds
from sandbox.workspace import REPOSITORY

USERS, ACCOUNTS, TEAMS = 500, 200, 20
TEAMS_PER_ACCOUNT = 4
SECURITY = "111111111111"

_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
_OFFICE = {"IpAddress": {"aws:SourceIp": ["203.0.113.0/28", "198.51.100.0/28"]}}


def states() -> Iterator[dict[str, Any]]:
    """Yield the exported states: Security first, then one for each target account.

    Every document stays within IAM's quotas: a team's grants are managed policies, and trust policies (a raised
    quota) name the hundred users of four teams.
    """
    teams = [[f"user{i:03}" for i in range(team, USERS, TEAMS)] for team in range(TEAMS)]
    accounts = [f"{222222000000 + i:012}" for i in range(ACCOUNTS)]
    served = {account: [(i + step) % TEAMS for step in range(TEAMS_PER_ACCOUNT)] for i, account in enumerate(accounts)}
    rows: list[tuple[str, str, dict[str, Any]]] = []
    for team, names in enumerate(teams):
        group = f"team{team:02}"
        rows.append(("group:Group", group, {"name": group, "arn": f"arn:aws:iam::{SECURITY}:group/{group}"}))
        rows.append(("groupMembership:GroupMembership", f"{group}-members", {"group": group, "users": names}))
        rows += [("user:User", name, {"name": name, "path": "/", "arn": _user(name)}) for name in names]
        grant = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": [_role(account) for account in accounts if team in served[account]],
            "Condition": {**_MFA, **_OFFICE},
        }
        arn = f"arn:aws:iam::{SECURITY}:policy/{group}"
        rows.append(("policy:Policy", f"{group}-grant", {"name": group, "arn": arn, "policy": _document(grant)}))
        rows.append(
            ("groupPolicyAttachment:GroupPolicyAttachment", f"{group}-attached", {"group": group, "policyArn": arn})
        )
    yield _state("security", SECURITY, rows)
    for i, account in enumerate(accounts):
        trusted = [_user(name) for team in served[account] for name in teams[team]]
        statement = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole", "Condition": _MFA}
        role = {"name": "ACCESS", "path": "/", "arn": _role(account), "assumeRolePolicy": _document(statement)}
        attached = {"role": "ACCESS", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
        yield _state(
            f"account{i:03}",
            account,
            [("role:Role", "access", role), ("rolePolicyAttachment:RolePolicyAttachment", "read", attached)],
        )


def _user(name: str) -> str:
    return f"arn:aws:iam::{SECURITY}:user/{name}"


def _role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/ACCESS"


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _state(stack: str, account: str, rows: Sequence[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    head = f"urn:pulumi:{stack}::delegation::"
    provider = f"{head}pulumi:providers:aws::account"
    resources: list[dict[str, Any]] = [
        {"urn": f"{head}pulumi:pulumi:Stack::delegation-{stack}", "type": "pulumi:pulumi:Stack"},
        {
            "urn": provider,
            "type": "pulumi:providers:aws",
            "inputs": {"allowedAccountIds": json.dumps([account]), "region": "us-east-1"},
        },
    ]
    resources += [
        {
            "urn": f"{head}aws:iam/{kind}::{name}",
            "type": f"aws:iam/{kind}",
            "provider": f"{provider}::id",
            "inputs": values,
            "outputs": values,
        }
        for kind, name, values in rows
    ]
    return {"version": 3, "deployment": {"manifest": {"time": "2026-11-23T12:00:00Z"}, "resources": resources}}


def write(folder: Path) -> None:
    """Write the states into a folder."""
    for number, state in enumerate(states()):
        (folder / f"{number:03}.json").write_text(json.dumps(state), encoding="utf-8")


def _loosened(state: dict[str, Any]) -> dict[str, Any]:
    """The same state with a wider network in every grant, and no MFA in any trust policy."""
    text = json.dumps(state)
    for what, instead in (("203.0.113.0/28", "203.0.113.0/27"), ('"Bool\\"', '"BoolIfExists\\"')):
        text = text.replace(what, instead)
    changed: dict[str, Any] = json.loads(text)
    return changed


def _diff(*arguments: str, folder: Path) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "access", "diff", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return time.perf_counter() - started


def diffs() -> Iterator[Figure]:
    """Measure differences: of the demo's stacks, and of the large company with nothing and with everything new."""
    demo = REPOSITORY / "tests" / "access" / "demo"
    taken = _diff("plans", "--state", "states", folder=demo)
    yield Figure(name="access diff of the three stacks", value=taken, unit="s", limit=1)
    with tempfile.TemporaryDirectory() as name:
        before, after = Path(name, "before"), Path(name, "after")
        for folder, change in ((before, dict), (after, _loosened)):
            folder.mkdir()
            for number, state in enumerate(states()):
                (folder / f"{number:03}.json").write_text(json.dumps(change(state)), encoding="utf-8")
        for what, other in (("nothing", before), ("everything", after)):
            taken = _diff(str(before), str(other), folder=REPOSITORY)
            text = f"access diff, {ACCOUNTS} roles, {USERS} users, {what} new"
            yield Figure(name=text, value=taken, unit="s", limit=10)


def measure() -> Iterator[Figure]:
    """Measure the matrix as CSV, the report, and differences."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "access", "matrix", "--state", name, "--format", "csv"],
            capture_output=True,
            text=True,
            check=True,
        )
        taken = time.perf_counter() - started
        # Linux counts in KiB.
        mebibytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        pairs = done.stdout.count("\n") - 1
        yield Figure(name=f"access matrix of {pairs:,} pairs", value=taken, unit="s", limit=5)
        yield Figure(name="its memory", value=mebibytes, unit="MiB", limit=1024)
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "access", "report", "--state", name, "--out", name], capture_output=True, check=True
        )
        yield Figure(name="access report of the same", value=time.perf_counter() - started, unit="s")
        yield Figure(name="its page", value=(folder / "index.html").stat().st_size / 2**20, unit="MiB")
        if chromium := shutil.which("chromium"):
            open_ = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={name}/profile"]
            open_ += ["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom"]
            page, empty = (
                seconds(partial(subprocess.run, [*open_, url], capture_output=True, check=True), times=3)
                for url in ((folder / "index.html").as_uri(), "about:blank")
            )
            yield Figure(name="opening it, more than an empty page", value=page - empty, unit="s", limit=3)
    yield from diffs()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write(Path(sys.argv[1]))
    else:
        for figure in measure():
            print(figure, flush=True)
