"""The power fails: writes that were not synced are there or not, in any order, torn at sectors.

The story: producers, a consumer, an operator and the janitor work on one queue; at any moment the machine
goes dark. What is found then is the queue as it was after one of its commits, none older than the last one
that somebody had been promised; with durability "normal" after any of them.
"""

from __future__ import annotations

import random
import sys
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, NamedTuple

import apsw
import pytest

from smq_core import Inspector, LeaseLost, Queue, StoreUnavailable
from smq_core.store import open_store
from smq_core.store.sqlite.admin import tidy as tidying
from smq_core.store.sqlite.wal import checkpoints
from smq_core.testing import ManualClock, seeded_random
from tests.faults.below.vfs import observed
from tests.faults.below.vfs_power import Disk, Image, lay
from tests.faults.invariant import assert_sound
from tests.matrix import scaled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smq_core import Lease
    from tests.faults.below.vfs import Call
    from tests.matrix import Fault

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the flush is another call")

CALLS = 60
Tables = list[list[tuple[object, ...]]]
Verbs = tuple["Callable[[Office, random.Random], None]", ...]


class Moment(NamedTuple):
    """When the power failed, and what was found."""

    image: Image
    is_doubtful: bool
    promised: int
    """The last commit that somebody had waited for."""
    latest: int
    """The commit that was under way."""


class Office:
    """Everybody who works on a queue, and what stood in it after each of their calls."""

    def __init__(self, folder: Path, chance: random.Random, *, durability: str, verbs: Verbs) -> None:
        """Open the queue of a folder, on which the power may fail."""
        self._verbs = verbs
        self.path = folder / "queue.sqlite3"
        self.disk = Disk(folder)
        self.states = [tables(self.path)]
        self.promised = 0
        self.moments: list[Moment] = []
        self._chance = chance
        self._is_durable = durability == "full"
        clock = ManualClock()
        self.clock = clock
        with ExitStack() as stack:
            self.producer = stack.enter_context(Queue(self.path, durability=durability, clock=clock))  # type: ignore[arg-type]  # one of two words
            self.consumer = stack.enter_context(
                Queue(self.path, durability="normal", clock=clock, random=seeded_random())
            )
            self.inspector = stack.enter_context(Inspector(self.path, clock=clock))
            self.store = open_store(self.path, clock=clock)
            stack.callback(self.store.close)
            self.close = stack.pop_all().close
        self.leases: list[Lease] = []

    def observe(self, call: Call) -> None:
        """Let the power fail now and then, before a call to the system is made."""
        if call.kind in {"write", "sync", "truncate", "delete"} and self._chance.random() < 0.15:
            self.fail()
        self.disk(call)

    def fail(self) -> None:
        """Keep what is found if the power fails now."""
        doubts = self.disk.has_doubts
        image = self.disk.image(self._chance)
        self.moments.append(Moment(image, doubts, self.promised, len(self.states)))

    def work(self) -> None:
        """Make a call, and see what became of it."""
        verb = self._chance.choice(self._verbs)
        is_promised = verb in PROMISED and self._is_durable
        try:
            verb(self, self._chance)
        except StoreUnavailable:
            assert self.disk.failed
            is_promised = False
        self.states.append(tables(self.path))
        if is_promised:
            self.promised = len(self.states) - 1
        self.fail()


def send(office: Office, chance: random.Random) -> None:
    office.producer.enqueue("mail", "x" * chance.choice((10, 300, 9_000)))


def send_with_a_key(office: Office, chance: random.Random) -> None:
    office.producer.enqueue("mail", "keyed", key=chance.choice("ab"))


def send_many(office: Office, chance: random.Random) -> None:
    office.producer.enqueue_many("mail", ["y" * chance.choice((10, 300))] * chance.choice((3, 40)))


def send_without_a_promise(office: Office, _: random.Random) -> None:
    office.consumer.enqueue("mail", "no promise")


def delete(office: Office, _: random.Random) -> None:
    if found := office.inspector.browse("mail", "ready", limit=2):
        office.inspector.delete([one.id for one in found])


def take(office: Office, _: random.Random) -> None:
    office.leases += office.consumer.dequeue("mail", limit=3)


def finish(office: Office, chance: random.Random) -> None:
    if not office.leases:
        return
    lease = office.leases.pop()
    verb: Callable[[Lease], object] = chance.choice(
        (office.consumer.ack, office.consumer.requeue, office.consumer.bury, office.consumer.release)
    )
    try:
        verb(lease)
    except LeaseLost:
        return


def tidy(office: Office, _: random.Random) -> None:
    office.store.tidy()


def prune(office: Office, _: random.Random) -> None:
    office.clock.advance(3_600 * 9)
    office.store.prune(office.clock.now_ms())


def leave(office: Office, _: random.Random) -> None:
    """Close everything; the last one copies the -wal back and deletes it."""
    for one in (office.producer, office.consumer, office.inspector, office.store):
        one.close()


PROMISED = (send, send_with_a_key, send_many)
ALONE: Verbs = (*PROMISED, *PROMISED, send_without_a_promise, take, finish, finish, tidy, prune, leave)
"""With one who flushes: the system tells a flush that failed to everybody who has the file open."""
TOGETHER: Verbs = (*ALONE, delete)


def tables(path: Path) -> Tables:
    """Return what stands in the queue, looking past the disk whose power may fail."""
    with closing(apsw.Connection(str(path), vfs="unix")) as db:
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        return [
            list(db.execute(f"SELECT * FROM {name}"))  # noqa: S608 - our own names
            for name in ("smq_messages", "smq_topics", "smq_attempts", "smq_operations", "smq_undo")
        ]


def work_until_dark(
    folder: Path, seed: int, *, durability: str, failing_flushes: bool = False
) -> tuple[Office, list[Moment]]:
    """Let everybody work, and return what was found each time when the power failed."""
    chance = random.Random(seed)  # noqa: S311 - a run repeats itself
    verbs = ALONE if failing_flushes else TOGETHER
    office = Office(folder, chance, durability=durability, verbs=verbs)
    with observed(office.observe):
        for _ in range(CALLS):
            if failing_flushes and chance.random() < 0.1:
                office.disk.flushes_to_fail = 1
            office.work()
        office.close()
    return office, office.moments


def assert_found(office: Office, moment: Moment, folder: Path) -> None:
    """Open what was found, as whoever comes next does."""
    lay(moment.image, folder)
    path = folder / "queue.sqlite3"
    with Queue(path, clock=office.clock) as queue:
        queue.size("mail")
        found = tables(path)
        allowed = office.states[moment.promised : moment.latest + 1]
        assert found in allowed, f"none of the commits {moment.promised} to {moment.latest}"
        assert queue.enqueue("mail", "next") > 0
    assert_sound(path)


def fail_often(
    tmp_path: Path,
    template: Path,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
    *,
    durability: str,
    failing_flushes: bool = False,
) -> None:
    """Let the power fail in a few histories; each begins with the -wal unmade."""
    monkeypatch.setattr(checkpoints, "CHECKPOINT_PAGES", 30)
    monkeypatch.setattr(checkpoints, "RESTART_PAGES", 60)
    monkeypatch.setattr(tidying, "TRUNCATE_BYTES", 50_000)
    for seed in range(scaled(3, 40)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "queue.sqlite3").write_bytes(template.read_bytes())
        office, moments = work_until_dark(
            folder, seed, durability=durability, failing_flushes=failing_flushes
        )
        for number, moment in enumerate(moments):
            assert_found(office, moment, tmp_path / f"{seed}.{number}")
            fault.struck(int(moment.is_doubtful))
            fault.ran()


@pytest.mark.fault(
    row="a power loss under load, with a flush for each enqueue",
    part="below SQLite",
    promise="the queue is in the state after one of its commits: the last one confirmed as durable, or a "
    "later one",
    how="the folder in every state that is possible after each write or sync: unsynced sectors lost or "
    "kept, in any order (VFS)",
)
def test_after_a_power_loss_nothing_that_was_promised_is_missing(
    tmp_path: Path, template: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_often(tmp_path, template, fault, monkeypatch, durability="full")


@pytest.mark.fault(
    row="a power loss under load, with `durability` set to `normal`",
    part="below SQLite",
    promise="the queue is never corrupt: it is in the state after one of its commits",
    how="the folder in every state that is possible after each write or sync: unsynced sectors lost or "
    "kept, in any order (VFS)",
)
def test_after_a_power_loss_without_flushes_the_queue_is_as_after_one_of_its_commits(
    tmp_path: Path, template: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_often(tmp_path, template, fault, monkeypatch, durability="normal")


@pytest.mark.fault(
    row="a power loss after failed flushes",
    part="below SQLite",
    promise="messages confirmed after a failed flush are stored; those of the failed flush may be missing",
    how="fdatasync returns EIO and permanently discards the data that it should have written; the power "
    "fails later (VFS)",
)
def test_what_is_enqueued_after_a_failed_flush_survives_a_power_loss(
    tmp_path: Path, template: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_often(tmp_path, template, fault, monkeypatch, durability="full", failing_flushes=True)
