"""How many bytes the messages in a worker process may have together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from smq_core.daemon.processes.in_flight import InFlight

__all__ = [
    "ALL_BYTES",
    "FRAME_BYTES",
    "LARGEST_MESSAGE",
    "PROCESS_BYTES",
    "ByteBudget",
    "in_frames",
    "limit_of",
]

PROCESS_BYTES: Final = 64 * 1024 * 1024
"""Payloads and headers that one worker process has at a time; a process that has fewer may be given one more
message, whatever its size."""
ALL_BYTES: Final = 128 * 1024 * 1024
"""The same of all processes of a daemon, which share it evenly."""
FRAME_BYTES: Final = 1024 * 1024
"""Size of the frames in which messages go to a process, in bytes; a larger message has a frame to itself."""
LARGEST_MESSAGE: Final = 32 * 1024 * 1024
"""Twice the limit of a payload: a larger one was written by SQL that goes round the limit."""


def limit_of(processes: int) -> int:
    """Return the bytes that each process may have, for a number of processes."""
    return min(PROCESS_BYTES, ALL_BYTES // max(processes, 1))


def in_frames(flights: Sequence[InFlight], sizes: Sequence[int]) -> Iterator[Sequence[InFlight]]:
    """Split messages into those of one frame each, in order."""
    if sum(sizes) <= FRAME_BYTES:
        yield flights
        return
    first, total = 0, 0
    for at, size in enumerate(sizes):
        if at > first and total + size > FRAME_BYTES:
            yield flights[first:at]
            first, total = at, 0
        total += size
    yield flights[first:]


class ByteBudget:
    """How many bytes one worker process may have, and has."""

    def __init__(self, limit: int) -> None:
        """Begin with nothing used of a number of bytes."""
        self._limit = limit
        self._largest = 0

    def note_given(self, sizes: Sequence[int], *, is_empty: bool) -> None:
        """Note the sizes of messages that are given to the process; `is_empty`: it had none."""
        largest = max(sizes)
        self._largest = largest if is_empty else max(self._largest, largest)

    def left(self, flights: Collection[InFlight]) -> int:
        """Return how many bytes it may be given besides these flights, at least; 0 or less: nothing more.

        They are summed up only where they might be too many.
        """
        at_least = self._limit - len(flights) * self._largest
        if 2 * at_least > self._limit:
            return at_least
        return self._limit - sum(flight.size for flight in flights)
