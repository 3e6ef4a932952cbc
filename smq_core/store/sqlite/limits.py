"""How much one of our own transactions changes at most, so that no other writer waits long for it."""

from __future__ import annotations

from typing import Final

__all__ = ["CHUNK", "CHUNK_BYTES", "DELETED_BYTES"]

CHUNK: Final = 500
"""Rows that one transaction changes at most."""
CHUNK_BYTES: Final = 8 * 1024 * 1024
"""Bytes of messages that one transaction rewrites at most, but for a single message that is larger: 40 ms
(5 ms a MiB, measured). Any change of a row's length writes the row's payload again, all of it."""
DELETED_BYTES: Final = 64 * 1024 * 1024
"""Bytes of messages that one transaction removes at most, but for a single message that is larger: 10 to
60 ms, as the pages are read and put on a list, not written."""
