"""Adds imported messages with their import's progress, so that a killed import goes on where it was."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.errors import StoreBusy
from smq_core.store.records import ImportProgress
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue.settle import bounded_error, error_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from smq_core.store.records import NewMessage
    from smq_core.store.sqlite.session import Session

__all__ = ["Imports"]

_ROWS: Final = 50
"""Rows of one INSERT; more are no faster (measured)."""

_HEAD, _VALUES, _ROW = query("restore_rows").partition("VALUES")
_INSERT = {count: f"{_HEAD}{_VALUES}{','.join([_ROW] * count)}" for count in range(1, _ROWS + 1)}
_INSERT_KEYED = query("restore_keyed")
_HELD = query("held_key")
_BEGIN = query("begin_import")
_CONTINUE = query("continue_import")
_FIND = query("find_imports")


class Imports:
    """Adds what imports bring, and records how far each has come."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def restore_many(
        self, messages: Sequence[NewMessage], progress: ImportProgress | None, now_ms: int
    ) -> tuple[list[int], int]:
        """Add imported messages and record the import's progress, durable, in one transaction.

        Answers the ids in order (0: its key was held, nothing added) and the progress row's id (0: none).

        Raises:
            StoreBusy: when another run of the same import has moved on meanwhile; nothing was written.
        """
        return self._session.write(
            lambda db: (_restore(db, messages, now_ms), _record(db, progress)), is_durable=True
        )

    def held_keys(self, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those pairs of topic and key that an unfinished message has."""
        return self._session.read(lambda db: {pair for pair in keys if db.execute(_HELD, pair).fetchone()})

    def imports(
        self, *, name: str | None = None, device: int | None = None, inode: int | None = None
    ) -> list[ImportProgress]:
        """Return recorded imports that match all that is given, the newest first."""
        wanted = {"name": name, "device": device, "inode": inode}
        return self._session.read(lambda db: _find(db, wanted))


def _restore(db: apsw.Connection, messages: Sequence[NewMessage], now_ms: int) -> list[int]:
    """Insert in runs with and without keys, so that ids follow the order of the messages."""
    ids: list[int] = []
    for is_keyed, run in groupby(messages, lambda message: message.key is not None):
        rows = list(run)
        ids += _restore_keyed(db, rows, now_ms) if is_keyed else _restore_plain(db, rows, now_ms)
    return ids


def _restore_plain(db: apsw.Connection, run: list[NewMessage], now_ms: int) -> list[int]:
    for start in range(0, len(run), _ROWS):
        rows = run[start : start + _ROWS]
        db.execute(_INSERT[len(rows)], [value for message in rows for value in _values(message, now_ms)])
    last = db.last_insert_rowid()
    # Consecutive: nobody else writes while we hold the lock.
    return list(range(last - len(run) + 1, last + 1))


def _restore_keyed(db: apsw.Connection, run: list[NewMessage], now_ms: int) -> list[int]:
    ids = []
    for message in run:
        db.execute(_INSERT_KEYED, (*_values(message, now_ms), message.key))
        ids.append(db.last_insert_rowid() if db.changes() else 0)
    return ids


def _values(message: NewMessage, now_ms: int) -> tuple[str | bytes | int | None, ...]:
    """Return the columns of `restore_rows`, in its order."""
    error = None if message.last_error is None else bounded_error(message.last_error)
    return (
        message.topic,
        message.kind,
        message.state,
        message.priority,
        now_ms if message.created_at is None else message.created_at,
        message.available_at,
        message.attempts,
        message.max_attempts,
        message.headers,
        error,
        None if error is None else error_kind(error),
        message.finished_at,
        message.body,
    )


def _record(db: apsw.Connection, progress: ImportProgress | None) -> int:
    if progress is None:
        return 0
    values = msgspec.structs.asdict(progress)
    db.execute(_BEGIN if progress.id is None else _CONTINUE, values)
    if not db.changes():
        raise StoreBusy(
            f"another import of {progress.source} is in progress: nothing was written; try again later"
        )
    return db.last_insert_rowid() if progress.id is None else progress.id


def _find(db: apsw.Connection, wanted: dict[str, str | int | None]) -> list[ImportProgress]:
    return [_progress(row) for row in db.execute(_FIND, wanted)]


_progress = RecordDecoder(ImportProgress)
