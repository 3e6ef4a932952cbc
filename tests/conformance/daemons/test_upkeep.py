"""What a daemon does to keep a queue small and quick; no message is changed by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.daemon_death import ACTION
from smq_core.testing import EPOCH_MS, make_message

if TYPE_CHECKING:
    from smq_core.store.base import Store

PAYLOAD = "x" * 100_000


def test_upkeep_leaves_every_message_as_it_was(store: Store) -> None:
    sent = [store.enqueue(make_message(body=f"{number}{PAYLOAD}"), EPOCH_MS) for number in range(20)]
    before = store.rows(sent, 10)

    store.optimize()
    tidied = store.tidy()

    assert store.rows(sent, 10) == before
    assert tidied.wal_bytes >= 0
    assert tidied.readers == ""


def test_what_was_done_by_another_way_is_noted(store: Store) -> None:
    store.note("import", actor="ann", topic="mail", changed=3, detail="from lines.jsonl", now_ms=EPOCH_MS)

    (entry,) = store.activity(limit=9, before=None)
    assert (entry.action, entry.actor, entry.topic, entry.count, entry.detail) == (
        "import",
        "ann",
        "mail",
        3,
        "from lines.jsonl",
    )
    assert store.last_undoable("ann") is None


def test_a_daemon_that_died_is_noted_and_found(store: Store) -> None:
    assert store.daemon_deaths(EPOCH_MS) == []
    store.note(ACTION, actor="w", topic=None, changed=2, detail="it died", now_ms=EPOCH_MS)

    (entry,) = store.daemon_deaths(EPOCH_MS)
    assert (entry.actor, entry.count, entry.detail) == ("w", 2, "it died")
    assert store.daemon_deaths(EPOCH_MS + 1) == []
