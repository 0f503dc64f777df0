"""The Pulumi engine: the one on PATH, else a cached build, else a build from the Go module in `go.mod`."""

from __future__ import annotations

from sandbox.engine.locate import Engine, obtain, pinned_version

__all__ = ["Engine", "obtain", "pinned_version"]
