"""What Ctrl-C does while a command waits for another."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupted_afterwards() -> Iterator[None]:
    """Raise KeyboardInterrupt for a Ctrl-C only at the end of what runs; for the main thread.

    The terminal tells the processes started meanwhile too. Pulumi, killed while it ends, would leave its lock and its
    language host behind.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if heard:
            raise KeyboardInterrupt
