"""What operators do to many large messages is done in short transactions, bounded by bytes too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.states import State
from smq_core.testing import select

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.desk import Desk

MIB = 1024 * 1024


def noted(parts: list[int]) -> Callable[[int], bool]:
    """Note how many messages are done after each transaction."""

    def note(done: int) -> bool:
        parts.append(done)
        return True

    return note


@pytest.mark.parametrize(("verb", "to"), [("delete", None), ("bury", None), ("move", "other")])
@pytest.mark.parametrize("by_ids", [True, False])
def test_large_messages_are_changed_a_few_at_a_time(
    desk: Desk, verb: str, to: str | None, *, by_ids: bool
) -> None:
    sent = [desk.send(body=b"\0" * (3 * MIB)) for _ in range(5)]
    parts: list[int] = []
    targets = dict.fromkeys(sent) if by_ids else select("mail", "ready")

    outcome = desk.act(verb, targets=targets, to=to, progress=noted(parts))

    assert (outcome.done, parts) == (5, [2, 4, 5])
    parts.clear()
    assert desk.undo(outcome.operation or 0, progress=noted(parts)).done == 5
    assert parts == [2, 4, 5]


def test_a_message_that_is_larger_than_a_transaction_may_be_is_changed_alone(desk: Desk) -> None:
    sent = [desk.send(body=b"\0" * size) for size in (1, 9 * MIB, 1, 9 * MIB)]
    parts: list[int] = []

    assert desk.act("delete", *sent, progress=noted(parts)).done == 4
    assert parts == [1, 2, 3, 4]


def test_ids_of_nothing_are_reported_and_hold_nothing_up(desk: Desk) -> None:
    sent = [desk.send(body=b"\0" * (5 * MIB)) for _ in range(2)]
    outcome = desk.act("delete", sent[0], 900, sent[1], 901)

    assert outcome.done_ids == tuple(sent)
    assert [missed.id for missed in outcome.missed] == [900, 901]


def test_small_messages_are_changed_five_hundred_at_a_time(desk: Desk) -> None:
    desk.send_many(["x"] * 1_001)
    parts: list[int] = []

    desk.act("delete", targets=select("mail", "ready"), progress=noted(parts))
    assert parts == [500, 1_000, 1_001]


def test_large_messages_are_removed_for_good_a_few_at_a_time(desk: Desk) -> None:
    for _ in range(5):
        desk.send(body=b"\0" * (16 * MIB))
    parts: list[int] = []

    outcome = desk.purge("mail", State.READY, progress=noted(parts))
    assert outcome.done == 5
    assert parts == [4, 5]


BODIES = ["x" * 70_000, "é" * 70_000, "\N{SNOWMAN}" * 70_000, "\N{GRINNING FACE}" * 70_000, b"\xff" * 70_000]


@pytest.mark.parametrize("body", BODIES, ids=["ascii", "two bytes", "three bytes", "four bytes", "bytes"])
@pytest.mark.parametrize("preview", [0, 1, 2, 3, 50, 8_000, 60_000, 100_000, None])
def test_a_preview_is_the_beginning_of_a_large_payload(
    desk: Desk, body: str | bytes, preview: int | None
) -> None:
    """In characters of a text, in bytes of bytes."""
    sent = [desk.send(body="short"), desk.send(body=body)]

    for rows in (desk.page(preview_bytes=preview), desk.store.rows(sent, preview)):
        short, large = rows
        assert (short.body or "") == ("short"[:preview])
        assert (large.body or type(body)()) == body[:preview]
        assert large.body_size == (len(body) if isinstance(body, bytes) else len(body.encode()))
