"""An inbox over a folder, stepped by hand, and what is dropped into it."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from smq_core.daemon.inbox.inbox import Inbox, InboxRules
from smq_core.daemon.inbox.inbox_folder import InboxFolder
from smq_core.daemon.log import Journal
from smq_core.testing import EPOCH_MS, ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.store.base import Store

__all__ = ["LIMIT", "Drop"]

LIMIT = 40_000_000
"""Bytes that a dropped file may hold."""


class Drop:
    """An inbox over a folder, stepped by hand."""

    def __init__(self, folder: Path, store: Store, clock: ManualClock) -> None:
        self.folder = InboxFolder(str(folder))
        self.store = store
        self.log = io.StringIO()
        self.inbox = Inbox(
            self.folder, store, clock, Journal(clock, stream=self.log), InboxRules("default", 1.0, LIMIT)
        )

    def file(self, name: str, content: bytes, *, rested_s: float = 60.0) -> Path:
        """Drop a file that nobody has changed for a while."""
        path = self.folder.path / name
        path.write_bytes(content)
        moment = EPOCH_MS / 1000 - rested_s
        os.utime(path, (moment, moment))
        return path

    def size(self, topic: str = "default") -> int:
        """Count the messages that came in."""
        return self.store.size(topic)

    def done(self) -> list[str]:
        """Return what was put away, by the names that were dropped."""
        return sorted(path.name.split("-", 2)[2] for path in self.folder.done.iterdir())
