"""The Pulumi engine: the one on PATH, a cached build, or a build from the published Go module (`go.mod` beside this file)."""

from __future__ import annotations

from sandbox.engine.locate import Engine, obtain, pinned_version

__all__ = ["Engine", "obtain", "pinned_version"]
