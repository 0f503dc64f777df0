"""Measures a fleet on local accounts: 3 groups, 4 roles, 30 people, and 10, 50 and 200 target accounts.

    python -m benchmarks.fleet 10 50             print the figures for those sizes
    python -m benchmarks.fleet 200 --sample 20   compare with one after the other on 20 of the targets
    python -m benchmarks.fleet 200 --sample 0    do not compare

Several at a time are compared with one after the other twice: with accounts that answer at once, so that the processor
alone counts, and with accounts that answer after a tenth of a second, as AWS does. AWS publishes no such figure. A log
of the AWS provider shows the creation of a role and the reading of it within a third of a second:
https://github.com/hashicorp/terraform-provider-aws/issues/34698

Memory is that of the fleet and of what it starts: Pulumi, the program and the policy pack for each stack under way. The
local accounts and the stand-in of the AWS provider, which all share, are not in it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import yaml

from benchmarks.figures import Figure
from sandbox import stack_files
from sandbox.errors import SandboxError
from sandbox.local_accounts import Answering
from sandbox.workspace import PACK, REPOSITORY, Workspace

SIZES = (10, 50, 200)
SAMPLE = 10
"""Targets on which several at a time are compared with one after the other, which takes long."""
LATENCY = 0.1
"""Seconds in which AWS answers a call."""
PARALLEL = 4
PEOPLE = [f"person-{number:02}" for number in range(30)]
GROUPS = {"IT-Admins": PEOPLE[:8], "Auditors": PEOPLE[8:20], "Operators": PEOPLE[20:]}
ROLES: dict[str, dict[str, Any]] = {
    "TSU-IAM-ACCESS": {"groups": ["IT-Admins"], "roleManagement": {}},
    "TSU-AUDIT": {
        "groups": ["Auditors"],
        "managedPolicyArns": ["arn:aws:iam::aws:policy/SecurityAudit"],
        "mfaMaxAgeHours": 1,
    },
    "TSU-OPERATE": {"groups": ["Operators"], "maxSessionHours": 4},
    "TSU-READ": {"groups": ["IT-Admins", "Auditors"]},
}
OFFICE, SECOND_OFFICE = "203.0.113.10", "203.0.113.20"
_SECURITY = "111111111111"
_FIT_INLINE = 9
"""Most targets whose grants, for two roles a group, fit the inline policies of a group: 5,120 characters."""
_MEMORY = 2048
"""MiB, however many targets."""


def account_id(number: int) -> str:
    """Return the account of a target, from 0."""
    return f"{444444000000 + number}"


def stack_name(number: int) -> str:
    """Return the stack of a target, from 0."""
    return f"account-{number:03}"


def accounts(targets: int) -> dict[str, str]:
    """Return the accounts of the first targets, by stack."""
    return {stack_name(number): account_id(number) for number in range(targets)}


def write(
    top: Path, targets: int, groups: Mapping[str, list[str]] = GROUPS, roles: Mapping[str, Any] = ROLES
) -> list[str]:
    """Write a company into a checkout, in place of its stacks; return the stacks, `security` first."""
    for file in top.glob("Pulumi.*.yaml"):
        (top / PACK / "config" / f"{file.name.split('.')[1]}.json").unlink()
        file.unlink()
    account_of = accounts(targets)
    stack_files.share(top, groups=groups, roles=roles, **({"grants": "packed"} if targets > _FIT_INLINE else {}))
    security: dict[str, Any] = {"securityAccountId": _SECURITY, "staticIps": [OFFICE]}
    if targets > _FIT_INLINE:
        security["targets"] = account_of
    addresses = {"allowedCidrs": [f"{OFFICE}/32", f"{SECOND_OFFICE}/32"]}
    rules = {"iam-assume-role-requires-source-ip": addresses, "iam-role-management-requires-source-ip": addresses}
    entered = {"targetAccounts": list(account_of.values()), "accessRoles": list(roles)}
    of_security = {"iam-mfa-devices-own-only": addresses, "iam-assume-role-names-roles": entered}
    _write_stack(top, "security", security, {**rules, **of_security})
    for name, account in account_of.items():
        own = {"securityAccountId": _SECURITY, "targetAccountId": account, "staticIps": [OFFICE]}
        _write_stack(top, name, own, rules)
    return ["security", *account_of]


def _write_stack(top: Path, stack: str, values: dict[str, Any], rules: dict[str, Any]) -> None:
    config = {f"delegation:{key}": value for key, value in values.items()}
    (top / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}, sort_keys=False))
    (top / PACK / "config" / f"{stack}.json").write_text(json.dumps(rules))


def add_person(top: Path) -> None:
    """Take one more person into a group."""
    stack_files.share(top, groups={**GROUPS, "IT-Admins": [*GROUPS["IT-Admins"], "person-30"]})


def change_address(top: Path, targets: int) -> None:
    """Move the first target to another address, in its own file and, where grants are packed, in that of security."""
    moved = {"staticIps": [SECOND_OFFICE]}
    stack_files.configure(top, stack_name(0), **moved)
    if targets > _FIT_INLINE:
        first = {stack_name(0): {"accountId": account_id(0), **moved}}
        stack_files.configure(top, "security", targets=accounts(targets) | first)


class Company:
    """A company on local accounts, and the fleet's commands over it."""

    def __init__(self, workspace: Workspace, targets: int) -> None:
        self._workspace = workspace
        self.top = workspace.root
        self.targets = targets
        self.stacks = write(self.top, targets)
        with ThreadPoolExecutor(PARALLEL) as pool:
            for done in pool.map(lambda stack: workspace.run("stack", "init", stack), self.stacks):
                done.check()
        self.memory = 0.0
        """Most memory that a command's processes held together, in MiB."""

    def run(self, verb: str, *arguments: str, parallel: int = PARALLEL) -> float:
        """Run a command of the fleet; return its seconds.

        Raises:
            SandboxError: it failed.
        """
        command = ["-m", "operations.fleet", verb, "--yes", "--parallel", str(parallel), *arguments]
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=self.top,
            env=self._workspace.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with self._watched(process.pid):
            output, _ = process.communicate()
        if process.returncode:
            raise SandboxError(f"fleet-{verb} failed:\n{output[-3000:]}")
        return time.perf_counter() - started

    @contextmanager
    def _watched(self, pid: int) -> Iterator[None]:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(1):
                self.memory = max(self.memory, _resident(pid) / 2**20)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def calls(self) -> int:
        """Return the calls of AWS so far."""
        return sum('"POST ' in line for line in self._workspace.accounts.log.read_text().splitlines())

    def export(self, name: str) -> Path:
        """Write all states into a folder, and return it."""
        folder = self.top.parent / name
        folder.mkdir()

        def one(stack: str) -> None:
            done = self._workspace.run("stack", "export", "--stack", stack).check()
            (folder / f"{stack}.json").write_text(done.stdout)

        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(one, self.stacks))
        return folder


def _resident(pid: int) -> float:
    """Return the memory of a process and all that it started; what they share counts once, where the system says it."""
    total = 0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for member in family:
        try:
            memory = member.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
        except psutil.Error:
            continue
    return total


def _access(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "access", *arguments], cwd=REPOSITORY, capture_output=True, check=True)
    return time.perf_counter() - started


def _deployment(targets: int, *, latency: float, parallel: int) -> float:
    """Return the seconds of a first deployment."""
    with Workspace() as workspace:
        company = Company(workspace, targets)
        workspace.accounts.answer(Answering(delay=latency))
        return company.run("up", parallel=parallel)


def comparison(targets: int, *, latency: float, together: float | None = None) -> Iterator[Figure]:
    """Yield how long a first deployment takes several at a time and one after the other.

    Args:
        targets: how many.
        latency: seconds until the accounts answer a call.
        together: the seconds of several at a time, where they are known.
    """
    case = f"{targets} targets, {f'answers after {latency:g} s' if latency else 'answers at once'}"
    if together is None:
        together = _deployment(targets, latency=latency, parallel=PARALLEL)
    yield Figure(name=f"{case}: {PARALLEL} at a time", value=together, unit="s")
    alone = _deployment(targets, latency=latency, parallel=1)
    yield Figure(name=f"{case}: one after the other", value=alone, unit="s")
    # Of a figure with a limit less is better. One after the other keeps two cores busy where AWS is not waited for.
    limit = 100 / 1.6 if latency else None
    yield Figure(name=f"{case}: the first in % of that", value=100 * together / alone, unit="%", limit=limit)


def of_size(targets: int, *, sample: int = SAMPLE, latency: float = LATENCY) -> Iterator[Figure]:
    """Yield the figures of a company with so many target accounts, each as soon as it is measured.

    Args:
        targets: how many.
        sample: on how many of them to compare several at a time with one after the other; 0 for none.
        latency: seconds until the accounts answer a call, in the second comparison.
    """

    def figure(name: str, value: float, unit: str = "s", limit: float | None = None) -> Figure:
        return Figure(name=f"{targets} targets: {name}", value=value, unit=unit, limit=limit)

    with Workspace() as workspace:
        company = Company(workspace, targets)
        yield figure("fleet-preview, nothing there", company.run("preview"))
        before = company.calls()
        together = company.run("up")
        yield figure("fleet-up", together)
        yield figure("its seconds a target", together / targets)
        yield figure("its AWS calls a target", (company.calls() - before) / targets, "calls")
        yield figure("its peak memory", company.memory, "MiB", limit=_MEMORY)
        states = company.export("before")
        yield figure("access matrix", _access("matrix", "--state", str(states), "--format", "csv"))
        yield figure("fleet-up again", company.run("up"))
        yield figure("preview of security", company.run("preview", "--only", "security"))
        add_person(company.top)
        yield figure("fleet-up, one person added", company.run("up"))
        yield figure("access diff, one person added", _access("diff", str(states), str(company.export("after"))))
        change_address(company.top, targets)
        yield figure("fleet-up, one address changed", company.run("up"))
        yield figure("fleet-destroy", company.run("destroy"))
        yield figure("peak memory of all", company.memory, "MiB", limit=_MEMORY)
    if sample := min(sample, targets):
        yield from comparison(sample, latency=0, together=together if sample == targets else None)
        yield from comparison(sample, latency=latency)


def measure() -> Iterator[Figure]:
    """Measure each size; both ways of running at the smallest."""
    for targets in SIZES:
        yield from of_size(targets, sample=SAMPLE if targets == SIZES[0] else 0)


def main() -> int:
    """Print each figure of the sizes asked for as soon as it is measured; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet")
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES, help="numbers of target accounts")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="targets on which to compare; 0: do not compare")
    parser.add_argument("--latency", type=float, default=LATENCY, help="seconds in which AWS answers, for comparing")
    given = parser.parse_args()
    try:
        for targets in given.sizes:
            for figure in of_size(targets, sample=given.sample, latency=given.latency):
                print(figure, flush=True)
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
