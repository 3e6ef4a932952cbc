"""Slots in shared memory, one for each handler thread, that tell what it has started.

Supervisor and worker process see them, through the file other daemons too. The handler thread alone writes
its slot, the message id last, so that whoever reads an id reads its times too.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import mmap

__all__ = ["SLOT_SIZE", "Slot", "Slots"]

# native alignment: each field is stored by one machine instruction
_TIMES: Final = struct.Struct("@dd")
_ID: Final = struct.Struct("@q")
_WHOLE: Final = struct.Struct("@ddqqq")
_ID_AT: Final = 16
_COMMAND_AT: Final = 24
_THREAD_AT: Final = 32
SLOT_SIZE: Final = _WHOLE.size


class Slot(NamedTuple):
    """What a handler thread is doing."""

    started: float
    """By the monotonic clock, which all processes of a machine share."""
    deadline: float
    """When the handler's timeout is over; 0: never."""
    message_id: int
    """0: nothing."""
    command_group: int
    """The process group of the command it runs; 0: none."""
    thread: int
    """The system's number of the thread."""


class Slots:
    """A row of slots in a mapped file."""

    def __init__(self, memory: mmap.mmap, offset: int, count: int) -> None:
        """Look at `count` slots from an offset."""
        self._memory = memory
        self._offset = offset
        self.count = count

    def begin(self, index: int, message_id: int, started: float, deadline: float) -> None:
        """Say that a thread starts a message."""
        at = self._offset + index * SLOT_SIZE
        _TIMES.pack_into(self._memory, at, started, deadline)
        _ID.pack_into(self._memory, at + _ID_AT, message_id)

    def end(self, index: int) -> None:
        """Say that a thread has ended with its message."""
        _ID.pack_into(self._memory, self._offset + index * SLOT_SIZE + _ID_AT, 0)

    def set_deadline(self, index: int, deadline: float) -> None:
        """Give a started message another deadline."""
        at = self._offset + index * SLOT_SIZE
        started, _ = _TIMES.unpack_from(self._memory, at)
        _TIMES.pack_into(self._memory, at, started, deadline)

    def set_command(self, index: int, group: int) -> None:
        """Say which process group runs a thread's command, so that it can be ended too."""
        _ID.pack_into(self._memory, self._offset + index * SLOT_SIZE + _COMMAND_AT, group)

    def set_thread(self, index: int, thread: int) -> None:
        """Say which thread of the system a slot belongs to."""
        _ID.pack_into(self._memory, self._offset + index * SLOT_SIZE + _THREAD_AT, thread)

    def read(self) -> list[Slot]:
        """Answer all slots."""
        return [
            Slot(*_WHOLE.unpack_from(self._memory, self._offset + i * SLOT_SIZE)) for i in range(self.count)
        ]

    def started(self) -> list[Slot]:
        """Answer the slots of threads that are at work."""
        return [slot for slot in self.read() if slot.message_id]

    def clear(self) -> None:
        """Empty every slot."""
        self._memory[self._offset : self._offset + self.count * SLOT_SIZE] = bytes(self.count * SLOT_SIZE)
