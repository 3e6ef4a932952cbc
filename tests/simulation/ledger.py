"""What callers were told, and what must hold of it whatever the model says: the promises of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.store.records import Hold
    from tests.simulation.watched import Arguments


class Ledger:
    """Judges answers by answers."""

    def __init__(self) -> None:
        self._enqueued: set[int] = set()
        self._latest: dict[int, int] = {}
        """The receipt of the last lease of each message."""
        self._spent: set[Hold] = set()
        """Holds whose message was finished or given back."""

    def judge(self, verb: str, arguments: Arguments, answer: Any) -> None:  # noqa: ANN401 - as the verb has it
        """Take down an answer, and see that it contradicts none before."""
        first: Any = arguments.positional[0] if arguments.positional else None
        if verb == "enqueue":
            self._enqueued.add(answer)
        elif verb == "enqueue_many":
            self._enqueued.update(answer)
        elif verb == "lease":
            rows, lost = answer
            self._accept(arguments.named.get("ack", ()), lost, ends=True)
            self._latest.update(dict.fromkeys((row.id for row in rows), arguments.positional[0].receipt))
        elif verb in ("ack", "release"):
            self._accept(first, answer, ends=True)
        elif verb == "extend":
            self._accept(first, answer[1], ends=False)
        elif verb in ("requeue", "bury") and answer:
            self._accept([first], (), ends=True)

    def nothing_is_lost(self, there: Iterable[int], gone: Iterable[int]) -> None:
        """See that each id is there, or was finished or removed."""
        lost = self._enqueued.difference(there).difference(gone)
        assert not lost, f"messages {sorted(lost)} were enqueued, and are lost"

    def _accept(self, holds: Iterable[Hold], lost: Iterable[Hold], *, ends: bool) -> None:
        """See that only the last lease of a message is good, and only until it was given back."""
        for hold in set(holds).difference(lost):
            assert self._latest[hold.id] == hold.receipt, f"two receipts are good for message {hold.id}"
            assert hold not in self._spent, f"message {hold.id} was given back, and its lease is good"
            if ends:
                self._spent.add(hold)
