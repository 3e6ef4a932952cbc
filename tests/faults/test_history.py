"""The checker finds each way in which a queue can break its promise, and blames nothing that it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core import Queue
from tests.faults.history import ABSURD_MS, Event, Left, judge, read
from tests.faults.invariant import assert_invariant, assert_sound
from tests.faults.recorded import Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.history import Outcome, Verdict

SECOND = 1000


class Story:
    """A history in the making: each line comes a second after the one before."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def sent(self, token: str, id_: int = 0, outcome: Outcome = "ok") -> Story:
        """Let somebody send a payload."""
        return self._note("enqueue", outcome, f"p{token}", token=token, id=id_)

    def leased(self, id_: int, token: str, delivery: int = 1, *, lasts: int = 60, attempt: int = 1) -> Story:
        """Let somebody lease a message."""
        now_ms = len(self.events) * SECOND
        return self._note(
            "lease",
            "ok",
            f"l{id_}.{delivery}",
            token=token,
            id=id_,
            receipt=delivery,
            delivery=delivery,
            attempt=attempt,
            until_ms=now_ms + lasts * SECOND,
        )

    def settled(
        self,
        verb: str,
        id_: int,
        receipt: int = 1,
        outcome: Outcome = "ok",
        *,
        lasts: int = 0,
        call: str = "",
    ) -> Story:
        """Let a holder end or extend a lease."""
        until_ms = (len(self.events) + lasts) * SECOND
        call = call or f"{verb}{len(self.events)}"
        return self._note(verb, outcome, call, id=id_, receipt=receipt, until_ms=until_ms)

    def looked(self, at_s: int) -> Story:
        """Let somebody look by a clock that shows something else."""
        return self._note("look", "begun", "look", clock_ms=at_s * SECOND)

    def judged(self, *left: Left) -> Verdict:
        """Judge it."""
        return judge(self.events, left)

    def _note(self, verb: str, outcome: Outcome, call: str, **more: object) -> Story:
        moment = len(self.events)
        whole = {
            "verb": verb,
            "outcome": outcome,
            "call": call,
            "moment": moment,
            "clock_ms": moment * SECOND,
        }
        self.events.append(Event(**{**whole, **more}))  # type: ignore[arg-type]  # each by its name
        return self


def test_what_went_in_and_came_out_is_in_order() -> None:
    verdict = Story().sent("a", 1).leased(1, "a").settled("ack", 1).judged()

    assert verdict.broken() == {}
    assert (verdict.attempted, verdict.acknowledged, verdict.finished) == (1, 1, 1)


BROKEN: dict[str, tuple[Story, list[Left], str]] = {
    "an id that is nowhere": (Story().sent("a", 1), [], "lost"),
    "one whose only ack was lost": (
        Story().sent("a", 1).leased(1, "a").settled("ack", 1, outcome="lost"),
        [],
        "lost",
    ),
    "a payload nobody sent": (Story(), [Left(1, "a", "dead")], "unexpected"),
    "one whose enqueue said it failed": (
        Story().sent("a", outcome="failed").leased(1, "a"),
        [Left(1, "a", "dead")],
        "unexpected",
    ),
    "another's payload": (Story().sent("a", 1).sent("b", 2), [Left(1, "b", "dead")], "unexpected"),
    "a payload under two ids": (
        Story().sent("a", outcome="begun"),
        [Left(1, "a", "dead"), Left(2, "a", "dead")],
        "doubled",
    ),
    "two acks of one message": (
        Story().sent("a", 1).leased(1, "a").settled("ack", 1).settled("ack", 1),
        [],
        "doubled",
    ),
    "one lease handed out twice": (Story().sent("a", 1).leased(1, "a").leased(1, "a"), [], "overlapping"),
    "a lease before the end of another": (
        Story().sent("a", 1).leased(1, "a").leased(1, "a", 2),
        [Left(1, "a", "dead")],
        "overlapping",
    ),
    "a lease before the end of an extended one": (
        Story().sent("a", 1).leased(1, "a", lasts=1).settled("extend", 1, lasts=60).leased(1, "a", 2),
        [Left(1, "a", "dead")],
        "overlapping",
    ),
    "a lease after one whose giving back was lost": (
        Story().sent("a", 1).leased(1, "a").settled("release", 1, outcome="lost").leased(1, "a", 2),
        [Left(1, "a", "dead")],
        "overlapping",
    ),
    "a stale receipt that is still good": (
        Story().sent("a", 1).leased(1, "a", lasts=1).leased(1, "a", 2).settled("requeue", 1),
        [Left(1, "a", "dead")],
        "overlapping",
    ),
    "a lease after an ack": (
        Story().sent("a", 1).leased(1, "a", lasts=1).leased(1, "a", 2).settled("ack", 1),
        [],
        "returned",
    ),
    "an acked message in the table": (
        Story().sent("a", 1).leased(1, "a").settled("ack", 1),
        [Left(1, "a", "dead")],
        "returned",
    ),
    "a message without an end": (Story().sent("a", 1), [Left(1, "a", "ready")], "unfinished"),
    "an attempt too many": (
        Story().sent("a", 1).leased(1, "a", 11, attempt=11),
        [Left(1, "a", "dead")],
        "exhausted",
    ),
}


@pytest.mark.parametrize("what", sorted(BROKEN))
def test_a_broken_promise_is_found(what: str) -> None:
    story, left, finding = BROKEN[what]

    assert finding in story.judged(*left).broken()


ALLOWED: dict[str, tuple[Story, list[Left]]] = {
    "an enqueue without an answer, not there": (Story().sent("a", outcome="begun"), []),
    "an ack without an answer, done": (
        Story().sent("a", 1).leased(1, "a").settled("ack", 1, outcome="begun"),
        [],
    ),
    "an ack without an answer, not done": (
        Story().sent("a", 1).leased(1, "a").settled("ack", 1, outcome="unknown"),
        [Left(1, "a", "dead")],
    ),
    "a lease after the end of another": (
        Story().sent("a", 1).leased(1, "a", lasts=1).leased(1, "a", 2).settled("ack", 1, 2),
        [],
    ),
    "a lease after a giving back": (
        Story().sent("a", 1).leased(1, "a").settled("release", 1).leased(1, "a", 2).settled("ack", 1, 2),
        [],
    ),
    "a lease after one that a wrong clock made": (
        Story().sent("a", 1).leased(1, "a", lasts=ABSURD_MS).leased(1, "a", 2).settled("ack", 1, 2),
        [],
    ),
    "a lease after one that was over before the clock was set back": (
        Story().sent("a", 1).leased(1, "a").looked(at_s=90).leased(1, "a", 2).settled("ack", 1, 2),
        [],
    ),
    "a message that is kept as done": (
        Story().sent("a", 1).leased(1, "a").settled("ack", 1),
        [Left(1, "a", "done")],
    ),
}


@pytest.mark.parametrize("what", sorted(ALLOWED))
def test_what_may_be_is_not_blamed(what: str) -> None:
    story, left = ALLOWED[what]

    assert story.judged(*left).broken() == {}


def test_what_was_sent_without_an_answer_and_came_is_recovered() -> None:
    verdict = Story().sent("a", outcome="begun").leased(1, "a").settled("ack", 1).judged()

    assert (verdict.acknowledged, verdict.recovered) == (0, 1)


def test_a_line_that_a_kill_cut_off_is_none(tmp_path: Path, location: str) -> None:
    log = tmp_path / "log"
    with Recorded(location, log, "producer") as producer:
        producer.enqueue("a")
    whole = log.read_bytes()
    log.write_bytes(whole[:-5])

    assert [event.outcome for event in read(log)] == ["begun"]


def test_a_recorded_queue_is_drained_and_judged(tmp_path: Path, location: str) -> None:
    log = tmp_path / "log"
    with Recorded(location, log, "user") as user:
        user.enqueue("a")
        user.enqueue("b", "c", "d")
        user.enqueue("later", delay=3600)
        first, second, third = user.dequeue(3)
        user.ack(first)
        user.release(second)
        user.bury(third)
        user.extend(user.dequeue(1)[0], 120)

    verdict = assert_invariant(location, log)

    assert (verdict.attempted, verdict.acknowledged, verdict.finished) == (5, 5, 4)


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("DELETE FROM smq_messages WHERE id = 1", "lost"),
        ("INSERT INTO smq_messages(topic, payload) VALUES ('work', 'b')", "doubled"),
        ("INSERT INTO smq_messages(topic, payload) VALUES ('work', 'strange')", "unexpected"),
        ("UPDATE smq_messages SET topic = 'elsewhere' WHERE id = 2", "unfinished"),
    ],
)
def test_a_queue_that_was_tampered_with_is_found_out(
    tmp_path: Path, location: str, damage: str, finding: str
) -> None:
    log = tmp_path / "log"
    with Recorded(location, log, "user") as user:
        user.enqueue("a")
        user.enqueue("b")
    tamper(location, damage)

    with pytest.raises(AssertionError, match=finding):
        assert_invariant(location, log)


def test_a_wrong_counter_is_found(location: str) -> None:
    with Queue(location) as queue:
        queue.enqueue("work", "a")
    tamper(location, "UPDATE smq_topics SET dead = 1")

    with pytest.raises(AssertionError, match="wrong counters"):
        assert_sound(location)


def tamper(location: str, statement: str) -> None:
    db = apsw.Connection(location)
    db.execute(statement)
    db.close()
