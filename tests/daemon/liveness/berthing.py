"""What tests write into berths as worker processes do: through mapped memory."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from smq_core.daemon.wire.slots import Slots

if TYPE_CHECKING:
    from smq_core.daemon.liveness.workers_file import Berth, WorkersFile

__all__ = ["mapped_slots"]


def mapped_slots(file: WorkersFile, berth: Berth, count: int) -> Slots:
    """Map the first slots of a berth."""
    return Slots(mmap.mmap(file.map_fd, 0), berth.slots_at(0), count)
