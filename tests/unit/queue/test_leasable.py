"""Rows become leases only as the table has them: a value of any other type, in any column, is refused."""

from __future__ import annotations

from contextlib import closing

import apsw
import pytest

from smq_core.store.records import LeasedRow
from smq_core.store.sqlite.foreign_rows.leasable import MalformedRowError, leasable, leasable_page
from smq_core.store.sqlite.queue.lease_budget import Allowance

ROW = LeasedRow(
    id=7,
    topic="mail",
    body='{"a":1}',
    kind="json",
    headers=None,
    priority=0,
    key="k",
    attempts=1,
    deliveries=1,
    max_attempts=None,
    created_at=1,
    available_at=2,
    last_error=None,
    is_suspect=0,
    locked_until=3,
)
WHOLE = [
    "id",
    "priority",
    "attempts",
    "deliveries",
    "created_at",
    "available_at",
    "is_suspect",
    "locked_until",
]
ODD = [
    *((name, value) for name in WHOLE for value in (None, 1.0, "1", b"1")),
    *(("max_attempts", value) for value in (1.5, "1", b"1")),
    *((name, value) for name in ("headers", "key", "last_error") for value in (1, 1.5, b"{}")),
    *(("topic", value) for value in (None, 1, b"mail")),
    *(("kind", value) for value in (None, 1, b"json", "yaml", "")),
    *(("body", value) for value in (None, 1.5)),
]


def found(**changes: object) -> tuple[object, ...]:
    """Return a row as the driver gives it."""
    return tuple((ROW._asdict() | changes).values())


@pytest.mark.parametrize(("name", "value"), ODD)
def test_a_value_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(MalformedRowError, match="smq doctor"):
        leasable(found(**{name: value}))
    with pytest.raises(MalformedRowError, match="smq doctor"):
        leasable_page([found(), found(**{name: value})])


@pytest.mark.parametrize("kind", ["json", "text", "bytes", "auto"])
@pytest.mark.parametrize("body", ["text", b"bytes"])
def test_a_row_as_the_table_has_it_is_made_as_it_is(kind: str, body: str | bytes) -> None:
    row = found(kind=kind, body=body, headers="{}", max_attempts=3, last_error="e", id=2**53)

    assert leasable(row) == row
    assert type(leasable(row)) is LeasedRow
    assert leasable_page([row, row]) == ([row, row], False)


def test_a_size_stands_for_a_payload_in_a_page_alone() -> None:
    row = found(body=20_000)

    assert leasable_page([found(), row]) == ([found(), row], True)
    with pytest.raises(MalformedRowError):
        leasable(row)


@pytest.mark.parametrize("payload", [5, 1.5, None])
def test_a_large_message_without_a_payload_of_text_or_bytes_is_refused(payload: object) -> None:
    """Its headers may be what makes it large."""
    with closing(apsw.Connection(":memory:")) as db:
        db.execute("CREATE TABLE smq_messages(id INTEGER PRIMARY KEY, payload)")
        db.execute("INSERT INTO smq_messages VALUES (7, ?)", (payload,))
        with pytest.raises(MalformedRowError):
            Allowance(1 << 20).admit(db, [found(body=20_000)], is_last=True)
