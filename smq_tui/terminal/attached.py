"""Finds out whether there is a terminal: keys come from one standard stream, another is painted on."""

from __future__ import annotations

import sys

__all__ = ["stream_elsewhere"]


def stream_elsewhere() -> str:
    """Return the name of the first standard stream that is not a terminal; empty when all are."""
    streams = (("input", sys.stdin), ("output", sys.stdout), ("error", sys.stderr))
    return next((f"standard {name}" for name, stream in streams if not stream.isatty()), "")
