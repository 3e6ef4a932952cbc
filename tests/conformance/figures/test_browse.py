"""What an operator sees: pages by id, ids, counts, filters, one whole message, groups of errors."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from smq_core.states import State
from smq_core.store.records import Filter, Selection
from smq_core.testing import select

if TYPE_CHECKING:
    from tests.conformance.desk import Desk


def seen(desk: Desk, selection: Selection, **options: object) -> list[int]:
    """Return the ids of a page."""
    return [row.id for row in desk.page(selection, **options)]


def test_a_message_that_is_gone_is_none(desk: Desk) -> None:
    assert desk.store.get(1) is None


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("topic", ["mail", None])
def test_a_page_holds_the_messages_of_its_state(desk: Desk, state: State, topic: str | None) -> None:
    made = desk.prepared()
    others = desk.prepared("print")

    expected = [made[state]] if topic else [made[state], others[state]]
    assert seen(desk, Selection(topic=topic, state=state)) == expected
    assert list(desk.store.ids(Selection(topic=topic, state=state), limit=10, now_ms=desk.now_ms)) == expected
    assert desk.store.count(Selection(topic=topic, state=state), limit=10, now_ms=desk.now_ms) == len(
        expected
    )


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("topic", ["mail", None])
def test_pages_follow_one_another_without_gap_or_repeat(
    desk: Desk, topic: str | None, *, newest: bool
) -> None:
    for priority in (0, 5, -5) * 4:
        desk.send(priority=priority)
    desk.take(limit=3)
    pages: list[list[int]] = []
    after = None
    while page := seen(desk, Selection(topic=topic), after=after, newest=newest, limit=5):
        pages.append(page)
        after = page[-1]

    ids = [one for page in pages for one in page]
    assert ids == sorted(range(1, 13), reverse=newest)
    assert all(len(page) == 5 for page, _ in pairwise(pages))


def test_a_page_of_everything_is_in_the_order_of_ids(desk: Desk) -> None:
    made = desk.prepared()

    assert seen(desk, Selection()) == seen(desk, Selection(topic="mail")) == sorted(made.values())


def test_a_list_over_very_many_topics_walks_the_table(desk: Desk) -> None:
    sent = [desk.send(f"topic-{number}") for number in range(302)]

    assert seen(desk, Selection(state=State.READY), limit=400) == sent


def test_a_preview_cuts_the_body_and_keeps_its_size(desk: Desk) -> None:
    desk.send(body="x" * 1_000)

    (row,) = desk.page(preview_bytes=10)
    assert (row.body, row.body_size) == ("x" * 10, 1_000)


def test_rows_come_by_id_without_those_that_are_gone(desk: Desk) -> None:
    first, second = desk.send(), desk.send()

    assert [row.id for row in desk.store.rows([second, 99, first], None)] == [first, second]


@pytest.mark.parametrize("topic", ["mail", None])
def test_everything_but_the_trash_can_be_looked_at_counted_and_fixed(desk: Desk, topic: str | None) -> None:
    made = desk.prepared()
    everything = Selection(topic=topic, where=Filter(without_trash=True))
    others = sorted(one for state, one in made.items() if state is not State.DELETED)

    assert seen(desk, everything) == others
    assert list(desk.store.ids(everything, limit=10, now_ms=desk.now_ms)) == others
    assert desk.store.count(everything, limit=10, now_ms=desk.now_ms) == len(others)
    fixed = desk.store.freeze(everything, now_ms=desk.now_ms).frozen
    assert fixed is not None
    assert list(fixed.ids) == others
    trash = Selection(topic=topic, state=State.DELETED, where=Filter(without_trash=True))
    assert seen(desk, trash) == [made[State.DELETED]], "a state that is named goes before"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"key": "k_1"}, [1]),
        ({"text": "NEED"}, [2]),
        ({"text": "100%"}, [3]),
        ({"text": "trace"}, [4]),
        ({"text": "k_"}, [1]),
        ({"worker": "w"}, [5]),
        ({"error": "time"}, [4]),
        ({"error_kind": "timeout"}, [4]),
        ({"min_attempts": 1}, [4, 5]),
        ({"min_age_ms": 5_000}, [1, 2]),
        ({"only_expired": True}, []),
        ({"text": "absent"}, []),
        ({"error_kind": ""}, [1, 2, 3, 5]),
        ({"error_groups": (("mail", "timeout"), ("print", ""))}, [4]),
        ({"error_groups": (("mail", ""), ("mail", "timeout"))}, [1, 2, 3, 4, 5]),
        ({"error_groups": (("print", "timeout"),)}, []),
        ({"error_groups": ()}, []),
    ],
)
def test_each_part_of_a_filter_has_to_hold(desk: Desk, where: dict[str, object], expected: list[int]) -> None:
    desk.send(key="k_1")
    desk.send(body="hay needle hay")
    desk.clock.advance(5)
    desk.send(body="100% sure")
    desk.send(headers='{"trace":"1"}', priority=100)
    desk.requeue(desk.take_one(), error="timeout\nin line 3")
    desk.send(priority=100, body="last")
    desk.requeue(desk.take_one(), delay_ms=60_000, error="timeout\nin line 3")
    desk.take(worker="w")

    for selection in (select("mail", where=where), select(where=where)):
        assert seen(desk, selection) == expected
        assert desk.store.count(selection, limit=100, now_ms=desk.now_ms) == len(expected)


def test_expired_leases_are_found(desk: Desk) -> None:
    desk.send_many(["a", "b"])
    desk.take(visibility_ms=1_000)
    desk.take(visibility_ms=9_000)
    desk.clock.advance(1)

    assert seen(desk, select("mail", "processing", where={"only_expired": True})) == [1]


def test_a_count_stops_at_its_limit(desk: Desk) -> None:
    desk.send_many(["x"] * 20)

    assert desk.store.count(Selection(topic="mail"), limit=7, now_ms=desk.now_ms) == 7


def test_nothing_beyond_the_highest_id_is_seen(desk: Desk) -> None:
    sent = [desk.send() for _ in range(3)]

    assert seen(desk, Selection(topic="mail", max_id=sent[1])) == sent[:2]


def test_the_highest_id_of_an_empty_store_is_zero(desk: Desk) -> None:
    assert desk.store.highest_id() == 0


def test_errors_are_grouped_the_most_frequent_first(desk: Desk) -> None:
    for error in ("rare", "often\nA", "often\nB"):
        desk.send()
        desk.bury(desk.take_one(), error)
        desk.clock.advance(1)
    now_ms = desk.now_ms

    assert (
        desk.store.error_kinds("mail", limit=10)
        == desk.store.error_kinds(None, limit=10)
        == [
            ("mail", "often", 2, now_ms - 2_000, now_ms - 1_000),
            ("mail", "rare", 1, now_ms - 3_000, now_ms - 3_000),
        ]
    )
    assert desk.store.error_kinds("print", limit=10) == []


def test_errors_since_a_moment_leave_out_dead_letters_of_before(desk: Desk) -> None:
    for _ in range(2):
        desk.send()
        desk.bury(desk.take_one(), "boom")
        desk.clock.advance(1)
    last = desk.now_ms - 1_000

    assert desk.store.error_kinds("mail", limit=9, since_ms=last) == [("mail", "boom", 1, last, last)]
    assert desk.store.error_kinds("mail", limit=9, since_ms=last + 1) == []


def test_dead_letters_are_grouped_by_topic_and_error(desk: Desk) -> None:
    for topic, error in (("mail", "boom"), ("mail", "boom"), ("mail", "bang"), ("print", "boom")):
        desk.send(topic)
        desk.clock.advance(1)
        desk.bury(desk.take_one(topic), error)
    of_print = ("print", "boom", 1, desk.now_ms, desk.now_ms)

    assert desk.store.error_kinds("print", limit=9) == [of_print]
    assert desk.store.error_kinds(None, limit=9) == [
        ("mail", "boom", 2, desk.now_ms - 3000, desk.now_ms - 2000),
        of_print,
        ("mail", "bang", 1, desk.now_ms - 1000, desk.now_ms - 1000),
    ]


def test_a_dead_letter_that_was_made_by_hand_has_a_group_and_a_time(desk: Desk) -> None:
    desk.send()
    with desk.store.transaction():
        desk.store.execute("UPDATE smq_messages SET status = 'dead'")

    assert desk.store.error_kinds(None, limit=9) == [("mail", "", 1, desk.now_ms, desk.now_ms)]


def test_a_group_of_dead_letters_without_an_error_is_found_by_its_name(desk: Desk) -> None:
    made = desk.send()
    with desk.store.transaction():
        desk.store.execute("UPDATE smq_messages SET status = 'dead'")

    for where in ({"error_kind": ""}, {"error_groups": (("mail", ""),)}):
        assert seen(desk, select("mail", "dead", where=where)) == [made]
