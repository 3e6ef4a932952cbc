"""A call that failed leaves no statement of its connection open, whoever keeps its exception.

The story: a query met a row that is not UTF-8. Its exception kept the function's frame, the frame the cursor,
the cursor the connection's view of the database. After the next commit of anybody else the connection could
not write any more, until the garbage collector happened to run. Here the collector never runs, and each
exception is kept.
"""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, cast

import apsw
import pytest

from smq_core.errors import SmqError, StoreBusy, StoreError
from smq_core.store.sqlite.driver.driver_errors import translate
from smq_core.store.sqlite.session import Session
from smq_core.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.store.sqlite.connection.connection import Connection

BAD = "INSERT INTO smq_messages(topic, payload) VALUES ('t', CAST(x'ff' AS TEXT))"
TEXTS = "SELECT payload FROM smq_messages WHERE topic = 't' ORDER BY id"


class OurError(Exception):
    """Raised in the middle of a query."""


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def store(location: str) -> Iterator[SqliteStore]:
    """Give a store of a queue with three messages, the second one not UTF-8, that waits for nobody."""
    with closing(SqliteStore(Session(location, timeout_s=0.0))) as opened:
        with opened.transaction():
            for sql in ("INSERT INTO smq_messages(topic, payload) VALUES ('t', 'good')", BAD, BAD):
                opened.execute(sql)
        yield opened


def strict(db: apsw.Connection) -> list[object]:
    """Read text as the lease does, which fails at the second row."""
    cursor = db.execute(TEXTS)
    return [row[0] for row in cursor]


def interrupted(error: BaseException) -> Callable[[apsw.Connection], None]:
    """Have an exception come from between two rows."""

    def work(db: apsw.Connection) -> None:
        cursor = db.execute("SELECT id FROM smq_messages")
        next(cursor)
        raise error

    return work


def handled_badly(db: apsw.Connection) -> None:
    """Have another exception come while the first is handled."""
    try:
        strict(db)
    except UnicodeDecodeError as error:
        raise OurError from error


def kept_by_generator(db: apsw.Connection) -> None:
    """Leave a generator in the middle of its rows."""
    rows = (row for row in db.execute("SELECT id FROM smq_messages"))
    next(rows)
    raise OurError


WORKS: dict[str, Callable[[apsw.Connection], object]] = {
    "text that is not UTF-8": strict,
    "an interrupt": interrupted(KeyboardInterrupt()),
    "an error of ours": interrupted(OurError()),
    "an error while another is handled": handled_badly,
    "a generator left behind": kept_by_generator,
    "a driver's error": lambda db: db.execute(
        "SELECT abs(-9223372036854775808 - id * 0) FROM smq_messages"
    ).fetchall(),
}


def connection_of(store: SqliteStore) -> Connection:
    return store.session.connections.get()


def commit_elsewhere(location: str) -> None:
    """Commit as another program does."""
    with closing(sqlite3.connect(location, timeout=20)) as other, other:
        other.execute("INSERT INTO smq_messages(topic, payload) VALUES ('other', 'x')")


def is_reading(store: SqliteStore) -> bool:
    return connection_of(store).db.txn_state("main") != apsw.SQLITE_TXN_NONE


@pytest.fixture(params=["read", "write", "follow", "a transaction's end", "inside a transaction"])
def call(
    request: pytest.FixtureRequest, store: SqliteStore
) -> Callable[[Callable[[apsw.Connection], object]], None]:
    """Give a way to run a query that fails."""

    def run(work: Callable[[apsw.Connection], object]) -> None:
        match request.param:
            case "read":
                connection_of(store).read(work)
            case "write":
                connection_of(store).write(work)
            case "follow":
                connection_of(store).follow(work, lambda _db, _found: True)
            case "a transaction's end":
                with store.transaction():
                    connection_of(store).write(work)
            case _:
                with store.transaction():
                    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever it is
                        connection_of(store).write(work)
                    KEPT.append(caught.value)

    return run


KEPT: list[BaseException] = []
"""The exceptions that somebody keeps."""


@pytest.mark.parametrize("work", WORKS.values(), ids=list(WORKS))
def test_a_kept_exception_keeps_nothing_open(
    store: SqliteStore,
    location: str,
    call: Callable[[Callable[[apsw.Connection], object]], None],
    work: Callable[[apsw.Connection], object],
) -> None:
    try:
        call(work)
    except BaseException as error:  # noqa: BLE001 - interrupts too
        KEPT.append(error)

    assert KEPT
    assert not is_reading(store)
    commit_elsewhere(location)
    with store.transaction():
        assert store.execute("SELECT count(*) FROM smq_messages WHERE topic = 'other'") == [(1,)]
    KEPT.clear()


def test_what_keeps_its_cursor_in_a_frame_of_its_own_costs_the_connection_and_no_more(
    store: SqliteStore, location: str
) -> None:
    """The functions of a caller are left as they are, for its debugger; so the connection goes."""
    first = connection_of(store)
    with pytest.raises(OurError) as caught:
        first.read(interrupted(OurError()))

    assert caught.value.__traceback__
    assert (first.is_open, connection_of(store) is first, is_reading(store)) == (False, False, False)
    commit_elsewhere(location)
    with store.transaction():
        store.execute(BAD)


def test_a_failure_of_a_function_of_ours_costs_no_connection(store: SqliteStore) -> None:
    """Its cursor is closed with its frame, so that nothing else has to be."""
    first = connection_of(store)
    with pytest.raises(StoreError) as caught:
        store.execute(TEXTS)

    assert caught.value.__cause__
    assert connection_of(store) is first
    assert not is_reading(store)


def test_a_failure_inside_a_transaction_costs_no_connection(store: SqliteStore) -> None:
    """The store's own functions hold no cursor any more, so that nothing has to be closed."""
    first = connection_of(store)
    with store.transaction():
        with pytest.raises(StoreError) as caught:
            store.execute(TEXTS)
        assert first.db.txn_state("main") == apsw.SQLITE_TXN_WRITE

    assert caught.value.__cause__
    assert connection_of(store) is first
    assert not is_reading(store)


def test_a_read_that_never_ended_is_ended_before_a_write(store: SqliteStore, location: str) -> None:
    """Begun once more on the same snapshot, the transaction would be refused for ever."""
    first = connection_of(store)
    cursor = first.db.execute("SELECT id FROM smq_messages")
    next(cursor)
    commit_elsewhere(location)

    with store.transaction():
        assert store.execute("SELECT count(*) FROM smq_messages") == [(4,)]
    assert connection_of(store) is not first
    commit_elsewhere(location)
    assert store.size("other") == 2


def test_a_stale_snapshot_is_not_told_as_somebody_elses_lock(location: str) -> None:
    with closing(apsw.Connection(location)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM smq_messages").fetchall()
        commit_elsewhere(location)
        with pytest.raises(apsw.BusyError) as caught:
            db.execute("DELETE FROM smq_messages")
        told = translate(caught.value, location)

    assert isinstance(told, StoreBusy)
    assert "this program still has a read transaction open" in str(told)


def test_the_frames_of_who_calls_are_left_alone(store: SqliteStore) -> None:
    """A debugger, or a service that reports exceptions, shows what a caller's functions held."""

    def caller() -> None:
        precious = ["kept"]
        with store.transaction():
            store.execute(TEXTS)
        precious.clear()

    with pytest.raises(StoreError) as caught:
        caller()

    frames = [entry.frame.f_locals for entry in caught.traceback if entry.name == "caller"]
    assert [frame["precious"] for frame in frames] == [["kept"]]
    assert isinstance(cast("SmqError", caught.value), SmqError)
