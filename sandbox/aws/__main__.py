"""Starts the plugin: `python -m sandbox.aws [flags] <engine address>`."""

from __future__ import annotations

import signal

# Before the slow imports: an interrupt ends the process at once and without a traceback, whenever it comes.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import asyncio  # noqa: E402
import sys  # noqa: E402

from sandbox.aws.provider import StandIn  # noqa: E402
from sandbox.aws.server import serve  # noqa: E402

if __name__ == "__main__":
    asyncio.run(serve(StandIn, sys.argv[-1]))
