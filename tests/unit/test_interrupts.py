"""An interrupted program leaves no traceback below the reason."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import interrupts

PROGRAM = """
import asyncio
import interrupts
interrupts.end_quietly()
async def program():
    print("running", flush=True)
    await asyncio.sleep(30)
asyncio.new_event_loop().run_until_complete(program())
"""


def test_an_interrupt_ends_a_running_program_without_a_word() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(interrupts.__file__).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == interrupts.ALREADY_EXPLAINED
