"""Rows of the store as public values."""

from __future__ import annotations

from smq_core import Lease, Message, State
from smq_core.message import Receipt
from smq_core.rows import lease_of
from smq_core.store.records import LeasedRow


def test_every_field_of_a_leased_row_comes_where_it_belongs() -> None:
    row = LeasedRow(
        id=1,
        topic="mail",
        body='{"a": 1}',
        kind="json",
        headers='{"b": "2"}',
        priority=3,
        key="four",
        attempts=5,
        deliveries=6,
        max_attempts=7,
        created_at=8_000,
        available_at=9_000,
        last_error="ten",
        is_suspect=0,
        locked_until=11_000,
    )
    message = Message(
        id=1,
        topic="mail",
        payload={"a": 1},
        kind="json",
        headers={"b": "2"},
        priority=3,
        key="four",
        state=State.PROCESSING,
        attempts=5,
        deliveries=6,
        max_attempts=7,
        created_at=8.0,
        available_at=9.0,
        locked_until=11.0,
        worker="twelve",
        last_error="ten",
    )

    assert lease_of(row, Receipt(13), "twelve") == Lease(message, Receipt(13), 11.0)
