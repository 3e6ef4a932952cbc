"""Writes messages as JSONL that an import reads back to the same messages, in short reads by id."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.clock import SystemClock
from smq_core.errors import InvalidMessage
from smq_core.jsonl.envelope import Base64, Envelope
from smq_core.payload import decode, decode_headers_leniently
from smq_core.states import State, state_of
from smq_core.store.records import Escaped, Filter, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smq_core.clock import Clock
    from smq_core.message import Kind
    from smq_core.store.base import Store
    from smq_core.store.records import MessageRow

__all__ = ["ExportOptions", "Exported", "export_ids", "export_lines", "line_of"]

_PAGE: Final = 200
"""Messages of one read."""
_WHOLE: Final = 64 * 1024
"""Bytes of a payload that a page holds; larger ones are read one by one, so that memory stays flat."""
_LONGEST_TEXT: Final = 22 * 1024 * 1024
"""Bytes of a text in quotes; what needs more, being full of controls, is written in base64."""


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages are written."""

    topic: str | None = None
    state: State | None = None
    where: Filter = Filter()


class Exported(msgspec.Struct, frozen=True):
    """What came of it."""

    written: int
    gone: int = 0
    """How many of those that were meant did not exist any more: processed or purged meanwhile."""


def export_lines(
    store: Store,
    write: Callable[[bytes], object],
    options: ExportOptions | None = None,
    *,
    clock: Clock | None = None,
    progress: Callable[[int], bool] | None = None,
) -> int:
    """Write the messages that there are when it begins, in order of their ids; return how many.

    No read lasts longer than a page, so what changes meanwhile is written as it is when its page is read.
    `progress` is called with the number written after each page, and stops the export by returning False.
    """
    options = options or ExportOptions()
    now_ms = (clock or SystemClock()).now_ms()
    selection = Selection(
        topic=options.topic,
        state=options.state,
        where=options.where,
        max_id=store.highest_id(),
        as_of_ms=now_ms,
    )
    written, after = 0, None
    while rows := store.page(
        selection, after=after, newest=False, limit=_PAGE, preview_bytes=_WHOLE, now_ms=now_ms
    ):
        for row in rows:
            whole = row if row.body_size <= _WHOLE else store.get(row.id)
            if whole is not None:
                write(line_of(whole))
                written += 1
        after = rows[-1].id
        if progress is not None and not progress(written):
            break
    return written


def export_ids(
    store: Store,
    write: Callable[[bytes], object],
    ids: Sequence[int],
    *,
    progress: Callable[[int], bool] | None = None,
) -> Exported:
    """Write just these messages, in this order: each as it is when its page is read, be it elsewhere by then.

    `progress` is called with the number written after each page, and stops the export by returning False.
    """
    written = gone = 0
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        rows = {row.id: row for row in store.rows(page, _WHOLE)}
        for one in page:
            row = rows.get(one)
            whole = row if row is None or row.body_size <= _WHOLE else store.get(one)
            if whole is None:
                gone += 1
            else:
                write(line_of(whole))
                written += 1
        if progress is not None and not progress(written):
            break
    return Exported(written, gone)


def line_of(row: MessageRow) -> bytes:
    """Return a message's line, with its end."""
    payload, kind = _payload(row)
    envelope = Envelope(
        topic=row.topic,
        payload=payload,
        kind=kind,
        headers=decode_headers_leniently(row.headers) or None,
        priority=row.priority or None,
        key=row.key,
        state=None if row.status == State.READY else state_of(row.status),
        attempts=row.attempts or None,
        max_attempts=row.max_attempts,
        created_at=row.created_at / 1000,
        available_at=row.available_at / 1000,
        finished_at=None if row.finished_at is None else row.finished_at / 1000,
        last_error=row.last_error,
    )
    return _encode(envelope) + b"\n"


_encode = msgspec.json.Encoder().encode


def _payload(row: MessageRow) -> tuple[msgspec.Raw, Kind | None]:
    """Return the payload as JSON, and its kind where the JSON does not tell it."""
    # SQLite answers the beginning of no bytes by NULL.
    body = b"" if row.body is None else row.body
    if isinstance(body, Escaped):
        body = body.raw
    if isinstance(body, bytes):
        return msgspec.Raw(_encode(_base64(body))), "bytes"
    if row.kind == "text" or not _is_json(body):
        return _text(body)
    # JSON written by SQL may stand on several lines; between its tokens a line feed is as good as a space.
    line = body.replace("\n", " ").replace("\r", " ")
    return msgspec.Raw(line.encode()), "json" if line.lstrip().startswith('"') else None


def _text(text: str) -> tuple[msgspec.Raw, Kind | None]:
    encoded = _encode(text)
    if len(encoded) > _LONGEST_TEXT:
        return msgspec.Raw(_encode(Base64(_base64(text.encode())))), "text"
    return msgspec.Raw(encoded), None


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _is_json(body: str) -> bool:
    try:
        decode(body, "json")
    except InvalidMessage:
        return False
    return True
