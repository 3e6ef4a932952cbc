"""Reads the beginning of a large payload, and no more of it: SQL reads a payload as a whole to cut it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from smq_core.store.records import Escaped

if TYPE_CHECKING:
    import apsw

    from smq_core.store.records import MessageRow

__all__ = ["with_beginning"]

_LONGEST_CHARACTER: Final = 4
"""Bytes."""


def with_beginning(db: apsw.Connection, row: MessageRow, preview: int) -> MessageRow:
    """Return a row whose payload was left out, being large, with its beginning; any other row as it is."""
    is_text: object = row.body
    if not isinstance(is_text, int):
        return row
    size = preview * (_LONGEST_CHARACTER if is_text else 1)
    with closing(db.blob_open("main", "smq_messages", "payload", row.id, False)) as blob:  # noqa: FBT003 - the driver takes it by position
        return row._replace(body=_beginning(blob, size, preview if is_text else None))


def _beginning(blob: apsw.Blob, size: int, characters: int | None) -> str | bytes:
    beginning = blob.read(min(size, blob.length()))
    return beginning if characters is None else _cut(beginning, characters)


def _cut(beginning: bytes, count: int) -> str:
    """Return the first characters of a text, whose last one may be cut through."""
    try:
        text = beginning.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return Escaped.of(beginning)[:count]
        text = beginning[: error.start].decode()
    return text[:count]
