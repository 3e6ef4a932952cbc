"""What the gateway reads in several steps is of one moment, whoever writes in between."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Message, Queue, SmqError
from smq_tui.gateway import reads
from smq_tui.requests import DetailOf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core import Payload


class Interrupted(Inspector):
    """Somebody edits the message each time it was read, as long as he has something to write."""

    edits: Iterator[Payload] = iter(())

    def get(self, message_id: int) -> Message:
        """Return the message as it was before the edit."""
        message = super().get(message_id)
        for payload in self.edits:
            with Inspector(self.location) as other:
                other.edit(message_id, payload=payload)
            break
        return message


@pytest.mark.parametrize(
    ("edited", "stored"),
    [
        ({"n": 100_000}, '{"n":100000}'),
        ({"n": 2}, '{"n":2}'),
        ([], "[]"),
        ("text", "text"),
        (b"\x00", b"\x00"),
    ],
)
def test_a_payload_that_was_edited_between_two_reads_is_shown_as_it_is_now(
    edited: Payload, stored: str | bytes, location: str
) -> None:
    with Queue(location) as queue:
        number = queue.enqueue("mail", {"n": 1})
    with Interrupted(location) as inspector:
        inspector.edits = iter([edited])
        detail = reads.detail(inspector, DetailOf(number))

        assert (detail.message.payload, detail.stored) == (edited, stored)


def test_a_payload_that_is_edited_at_every_read_is_not_shown_as_what_it_never_was(location: str) -> None:
    with Queue(location) as queue:
        number = queue.enqueue("mail", {"n": 0})
    with Interrupted(location) as inspector:
        inspector.edits = ({"n": 10 + turn} for turn in range(100))
        with pytest.raises(SmqError, match="keeps changing"):
            reads.detail(inspector, DetailOf(number))


@pytest.mark.parametrize("text", ['{"n" :1.50e3}', '"a text"', "{broken", "1e999"])
def test_json_that_another_program_wrote_is_read_at_once(text: str, location: str) -> None:
    with Queue(location) as queue:
        number = queue.enqueue("mail", {"n": 1})
    with sqlite3.connect(location) as connection:
        connection.execute("UPDATE smq_messages SET payload = ?", (text,))
    connection.close()
    with Inspector(location) as inspector:
        assert reads.detail(inspector, DetailOf(number)).stored == text
