"""Ids that nothing can have, and limits that mean nothing: answered in words, or as what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from smq_core import Inspector, InvalidMessage, MessageNotFound, Queue, SmqError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.message import Outcome

BEYOND = [10**30, -(10**30), 1 << 63]
ACTIONS: list[Callable[[Inspector, list[int]], Outcome]] = [
    Inspector.requeue,
    Inspector.delete,
    Inspector.bury,
    lambda inspector, ids: inspector.move(ids, "print"),
    lambda inspector, ids: inspector.delete(dict.fromkeys(ids)),
]


@pytest.mark.parametrize("beyond", BEYOND)
def test_no_message_has_an_id_beyond_64_bits(queue: Queue, inspector: Inspector, beyond: int) -> None:
    sent = queue.enqueue("mail", "a")

    with pytest.raises(MessageNotFound):
        inspector.get(beyond)
    with pytest.raises(MessageNotFound):
        inspector.edit(beyond, priority=1)
    assert inspector.attempts(beyond) == []
    assert [message.id for message in inspector.messages([beyond, sent])] == [sent]


@pytest.mark.parametrize("beyond", BEYOND)
@pytest.mark.parametrize("act", ACTIONS)
def test_an_action_misses_an_id_that_nothing_can_have(
    queue: Queue, inspector: Inspector, act: Callable[[Inspector, list[int]], Outcome], beyond: int
) -> None:
    queue.enqueue_many("mail", ["a", "b"])
    inspector.bury([1])
    outcome = act(inspector, [1, 2, beyond])

    assert (beyond, "no such message") in [(one.id, one.why) for one in outcome.missed]
    assert outcome.done >= 1
    assert outcome.done + outcome.missed_count == 3


def test_an_action_on_nothing_but_impossible_ids_records_nothing(queue: Queue, inspector: Inspector) -> None:
    queue.enqueue("mail", "a")
    outcome = inspector.delete([10**30])

    assert (outcome.done, outcome.operation, outcome.missed_count) == (0, None, 1)
    assert inspector.activity() == []


@pytest.mark.parametrize("beyond", BEYOND)
def test_an_operation_that_cannot_be_is_unknown(queue: Queue, inspector: Inspector, beyond: int) -> None:
    queue.enqueue("mail", "a")

    with pytest.raises(SmqError, match=f"no operation {beyond}"):
        inspector.undo(beyond)


def test_a_bound_beyond_all_ids_bounds_nothing(queue: Queue, inspector: Inspector) -> None:
    sent = queue.enqueue("mail", "a")
    wide = msgspec.structs.replace(inspector.select("mail"), max_id=10**30)

    assert inspector.browse("mail", after=10**30) == []
    assert [one.id for one in inspector.browse("mail", after=10**30, newest=True, max_id=10**30)] == [sent]
    assert list(inspector.ids(wide, after=-(10**30))) == [sent]
    assert inspector.count(wide, limit=10**30) == 1
    assert inspector.delete(wide).done == 1
    assert len(inspector.activity(before=10**30)) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda inspector, limit: inspector.browse(limit=limit),
        lambda inspector, limit: inspector.ids(inspector.select(), limit=limit),
        lambda inspector, limit: inspector.count(inspector.select(), limit=limit),
        lambda inspector, limit: inspector.error_kinds(limit=limit),
        lambda inspector, limit: inspector.activity(limit=limit),
    ],
)
@pytest.mark.parametrize("limit", [-1, 0, 1.5, "1", True])
def test_a_limit_that_means_nothing_is_refused(
    queue: Queue, inspector: Inspector, ask: Callable[[Inspector, object], object], limit: object
) -> None:
    queue.enqueue("mail", "a")

    with pytest.raises(InvalidMessage, match="limit"):
        ask(inspector, limit)


def test_a_limit_beyond_all_numbers_is_no_limit(queue: Queue, inspector: Inspector) -> None:
    queue.enqueue("mail", "hello")

    assert [one.payload for one in inspector.browse(limit=10**30, preview=10**30)] == ["hello"]
    with pytest.raises(InvalidMessage, match="preview"):
        inspector.browse(preview=-1)


@pytest.mark.parametrize("ids", [5, ["1"], [1.0], [None]])
def test_what_is_no_list_of_ids_is_refused(queue: Queue, inspector: Inspector, ids: object) -> None:
    queue.enqueue("mail", "a")

    with pytest.raises(InvalidMessage, match="id"):
        inspector.delete(cast("list[int]", ids))
