from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.configuration.config import AlertTable, Seconds
from smq_core.daemon.log import Journal
from smq_core.daemon.maintenance.alert_commands import Alerts
from smq_core.daemon.maintenance.alert_rules import AlertFigures, reasons
from smq_core.daemon.maintenance.janitor import Janitor
from smq_core.daemon.maintenance.maintenance_thread import ALERTS_REST, MaintenanceThread
from smq_core.daemon.processes.children import Children
from smq_core.daemon.system.file_health import DatabaseFile
from smq_core.message import TopicStats, WorkerInfo
from smq_core.states import State
from smq_core.store import open_store
from smq_core.store.records import WorkerRow
from smq_core.testing import EPOCH_MS, ManualClock, make_message

if TYPE_CHECKING:
    from smq_core.store.base import Store


def alert(**conditions: object) -> AlertTable:
    return AlertTable(name="a", command="true", **conditions)  # type: ignore[arg-type]  # the fields of an alert


def put_daemon(store: Store, *topics: str, silent_ms: int = 0) -> None:
    """Put a daemon into a queue, which handles `topics` and was heard of `silent_ms` ago."""
    store.put_worker(
        WorkerRow(
            id="daemon",
            host="host",
            pid=1,
            version="1",
            state="running",
            started_at=EPOCH_MS - silent_ms,
            heartbeat_at=EPOCH_MS - silent_ms,
            detail=json.dumps({"topics": topics}),
        )
    )


def heard(*topics: str) -> WorkerInfo:
    """Make a daemon that is heard of and handles topics."""
    return WorkerInfo(
        id="daemon",
        host="host",
        pid=1,
        version="1",
        state="running",
        started_at=0.0,
        heartbeat_at=0.0,
        heartbeat_age_s=0.0,
        detail={"topics": [*topics]},
    )


def met(
    table: AlertTable,
    *topics: TopicStats,
    workers: tuple[WorkerInfo, ...] = (),
    wal: int = 0,
    disk: float = 0,
) -> bool:
    return bool(reasons(table, AlertFigures(topics=topics, workers=workers, wal_bytes=wal, disk_used=disk)))


@pytest.mark.parametrize(
    ("table", "quiet", "loud"),
    [
        (
            alert(oldest_over=Seconds(60)),
            TopicStats(topic="t", ready=1, oldest_age_s=60),
            TopicStats(topic="t", ready=1, oldest_age_s=61),
        ),
        (
            alert(oldest_over=Seconds(60)),
            TopicStats(topic="t", processing=1, oldest_age_s=90),
            TopicStats(topic="t", oldest_age_s=90),
        ),
        (alert(dead_over=2), TopicStats(topic="t", dead=2), TopicStats(topic="t", dead=3)),
        (alert(ready_over=2), TopicStats(topic="t", ready=2), TopicStats(topic="t", ready=3)),
        (alert(dead_over=0, topic="m.*"), TopicStats(topic="t", dead=9), TopicStats(topic="m.in", dead=9)),
    ],
)
def test_an_alert_holds_over_its_limit_only(table: AlertTable, quiet: TopicStats, loud: TopicStats) -> None:
    assert not met(table, quiet)
    assert met(table, loud)


def test_messages_that_no_daemon_takes_are_told() -> None:
    waiting = TopicStats(topic="t", ready=1)

    assert met(alert(no_worker=True), waiting, workers=(heard("other", "m.*"),))
    assert not met(alert(no_worker=True), waiting, workers=(heard("t"),))
    assert not met(alert(no_worker=True), TopicStats(topic="t"))


def test_a_long_wal_and_a_full_disk_are_told() -> None:
    assert met(alert(wal_over=100), wal=101)
    assert not met(alert(wal_over=100), wal=100)
    assert met(alert(disk_over=0.9), disk=0.95)
    assert not met(alert(disk_over=0.9), disk=0.9)


def test_an_alarm_runs_its_command_once_at_the_beginning_and_once_at_the_end(
    tmp_path: Path, clock: ManualClock
) -> None:
    out = tmp_path / "out"
    table = AlertTable(name="dead", dead_over=0, command=["sh", "-c", f"cat >> {out}; echo >> {out}"])
    alerts = Alerts([table], "here", clock, Journal(clock, stream=io.StringIO()), Children())

    for dead in (0, 1, 2, 1, 0, 0):
        alerts.look(AlertFigures(topics=[TopicStats(topic="t", dead=dead)], workers=[]))
        for thread in threading.enumerate():
            if thread.name == "alert":
                thread.join()

    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(one["alert"], one["state"]) for one in told] == [("dead", "began"), ("dead", "ended")]
    assert told[0]["problems"] == ["t: 1 dead letter (limit 0)"]


def test_an_alert_that_is_no_longer_wanted_is_over(tmp_path: Path, clock: ManualClock) -> None:
    out = tmp_path / "out"
    command = ["sh", "-c", f"cat >> {out}; echo >> {out}"]
    log = io.StringIO()
    alerts = Alerts([], "here", clock, Journal(clock, stream=log), Children())
    figures = AlertFigures(topics=[TopicStats(topic="t", dead=1)], workers=[])
    has_alerts = [alerts.has_alerts]

    alerts.use([AlertTable(name="dead", dead_over=0, command=command)])
    alerts.look(figures)
    alerts.use([])
    has_alerts.append(alerts.has_alerts)
    alerts.look(figures)
    has_alerts.append(alerts.has_alerts)

    assert has_alerts == [False, True, False], "what began has to end"
    for thread in threading.enumerate():
        if thread.name == "alert":
            thread.join()
    assert [json.loads(line)["state"] for line in out.read_text().splitlines()] == ["began", "ended"]


def test_the_end_of_an_alert_is_told_after_its_beginning_however_long_that_takes(
    tmp_path: Path, clock: ManualClock
) -> None:
    gate, out = tmp_path / "gate", tmp_path / "out"
    os.mkfifo(gate)
    script = f"""
        state=$(grep -o '"state":"[a-z]*"')
        case $state in *began*) cat {gate};; esac
        echo $state >> {out}
    """
    table = AlertTable(name="dead", dead_over=0, command=["sh", "-c", script])
    alerts = Alerts([table], "here", clock, Journal(clock, stream=io.StringIO()), Children())
    for dead in (1, 0):
        alerts.look(AlertFigures(topics=[TopicStats(topic="t", dead=dead)], workers=[]))
    os.close(os.open(gate, os.O_WRONLY))
    for thread in threading.enumerate():
        if thread.name == "alert":
            thread.join()

    assert out.read_text().split() == ['"state":"began"', '"state":"ended"']


class House:
    """A janitor and a maintenance over a store, and their log."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.log = io.StringIO()
        self.file = DatabaseFile(store.location.address)
        self.journal = Journal(clock, form="json", stream=self.log)
        self.janitor = Janitor(store, self.file, clock, self.journal)
        self.maintenance = MaintenanceThread(
            store, self.file, self.janitor, alerts=None, clock=clock, journal=self.journal
        )

    def actions(self) -> list[str]:
        """Return what was logged, but for the state of this machine's disk."""
        found = [str(json.loads(line)["action"]) for line in self.log.getvalue().splitlines()]
        return [action for action in found if not action.startswith("disk_")]


@pytest.fixture
def house(store: Store, clock: ManualClock) -> House:
    store.enqueue(make_message(), EPOCH_MS)
    return House(store, clock)


def test_a_second_name_that_the_database_gets_later_is_a_condition(house: House, tmp_path: Path) -> None:
    """Opened by that name, it would lose messages and be damaged."""
    other = tmp_path / "other.sqlite3"
    other.hardlink_to(house.file.path)
    house.janitor.step()
    house.janitor.step()
    assert house.actions() == ["database_linked"]

    other.unlink()
    house.janitor.step()

    assert house.actions() == ["database_linked", "database_linked_over"]


def test_a_sample_is_written_at_the_beginning_of_each_ten_seconds(
    house: House, store: Store, clock: ManualClock
) -> None:
    for _ in range(25):
        house.janitor.step()
        clock.advance(1)

    samples = store.samples(10_000, 0)
    assert [one.at - EPOCH_MS for one in samples] == [0, 10_000, 20_000]
    assert {(one.topic, one.entered, one.processed, one.depth) for one in samples} == {("mail", 1, 0, 1)}


def test_finished_messages_are_pruned_every_ten_seconds(
    house: House, store: Store, clock: ManualClock
) -> None:
    store.restore_many([make_message(state=State.DONE, finished_at=EPOCH_MS)], None, EPOCH_MS)
    clock.advance(9)
    house.janitor.step()
    assert store.topic("mail", EPOCH_MS).done == 1

    clock.advance(1)
    house.janitor.step()
    assert store.topic("mail", EPOCH_MS).done == 0


def test_a_clock_that_was_set_is_told_and_time_that_passes_is_not(house: House, clock: ManualClock) -> None:
    house.janitor.step()
    clock.advance(3600)
    house.janitor.step()
    assert house.actions() == []

    clock.step(-3600)
    house.janitor.step()
    assert house.actions() == ["clock_jumped"]


def test_a_database_that_is_moved_is_told_once_and_once_when_it_is_back(house: House, store: Store) -> None:
    path, away = Path(store.location.address), Path(store.location.address + ".away")
    house.maintenance.step()
    seen = [house.maintenance.is_file_here]

    path.rename(away)
    house.maintenance.step()
    house.maintenance.step()
    seen.append(house.maintenance.is_file_here)
    assert not path.exists()

    away.rename(path)
    house.maintenance.step()
    seen.append(house.maintenance.is_file_here)
    assert seen == [True, False, True]
    assert house.actions() == ["database_moved", "database_moved_over"]


def test_an_alert_is_told_although_nothing_can_be_written(
    location: str, store: Store, clock: ManualClock
) -> None:
    store.enqueue(make_message(), EPOCH_MS)
    impatient = open_store(location, clock=clock, timeout=0.01)
    house = House(impatient, clock)
    table = AlertTable(name="waits", ready_over=0, command="true")
    alerts = Alerts([table], location, clock, house.journal, Children())
    house.maintenance = MaintenanceThread(
        impatient, house.file, house.janitor, alerts=alerts, clock=clock, journal=house.journal
    )
    step = threading.Thread(target=house.maintenance.step)
    with store.transaction():
        store.execute("SELECT 1")
        step.start()
        step.join()
    impatient.close()
    for thread in threading.enumerate():
        if thread.name == "alert":
            thread.join()

    assert house.actions() == ["housekeeping_failed", "alert_began"]


@pytest.mark.parametrize(("silent_ms", "actions"), [(15_000, []), (15_001, ["alert_began"])])
def test_a_lost_daemon_takes_no_topic(
    house: House, store: Store, clock: ManualClock, silent_ms: int, actions: list[str]
) -> None:
    put_daemon(store, "ma*", silent_ms=silent_ms)
    alerts = Alerts([alert(no_worker=True)], store.location.name, clock, house.journal, Children())
    house.maintenance = MaintenanceThread(
        store, house.file, house.janitor, alerts=alerts, clock=clock, journal=house.journal
    )

    house.maintenance.step()
    for thread in threading.enumerate():
        if thread.name == "alert":
            thread.join()

    assert house.actions() == actions


class SlowAlerts(Alerts):
    """Alerts whose every look takes a second."""

    def __init__(self, clock: ManualClock, journal: Journal) -> None:
        alerts = [AlertTable(name="a", ready_over=9, command="true")]
        super().__init__(alerts, "", clock, journal, Children())
        self.clock = clock
        self.looks = 0

    def look(self, figures: AlertFigures) -> None:
        """Count the look, and take the time."""
        del figures
        self.looks += 1
        self.clock.advance(1)


def test_looks_at_the_alerts_that_take_long_are_few(store: Store, clock: ManualClock) -> None:
    house = House(store, clock)
    alerts = SlowAlerts(clock, house.journal)
    maintenance = MaintenanceThread(
        store, house.file, house.janitor, alerts=alerts, clock=clock, journal=house.journal
    )

    for _ in range(ALERTS_REST):
        maintenance.step()
        clock.advance(1)
    assert alerts.looks == 1
    maintenance.step()
    assert alerts.looks == 2


def test_another_file_in_the_database_s_place_is_told(house: House, store: Store) -> None:
    path = Path(store.location.address)
    path.rename(store.location.address + ".away")
    path.write_bytes(b"")

    house.maintenance.step()

    assert house.actions() == ["database_moved"]
    assert "a different file" in house.log.getvalue()


def test_a_log_line_holds_no_terminal_control(clock: ManualClock) -> None:
    for form in ("text", "json"):
        out = io.StringIO()
        Journal(clock, form=form, stream=out).info("a", "red \x1b[31m\x9b0m\r\nline", topic="x\x07")
        assert out.getvalue().rstrip("\n").isprintable()
