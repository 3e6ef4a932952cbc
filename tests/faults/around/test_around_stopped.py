"""Processes that stand still in the middle of their work, for longer than their leases, and go on.

The story: a laptop is closed over a consumer's shoulder, and opened again an hour later.
"""

from __future__ import annotations

import os
import random
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector
from tests.faults.actors import Play
from tests.faults.history import read
from tests.faults.invariant import assert_invariant
from tests.faults.recorded import TOPIC, Recorded
from tests.matrix import scaled

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core import Lease
    from tests.faults.actors import Actor, Progress
    from tests.matrix import Fault

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

LEASE_S = 0.1


@pytest.mark.fault(
    row="a consumer stopped for longer than its lease",
    part="environment",
    promise="another consumer gets its message, and its late ack raises LeaseLost; if the message has not "
    "been leased again, the ack is accepted",
    how="SIGSTOP between the lease and the ack, until the lease has expired; then SIGCONT",
)
@pytest.mark.parametrize("is_taken", [True, False])
def test_a_consumer_stopped_past_its_lease(
    tmp_path: Path, location: str, fault: Fault, *, is_taken: bool
) -> None:
    with Play(location, tmp_path) as play:
        sender, other = (Recorded(location, play.log(who), who) for who in ("sender", "other"))
        for number in range(scaled(2, 20)):
            sender.enqueue(f"m{number}")
            log = play.log(f"sleeper{number}")
            sleeper = play.act(partial(take_and_ack, location, log))
            assert sleeper.after(1)
            sleeper.await_stop()
            # woken by the end of the lease
            taken = other.dequeue(visibility=60, wait=30) if is_taken else reclaimed(location, other)
            sleeper.go_on()
            sleeper.join()
            fault.struck()
            if is_taken:
                assert other.ack(*taken)
            (answer,) = [event.outcome for event in read(log) if event.verb == "ack"][1:]
            assert answer == ("lost" if is_taken else "ok")
        sender.close()
        other.close()

        verdict = assert_invariant(location, *play.logs)

    assert verdict.finished == verdict.attempted
    fault.ran(fault.fired)


def take_and_ack(location: str, log: Path, progress: Progress) -> None:
    """Lease a message for a moment, stand still, and ack it."""
    with Recorded(location, log, "sleeper") as sleeper:
        (lease,) = sleeper.dequeue(visibility=LEASE_S)
        progress.step()
        os.kill(os.getpid(), signal.SIGSTOP)
        sleeper.ack(lease)


def reclaimed(location: str, other: Recorded) -> list[Lease]:
    """Let another consumer return the message, by a dequeue that does not want it."""
    with Inspector(location) as inspector:
        while inspector.topic(TOPIC).processing:
            other.queue.dequeue("elsewhere", wait=LEASE_S)
        assert inspector.topic(TOPIC).ready == 1
    return []


@pytest.mark.fault(
    row="a process stopped at a random moment under load",
    part="environment",
    promise="the others continue, or get StoreBusy within their timeout; no message is lost or leased twice "
    "at the same time",
    how="one of four processes receives SIGSTOP after a random number of calls, sometimes while it holds "
    "the write lock, and later SIGCONT",
)
def test_processes_stopped_at_random_under_load(tmp_path: Path, location: str, fault: Fault) -> None:
    chance = random.Random(5)  # noqa: S311 - repeatable, no secret
    with Play(location, tmp_path, visibility=LEASE_S, timeout=0.1) as play:
        actors: list[Actor] = [play.producer(), play.producer(), play.consumer(), play.consumer()]
        for _ in range(scaled(6, 150)):
            stopped = chance.choice(actors)
            assert stopped.after(chance.randrange(1, 20))
            stopped.stop()
            fault.struck()
            for actor in actors:
                # each of the others ends two calls, whatever their answers
                assert actor is stopped or actor.after(2)
            stopped.go_on()
        play.end()

        verdict = assert_invariant(location, *play.logs)

    assert verdict.finished > 10
    fault.ran(fault.fired)
