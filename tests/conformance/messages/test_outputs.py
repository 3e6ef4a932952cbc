"""What a run printed that ended well is kept with its message, where that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from smq_core.store.records import Hold
    from tests.conformance.desk import Desk


def ack_with_output(desk: Desk, hold: Hold, output: str) -> list[Hold]:
    with desk.store.transaction(is_durable=False):
        desk.store.keep_output(hold, output)
        return desk.ack(hold)


def test_an_output_is_kept_with_a_message_that_stays(desk: Desk) -> None:
    desk.set_policy(keep_ms=1_000)
    sent = desk.send()

    assert ack_with_output(desk, desk.take_one(), "six words") == []
    assert (desk.state(sent), desk.row(sent).output) == ("done", "six words")


def test_an_output_of_a_message_that_goes_goes_with_it(desk: Desk) -> None:
    sent = desk.send()

    assert ack_with_output(desk, desk.take_one(), "six words") == []
    assert desk.state(sent) == "gone"


def test_an_output_is_lost_with_its_lease(desk: Desk) -> None:
    desk.set_policy(keep_ms=1_000)
    sent = desk.send()
    stale = desk.take_one()
    desk.release(stale)
    held = desk.take_one()

    assert ack_with_output(desk, stale, "of the first run") == [stale]
    assert desk.row(sent).output is None
    ack_with_output(desk, held, "of the second")
    assert desk.row(sent).output == "of the second"


def test_an_output_of_another_message_is_not_touched(desk: Desk) -> None:
    desk.set_policy(keep_ms=1_000)
    desk.send_many(["a", "b"])
    one, other = desk.take(limit=2)
    ack_with_output(desk, one, "of one")

    assert (desk.row(one.id).output, desk.row(other.id).output) == ("of one", None)


def test_nothing_printed_replaces_what_a_run_before_printed(desk: Desk) -> None:
    desk.set_policy(keep_ms=1_000)
    sent = desk.send()
    ack_with_output(desk, desk.take_one(), "once")
    desk.act("requeue", sent)
    ack_with_output(desk, desk.take_one(), "")

    assert desk.row(sent).output is None


@pytest.mark.parametrize("output", ["é" * 10_000 + "end", "x" * 10_000 + "end", "\ud800" * 9_000 + "end"])
def test_a_long_output_keeps_its_end(desk: Desk, output: str) -> None:
    desk.set_policy(keep_ms=1_000)
    sent = desk.send()
    ack_with_output(desk, desk.take_one(), output)

    kept = desk.row(sent).output or ""
    assert kept.endswith("end")
    assert 8_000 < len(kept.encode()) <= 8 * 1024


def test_a_list_leaves_outputs_out(desk: Desk) -> None:
    desk.set_policy(keep_ms=1_000)
    desk.send()
    ack_with_output(desk, desk.take_one(), "six words")

    assert [row.output for row in desk.page()] == [None]
