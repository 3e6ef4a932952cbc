"""The queue as applications use it: values, errors, and a caller's own transaction."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, InvalidMessage, LeaseLost, Queue, UsageError
from smq_core.testing import EPOCH_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core import Lease, Payload
    from smq_core.testing import ManualClock

NOW = EPOCH_MS / 1000


@pytest.mark.parametrize("payload", [{"a": [1, None]}, "text", b"\x00", None, 0, "", [], "a\x00b", 1.5, True])
def test_a_payload_comes_back_through_the_file(queue: Queue, payload: Payload) -> None:
    queue.enqueue("mail", payload)
    queue.enqueue_many("mail", [payload])

    assert [lease.message.payload for lease in queue.dequeue("mail", limit=2)] == [payload, payload]


def test_a_lease_carries_the_whole_message(queue: Queue) -> None:
    sent = queue.enqueue("mail", {"a": 1}, priority=5, key="k", headers={"trace": "1"}, max_attempts=3)
    (lease,) = queue.dequeue("mail", visibility_timeout=30)

    message = lease.message
    assert (message.id, message.topic, message.payload, message.kind) == (sent, "mail", {"a": 1}, "json")
    assert (message.headers, message.priority, message.key) == ({"trace": "1"}, 5, "k")
    assert (message.state, message.attempts, message.deliveries, message.max_attempts) == (
        "processing",
        1,
        1,
        3,
    )
    assert (message.created_at, message.available_at, message.worker) == (NOW, NOW, "tester")
    assert lease.locked_until == message.locked_until == NOW + 30


def test_receipts_are_new_at_each_call(queue: Queue) -> None:
    queue.enqueue_many("mail", ["a", "b"])

    assert len({lease.receipt for _ in range(2) for lease in queue.dequeue("mail")}) == 2


def test_a_message_comes_at_its_time(queue: Queue, clock: ManualClock) -> None:
    moment = datetime.datetime.fromtimestamp(NOW + 5, tz=datetime.UTC)
    queue.enqueue("mail", "delay", delay=5)
    queue.enqueue("mail", "at", at=moment)
    queue.enqueue("mail", "seconds", at=NOW + 5)
    assert queue.dequeue("mail") == []
    clock.advance(5)

    assert len(queue.dequeue("mail", limit=9)) == 3


def test_a_lease_lasts_as_call_queue_or_topic_say_in_this_order(location: str, clock: ManualClock) -> None:
    with Queue(location, clock=clock, visibility_timeout=20) as own, Queue(location, clock=clock) as plain:
        own.enqueue_many("mail", ["a", "b", "c"])
        with Inspector(location, clock=clock) as inspector:
            inspector.set_policy("mail", visibility_timeout=7)

        ends = [own.dequeue("mail", visibility_timeout=3), own.dequeue("mail"), plain.dequeue("mail")]
    assert [lease.locked_until - NOW for (lease,) in ends] == [3, 20, 7]


def test_a_lost_ack_names_its_lease_and_leaves_the_others_done(queue: Queue) -> None:
    queue.enqueue_many("mail", ["a", "b", "c"])
    first, second, third = queue.dequeue("mail", limit=3)
    queue.release(second)

    with pytest.raises(LeaseLost) as lost:
        queue.ack_many([first, second, third])
    assert lost.value.leases == (second,)
    assert queue.size("mail") == 1


@pytest.mark.parametrize("verb", ["ack", "release", "requeue", "bury", "extend"])
def test_every_verb_of_a_stale_lease_raises(queue: Queue, verb: str) -> None:
    queue.enqueue("mail", "a")
    (lease,) = queue.dequeue("mail")
    queue.ack(lease)

    with pytest.raises(LeaseLost):
        getattr(queue, verb)(lease)


def test_a_lost_ack_of_a_dequeue_leases_nothing(queue: Queue) -> None:
    queue.enqueue_many("mail", ["a", "b"])
    (lease,) = queue.dequeue("mail")
    queue.ack(lease)

    with pytest.raises(LeaseLost):
        queue.dequeue("mail", ack=lease)
    assert len(queue.dequeue("mail", limit=9)) == 1


def test_requeue_says_where_the_message_went(queue: Queue) -> None:
    queue.enqueue("mail", "a", max_attempts=3)
    answers = [queue.requeue(queue.dequeue("mail")[0], delay=0)]
    answers.append(queue.requeue(queue.dequeue("mail")[0], delay=0, error="boom"))
    answers.append(queue.requeue(queue.dequeue("mail")[0], error="boom"))

    assert answers == ["ready", "ready", "dead"]


def test_the_back_off_is_drawn(queue: Queue, clock: ManualClock) -> None:
    queue.enqueue("mail", "a")
    assert queue.requeue(queue.dequeue("mail")[0]) == "delayed"
    clock.advance(2)

    assert len(queue.dequeue("mail")) == 1


def test_extended_leases_have_their_new_end(queue: Queue, clock: ManualClock) -> None:
    queue.enqueue_many("mail", ["a", "b"])
    leases = queue.dequeue("mail", limit=2)
    clock.advance(10)

    assert [lease.locked_until for lease in queue.extend_many(leases, 5)] == [NOW + 15, NOW + 15]
    assert queue.extend(leases[0]).locked_until == NOW + 70


@pytest.mark.parametrize(
    ("topics", "options"),
    [
        ((), {}),
        (("a*",), {}),
        (("mail",), {"limit": 0}),
        (("mail",), {"limit": True}),
        (("mail",), {"limit": 100_001}),
        (("mail",), {"wait": -1}),
        (("mail",), {"visibility_timeout": 0}),
        (("mail",), {"order": "newest"}),
    ],
)
def test_a_dequeue_out_of_range_is_refused(
    queue: Queue, topics: tuple[str, ...], options: dict[str, object]
) -> None:
    with pytest.raises(InvalidMessage):
        queue.dequeue(*topics, **options)  # type: ignore[arg-type]  # they are wrong on purpose


def test_a_topic_that_is_named_twice_counts_once(queue: Queue) -> None:
    queue.enqueue_many("mail", ["a", "b"])

    assert len(queue.dequeue("mail", "mail", limit=9)) == 2


def test_nothing_of_a_batch_is_stored_when_one_is_illegal(queue: Queue) -> None:
    with pytest.raises(InvalidMessage, match="payload 1"):
        queue.enqueue_many("mail", ["a", float("nan")])

    assert queue.size("mail") == 0


def test_a_closed_queue_opens_again_and_its_leases_stay_valid(queue: Queue) -> None:
    queue.enqueue("mail", "a")
    (lease,) = queue.dequeue("mail")
    queue.close()
    queue.close()
    queue.ack(lease)

    assert queue.size("mail") == 0


def test_a_link_and_its_target_are_one_queue(queue: Queue, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite3"
    link.symlink_to(queue.location)
    queue.enqueue("mail", "a")

    with Queue(link) as linked:
        linked.enqueue("mail", "b")
        assert queue.size("mail") == linked.size("mail") == 2
    assert not Path(f"{link}-wal").exists()


def test_the_environment_names_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIMPLE_MQ_DB", raising=False)
    with Queue() as unnamed:
        assert Path(unnamed.location) == tmp_path / "queue.sqlite3"
    monkeypatch.setenv("SIMPLE_MQ_DB", str(tmp_path / "other.sqlite3"))
    with Queue() as named:
        assert Path(named.location) == tmp_path / "other.sqlite3"


@pytest.mark.parametrize("options", [{"durability": "some"}, {"visibility_timeout": -1}])
def test_a_wrong_setting_is_refused_at_once(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"durability|visibility timeout"):
        Queue(**options)  # type: ignore[arg-type]  # they are wrong on purpose


def test_a_transaction_commits_the_caller_s_rows_with_ours(queue: Queue) -> None:
    queue.enqueue("mail", "order 7")
    (lease,) = queue.dequeue("mail")
    with queue.transaction() as transaction:
        transaction.execute("CREATE TABLE paid(id INTEGER PRIMARY KEY)")
        transaction.execute("INSERT INTO paid VALUES (?)", (7,))
        transaction.enqueue("receipts", "order 7", delay=5, key="7")
        transaction.enqueue_many("receipts", ["a", "b"], priority=3)
        transaction.ack(lease)

    with queue.transaction() as transaction:
        assert transaction.execute("SELECT id FROM paid") == [(7,)]
    assert (queue.size("mail"), queue.size("receipts")) == (0, 3)


def send_and_ack(queue: Queue, lease: Lease) -> None:
    """Do the work of a message and finish it, in one transaction."""
    with queue.transaction() as transaction:
        transaction.enqueue("receipts", "a")
        transaction.ack(lease)


def test_a_lost_ack_takes_the_effect_back(queue: Queue) -> None:
    queue.enqueue("mail", "a")
    (lease,) = queue.dequeue("mail")
    queue.release(lease)
    with pytest.raises(LeaseLost):
        send_and_ack(queue, lease)

    assert queue.size("receipts") == 0


def test_the_handle_is_good_for_nothing_outside_the_with(queue: Queue) -> None:
    handle = queue.transaction()
    with pytest.raises(UsageError, match="has ended"):
        handle.enqueue("mail", "a")
    with handle:
        pass
    with pytest.raises(UsageError, match="has ended"):
        handle.execute("SELECT 1")


def test_a_commit_from_inside_is_told(queue: Queue) -> None:
    with pytest.raises(UsageError), queue.transaction() as transaction:
        transaction.execute("COMMIT")

    assert queue.enqueue("mail", "a") == 1


LATE: dict[str, Callable[[Queue, Lease], object]] = {
    "acked": lambda queue, lease: queue.ack(lease),
    "extended": lambda queue, lease: queue.extend(lease),
    "requeued": lambda queue, lease: queue.requeue(lease),
    "released": lambda queue, lease: queue.release(lease),
    "buried": lambda queue, lease: queue.bury(lease),
}


@pytest.mark.parametrize("not_done", LATE)
def test_a_lost_lease_says_what_was_not_done(queue: Queue, not_done: str) -> None:
    sent = queue.enqueue("mail", "hello")
    (lease,) = queue.dequeue("mail")
    queue.ack(lease)

    with pytest.raises(LeaseLost, match=f"message {sent} is not {not_done}") as caught:
        LATE[not_done](queue, lease)
    assert caught.value.leases == (lease,)


def test_a_late_extend_of_several_tells_to_stop_the_runs_that_were_lost(
    queue: Queue, clock: ManualClock
) -> None:
    queue.enqueue_many("mail", ["a", "b", "c"])
    leases = queue.dequeue("mail", limit=3, visibility_timeout=5)
    clock.advance(6)
    queue.ack(queue.dequeue("mail")[0])

    with pytest.raises(
        LeaseLost, match=r"messages 1, 2, 3 are not extended: .*returned when it expired.*; stop this run"
    ):
        queue.extend_many(leases)
