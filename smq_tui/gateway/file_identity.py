"""Notices that the database's file was moved away or replaced.

An open connection would go on reading the old one forever.
"""

from __future__ import annotations

from pathlib import Path

from smq_core import StoreUnavailable

__all__ = ["FileIdentity"]


class FileIdentity:
    """Which file lies at a path."""

    def __init__(self, location: str) -> None:
        self._path = Path(location)
        self._identity: tuple[int, int] | None = None

    def has_changed(self) -> bool:
        """Return whether another file is there than the last time; the first one is not a change.

        Raises:
            StoreUnavailable: when none does, but one did.
        """
        try:
            status = self._path.stat()
        except OSError as error:
            if self._identity is None:
                return False
            sentence = f"{self._path} was moved away or removed; the data shown is from before"
            raise StoreUnavailable(sentence) from error
        before, self._identity = self._identity, (status.st_dev, status.st_ino)
        return before is not None and before != self._identity
