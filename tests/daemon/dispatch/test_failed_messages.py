"""What the log tells of messages that were not processed, once that is committed."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Literal

import pytest

from smq_core.daemon.dispatch.orphaned_messages import OrphanedMessage
from smq_core.daemon.library_log import written_to
from smq_core.daemon.processes.byte_budget import LARGEST_MESSAGE
from smq_core.daemon.wire.protocol import Failed, Handled
from smq_core.errors import StoreUnavailable
from smq_core.testing import make_message, make_request
from tests.daemon.processes.stub_pool import StubPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.store.base import Store
    from smq_core.testing import ManualClock


@pytest.fixture
def pool(store: Store, clock: ManualClock) -> Iterator[StubPool]:
    with closing(StubPool(store, clock)) as made:
        yield made


def deliver(pool: StubPool, *, max_attempts: int | None = None, body: str = "hello") -> InFlight:
    """Give a process a message."""
    pool.store.enqueue(make_message(max_attempts=max_attempts, body=body), pool.clock.now_ms())
    pool.step()
    return pool.in_flight[-1]


def fail(pool: StubPool, flight: InFlight, verb: Literal["requeue", "bury", "release"]) -> None:
    """Let a handler end with an error."""
    failed = Failed(flight.tag, verb, "OSError: no such host\nline 2", delay_s=60.0)
    pool.dispatcher.take_outcomes(pool.process_of(flight.tag), Handled([], [failed]))


def crash(pool: StubPool, flight: InFlight) -> None:
    """Let a message be the one that was running when its worker process died."""
    pool.process_of(flight.tag).in_flight.pop(flight.tag)
    pool.pending.recover(OrphanedMessage(flight.hold, "blamed", "worker died: SIGSEGV"))
    pool.step()


def lines(pool: StubPool) -> list[str]:
    """Return what the log tells, without the times."""
    return [line.partition(" ")[2] for line in pool.log.getvalue().splitlines()]


def test_a_message_that_is_put_back_is_logged_with_its_attempts(pool: StubPool) -> None:
    fail(pool, deliver(pool), "requeue")
    pool.step()

    assert lines(pool) == ["info    message_requeue: OSError: no such host id=1 topic=mail attempts=1"]


def test_a_message_whose_attempts_are_used_up_is_logged_as_dead(pool: StubPool) -> None:
    fail(pool, deliver(pool, max_attempts=1), "requeue")
    pool.step()

    dead = "dead after 1 attempt: OSError: no such host"
    assert lines(pool) == [f"warning message_dead: {dead} id=1 topic=mail attempts=1"]


def test_a_buried_message_is_logged_as_dead(pool: StubPool) -> None:
    fail(pool, deliver(pool), "bury")
    pool.step()

    dead = "dead after 1 attempt: OSError: no such host"
    assert lines(pool) == [f"warning message_dead: {dead} id=1 topic=mail attempts=1"]


def test_a_message_that_crashed_its_worker_is_logged_once_it_is_dead(pool: StubPool) -> None:
    crash(pool, deliver(pool, max_attempts=2))
    assert lines(pool) == []

    crash(pool, pool.in_flight[-1])

    dead = "dead after 2 attempts: worker died: SIGSEGV"
    assert lines(pool) == [f"warning message_dead: {dead} id=1 topic=mail attempts=2"]


def test_poison_is_logged_as_dead(pool: StubPool) -> None:
    crash(pool, deliver(pool))
    crash(pool, pool.in_flight[-1])
    crash(pool, pool.in_flight[-1])

    dead = (
        "dead after 3 attempts: poison: crashed its worker process 3 times, last time: worker died: SIGSEGV"
    )
    assert lines(pool) == [f"warning message_dead: {dead} id=1 topic=mail attempts=3"]


def test_a_message_that_no_frame_can_bear_is_logged_as_dead(pool: StubPool) -> None:
    pool.store.enqueue(make_message(body="x" * (LARGEST_MESSAGE + 1)), pool.clock.now_ms())
    pool.step()
    pool.step()

    (line,) = lines(pool)
    assert line.startswith("warning message_dead: dead after 1 attempt: it has 33,554,433 bytes, more than")


def test_an_expired_lease_that_was_the_last_one_is_logged_as_dead(pool: StubPool, store: Store) -> None:
    with written_to(pool.journal):
        store.enqueue(make_message(max_attempts=1), pool.clock.now_ms())
        store.lease(make_request(visibility_ms=1000, worker="another"), pool.clock.now_ms())
        pool.clock.advance(2)
        pool.step()

    assert lines(pool) == [
        "warning message_dead: dead after 1 attempt: lease expired id=1 topic=mail attempts=1"
    ]


def test_a_released_message_is_logged_as_such(pool: StubPool) -> None:
    fail(pool, deliver(pool), "release")

    assert lines(pool) == ["info    message_release: OSError: no such host id=1 topic=mail"]


def test_nothing_is_logged_of_what_the_database_has_not_taken(
    pool: StubPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = pool.store.transaction

    @contextmanager
    def refused(*, is_durable: bool = True) -> Iterator[None]:
        with begin(is_durable=is_durable):
            yield
            raise StoreUnavailable("the disk is full")

    fail(pool, deliver(pool, max_attempts=1), "requeue")
    with monkeypatch.context() as broken:
        broken.setattr(pool.store, "transaction", refused)
        with pytest.raises(StoreUnavailable):
            pool.step()
    assert lines(pool) == []

    pool.step()
    assert len(lines(pool)) == 1
