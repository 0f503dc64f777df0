"""The one error a person sees."""

from __future__ import annotations


class SandboxError(Exception):
    """Raised when the sandbox cannot go on; its text is a whole sentence that says what to do."""
