"""Makes sure that there is an engine: `make test` builds it here, where a person sees how it goes on."""

from __future__ import annotations

import sys

from sandbox.engine import obtain
from sandbox.errors import SandboxError

try:
    obtain(lambda line: print(line, flush=True))
except SandboxError as error:
    sys.exit(str(error))
except KeyboardInterrupt:
    sys.exit(130)
