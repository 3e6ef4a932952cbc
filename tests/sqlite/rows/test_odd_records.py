"""Records and payloads that another program changed: told in words, or shown as they stand."""

from __future__ import annotations

import pytest

from smq_core import Inspector, Queue, SmqError
from smq_tui.gateway import reads
from smq_tui.requests import DetailOf
from tests.sqlite.rows.test_anomalies import store_odd

RECORDS = ["CAST(x'ff' AS TEXT)", "CAST(x'5b22ff225d' AS TEXT)", "5", "2.5", "'{'", "'[1e999]'"]
PAYLOADS = ["NULL", "x''", "''", "x'ff'", "CAST(x'ff' AS TEXT)", "5", "'{'", "char(0)", "'[1, 2]'"]


@pytest.mark.parametrize("before", RECORDS)
def test_an_undo_of_a_pause_whose_record_was_changed_says_so(
    location: str, queue: Queue, inspector: Inspector, before: str
) -> None:
    queue.enqueue("mail", "a")
    operation = inspector.pause("mail").operation
    store_odd(location, f"UPDATE smq_operations SET before = {before}")  # noqa: S608 - a test's words

    with pytest.raises(SmqError, match="another program changed its record"):
        inspector.undo(operation)


@pytest.mark.parametrize("kind", ["json", "text", "bytes"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_details_of_a_message_show_a_payload_that_is_not_of_its_kind(
    location: str, queue: Queue, inspector: Inspector, payload: str, kind: str
) -> None:
    sent = queue.enqueue("mail", "a")
    store_odd(location, f"UPDATE smq_messages SET payload = {payload}, kind = '{kind}'")  # noqa: S608 - a test's words

    found = reads.detail(inspector, DetailOf(sent))

    stored = found.stored.encode() if isinstance(found.stored, str) else found.stored
    assert (found.message.id, found.message.size) == (sent, len(stored))
