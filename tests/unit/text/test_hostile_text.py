"""Texts that no database takes: they are kept with what cannot be written escaped, and stop nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from smq_core import Filter, Inspector, Queue
from smq_core.error_text import ERROR_LIMIT

if TYPE_CHECKING:
    from smq_core.testing import ManualClock

HALF = "bad file \udcff"
ESCAPED = "bad file \\udcff"


@pytest.mark.parametrize("error", [HALF, cast("str", ValueError(HALF))])
def test_an_error_with_half_a_character_is_kept(queue: Queue, inspector: Inspector, error: str) -> None:
    sent = queue.enqueue("mail", "hello")
    queue.requeue(queue.dequeue("mail")[0], delay=0, error=error)
    assert inspector.get(sent).last_error == ESCAPED

    queue.bury(queue.dequeue("mail")[0], error=error)
    assert inspector.attempts(sent)[-1].error == ESCAPED


def test_an_error_is_cut_by_bytes_at_a_character(queue: Queue, inspector: Inspector) -> None:
    sent = queue.enqueue("mail", "hello")
    queue.bury(queue.dequeue("mail")[0], error="x" + "€" * ERROR_LIMIT)
    kept = inspector.get(sent).last_error or ""

    assert ERROR_LIMIT - 3 <= len(kept.encode()) <= ERROR_LIMIT
    assert kept.endswith("€")


def test_workers_actors_and_reasons_with_half_a_character_are_kept(location: str, clock: ManualClock) -> None:
    with Queue(location, clock=clock, worker=HALF) as queue, Inspector(location, actor=HALF) as inspector:
        queue.enqueue("mail", "hello")
        (lease,) = queue.dequeue("mail")
        inspector.pause("mail", HALF)
        (entry,) = inspector.activity()

        assert (lease.message.worker, entry.actor, inspector.get(1).worker) == (ESCAPED,) * 3


def test_a_filter_with_half_a_character_finds_what_was_escaped(queue: Queue, inspector: Inspector) -> None:
    queue.enqueue("mail", "hello")
    queue.bury(queue.dequeue("mail")[0], error=HALF)

    assert len(inspector.browse(where=Filter(error=HALF))) == 1
    assert inspector.browse(where=Filter(text=HALF, worker=HALF, key=HALF)) == []
