"""The layout of the -workers file, and what is believed of its bytes, which all who share it may write.

A preamble that says whose file it is, then a berth for each daemon: a header and slots.
"""

from __future__ import annotations

import struct
from typing import Annotated, Final

import msgspec

from smq_core.daemon.system.process_identity import LARGEST_PID
from smq_core.daemon.wire.slots import SLOT_SIZE

__all__ = [
    "BERTHS",
    "BERTH_SIZE",
    "EARLIER_BERTH_SIZE",
    "FILE_SIZE",
    "HEADER_SIZE",
    "MAGIC",
    "SLOTS",
    "BerthHeader",
    "SlotRange",
    "berth_at",
    "is_of_earlier_layout",
    "pack_header",
    "read_header",
]

MAGIC: Final = b"smq workers 2\n"
"""Stands at the file's start, with the layout's version."""
BERTHS: Final = 64
BERTH_SIZE: Final = 96 * 1024
"""Room for twice as many slots as a daemon may have threads: a reload starts the new ones beside the old."""
HEADER_SIZE: Final = 4096
SLOTS: Final = (BERTH_SIZE - HEADER_SIZE) // SLOT_SIZE
_PREAMBLE_SIZE: Final = 4096
FILE_SIZE: Final = _PREAMBLE_SIZE + BERTHS * BERTH_SIZE
EARLIER_BERTH_SIZE: Final = 64 * 1024
_LENGTH: Final = struct.Struct("@I")
_LONGEST_NAME: Final = 400
_Pid = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PID)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=SLOTS)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_NAME)]


class SlotRange(msgspec.Struct, frozen=True, array_like=True):
    """Which slots a worker process has."""

    pid: _Pid
    first: _Count
    count: _Count


class BerthHeader(msgspec.Struct, frozen=True, array_like=True):
    """Who has a berth."""

    worker_id: _Name
    pid: _Pid
    machine: _Name
    """Names the running system and its process ids: where it differs, a pid means nothing."""
    processes: list[SlotRange] = []
    started: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0
    """When the daemon's process started, in ticks since the system did; 0: the system does not tell."""


_decode: Final = msgspec.msgpack.Decoder(BerthHeader).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def berth_at(index: int) -> int:
    """Return where a berth begins in the file; its first byte is the one that is locked."""
    return _PREAMBLE_SIZE + index * BERTH_SIZE


def pack_header(header: BerthHeader) -> bytes:
    """Return a header's bytes as they stand in a berth; one that is too long says nothing."""
    body = _encode(header)
    if len(body) > HEADER_SIZE - _LENGTH.size:
        return _LENGTH.pack(0)
    return _LENGTH.pack(len(body)) + body


def read_header(data: bytes) -> BerthHeader | None:
    """Return who has a berth; None where its bytes say nothing that a daemon would write."""
    if len(data) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(data)
    if not 0 < length <= len(data) - _LENGTH.size:
        return None
    try:
        header = _decode(data[_LENGTH.size : _LENGTH.size + length])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    has_room = all(one.first + one.count <= SLOTS for one in header.processes)
    return header if has_room and sum(one.count for one in header.processes) <= SLOTS else None


def is_of_earlier_layout(size: int, berths: list[bytes]) -> bool:
    """Return whether a file has the first layout, which had no preamble: each berth empty, or with a header.

    Its slots told less; nobody reads them any more.
    """
    return size == BERTHS * EARLIER_BERTH_SIZE and all(
        not any(berth) or _was_header(berth[:HEADER_SIZE]) for berth in berths
    )


def _was_header(data: bytes) -> bool:
    return len(data) == HEADER_SIZE and read_header(data) is not None
