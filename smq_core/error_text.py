"""How much is kept of the text of an error, and its first line. Pure."""

from __future__ import annotations

from typing import Final

__all__ = ["ERROR_LIMIT", "first_line"]

ERROR_LIMIT: Final = 8 * 1024
"""Bytes kept of an error."""


def first_line(error: str, limit: int) -> str:
    """Return the first line of an error that is not empty, at most `limit` characters of it."""
    return error.strip().split("\n", 1)[0][:limit]
