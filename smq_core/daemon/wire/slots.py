"""Slots in shared memory, one for each handler thread, that tell which delivery it has started.

The worker process has them mapped; its supervisor and other daemons read the file. The handler thread alone
writes its slot, the message id last, so that whoever reads an id reads what belongs to it.
"""

from __future__ import annotations

import contextlib
import os
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.daemon.system.process_identity import CommandGroup

if TYPE_CHECKING:
    import mmap

__all__ = ["SLOT_SIZE", "Slot", "Slots", "SlotsInFile", "mark_of"]

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
_LONGEST_S: Final = 1e12
"""No monotonic clock has come so far."""


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
    """Distinguishes the lease that was delivered from other leases of the message: see `mark_of`."""

    @property
    def command(self) -> CommandGroup:
        """The command it runs."""
        return CommandGroup(self.command_group, self.command_started, self.command_mark)


class Slots:
    """A row of slots in a mapped file, as the process writes it whose handler threads they are for."""

    def __init__(self, memory: mmap.mmap, offset: int, count: int) -> None:
        """Write `count` slots from an offset.

        Raises:
            ValueError: when what is mapped does not hold them.
        """
        if offset + count * SLOT_SIZE > len(memory):
            raise ValueError("the -workers file was truncated")
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


class SlotsInFile:
    """A row of slots as whoever supervises sees it: others may write there, or cut the file short."""

    def __init__(self, descriptor: int, offset: int, count: int) -> None:
        """Look at `count` slots from an offset; the descriptor is kept, and closed by `close`."""
        self._descriptor = descriptor
        self._offset = offset
        self.count = count

    def read(self) -> list[Slot]:
        """Return all slots; one that is missing, or that no handler thread wrote, is empty."""
        size = self.count * SLOT_SIZE
        found = b""
        with contextlib.suppress(OSError):
            found = os.pread(self._descriptor, size, self._offset)
        slots = map(Slot._make, _WHOLE.iter_unpack(found.ljust(size, b"\0")))
        return [slot if _is_sound(slot) else _EMPTY for slot in slots]

    def started(self) -> list[Slot]:
        """Return the slots of threads that are at work."""
        return [slot for slot in self.read() if slot.message_id]

    def clear(self) -> None:
        """Empty every slot."""
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, bytes(self.count * SLOT_SIZE), self._offset)

    def are_cut_off(self) -> bool:
        """Return whether the file ends before the last of them."""
        return os.fstat(self._descriptor).st_size < self._offset + self.count * SLOT_SIZE

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)


def mark_of(receipt: int) -> int:
    """Return the half of a receipt that a slot has room for.

    Receipts are random, so it distinguishes two leases of one message.
    """
    return receipt & _LOW


def _is_sound(slot: Slot) -> bool:
    # comparisons that are false for what is not a number
    return 0 <= slot.started < _LONGEST_S and 0 <= slot.deadline < _LONGEST_S and slot.message_id >= 0


_EMPTY: Final = Slot(0.0, 0.0, 0, 0, 0, 0, 0, 0)
