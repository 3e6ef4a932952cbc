"""Cuts long errors and outputs to what is kept of them. Pure."""

from __future__ import annotations

from typing import Final

from smq_core.error_text import ERROR_LIMIT
from smq_core.safe_text import CUT

__all__ = ["KEPT", "ends_of", "tail_of"]

KEPT: Final = ERROR_LIMIT
"""Bytes kept of an error, and of what a command printed."""
_GAP: Final = f"\n{CUT}\n"


def ends_of(text: str) -> str:
    """Keep the beginning and the end: an error's first line says what, its last ones say where."""
    data = _stored(text[:KEPT] + text[-KEPT:] if len(text) > 2 * KEPT else text)
    if len(data) <= KEPT:
        return data.decode()
    beginning = data[: KEPT // 8].decode("utf-8", "ignore")
    return beginning + _GAP + tail_of(text, KEPT - KEPT // 8 - len(_GAP.encode()))


def tail_of(text: str, limit: int = KEPT) -> str:
    """Keep the end, at most a given number of bytes of it."""
    return _stored(text[-limit:])[-limit:].decode("utf-8", "ignore") if limit > 0 else ""


def _stored(text: str) -> bytes:
    """Write text as it can be sent and stored: half a surrogate pair as its escape."""
    return text.encode("utf-8", "backslashreplace")
