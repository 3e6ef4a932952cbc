"""Reads rows that another program wrote: text that is not UTF-8, values of another type than their column's.

Such text comes as `Escaped`, which keeps its bytes. Reading so takes twice as long as reading plainly, and is
done when that has failed.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Final,
    Generic,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import apsw

from smq_core.store.records import Escaped
from smq_core.store.sqlite.queries.filter_sql import bytes_sql, is_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["RecordDecoder", "legible"]

T = TypeVar("T")
Row = TypeVar("Row")


def legible(work: Callable[[apsw.Connection], T]) -> Callable[[apsw.Connection], T]:
    """Return the same work, with all text that it reads made legible."""

    def reading(db: apsw.Connection) -> T:
        with _legibly(db):
            return work(db)

    return reading


class RecordDecoder(Generic[Row]):
    """Makes records of a kind from rows, whatever another program stored in their columns."""

    def __init__(self, kind: type[Row]) -> None:
        """Learn the types of a kind's fields."""
        hints = get_type_hints(kind)
        self._kind = kind
        self._names = () if issubclass(kind, tuple) else tuple(hints)
        self._wanted = [_types_of(hint) for hint in hints.values()]
        self._sound: set[tuple[type, ...]] = set()
        """The types of rows that were as they should be: there are few combinations."""

    def __call__(self, row: Iterable[object]) -> Row:
        """Make a record; a value of another type becomes what comes nearest to it."""
        values = tuple(row)
        if not self._is_sound(values):
            values = tuple(
                _nearest(value, wanted) for value, wanted in zip(values, self._wanted, strict=True)
            )
        if self._names:
            return self._kind(**dict(zip(self._names, values, strict=True)))
        return self._kind(*values)

    def _is_sound(self, row: tuple[object, ...]) -> bool:
        """Check whether each value is of its column's type."""
        found = tuple(map(type, row))
        if found in self._sound:
            return True
        if not all(one in wanted for one, wanted in zip(found, self._wanted, strict=True)):
            return False
        self._sound.add(found)
        return True


@contextmanager
def _legibly(db: apsw.Connection) -> Iterator[None]:
    before = db.cursor_factory
    db.cursor_factory = _LegibleCursor
    try:
        yield
    finally:
        db.cursor_factory = before


class _LegibleCursor(apsw.Cursor):
    """A cursor that asks for each column's bytes, and whether they are text, and decodes them itself."""

    def execute(self, statements: str, bindings: apsw.Bindings | None = None) -> apsw.Cursor:  # type: ignore[override]  # the store gives no more
        """Run a query so that any text comes; other statements as they are."""
        if not is_query(statements):
            return super().execute(statements, bindings)
        width = self._width(statements, bindings)
        encoding = _ENCODINGS[str(_plain(self.connection).execute("PRAGMA encoding").get)]
        self.row_trace = lambda _cursor, row: _decoded(row, encoding)
        return super().execute(bytes_sql(statements, width), bindings)

    @property
    def get(self) -> object:
        """Return what there is: a value, a row, or a list of either, as a plain cursor does."""
        rows = [row[0] if len(row) == 1 else row for row in self]
        return rows if len(rows) > 1 else next(iter(rows), None)

    def _width(self, query: str, bindings: apsw.Bindings | None) -> int:
        """Count a query's columns without running it."""
        widths: list[int] = []

        def stop(cursor: apsw.Cursor, _query: str, _bindings: apsw.Bindings | None) -> bool:
            widths.append(len(cursor.get_description()))
            return False

        looking = _plain(self.connection)
        looking.exec_trace = stop
        with suppress(apsw.ExecTraceAbort):
            looking.execute(query, bindings)
        return widths[0]


_ENCODINGS: Final = {"UTF-8": "utf-8", "UTF-16le": "utf-16-le", "UTF-16be": "utf-16-be"}


def _plain(db: apsw.Connection) -> apsw.Cursor:
    return apsw.Cursor(db)


def _decoded(row: tuple[apsw.SQLiteValue, ...], encoding: str) -> tuple[apsw.SQLiteValue, ...]:
    return tuple(
        _text(value, encoding) if is_text and isinstance(value, bytes) else value
        for value, is_text in zip(row[::2], row[1::2], strict=True)
    )


def _text(raw: bytes, encoding: str = "utf-8") -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return Escaped.of(raw, encoding)


def _types_of(hint: object) -> frozenset[type]:
    """Return the types that a column may come as: text where it is a word."""
    if get_origin(hint) in (Union, UnionType):
        found = frozenset[type]().union(*map(_types_of, get_args(hint)))
        # only where bytes may stand is what text cannot tell of any use
        return found | {Escaped} if bytes in found else found
    if get_origin(hint) is Literal or (isinstance(hint, type) and issubclass(hint, str)):
        return frozenset((str,))
    kind = getattr(hint, "__supertype__", hint)
    return frozenset((kind,)) if isinstance(kind, type) else frozenset()


def _nearest(value: object, wanted: frozenset[type]) -> object:
    """Return a value as one of the types that are wanted."""
    if type(value) in wanted or (value is None and NoneType in wanted):
        return value
    if str in wanted:
        return str(_text(value)) if isinstance(value, bytes) else "" if value is None else str(value)
    try:
        return int(value)  # type: ignore[call-overload]  # what is not a number is caught
    except (TypeError, ValueError, OverflowError):
        return 0
