"""The tree of errors: what catches what, what commands end with, and that no driver's error gets out."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core import (
    Filter,
    InvalidLine,
    InvalidMessage,
    Lease,
    LeaseLost,
    Message,
    MessageNotFound,
    NotAQueue,
    NotDurable,
    OutcomeUnknown,
    Queue,
    SchemaTooNew,
    SmqError,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
    UsageError,
)
from smq_core.message import Receipt
from smq_core.store.sqlite.driver.driver_errors import translate

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core import Inspector


@pytest.mark.parametrize(
    ("error", "parents", "code"),
    [
        (LeaseLost, (SmqError,), 1),
        (MessageNotFound, (SmqError,), 1),
        (InvalidMessage, (SmqError, ValueError), 65),
        (InvalidLine, (SmqError,), 65),
        (StoreBusy, (SmqError, StoreError), 75),
        (StoreUnavailable, (SmqError, StoreError), 1),
        (NotDurable, (StoreUnavailable,), 1),
        (OutcomeUnknown, (StoreUnavailable,), 1),
        (UsageError, (SmqError,), 2),
        (StoreCorrupt, (SmqError, StoreError), 1),
        (SchemaTooNew, (SmqError, StoreError), 1),
        (NotAQueue, (SmqError, StoreError), 1),
    ],
)
def test_the_tree_is_as_it_is_drawn(error: type[SmqError], parents: tuple[type, ...], code: int) -> None:
    assert all(issubclass(error, parent) for parent in parents)
    assert error.exit_code == code


def test_a_mistake_of_the_calling_program_is_not_an_error_of_the_store() -> None:
    assert not issubclass(UsageError, StoreError)


def a_lease(message_id: int) -> Lease:
    """Return a lease of nothing."""
    return Lease(Message(id=message_id, topic="mail", payload="x"), Receipt(1), 0.0)


@pytest.mark.parametrize(
    "error",
    [
        LeaseLost([a_lease(1)]),
        MessageNotFound(5),
        InvalidLine(3, "no JSON"),
        StoreBusy("busy"),
        NotDurable("flushing failed", [1, 2]),
        OutcomeUnknown("committing failed"),
    ],
)
def test_an_error_passes_between_processes(error: SmqError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_lost_leases_are_named_up_to_five() -> None:
    assert "messages 1, 2, 3, 4, 5 and 2 more are not acked: each was leased again" in str(
        LeaseLost([a_lease(number) for number in range(1, 8)])
    )


@pytest.mark.parametrize(
    ("ids", "named"),
    [
        ((), "what was written is stored, but"),
        ((7,), "message 7 is stored, but"),
        (range(1, 8), "messages 1, 2, 3, 4, 5 and 2 more are stored, but"),
    ],
)
def test_what_is_not_durable_is_named(ids: range | tuple[int, ...], named: str) -> None:
    assert named in str(NotDurable("flushing failed", ids))


DRIVER_ERRORS = sorted(
    (error for error in vars(apsw).values() if isinstance(error, type) and issubclass(error, apsw.Error)),
    key=lambda error: error.__name__,
)


@pytest.mark.parametrize("error", DRIVER_ERRORS)
def test_every_error_of_the_driver_becomes_one_of_ours_with_the_path(error: type[apsw.Error]) -> None:
    translated = translate(error("why"), "/the/file")

    assert isinstance(translated, StoreError)
    assert "/the/file" in str(translated)


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (apsw.BusyError, StoreBusy),
        (apsw.LockedError, StoreBusy),
        (apsw.CorruptError, StoreCorrupt),
        (apsw.NotADBError, NotAQueue),
        (apsw.ProtocolError, StoreBusy),
        (apsw.FullError, StoreUnavailable),
        (apsw.ReadOnlyError, StoreUnavailable),
        (apsw.IOError, StoreUnavailable),
        (apsw.SQLError, StoreError),
    ],
)
def test_an_error_of_the_driver_becomes_the_one_that_says_what_to_do(
    error: type[apsw.Error], ours: type[StoreError]
) -> None:
    assert type(translate(error("why"), "/the/file")) is ours


def test_what_ended_a_transaction_is_told_and_not_that_there_is_none_any_more() -> None:
    complaint = apsw.SQLError("cannot rollback")
    complaint.__context__ = apsw.SQLError("no such savepoint")
    complaint.__context__.__context__ = apsw.IOError("disk")

    translated = translate(complaint, "/the/file")

    assert type(translated) is StoreUnavailable
    assert "(disk): check the disk" in str(translated)


def test_no_error_of_the_driver_leaves_a_caller_s_transaction(queue: Queue) -> None:
    with queue.transaction() as transaction:
        for sql in (
            "nonsense",
            "SELECT * FROM nowhere",
            "INSERT INTO smq_messages(topic) VALUES ('a')",
            "SELECT ?",
        ):
            with pytest.raises(StoreError):
                transaction.execute(sql)
        assert transaction.execute("SELECT 1") == [(1,)]


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError), Queue(tmp_path) as opened:
        opened.size("mail")


def test_an_odd_filter_is_no_syntax_error(inspector: Inspector, queue: Queue) -> None:
    queue.enqueue("mail", "100% 'quoted' \\ _")

    for text in ("%", "'", "\\", "_", "100% 'quoted' \\ _"):
        assert len(inspector.browse("mail", where=Filter(text=text))) == 1
