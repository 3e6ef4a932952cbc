from __future__ import annotations

import io
import os
import selectors
import subprocess
import sys
from typing import TYPE_CHECKING, Literal

import pytest

from smq_core.daemon.liveness.presence import Presence
from smq_core.daemon.liveness.workers_file import DaemonRecord, WorkersFile
from smq_core.daemon.liveness.workers_file_layout import RecordHeader, SlotRange
from smq_core.daemon.log import Journal
from smq_core.daemon.supervisor.dead_daemons import DeadDaemons
from smq_core.daemon.system.process_identity import CommandGroup, machine_id, marked, started_at
from smq_core.errors import SmqError
from smq_core.inspector import Inspector
from smq_core.message import DaemonDeath
from smq_core.states import State
from smq_core.store.records import WorkerRow
from smq_core.testing import EPOCH_MS, ManualClock, make_message, make_request
from tests.daemon.liveness.mapped_slots import mapped_slots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.store.base import Store
    from tests.matrix import Fault

NO_SUCH_PID = 2**22 - 1
RECEIPT = 1
"""That of every lease here."""
peer_died = pytest.mark.fault(
    row="a daemon that has died, detected by another daemon",
    part="workers",
    promise="its messages return immediately; an attempt is counted only if exactly one message had started",
    how="the -workers file contains the record of a dead process, with leases and started messages",
)


def worker_row(
    worker_id: str, state: Literal["running", "quiet", "stopping"] = "running", detail: str = "{}"
) -> WorkerRow:
    """Make the row of a daemon that was last heard of when the clock began."""
    return WorkerRow(
        id=worker_id,
        host="h",
        pid=1,
        version="1",
        state=state,
        started_at=EPOCH_MS,
        heartbeat_at=EPOCH_MS,
        detail=detail,
    )


class Street:
    """A daemon and the records beside it."""

    def __init__(self, store: Store, location: str, clock: ManualClock) -> None:
        self.store = store
        self.path = location + "-workers"
        self.clock = clock
        self.selector = selectors.DefaultSelector()
        self.log = io.StringIO()
        journal = Journal(clock, stream=self.log)
        header = RecordHeader("we", os.getpid(), machine_id(), started=started_at(os.getpid()))
        self.presence = Presence(self.path, None, header, journal)
        self.dead_daemons = DeadDaemons(
            store, self.presence, selector=self.selector, clock=clock, journal=journal, max_crashes=3
        )

    def die(self, leased: int, started: list[int], receipt: int = RECEIPT, detail: str = "{}") -> list[int]:
        """Let another daemon lease messages, start some of them, and die; returns the ids.

        What was started was delivered under a lease with `receipt`.
        """
        for _ in range(leased):
            self.store.enqueue(make_message(), EPOCH_MS)
        rows, _ = self.store.lease(make_request(limit=leased, worker="dead"), EPOCH_MS)
        self.store.put_worker(worker_row("dead", detail=detail))
        file = WorkersFile(self.path)
        record = file.claim()
        record.write(RecordHeader("dead", NO_SUCH_PID, machine_id(), [SlotRange(NO_SUCH_PID, 0, 4)]))
        for slot, position in enumerate(started):
            mapped_slots(file, record, 4).begin(slot, rows[position].id, receipt, 1.0, 0.0)
        file.close()
        return [row.id for row in rows]

    def die_running(self, command: CommandGroup) -> None:
        """Let another daemon die whose record names a command."""
        (message_id,) = self.die(1, started=[0])
        file = WorkersFile(self.path)
        record = DaemonRecord(file, 1)
        mapped_slots(file, record, 4).set_command(0, command)
        file.close()
        assert message_id

    def close(self) -> None:
        """Give everything back."""
        self.dead_daemons.close()
        self.selector.close()
        self.presence.leave(is_told=False)


@pytest.fixture
def street(store: Store, location: str, clock: ManualClock) -> Iterator[Street]:
    made = Street(store, location, clock)
    yield made
    made.close()


def facts(store: Store, message_id: int) -> tuple[State, int, int, bool]:
    row = store.get(message_id)
    assert row is not None
    return row.status, row.attempts, row.crashes, bool(row.is_suspect)


@peer_died
def test_the_message_that_alone_was_started_is_blamed_and_the_others_are_not(
    street: Street, fault: Fault
) -> None:
    first, second, third = street.die(3, started=[1])

    assert street.dead_daemons.look() == 3
    assert facts(street.store, first) == (State.READY, 0, 0, False)
    assert facts(street.store, second) == (State.READY, 1, 1, True)
    assert facts(street.store, third) == (State.READY, 0, 0, False)
    fault.struck()
    fault.ran()


@peer_died
def test_of_several_started_messages_all_are_suspects_and_none_is_charged(
    street: Street, fault: Fault
) -> None:
    first, second, third = street.die(3, started=[0, 1])

    street.dead_daemons.look()

    assert facts(street.store, first) == facts(street.store, second) == (State.READY, 0, 0, True)
    assert facts(street.store, third) == (State.READY, 0, 0, False)
    fault.struck()
    fault.ran()


@peer_died
def test_a_message_whose_older_delivery_was_started_is_a_suspect_and_not_charged(
    street: Street, fault: Fault
) -> None:
    first, second = street.die(2, started=[0], receipt=RECEIPT + 1)

    street.dead_daemons.look()

    assert facts(street.store, first) == (State.READY, 0, 0, True)
    assert facts(street.store, second) == (State.READY, 0, 0, False)
    fault.struck()
    fault.ran()


@peer_died
def test_the_third_crash_makes_a_message_poison(street: Street, fault: Fault) -> None:
    (one,) = street.die(1, started=[0])
    street.dead_daemons.look()
    for _ in range(2):
        street.store.lease(make_request(worker="dead"), EPOCH_MS)
        file = WorkersFile(street.path)
        record = file.claim()
        record.write(RecordHeader("dead", NO_SUCH_PID, machine_id(), [SlotRange(NO_SUCH_PID, 0, 4)]))
        mapped_slots(file, record, 4).begin(0, one, RECEIPT, 1.0, 0.0)
        file.close()
        street.dead_daemons.look()

    assert facts(street.store, one)[0] == State.DEAD
    row = street.store.get(one)
    assert row is not None
    assert (row.last_error or "").startswith("poison: crashed its worker process 3 times")
    fault.struck(3)
    fault.ran()


@peer_died
def test_the_row_of_a_dead_daemon_goes_with_its_messages(street: Street, fault: Fault) -> None:
    street.die(1, started=[])

    street.dead_daemons.look()

    assert street.store.workers() == []
    assert [header.worker_id for _, header in street.presence.file.headers()] == ["we"]
    fault.struck()
    fault.ran()


def test_the_activity_tells_that_a_daemon_died_and_how_many_messages_it_had(street: Street) -> None:
    street.die(2, started=[0])
    street.dead_daemons.look()

    (entry,) = street.store.activity(limit=10, before=None)
    assert (entry.action, entry.actor, entry.count) == ("daemon died", "dead", 2)
    with pytest.raises(SmqError, match=f"operation {entry.operation}"):
        street.store.undo(entry.operation, actor="op", now_ms=EPOCH_MS)


def test_a_dead_daemon_s_topics_and_last_heartbeat_can_be_read_back_though_its_row_is_gone(
    street: Street, location: str
) -> None:
    street.die(2, started=[0], detail='{"topics": ["mail", "scan; it served x", "web.*"]}')
    street.clock.advance(3)
    street.dead_daemons.look()

    with Inspector(location, clock=street.clock) as inspector:
        assert inspector.workers() == []
        assert inspector.daemon_deaths() == [
            DaemonDeath(
                id="dead",
                at=EPOCH_MS / 1000 + 3,
                topics=("mail", "scan; it served x", "web.*"),
                returned=2,
                heard_at=EPOCH_MS / 1000,
            )
        ]
        street.clock.advance(24 * 3600 + 1)
        assert inspector.daemon_deaths() == []
        assert len(inspector.daemon_deaths(within=48 * 3600)) == 1


def test_a_second_look_returns_nothing_more(street: Street) -> None:
    street.die(2, started=[0])
    street.dead_daemons.look()

    assert street.dead_daemons.look() == 0


def test_a_living_daemon_keeps_its_messages(street: Street) -> None:
    file = WorkersFile(street.path)
    file.claim().write(RecordHeader("alive", NO_SUCH_PID, "another machine", []))
    one = street.store.enqueue(make_message(), EPOCH_MS)
    street.store.lease(make_request(worker="alive"), EPOCH_MS)

    assert street.dead_daemons.look() == 0
    assert facts(street.store, one)[0] == State.PROCESSING
    assert street.dead_daemons.has_unwatched
    file.close()


def test_a_row_without_record_is_dropped_only_after_a_silence(street: Street) -> None:
    street.store.put_worker(worker_row("lost"))
    street.dead_daemons.drop_stale_rows()
    assert [row.id for row in street.store.workers()] == ["lost"]

    street.clock.advance(61)
    street.dead_daemons.drop_stale_rows()
    assert street.store.workers() == []
    assert [(entry.actor, entry.count) for entry in street.store.daemon_deaths(0)] == [("lost", 0)]


def test_the_row_of_a_daemon_that_was_stopping_leaves_no_death_behind(street: Street) -> None:
    street.store.put_worker(worker_row("stopped", "stopping"))
    street.clock.advance(61)
    street.dead_daemons.drop_stale_rows()

    assert street.store.workers() == []
    assert street.store.daemon_deaths(0) == []


@pytest.fixture
def innocent() -> Iterator[subprocess.Popen[bytes]]:
    """Give a program that leads a group and is a child of another process than the daemon."""
    child = subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True)
    yield child
    child.kill()
    child.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who a process is")
@pytest.mark.fault(
    row="the process id of a dead daemon's command has been reused by another program",
    part="workers",
    promise="the other program is not killed; if its identity cannot be determined, that is reported",
    how="a dead daemon's record names the process group of an unrelated program, with a different start "
    "time or none",
)
def test_a_program_that_has_a_dead_command_s_number_lives(
    street: Street, innocent: subprocess.Popen[bytes], fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the test is the innocent's parent, which would prove that it is the daemon's own
    monkeypatch.setattr(os, "getpid", lambda: NO_SUCH_PID)
    for started in (1, 0):
        street.die_running(CommandGroup(innocent.pid, started, 99))

        assert street.dead_daemons.look() == 1
        assert innocent.poll() is None
        fault.struck()
        fault.ran()
    assert street.log.getvalue().count("command_left") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who a process is")
def test_a_dead_daemon_s_command_is_ended_before_its_message_runs_again(street: Street) -> None:
    command = subprocess.Popen(
        ["/bin/sleep", "1000"], start_new_session=True, env={**os.environ, **marked(99)}
    )
    street.die_running(CommandGroup(command.pid, started_at(command.pid), 99))

    assert street.dead_daemons.look() == 1
    assert command.wait(10.0) == -9
