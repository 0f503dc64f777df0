"""Pulumi's command line for the Automation API: each call a session of its own, which can be interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

from pulumi import automation
from pulumi.automation import CommandResult
from pulumi.automation.errors import create_command_error

from operations import processes
from operations.fleet.keeper import VARIABLE
from operations.stack import environment

_OF_THE_FLEET = {"PULUMI_AUTOMATION_API": "true"}


class PulumiProcesses(automation.PulumiCommand):
    """Runs Pulumi, several at a time.

    A session of its own keeps the terminal's Ctrl-C away: the fleet decides what an interrupt does. Output goes into
    files, for a Pulumi whose reader has died would die of its next line, and leave its lock.

    Args:
        mark: the fleet's own text, for the keeper.
    """

    def __init__(self, mark: str) -> None:
        super().__init__()
        self._mark = mark
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self.interrupted = False
        """Whether what ran was asked to cancel."""

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: automation.OnOutput | None = None,
        on_error: automation.OnOutput | None = None,
    ) -> CommandResult:
        """Run one command to its end; `on_output` and `on_error` are called with the whole text then.

        Raises:
            CommandError: it failed.
        """
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            with self._lock:
                if self.interrupted:
                    raise create_command_error(CommandResult("", "Not begun: the fleet was cancelled.", 130))
                process = subprocess.Popen(
                    [self.command, "--non-interactive", *args],
                    cwd=cwd,
                    env={**environment(os.environ), **additional_env, **_OF_THE_FLEET, VARIABLE: self._mark},
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    start_new_session=True,
                )
                self._running.add(process)
            process.wait()
            with self._lock:
                self._running.discard(process)
            if process.returncode < 0:
                # It was killed: Pulumi's own language host would stay for minutes.
                processes.end_left_behind(process.pid, set())
            result = CommandResult(stdout=_text(stdout), stderr=_text(stderr), code=process.returncode)
        for text, listener in ((result.stdout, on_output), (result.stderr, on_error)):
            if listener and text:
                listener(text)
        if result.code:
            raise create_command_error(result)
        return result

    def interrupt(self) -> None:
        """Ask everything that runs to cancel, as Ctrl-C does; the second time it ends at once."""
        with self._lock:
            self.interrupted = True
            for process in self._running:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace").rstrip()
