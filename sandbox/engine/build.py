"""Builds the Pulumi engine from its published Go module into the user's cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import SandboxError

EXECUTABLE = "pulumi"

_LAUNCHER = "pulumi-language-python-exec"
# Beside the executable, where the engine looks for the host that it normally comes with. It is shared by all checkouts,
# so the environment says which Python and which checkout serve.
_HOST = "pulumi-language-python"
_HOST_SCRIPT = f"""#!/bin/sh
exec "$DELEGATION_PYTHON" -P "$DELEGATION_LANGUAGE_HOST" "$(dirname "$0")/{_LAUNCHER}" "$@"
"""

_MODULE = Path(__file__).parent
_OLDEST_GO = (1, 25)
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_INSTALL = "install Pulumi (https://www.pulumi.com/docs/iac/download-install/)"
_NO_NETWORK = re.compile(
    "dial tcp|no such host|connection refused|network is unreachable|i/o timeout|TLS handshake|GOPROXY=off|proxyconnect"
)
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
SAY_EVERY_SECONDS = 15
"""How often a build says how it goes on."""


def cached(version: str) -> Path | None:
    """Return the folder of the finished build of a version, or None."""
    folder = _folder(version)
    return folder if folder.is_dir() else None


def build(version: str, say: Callable[[str], None]) -> Path:
    """Build a version and return its folder; takes minutes.

    The build appears whole or not at all; a second builder waits for the first.

    Raises:
        SandboxError: No Go, Go too old, no network, or the build failed.
    """
    go = _go()
    folder = _folder(version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.with_suffix(".lock"), say):
        if folder.is_dir():
            return folder
        for abandoned in folder.parent.glob(f"{folder.name}.part-*"):
            shutil.rmtree(abandoned)
        part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
        try:
            _compile(go, version, part, say)
            _add_language_host(go, part)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _folder(version: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made_from = (_MODULE / "go.mod").read_bytes() + (_MODULE / "go.sum").read_bytes() + _HOST_SCRIPT.encode()
    sums = hashlib.sha256(made_from).hexdigest()[:12]
    system, machine = _target()
    return cache / "delegation" / "engine" / f"{version}-{sums}-{system}-{machine}"


def _target() -> tuple[str, str]:
    """Return this machine's GOOS and GOARCH, without asking Go: a cached build outlives it."""
    machine = platform.machine().lower()
    return sys.platform, _ARCHITECTURES.get(machine, machine)


def _environment(**additions: str) -> dict[str, str]:
    system, machine = _target()
    # GOFLAGS and GOWORK of the user could change go.mod or the modules that are built.
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
        "GOOS": system,
        "GOARCH": machine,
        **additions,
    }


def _go() -> str:
    go = shutil.which("go")
    if go is None:
        raise SandboxError(f"There is neither Pulumi nor Go on this machine: {_INSTALL}, or Go 1.25 or newer.")
    # The version that is installed, not the one that GOTOOLCHAIN=auto would download for this module.
    answer = subprocess.run(
        [go, "env", "GOVERSION"],
        cwd=Path(go).parent,
        env=_environment(GOTOOLCHAIN="local"),
        capture_output=True,
        text=True,
    )
    version = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    if version is None:
        raise SandboxError(f"{go} does not say its version: {_INSTALL}, or repair Go.")
    if (int(version[1]), int(version[2])) < _OLDEST_GO:
        raise SandboxError(
            f"{go} is {answer.stdout.strip()}, building the engine needs Go 1.25 or newer: {_INSTALL}, or a newer Go."
        )
    return go


@contextmanager
def _lock(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another build of the Pulumi engine on this machine.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _compile(go: str, version: str, folder: Path, say: Callable[[str], None]) -> None:
    say(f"Building the Pulumi engine {version} from source, once: this takes some minutes.")
    command = [
        *(go, "build", "-v", "-trimpath", "-tags", "osusergo,grpcnotrace"),
        *("-ldflags", f"-s -w -X {_SDK}/go/common/version.Version=v{version}"),
        *("-o", str(folder / EXECUTABLE), "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"),
    ]
    log = folder / "build.log"
    started = time.monotonic()
    with log.open("wb") as output:
        # A group of its own: `go build` starts compilers, which must not outlive an interrupt.
        process = subprocess.Popen(
            command, cwd=_MODULE, env=_environment(), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            while True:
                try:
                    code = process.wait(timeout=SAY_EVERY_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    say(f"  {_elapsed(started)}  {_progress(log)}")
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if code != 0:
        raise _failure(log.read_text(errors="replace"))
    log.unlink()
    say(f"  {_elapsed(started)}  built")


def _elapsed(started: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    return f"{minutes}:{seconds:02}"


def _progress(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    downloaded = sum(line.startswith("go: downloading ") for line in lines)
    compiled = len(lines) - downloaded
    return f"{downloaded} modules downloaded, {compiled} packages compiled" if lines else "reading the module cache"


def _failure(output: str) -> SandboxError:
    if _NO_NETWORK.search(output):
        return SandboxError(
            f"The Go modules of the Pulumi engine cannot be downloaded: connect to a network, or {_INSTALL}."
        )
    tail = "\n".join(output.splitlines()[-5:])
    return SandboxError(f"The Pulumi engine could not be built: {_INSTALL}. Go's last words:\n{tail}")


def _add_language_host(go: str, folder: Path) -> None:
    # The launcher is copied, with its license, since the module cache may be cleaned at any time.
    answer = subprocess.run(
        [go, "list", "-m", "-f", "{{.Dir}}", _SDK],
        cwd=_MODULE,
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    sdk = Path(answer.stdout.strip())
    shutil.copyfile(sdk / "python" / "cmd" / _LAUNCHER, folder / _LAUNCHER)
    shutil.copyfile(sdk / "LICENSE", folder / "LICENSE")
    host = folder / _HOST
    host.write_text(_HOST_SCRIPT)
    host.chmod(0o755)
