"""The layout of the -workers file, and what is believed of its bytes, which all who share it may write.

A preamble that says whose file it is, then a record for each daemon: a header and slots.
"""

from __future__ import annotations

import struct
from typing import Annotated, Final

import msgspec

from smq_core.daemon.system.process_identity import LARGEST_PID
from smq_core.daemon.wire.slots import SLOT_SIZE

__all__ = [
    "EARLIER_RECORD_SIZE",
    "FILE_SIZE",
    "HEADER_SIZE",
    "MAGIC",
    "RECORDS",
    "RECORD_SIZE",
    "SLOTS",
    "RecordHeader",
    "SlotRange",
    "is_of_earlier_layout",
    "pack_header",
    "read_header",
    "record_at",
]

MAGIC: Final = b"smq workers 2\n"
"""Stands at the file's start, with the layout's version."""
RECORDS: Final = 64
RECORD_SIZE: Final = 96 * 1024
"""Room for twice as many slots as a daemon may have threads: a reload starts new ones alongside the old."""
HEADER_SIZE: Final = 4096
SLOTS: Final = (RECORD_SIZE - HEADER_SIZE) // SLOT_SIZE
_PREAMBLE_SIZE: Final = 4096
FILE_SIZE: Final = _PREAMBLE_SIZE + RECORDS * RECORD_SIZE
EARLIER_RECORD_SIZE: Final = 64 * 1024
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


class RecordHeader(msgspec.Struct, frozen=True, array_like=True):
    """Who has a record."""

    worker_id: _Name
    pid: _Pid
    machine: _Name
    """Names the running system and its process ids: where it differs, a pid means nothing."""
    processes: list[SlotRange] = []
    started: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0
    """When the daemon's process started, in ticks since the system did; 0: the system does not reveal it."""


_decode: Final = msgspec.msgpack.Decoder(RecordHeader).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def record_at(index: int) -> int:
    """Return where a record begins in the file; its first byte is the one that is locked."""
    return _PREAMBLE_SIZE + index * RECORD_SIZE


def pack_header(header: RecordHeader) -> bytes:
    """Return a header's bytes as they stand in a record; one that is too long says nothing."""
    body = _encode(header)
    if len(body) > HEADER_SIZE - _LENGTH.size:
        return _LENGTH.pack(0)
    return _LENGTH.pack(len(body)) + body


def read_header(data: bytes) -> RecordHeader | None:
    """Return who has a record; None where its bytes say nothing that a daemon would write."""
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


def is_of_earlier_layout(size: int, records: list[bytes]) -> bool:
    """Return whether a file has the first layout, which had no preamble: each record empty, or with a header.

    Its slots told less; nobody reads them any more.
    """
    return size == RECORDS * EARLIER_RECORD_SIZE and all(
        not any(record) or _was_header(record[:HEADER_SIZE]) for record in records
    )


def _was_header(data: bytes) -> bool:
    return len(data) == HEADER_SIZE and read_header(data) is not None
