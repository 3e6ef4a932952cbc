"""A topic's back-off: what is set comes back, and what was spoilt by hand stops no topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Backoff, InvalidMessage

if TYPE_CHECKING:
    from smq_core import Inspector, Queue
    from smq_core.store.base import Store


@pytest.mark.parametrize(
    "backoff",
    [
        Backoff(factor=0.5),
        Backoff(factor=1e20),
        Backoff(first=-1),
        Backoff(first=0.0004),
        Backoff(cap=1),
        Backoff(factor=1.123456789),
        Backoff(first=float("nan")),
    ],
    ids=repr,
)
def test_a_back_off_that_would_not_come_back_as_it_is_is_refused(
    inspector: Inspector, backoff: Backoff
) -> None:
    with pytest.raises(InvalidMessage, match="back-off"):
        inspector.set_policy("mail", backoff=backoff)

    assert inspector.policy("mail").backoff == Backoff()


@pytest.mark.parametrize("backoff", [Backoff(0.25), Backoff(90.5), Backoff(0, 1, 0), Backoff(1, 1000, 86400)])
def test_a_back_off_comes_back_as_it_was_set(inspector: Inspector, backoff: Backoff) -> None:
    inspector.set_policy("mail", backoff=backoff)

    assert inspector.policy("mail").backoff == backoff


def test_a_back_off_spoilt_by_hand_is_the_default(queue: Queue, inspector: Inspector, store: Store) -> None:
    store.execute("INSERT INTO smq_policies(topic, backoff) VALUES ('mail', 'nonsense')")
    queue.enqueue("mail", "hello")

    assert queue.requeue(queue.dequeue("mail")[0]) == "delayed"
    assert inspector.policy("mail").backoff == Backoff()
