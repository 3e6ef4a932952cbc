"""A queue that writes down what it is asked and what it answers, a line each, where no fault reaches it.

The line of an intention is written before the call, that of its outcome after it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import msgspec

from smq_core import LeaseLost, Queue, StoreBusy, StoreError
from smq_core.clock import SystemClock
from tests.faults.history import Event, token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from smq_core import Lease
    from smq_core.clock import Clock
    from tests.faults.history import Outcome

TOPIC = "work"


class Log:
    """An append-only file of events; what is written survives the process that wrote it."""

    def __init__(self, path: Path, who: str, clock: Clock | None = None) -> None:
        """Open it for one writer."""
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # a name that no other writer has, since one that is killed is restarted under its old one
        self.who = who
        self._name = f"{who}.{os.getpid()}.{os.urandom(4).hex()}"
        self._clock = clock or SystemClock()
        self._calls = 0

    def call(self) -> str:
        """Return a name for one call, which its lines have in common."""
        self._calls += 1
        return f"{self._name}:{self._calls}"

    def note(self, call: str, verb: str, outcome: Outcome, *rows: dict[str, object]) -> None:
        """Write a line for each message of a call, all at once."""
        moment, clock_ms = SystemClock().monotonic(), self._clock.now_ms()
        whole = {"verb": verb, "outcome": outcome, "call": call, "moment": moment, "clock_ms": clock_ms}
        events = [msgspec.convert({**whole, **row}, Event) for row in rows]
        os.write(self._descriptor, b"".join(msgspec.json.encode(event) + b"\n" for event in events))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class Recorded:
    """A queue of one topic and the log of its user.

    No method raises what a queue in trouble raises; they answer less, and the log tells.
    """

    def __init__(
        self, location: str, log: Path, who: str, *, clock: Clock | None = None, timeout: float = 10.0
    ) -> None:
        """Open the log; the queue is opened by its first call."""
        self.queue = Queue(location, clock=clock, timeout=timeout, worker=who)
        self.log = Log(log, who, clock)
        self.troubles = 0
        """How many calls could not be answered."""
        self._last: Outcome = "ok"

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close both."""
        self.close()

    def close(self) -> None:
        """Close the queue and the log."""
        self.queue.close()
        self.log.close()

    def enqueue(self, *tokens: str, delay: float = 0.0) -> list[int]:
        """Send payloads, several in one transaction; answers their ids."""
        ids: list[int] = []
        call = self.log.call()
        with self._noted(call, "enqueue", [{"token": token_of(token)} for token in tokens]) as rows:
            if len(tokens) == 1:
                ids = [self.queue.enqueue(TOPIC, tokens[0], delay=delay)]
            else:
                ids = self.queue.enqueue_many(TOPIC, tokens, delay=delay)
            for row, id_ in zip(rows, ids, strict=True):
                row["id"] = id_
        return ids

    def dequeue(
        self, limit: int = 1, *, visibility: float = 60.0, wait: float = 0.0, ack: Sequence[Lease] = ()
    ) -> list[Lease]:
        """Finish leases, and take others."""
        leases: list[Lease] = []
        self.log.note(self.log.call(), "look", "begun", {})
        with self._noted(self.log.call(), "ack", [_row(lease) for lease in ack]):
            leases = self.queue.dequeue(TOPIC, limit=limit, visibility_timeout=visibility, wait=wait, ack=ack)
        self.log.note(self.log.call(), "lease", "ok", *map(_row, leases))
        return leases

    def ack(self, *leases: Lease) -> bool:
        """Finish leases; say whether all were."""
        return self._settle("ack", leases, lambda: self.queue.ack_many(leases))

    def requeue(self, lease: Lease, delay: float = 0.0) -> bool:
        """Give a lease back as failed; say whether it was good."""
        return self._settle("requeue", [lease], lambda: self.queue.requeue(lease, delay=delay, error="again"))

    def release(self, lease: Lease) -> bool:
        """Give a lease back; say whether it was good."""
        return self._settle("release", [lease], lambda: self.queue.release(lease))

    def bury(self, lease: Lease) -> bool:
        """Send a message to the dead letters; say whether its lease was good."""
        return self._settle("bury", [lease], lambda: self.queue.bury(lease, error="bad"))

    def extend(self, lease: Lease, seconds: float) -> Lease:
        """Push a lease out; answers the old one when it was not good."""
        call, extended = self.log.call(), lease
        with self._noted(call, "extend", [{"id": lease.message.id, "receipt": lease.receipt}]) as rows:
            extended = self.queue.extend(lease, seconds)
            rows[0]["until_ms"] = round(extended.locked_until * 1000)
        return extended

    def _settle(self, verb: str, leases: Sequence[Lease], work: Callable[[], object]) -> bool:
        with self._noted(self.log.call(), verb, [_row(lease) for lease in leases]):
            work()
        return self._last == "ok"

    @contextmanager
    def _noted(
        self, call: str, verb: str, rows: list[dict[str, object]]
    ) -> Iterator[list[dict[str, object]]]:
        """Write down what is intended, and how it ended."""
        self.log.note(call, verb, "begun", *rows)
        self._last = "ok"
        lost: set[object] = set()
        try:
            yield rows
        except LeaseLost as error:
            self._last = "lost"
            lost = {(lease.message.id, lease.receipt) for lease in error.leases}
        except StoreBusy:
            # it says that nothing was written
            self._last = "failed"
        except StoreError:
            self._last = "unknown"
        if self._last == "lost":
            for row in rows:
                self.log.note(call, verb, "lost" if (row["id"], row["receipt"]) in lost else "ok", row)
        else:
            self.log.note(call, verb, self._last, *rows)
        self.troubles += self._last in ("failed", "unknown")


def _row(lease: Lease) -> dict[str, object]:
    message = lease.message
    return {
        "token": token_of(str(message.payload)),
        "id": message.id,
        "receipt": lease.receipt,
        "delivery": message.deliveries,
        "attempt": message.attempts,
        "until_ms": round(lease.locked_until * 1000),
    }
