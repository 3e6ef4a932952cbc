"""Slots in shared memory, one for each handler thread, that tell which delivery it has started.

Supervisor and worker process see them, through the file other daemons too. The handler thread alone writes
its slot, the message id last, so that whoever reads an id reads what belongs to it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.daemon.identity import CommandGroup

if TYPE_CHECKING:
    import mmap

__all__ = ["SLOT_SIZE", "Slot", "Slots", "mark_of"]

# native alignment: each field is stored by one machine instruction
_TIMES: Final = struct.Struct("@dd")
_ID: Final = struct.Struct("@q")
_COMMAND: Final = struct.Struct("@qQ")
_HALF: Final = struct.Struct("@I")
_WHOLE: Final = struct.Struct("@ddqqqQII")
_ID_AT: Final = 16
_COMMAND_AT: Final = 24
_COMMAND_PROOF_AT: Final = 32
_THREAD_AT: Final = 48
_MARK_AT: Final = 52
_LOW: Final = 0xFFFF_FFFF
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
    """The process group of the command it runs; 0: none, or none that was noted yet."""
    command_started: int
    command_mark: int
    """With the one before: what proves that the number still means that command."""
    thread: int
    """The system's number of the thread."""
    mark: int
    """Tells the lease that was delivered from other leases of the message: see `mark_of`."""

    @property
    def command(self) -> CommandGroup:
        """The command it runs."""
        return CommandGroup(self.command_group, self.command_started, self.command_mark)


class Slots:
    """A row of slots in a mapped file."""

    def __init__(self, memory: mmap.mmap, offset: int, count: int) -> None:
        """Look at `count` slots from an offset."""
        self._memory = memory
        self._offset = offset
        self.count = count

    def begin(self, index: int, message_id: int, receipt: int, started: float, deadline: float) -> None:
        """Note that a thread starts a delivery."""
        at = self._offset + index * SLOT_SIZE
        _TIMES.pack_into(self._memory, at, started, deadline)
        _HALF.pack_into(self._memory, at + _MARK_AT, mark_of(receipt))
        _ID.pack_into(self._memory, at + _ID_AT, message_id)

    def end(self, index: int) -> None:
        """Note that a thread has ended with its delivery."""
        _ID.pack_into(self._memory, self._offset + index * SLOT_SIZE + _ID_AT, 0)

    def set_deadline(self, index: int, deadline: float) -> None:
        """Give a started delivery another deadline."""
        at = self._offset + index * SLOT_SIZE
        started, _ = _TIMES.unpack_from(self._memory, at)
        _TIMES.pack_into(self._memory, at, started, deadline)

    def set_command(self, index: int, command: CommandGroup) -> None:
        """Note which process group runs a thread's command, so that it can be ended too."""
        at = self._offset + index * SLOT_SIZE
        # the number last: whoever reads it reads the proof that belongs to it
        _ID.pack_into(self._memory, at + _COMMAND_AT, 0)
        _COMMAND.pack_into(self._memory, at + _COMMAND_PROOF_AT, command.started, command.mark)
        _ID.pack_into(self._memory, at + _COMMAND_AT, command.leader)

    def set_thread(self, index: int, thread: int) -> None:
        """Note which thread of the system a slot belongs to."""
        _HALF.pack_into(self._memory, self._offset + index * SLOT_SIZE + _THREAD_AT, thread & _LOW)

    def read(self) -> list[Slot]:
        """Return all slots."""
        return [
            Slot(*_WHOLE.unpack_from(self._memory, self._offset + i * SLOT_SIZE)) for i in range(self.count)
        ]

    def started(self) -> list[Slot]:
        """Return the slots of threads that are at work."""
        return [slot for slot in self.read() if slot.message_id]

    def clear(self) -> None:
        """Empty every slot."""
        self._memory[self._offset : self._offset + self.count * SLOT_SIZE] = bytes(self.count * SLOT_SIZE)


def mark_of(receipt: int) -> int:
    """Return the half of a receipt that a slot has room for.

    Receipts are random, so it tells two leases of one message apart.
    """
    return receipt & _LOW
