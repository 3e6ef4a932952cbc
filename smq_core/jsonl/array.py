"""Recognises a file that is one JSON array instead of JSONL, so that a report can point that out."""

from __future__ import annotations

from typing import Final

__all__ = ["ArrayWatch"]

_BLANKS: Final = b" \t\r\0"


class ArrayWatch:
    """Looks at the first and the last of a file's lines."""

    def __init__(self) -> None:
        """Begin before the first line."""
        self._first = b""
        self._last = b""
        self._lines = 0

    def look(self, lines: list[bytes]) -> None:
        """See the next lines."""
        shown = [line for line in lines if line.strip(_BLANKS)]
        if not shown:
            return
        self._lines += len(shown)
        self._first = self._first or shown[0].strip(_BLANKS)
        self._last = shown[-1].strip(_BLANKS)

    @property
    def is_one_array(self) -> bool:
        """Whether all lines together look like one JSON array: begun in the first, ended in the last.

        A single line counts if objects are in it; else it may well be a payload.
        """
        if not (self._first.startswith(b"[") and self._last.endswith(b"]")):
            return False
        if self._lines == 1:
            return self._first[1:].lstrip(_BLANKS).startswith(b"{")
        return not self._first.endswith(b"]")
