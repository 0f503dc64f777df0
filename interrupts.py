"""How the program ends when it is interrupted."""

from __future__ import annotations

import os
import signal

# What the language host takes for "the user has been told already"; any other way out adds a message or a traceback.
# https://github.com/pulumi/pulumi/blob/master/sdk/python/cmd/pulumi-language-python-exec
ALREADY_EXPLAINED = 32


def end_quietly() -> None:
    """End at once and without a word on SIGINT.

    Pulumi's own language host sends it when something failed while the program still runs, and the terminal on Ctrl-C.
    Python's traceback of KeyboardInterrupt would then stand below the reason.
    """
    signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(ALREADY_EXPLAINED))
