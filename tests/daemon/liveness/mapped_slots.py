"""What tests write into records as worker processes do: through mapped memory."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from smq_core.daemon.wire.slots import Slots

if TYPE_CHECKING:
    from smq_core.daemon.liveness.workers_file import DaemonRecord, WorkersFile

__all__ = ["mapped_slots"]


def mapped_slots(file: WorkersFile, record: DaemonRecord, count: int) -> Slots:
    """Map the first slots of a record."""
    return Slots(mmap.mmap(file.map_fd, 0), record.slots_at(0), count)
