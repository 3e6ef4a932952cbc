"""Those who use a tortured queue: `python -m tests.faults.torture.actors ROLE NAME FOLDER`.

Each works until the file `calm` lies in the folder, and notes what it was told. An error that is not one of
those that a caller has to expect (somebody holds the database, a lease was lost) ends it with a traceback.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw

from smq_core import Inspector, LeaseLost, Queue, SmqError, State, StoreBusy
from tests.faults.torture.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core import Lease

__all__ = ["LEASE_S", "ROLES", "TOPICS"]

LEASE_S: Final = 3.0
FOR_CONSUMERS: Final = ("library", "shared")
FOR_DAEMONS: Final = ("shared", "good", "slow", "failing", "crashing", "exiting")
TOPICS: Final = tuple(dict.fromkeys(FOR_CONSUMERS + FOR_DAEMONS))
MOST_WAITING: Final = 400
"""Producers rest while a topic has this many messages: the torture has to drain."""
_SMQ: Final = (sys.executable, "-m", "smq_core.cli.main")


class Actor:
    """What every role has: a name, a folder, chance, and a journal."""

    def __init__(self, name: str, folder: Path) -> None:
        """Stand ready in a folder."""
        self.folder = folder
        self.path = folder / "queue.sqlite3"
        self.chance = random.Random()  # noqa: S311 - no secret
        self.journal = Journal(folder / "journal", name)

    def repeat(self, act: Callable[[], object], *, pause_s: float) -> None:
        """Act until all is calm; whoever finds the database busy tries again."""
        while not (self.folder / "calm").exists():
            with contextlib.suppress(StoreBusy):
                act()
            rest(self.chance.random() * 2 * pause_s)

    def smq(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> str:
        """Run the command and return what it printed; another exit code than those allowed is a fault."""
        ran = subprocess.run(
            [*_SMQ, *arguments], capture_output=True, text=True, check=False, cwd=self.folder, timeout=120
        )
        self.journal.note("command", arguments=arguments, code=ran.returncode)
        if ran.returncode not in allowed or "Traceback" in ran.stderr:
            raise AssertionError(f"smq {arguments} ended with {ran.returncode}: {ran.stderr}")
        return ran.stdout


def rest(seconds: float) -> None:
    """Let time pass: here as in life, work takes some."""
    threading.Event().wait(seconds)


def produce_by_library(actor: Actor) -> None:
    """Enqueue one message or several."""
    with Queue(actor.path) as queue:

        def send() -> None:
            topic = actor.chance.choice(TOPICS)
            if queue.size(topic) > MOST_WAITING:
                return
            if actor.chance.random() < 0.5:
                ids = [queue.enqueue(topic, "one", delay=actor.chance.choice((0.0, 0.0, 0.5)))]
            else:
                ids = queue.enqueue_many(topic, ["several"] * actor.chance.randrange(1, 20))
            actor.journal.note("sent", ids=ids)

        actor.repeat(send, pause_s=0.02)


def produce_by_sql(actor: Actor) -> None:
    """Insert as any program would that can write SQLite."""
    database = sqlite3.connect(actor.path, timeout=30.0, isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA wal_autocheckpoint = 0")

    def send() -> None:
        topic = actor.chance.choice(TOPICS)
        with contextlib.suppress(sqlite3.OperationalError):
            database.execute("BEGIN IMMEDIATE")
            try:
                insert = "INSERT INTO smq_messages(topic, payload) VALUES (?, 'by SQL')"
                ids = [database.execute(insert, (topic,)).lastrowid for _ in range(3)]
                database.execute("COMMIT")
            except sqlite3.OperationalError:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise
            actor.journal.note("sent", ids=ids)

    actor.repeat(send, pause_s=0.2)


def produce_by_command(actor: Actor) -> None:
    """Send from a shell."""

    def send() -> None:
        said = actor.smq("send", actor.chance.choice(TOPICS), "by command", allowed=(0, 75))
        if said:
            actor.journal.note("sent", ids=[int(said)])

    actor.repeat(send, pause_s=0.2)


def consume(actor: Actor) -> None:
    """Take messages, and do with them whatever a consumer may do, good or bad."""
    with Queue(actor.path, visibility_timeout=LEASE_S) as queue:

        def take() -> None:
            for lease in queue.dequeue(*FOR_CONSUMERS, limit=actor.chance.randrange(1, 4), wait=0.5):
                # it may have been stopped for too long: what it holds is not its own any more
                if time.time() < lease.locked_until:
                    handle(actor, queue, lease)

        actor.repeat(take, pause_s=0.0)


def handle(actor: Actor, queue: Queue, lease: Lease) -> None:
    """Work on a message, and settle it one way or the other, or not at all."""
    settle: dict[str, tuple[float, Callable[[], object]]] = {
        "ack": (90.0, lambda: queue.ack(lease)),
        "requeue": (5.0, lambda: queue.requeue(lease, delay=0.2, error="not today")),
        "bury": (2.0, lambda: queue.bury(lease, error="never")),
        "release": (3.0, lambda: queue.release(lease)),
        "forget": (1.0, lambda: None),
        "die": (0.3, lambda: os._exit(0)),
    }
    facts = {"id": lease.message.id, "delivery": lease.message.deliveries}
    actor.journal.note("run", **facts)
    rest(actor.chance.random() * 0.03)
    how = actor.chance.choices(list(settle), [weight for weight, _ in settle.values()])[0]
    if how == "ack":
        # noted before too: who is killed after the commit has acked all the same
        actor.journal.note("acking", **facts)
    try:
        settle[how][1]()
    except LeaseLost:
        how = "lost"
    actor.journal.note("ran" if how == "ack" else "gave up", how=how, **facts)


def operate(actor: Actor) -> None:
    """Do what an operator does at the dashboard, at random."""
    with Inspector(actor.path, actor="torture") as inspector:

        def some(state: State, *topics: str) -> list[int]:
            found = inspector.browse(actor.chance.choice(topics or TOPICS), state, limit=20)
            return [message.id for message in found if actor.chance.random() < 0.5]

        deeds: dict[str, Callable[[list[int]], object]] = {
            "requeue": lambda _: inspector.requeue(some(State.DEAD)),
            "force": lambda ids: inspector.requeue(ids, force=True),
            "delete running": lambda ids: inspector.delete(ids[:1], force=True),
            "delete": lambda ids: inspector.delete(ids[:2]),
            "bury": lambda ids: inspector.bury(ids[:2]),
            "move": lambda ids: inspector.move(ids[:3], actor.chance.choice(TOPICS)),
            "pause": lambda _: inspector.pause(actor.chance.choice(TOPICS), "torture", time.time() + 0.5),
            "undo": lambda _: actor.smq("undo", allowed=(0, 1, 75)),
        }

        def act() -> None:
            deed = actor.chance.choice(list(deeds))
            if deed in {"force", "delete running"}:
                ids = some(State.PROCESSING, "slow", "shared")
            else:
                ids = some(actor.chance.choice((State.READY, State.DEAD)))
            # noted before it is done: a second run that comes of it begins with the commit
            actor.journal.note("operating", deed=deed, ids=ids)
            try:
                deeds[deed](ids)
            except StoreBusy:
                raise
            except SmqError as error:
                actor.journal.note("refused", deed=deed, error=str(error))

        actor.repeat(act, pause_s=0.1)


def keep_house(actor: Actor) -> None:
    """Back up, compact, vacuum and copy the -wal back, by our commands and as a foreign program."""

    def keep() -> None:
        deed = actor.chance.choice(("backup", "compact", "doctor", "vacuum", "checkpoint"))
        actor.journal.note("keeping", deed=deed)
        if deed == "backup":
            backup = actor.folder / f"backup-{os.getpid()}"
            backup.unlink(missing_ok=True)
            actor.smq("backup", str(backup), allowed=(0, 75))
            if backup.exists():
                check_backup(backup)
        elif deed == "compact":
            actor.smq("compact", allowed=(0, 1, 75))
        elif deed == "doctor":
            actor.smq("doctor", allowed=(0, 1, 75))
        else:
            foreign(actor.path, "VACUUM" if deed == "vacuum" else "PRAGMA wal_checkpoint(TRUNCATE)")

    actor.repeat(keep, pause_s=1.5)


def check_backup(path: Path) -> None:
    """Look whether a backup is whole."""
    database = apsw.Connection(str(path))
    try:
        assert database.pragma("integrity_check") == "ok", f"{path} is damaged"
    finally:
        database.close()


def foreign(path: Path, statement: str) -> None:
    """Run a statement as a program that knows nothing of turns."""
    database = apsw.Connection(str(path))
    try:
        database.set_busy_timeout(2_000)
        with contextlib.suppress(apsw.BusyError, apsw.LockedError):
            database.execute(statement)
    finally:
        database.close()


ROLES: Final = {
    "library": produce_by_library,
    "sql": produce_by_sql,
    "command": produce_by_command,
    "consumer": consume,
    "operator": operate,
    "housekeeper": keep_house,
}


def main() -> None:
    """Play a role."""
    role, name, folder = sys.argv[1:]
    ROLES[role](Actor(name, Path(folder)))


if __name__ == "__main__":
    main()
