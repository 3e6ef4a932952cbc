"""Messages that another program left unreadable or uncountable: text that is not UTF-8, counts at their end.

It is asked when reading such a row has failed, never before, and changes none but those it buries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

from smq_core.store.records import MessageRow
from smq_core.store.sqlite.operations import id_array
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.errors import StoreError

__all__ = ["bury_unleasable", "is_of_a_row", "rows_as_bytes"]

_TEXTS = query("texts_of_ready")
_BURY = query("bury_unleasable")
_AS_BYTES = query("message_rows_as_bytes")
_LAST_COUNT: Final = 2**63 - 1


class _Texts(NamedTuple):
    """The columns of texts_of_ready."""

    id: int
    payload: bytes | None
    headers: bytes | None
    key: bytes | None
    last_error: bytes | None
    attempts: int
    deliveries: int

    def complaint(self) -> str | None:
        """Say why no lease can carry the message; None: one can."""
        for name in ("payload", "headers", "key", "last_error"):
            text: bytes | None = getattr(self, name)
            try:
                _ = text is not None and text.decode()
            except UnicodeDecodeError as error:
                return f"its {name.replace('_', ' ')} is not UTF-8: {error.reason} at byte {error.start:,}"
        if _LAST_COUNT in (self.attempts, self.deliveries):
            return "its attempts or deliveries cannot be counted any further"
        return None


def is_of_a_row(error: StoreError) -> bool:
    """Say whether an error may come from what stands in a message's row."""
    return isinstance(error.__cause__, UnicodeDecodeError | apsw.ConstraintError)


def bury_unleasable(db: apsw.Connection, ids: Iterable[int], now_ms: int) -> int:
    """Send those of the ready messages to the dead letters that no lease can carry; answers how many."""
    texts = map(_Texts._make, db.execute(_TEXTS, (id_array(ids),)))
    found = {one.id: why for one in texts if (why := one.complaint())}
    for one, why in found.items():
        db.execute(_BURY, {"id": one, "now": now_ms, "error": why})
    return len(found)


def rows_as_bytes(db: apsw.Connection, ids: Iterable[int], preview: int) -> list[MessageRow]:
    r"""Answer messages by id, ascending; a byte of their text that is not UTF-8 comes as `\xff`."""
    return [_row(row) for row in db.execute(_AS_BYTES, (preview, id_array(ids)))]


def _row(values: tuple[object, ...]) -> MessageRow:
    *columns, body, is_text = values
    texts = [_text(one) if isinstance(one, bytes) else one for one in columns]
    return MessageRow._make([*texts, _text(body) if is_text and isinstance(body, bytes) else body])


def _text(text: bytes) -> str:
    return text.decode(errors="backslashreplace")
