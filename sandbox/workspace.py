"""A throw-away copy of the repository in which `pulumi` runs on local accounts."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from operations import processes
from sandbox import engine
from sandbox.errors import SandboxError
from sandbox.local_accounts import ACCOUNT_ID, LocalAccounts, Profile
from sandbox.signals import ended_by_signals, undisturbed

REPOSITORY = Path(__file__).resolve().parent.parent
PACK = "policypacks/delegation"
"""The policy pack's folder in the repository."""

_PROVIDER = "pulumi-resource-aws"
# Of the machine's environment, what would lead elsewhere (another account, another backend, other modules, a proxy),
# what would have the copy compiled again in each run, and what is for the local accounts alone.
_ELSEWHERE = re.compile(
    r"(AWS|PULUMI|MOTO)_.*|PYTHON(PATH|HOME|DONTWRITEBYTECODE)|(https?|all|grpc|no)_proxy", re.IGNORECASE
)
_GRACE_SECONDS = 5
# The plugin takes half a second to start, and the engine starts it twice for each provider: so one process, started
# with `shared`, answers all runs that have its environment, as far as it is AWS's and this project's. Where a run has
# been led elsewhere, another one answers.
_STAND_IN = """#!/bin/sh
# By the shell alone: each program that it starts takes as long as all this.
python() {{ PYTHONPATH={root} exec {python} -m sandbox.aws "$@"; }}
environment() {{
    export -p | while IFS= read -r line; do
        case $line in "export AWS_"* | "export DELEGATION_"*) printf '%s ' "$line" ;; esac
    done
    echo
}}
if [ "$1" = shared ]; then
    environment > {folder}/environment
    python shared > {folder}/port
elif [ -s {folder}/port ] && IFS= read -r shared < {folder}/environment && [ "$(environment)" = "$shared" ]; then
    IFS= read -r port < {folder}/port
    echo "$port"
    # The engine holds the other end for as long as it lives.
    while read -r _; do :; done
    exit
fi
python "$@"
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How one run of `pulumi` ended."""

    arguments: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self) -> str:
        """Both streams, for a person to read."""
        return self.stdout + self.stderr

    def json(self) -> Any:
        """Return what a command with `--json` (or `stack export`) printed."""
        return json.loads(self.stdout)

    def check(self) -> Self:
        """Return the result itself, or raise SandboxError with the whole output when the run failed."""
        if self.returncode != 0:
            command = shlex.join(["pulumi", *self.arguments])
            raise SandboxError(f"`{command}` failed with exit code {self.returncode}:\n{self.output}")
        return self


class Workspace:
    """A copy of a repository, a Pulumi engine, and local accounts: a context manager.

    Entering makes the copy and starts the accounts; leaving ends every process and removes the folder. While it is
    open, SIGTERM and SIGHUP end the program as Ctrl-C does, so that nothing stays behind.

    Args:
        source: The repository that is copied.
        port: Port of the local accounts, 0 for any free one.
        say: Told what takes long, in whole lines.
        python: What the copy and the stand-ins for Pulumi's software run on; this Python by default.

    Raises:
        SandboxError: On entering: no engine, or the port is taken.
    """

    def __init__(
        self,
        source: Path = REPOSITORY,
        *,
        port: int = 0,
        say: Callable[[str], None] = print,
        python: Path | None = None,
    ) -> None:
        self._source = source
        self._port = port
        self._say = say
        self._python = python
        self._exit = ExitStack()
        self._running: set[subprocess.Popen[str]] = set()
        self._base_environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(ended_by_signals())
            self._engine = engine.obtain(self._say)
            folder = Path(tempfile.mkdtemp(prefix="delegation-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            self.root = folder / "repository"
            """The copy."""
            self.state = folder / "state"
            """Where Pulumi keeps the states."""
            _copy(self._source, self.root, self._python)
            self.accounts = stack.enter_context(LocalAccounts(folder, self._port, python=self._python))
            """The local accounts."""
            self._base_environment = self._prepare(folder)
            if (stand_in := folder / "bin" / _PROVIDER).exists():
                stack.enter_context(_shared(stand_in, self.env))
            stack.callback(self._end_processes)
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with undisturbed():
            self._exit.close()

    @property
    def stack_names(self) -> tuple[str, ...]:
        """The stacks that have a stack file, `security` first."""
        names = (path.name.split(".")[1] for path in self.root.glob("Pulumi.*.yaml"))
        return tuple(sorted(names, key=lambda name: (name != "security", name)))

    @property
    def profiles(self) -> list[Profile]:
        """The AWS profiles that the stack files call for, that of the Security account first."""
        profiles: dict[str, Profile] = {}
        project = yaml.safe_load((self.root / "Pulumi.yaml").read_text())
        shared = (project.get("config") or {}).get("region", {})
        for stack in self.stack_names:
            config = (yaml.safe_load((self.root / f"Pulumi.{stack}.yaml").read_text()) or {}).get("config") or {}
            region = str(config.get("delegation:region", shared.get("default", "us-east-1")))
            for name, key in (("security", "securityAccountId"), (stack, "targetAccountId")):
                account_id = str(config.get(f"delegation:{key}", ""))
                # Anything else is refused by the program, in better words than a profile could.
                if ACCOUNT_ID.fullmatch(account_id):
                    profile = f"delegation-{name}"
                    profiles.setdefault(profile, Profile(name=profile, account_id=account_id, region=region))
        return list(profiles.values())

    @property
    def env(self) -> dict[str, str]:
        """The environment for `pulumi` and for AWS clients, from the stack files as they are now."""
        return self._base_environment | self.accounts.environment(self.profiles)

    def run(
        self,
        *arguments: str,
        each_line: Callable[[str], None] | None = None,
        env: dict[str, str | None] | None = None,
    ) -> Result:
        """Run `pulumi` in the copy, without a terminal.

        Args:
            *arguments: As on the command line; `--non-interactive` and `--color never` are added.
            each_line: Called with each line of stdout as it comes.
            env: Changes of the environment; None takes a variable away.
        """
        environment: dict[str, str | None] = {**self.env, **(env or {})}
        started = time.monotonic()
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
            process = subprocess.Popen(
                [self._engine.pulumi, *arguments, "--non-interactive", "--color", "never"],
                cwd=self.root,
                env={key: value for key, value in environment.items() if value is not None},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                encoding="utf-8",
                errors="replace",
                # Away from the terminal's own Ctrl-C: this process decides how its children end.
                start_new_session=True,
            )
            self._running.add(process)
            try:
                assert process.stdout
                lines = []
                with process.stdout:
                    for line in process.stdout:
                        lines.append(line)
                        if each_line:
                            each_line(line.rstrip("\n"))
                process.wait()
                # Pulumi's own language host stays for minutes when the engine was killed.
                processes.end_left_behind(process.pid, set())
            except BaseException:
                self._end_processes()
                raise
            self._running.discard(process)
            stderr.seek(0)
            return Result(
                arguments=arguments,
                returncode=process.returncode,
                stdout="".join(lines),
                stderr=stderr.read(),
                seconds=time.monotonic() - started,
            )

    def policy_pack(self, stack: str) -> tuple[str, ...]:
        """Return the arguments that switch the policy pack on for a stack, as `make preview` and `make up` do."""
        return ("--policy-pack", PACK, "--policy-pack-config", f"{PACK}/config/{stack}.json")

    def _prepare(self, folder: Path) -> dict[str, str]:
        bin_folder, home = folder / "bin", folder / "home"
        for new in (bin_folder, home, self.state):
            new.mkdir()
        environment = {key: value for key, value in os.environ.items() if not _ELSEWHERE.fullmatch(key)}
        if self._engine.built:
            environment["DELEGATION_PYTHON"] = str(self._python or sys.executable)
            environment["DELEGATION_LANGUAGE_HOST"] = str(REPOSITORY / "sandbox" / "language_host.py")
        installed = _installed_plugins()
        if installed:
            (home / "plugins").symlink_to(installed)
        elif shutil.which(_PROVIDER) is None:
            stand_in = bin_folder / _PROVIDER
            paths = {"root": REPOSITORY, "python": self._python or sys.executable, "folder": folder}
            stand_in.write_text(_STAND_IN.format_map({name: shlex.quote(str(path)) for name, path in paths.items()}))
            stand_in.chmod(0o755)
        path = [str(bin_folder), str(self._engine.pulumi.parent), environment.get("PATH", os.defpath)]
        return environment | {
            # A run lasts a second, of whose processor time the search for garbage takes a tenth.
            "GOGC": "400",
            "PATH": os.pathsep.join(path),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "local accounts hold no secrets",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def _end_processes(self) -> None:
        """End what still runs: the engine is asked to cancel, and killed when it does not within some seconds.

        Then whatever it has started and left behind.
        """
        with undisturbed():
            for process in list(self._running):
                seen = processes.family(process.pid)
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=_GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    seen |= processes.family(process.pid)
                    process.kill()
                    process.wait()
                processes.end_left_behind(process.pid, seen)
                self._running.discard(process)


@contextmanager
def _shared(stand_in: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Let one process of the stand-in answer for all."""
    with (stand_in.parent.parent / "stand-in.log").open("w") as log:
        process = subprocess.Popen([stand_in, "shared"], env=environment, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _copy(source: Path, target: Path, python: Path | None = None) -> None:
    """Copy what belongs to the repository, tracked or new, and link the virtual environment of this Python.

    Its `python` is another one, if one is given. It is linked twice, as `make setup` does: Pulumi runs the policy pack
    on the environment in the pack's folder. `make` finds nothing to install there.
    """
    listing = subprocess.run(
        ["git", "-C", source, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
    )
    if listing.returncode == 0:
        for name in filter(None, listing.stdout.split("\0")):
            # A tracked file may be deleted, and a link may lead nowhere.
            if (source / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source / name, target / name)
    else:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__"))
    environment = Path(sys.prefix)
    if python:
        environment = target.parent / "venv"
        (environment / "bin").mkdir(parents=True)
        for path in (*Path(sys.prefix).iterdir(), *Path(sys.prefix, "bin").iterdir()):
            link = environment / path.relative_to(sys.prefix)
            if path.name != "bin":
                link.symlink_to(python if path.name in ("python", "python3") else path)
    for folder in (target, target / PACK):
        if folder.is_dir():
            (folder / ".venv").symlink_to(environment)
    for newer in (target / "requirements-dev.txt", target / PACK / "pyproject.toml"):
        if newer.exists():
            os.utime(newer, (0, 0))


def _installed_plugins() -> Path | None:
    """Return the user's plugin folder when it holds the real AWS provider in the version of the installed SDK."""
    plugins = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"
    provider = plugins / f"resource-aws-v{metadata.version('pulumi-aws')}"
    # An interrupted download leaves a file beside the folder.
    finished = not provider.with_name(f"{provider.name}.partial").exists()
    return plugins.resolve() if finished and os.access(provider / _PROVIDER, os.X_OK) else None
