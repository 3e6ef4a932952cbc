"""Other programs on the same file: many of ours, and such that know nothing of us.

The story: a web application of many processes enqueues through its own SQLite while workers run, somebody's
script sits in a transaction, and somebody's database browser stands open over the week-end.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from smq_core.clock import SystemClock
from smq_core.store import administration
from smq_core.store.sqlite.admin import doctor
from tests.concurrency.children import child
from tests.faults.actors import Play
from tests.faults.history import read
from tests.faults.invariant import assert_invariant
from tests.faults.recorded import TOPIC, Log
from tests.matrix import scaled

if TYPE_CHECKING:
    from tests.faults.actors import Progress
    from tests.matrix import Fault

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

HOLDER = """
    import sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute(sys.argv[2])
    connection.execute("SELECT count(*) FROM smq_messages").fetchall()
    print("held", flush=True)
    input()
    connection.execute("ROLLBACK")
    connection.close()
"""
INSERT = "INSERT INTO smq_messages(topic, payload) VALUES (?, ?)"
SCRIPT = """
    PRAGMA wal_autocheckpoint = 0;
    BEGIN IMMEDIATE;
    INSERT INTO smq_messages(topic, payload) VALUES ('{topic}', '{token}');
    COMMIT;
    SELECT last_insert_rowid();
"""
LARGE_WAL = 1_000_000
"""What the doctor calls large here; its own measure is 64 MB."""


@pytest.mark.fault(
    row="64 producers at the same time",
    part="environment",
    promise="each id is returned only once, and its message persists; no call reports a locked database",
    how="64 processes (short run: 16) that each send 20 times, some of them in batches, alongside two "
    "consumers",
)
def test_many_producers_at_once(tmp_path: Path, location: str, fault: Fault) -> None:
    with Play(location, tmp_path, visibility=60) as play:
        consumers = [play.consumer() for _ in range(2)]
        producers = [play.producer(messages=20) for _ in range(scaled(16, 64))]
        for producer in producers:
            producer.join()
        fault.struck(len(producers))
        assert all(consumer.after(1) for consumer in consumers)
        play.end()

        verdict = assert_invariant(location, *play.logs)
        refused = [event for event in read(*play.logs) if event.outcome in ("failed", "unknown", "lost")]

    assert refused == []
    assert verdict.acknowledged == verdict.attempted == len(producers) * 32
    fault.ran(len(producers))


@pytest.mark.fault(
    row="a write lock that another program holds for 30 s",
    part="environment",
    promise="StoreBusy within the caller's timeout, and nothing is written; work continues afterwards",
    how="BEGIN IMMEDIATE with Python's sqlite3, until producers have been refused three times: 30 s (short "
    "run: 0.6 s)",
)
def test_a_lock_that_is_held(tmp_path: Path, location: str, fault: Fault) -> None:
    with Play(location, tmp_path, visibility=60, timeout=scaled(2, 100) / 10) as play:
        producers = [play.producer() for _ in range(2)]
        actors = [*producers, play.consumer(), play.consumer()]
        assert all(actor.after(5) for actor in actors)
        with child(HOLDER, location, "BEGIN IMMEDIATE") as holder:
            assert holder.line() == "held"
            # a call may have ended just before the lock; a consumer may have found nothing, which takes none
            assert producers[0].after(4)
            holder.go()
            holder.rest()
        fault.struck()
        assert all(actor.after(5) for actor in actors)
        play.end()

        assert_invariant(location, *play.logs)
        refused = [event for event in read(*play.logs) if event.outcome == "failed"]

    assert len(refused) >= 4
    fault.ran()


@pytest.mark.fault(
    row="a read transaction held open for 10 min under load",
    part="environment",
    promise="producers and consumers continue; `smq doctor` names the reading process; afterwards the WAL "
    "file is reused from its start",
    how="a read transaction with Python's sqlite3; two producers that pause for 10 ms between calls, and "
    "two consumers (short run: until the -wal file has 1 MB, about 1 s, without pauses)",
)
def test_a_reader_that_stays(
    tmp_path: Path, location: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_LARGE_WAL", LARGE_WAL)
    clock = SystemClock()
    with Play(location, tmp_path, visibility=60) as play:
        pause_s = scaled(0, 10) / 1_000
        producers = [play.producer(pause_s=pause_s) for _ in range(2)]
        actors = [*producers, play.consumer(), play.consumer()]
        with child(HOLDER, location, "BEGIN") as reader:
            assert reader.line() == "held"
            while not (held := wal_of(location)).salt:
                assert all(actor.after(1) for actor in actors)
            ending = clock.monotonic() + scaled(0, 600)
            while wal_of(location).size < LARGE_WAL or clock.monotonic() < ending:
                assert all(actor.after(5) for actor in actors)
            (finding,) = [
                one for one in administration(location).examine(clock.now_ms()) if one.name == "wal"
            ]
            assert finding.severity == "warning"
            assert f"{reader.process.pid} (python" in finding.sentence.partition("being read now by: ")[2]
            assert wal_of(location).salt == held.salt
            fault.struck()
            reader.go()
            reader.rest()
        while wal_of(location).salt == held.salt:
            assert all(actor.after(5) for actor in actors)
        play.end()

        assert_invariant(location, *play.logs)
    fault.ran()


class Wal(NamedTuple):
    """What can be seen of a -wal."""

    size: int
    salt: bytes
    """Another each time that the -wal is restarted."""


def wal_of(location: str) -> Wal:
    """Look at the -wal, which may be opened beside SQLite, as it carries no locks."""
    path = Path(location + "-wal")
    with path.open("rb") as wal:
        return Wal(path.stat().st_size, wal.read(24)[16:])


@pytest.mark.fault(
    row="other programs writing through the SQL contract while smq's processes work",
    part="environment",
    promise="the messages that they commit persist and are delivered once; the counters stay correct; smq's "
    "processes keep running",
    how="two processes that insert and roll back with Python's sqlite3 (another SQLite library, without "
    "smq's write lock)",
)
def test_foreign_writers_beside_ours(tmp_path: Path, location: str, fault: Fault) -> None:
    with Play(location, tmp_path, visibility=60) as play:
        foreign = [play.act(partial(insert_rows, location, play.log(f"f{n}"), f"f{n}")) for n in range(2)]
        ours = [play.producer(), play.consumer(), play.consumer()]
        for writer in foreign:
            writer.join()
        assert all(actor.after(5) for actor in ours)
        play.end()

        verdict = assert_invariant(location, *play.logs)
        theirs = [event for event in read(*play.logs) if event.verb == "enqueue" and event.token[0] == "f"]

    fault.struck(sum(event.outcome == "ok" for event in theirs))
    assert verdict.acknowledged > fault.fired >= 10
    fault.ran(fault.fired)


def insert_rows(location: str, log: Path, who: str, progress: Progress) -> None:
    """Send by plain SQL; each third transaction is taken back."""
    noted = Log(log, who)
    db = sqlite3.connect(location, isolation_level=None, timeout=30)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("PRAGMA synchronous = FULL")
    for number in range(scaled(90, 4500)):
        progress.step()
        call, token = noted.call(), f"{who}-{number}"
        noted.note(call, "enqueue", "begun", {"token": token})
        db.execute("BEGIN IMMEDIATE")
        id_ = db.execute(INSERT, (TOPIC, token)).lastrowid
        db.execute("COMMIT" if number % 3 else "ROLLBACK")
        noted.note(call, "enqueue", "ok" if number % 3 else "failed", {"token": token, "id": id_ or 0})
    db.close()
    noted.close()


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the sqlite3 command is not installed")
@pytest.mark.fault(
    row="the `sqlite3` command as a producer while smq's processes work",
    part="environment",
    promise="the messages that it commits persist and are delivered once; smq's processes keep running",
    how="the command repeatedly runs an INSERT as in the SQL contract, alongside smq's producers and "
    "consumers",
)
def test_the_sqlite3_command_beside_ours(tmp_path: Path, location: str, fault: Fault) -> None:
    command = shutil.which("sqlite3") or ""
    with Play(location, tmp_path, visibility=60) as play:
        ours = [play.producer(), play.consumer(), play.consumer()]
        noted = Log(play.log("command"), "command")
        for number in range(scaled(10, 300)):
            call, token = noted.call(), f"command-{number}"
            noted.note(call, "enqueue", "begun", {"token": token})
            said = subprocess.run(
                (command, "-cmd", ".timeout 30000", location),
                input=SCRIPT.format(topic=TOPIC, token=token),
                capture_output=True,
                text=True,
                check=True,
            )
            noted.note(call, "enqueue", "ok", {"token": token, "id": int(said.stdout.split()[-1])})
            fault.struck()
        assert all(actor.after(5) for actor in ours)
        play.end()
        noted.close()

        assert_invariant(location, *play.logs)
    fault.ran(fault.fired)
