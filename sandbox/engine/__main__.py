"""Makes sure that there is an engine: `make test` builds it here, where a person sees how it goes on."""

from __future__ import annotations

import sys

from sandbox.engine import obtain
from sandbox.errors import SandboxError
from sandbox.signals import ended_by_signals

try:
    with ended_by_signals():
        obtain(lambda line: print(line, flush=True))
except SandboxError as error:
    sys.exit(str(error))
except KeyboardInterrupt:
    sys.exit(130)
