"""Notices that another daemon on the same database died, and returns its messages with the right one blamed.

Worker processes of this daemon that end are noticed in `crashes`.
"""

from __future__ import annotations

import contextlib
import os
import select
import selectors
from typing import TYPE_CHECKING

from smq_core.daemon.dispatch.orphaned_messages import OrphanedMessage, recover_orphan
from smq_core.daemon.processes.pool import end_commands
from smq_core.daemon.system.process_identity import is_alive
from smq_core.daemon.wire.slots import mark_of
from smq_core.daemon_death import ACTION, detail_of
from smq_core.format import counted
from smq_core.serving import STALE_MS

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.daemon.liveness.presence import Presence
    from smq_core.daemon.liveness.workers_file import DaemonRecord
    from smq_core.daemon.liveness.workers_file_layout import RecordHeader
    from smq_core.daemon.log import Journal
    from smq_core.daemon.wire.slots import Slot
    from smq_core.store.base import Store
    from smq_core.store.records import Hold, WorkerRow

__all__ = ["DeadDaemons"]


class DeadDaemons:
    """Watches other daemons; where the system tells of a process's death, by that, else by their locks."""

    def __init__(
        self,
        store: Store,
        presence: Presence,
        *,
        selector: selectors.BaseSelector,
        clock: Clock,
        journal: Journal,
        max_crashes: int,
    ) -> None:
        """Look at the records of the -workers file, but for our own."""
        self._store = store
        self._presence = presence
        self._max_crashes = max_crashes
        self._selector = selector
        self._clock = clock
        self._journal = journal
        self._watched: dict[str, int] = {}
        self._has_unwatched = False

    @property
    def has_unwatched(self) -> bool:
        """Return whether a peer's death can only be seen by its lock, so that one has to look."""
        return self._has_unwatched

    def allow_crashes(self, max_crashes: int) -> None:
        """Set how many worker processes a message may crash before it is dead."""
        self._max_crashes = max_crashes

    def look(self) -> int:
        """Return the messages of daemons that are dead, begin to watch new ones.

        The number of messages returned.

        Raises:
            StoreError: when the database does not take it; the next look tries again.
        """
        returned = 0
        seen: set[str] = set()
        others = self._others()
        present = {
            self._presence.worker_id,
            *(one.worker_id for index, one in others if self._has_lock(index)),
        }
        for index, header in others:
            record = self._presence.file.take_over(index)
            if record is not None and header.worker_id in present:
                # somebody copied it: its daemon has another one, and lives
                record.leave()
            elif record is not None and not self._runs(header):
                returned += self._return(record, header)
            else:
                if record is not None:
                    record.unlock()
                seen.add(header.worker_id)
                self._watch(header)
        self._has_unwatched = any(one not in self._watched for one in seen)
        for worker_id in [one for one in self._watched if one not in seen]:
            self._unwatch(worker_id)
        return returned

    def unwatch_dead(self) -> None:
        """Watch those no more that have ended: a look returns their messages, now or later."""
        for worker_id, descriptor in list(self._watched.items()):
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if poll.poll(0):
                self._unwatch(worker_id)

    def drop_stale_rows(self) -> None:
        """Remove stale rows of daemons without a record (the -workers file was removed).

        Their leases end by themselves.

        Raises:
            StoreError: when the database does not take it.
        """
        records = {header.worker_id for _, header in self._presence.file.headers()}
        for row in self._store.workers():
            if row.id not in records and self._clock.now_ms() - row.heartbeat_at > STALE_MS:
                self._forget(row)
                self._journal.info(
                    "worker_forgotten",
                    f"removed the row of daemon {row.id}, which has exited (no lock, no heartbeat)",
                )

    def close(self) -> None:
        """Stop watching."""
        for worker_id in list(self._watched):
            self._unwatch(worker_id)

    def _others(self) -> list[tuple[int, RecordHeader]]:
        own = self._presence.record.index
        return [(index, header) for index, header in self._presence.file.headers() if index != own]

    def _has_lock(self, index: int) -> bool:
        record = self._presence.file.take_over(index)
        if record is not None:
            record.unlock()
        return record is None

    def _runs(self, header: RecordHeader) -> bool:
        """Return whether the very process runs that took a record: a daemon that ends lets go of it first."""
        return header.machine == self._presence.machine and is_alive(header.pid, header.started)

    def _return(self, record: DaemonRecord, header: RecordHeader) -> int:
        with contextlib.ExitStack() as unless_done:
            unless_done.callback(record.unlock)
            slots = record.read_slots(header.processes)
            if header.machine == self._presence.machine:
                # so that nothing runs beside its second try
                end_commands(slots, self._journal)
            with self._store.transaction(is_durable=False):
                holds = self._store.held_by(header.worker_id)
                orphans = _orphans(holds, slots, header.worker_id)
                row = next((one for one in self._store.workers() if one.id == header.worker_id), None)
                now_ms = self._clock.now_ms()
                recovered = [
                    recover_orphan(self._store, orphan, header.worker_id, self._max_crashes, now_ms)
                    for orphan in orphans
                ]
                self._store.remove_worker(header.worker_id)
                how = "killed or crashed; its messages were returned"
                self._note_death(header.worker_id, row, how, len(orphans))
            unless_done.pop_all()
        record.leave()
        self._journal.warning(
            "daemon_died",
            f"daemon {header.worker_id} died; "
            f"{counted(len(orphans), 'message that it held was', 'messages that it held were')} returned",
            worker=header.worker_id,
        )
        for dead in filter(None, recovered):
            self._journal.failed(dead)
        return len(orphans)

    def _forget(self, row: WorkerRow) -> None:
        """Remove a row, and note the death once, though several daemons may see it; a stop is none."""
        with self._store.transaction(is_durable=False):
            is_first = any(one.id == row.id for one in self._store.workers())
            self._store.remove_worker(row.id)
            if is_first and row.state != "stopping":
                self._note_death(row.id, row, "it has exited (no lock, no heartbeat)", 0)

    def _note_death(self, worker_id: str, row: WorkerRow | None, how: str, messages: int) -> None:
        """Record in the activity log that a daemon died, when, and what it served: its row is gone."""
        self._store.note(
            ACTION,
            actor=worker_id,
            topic=None,
            changed=messages,
            detail=detail_of(row, how),
            now_ms=self._clock.now_ms(),
        )

    def _watch(self, header: RecordHeader) -> None:
        opener = getattr(os, "pidfd_open", None)
        if header.worker_id in self._watched or header.machine != self._presence.machine or opener is None:
            return
        try:
            descriptor = opener(header.pid)
        except OSError:
            return
        self._watched[header.worker_id] = descriptor
        self._selector.register(descriptor, selectors.EVENT_READ, self)

    def _unwatch(self, worker_id: str) -> None:
        descriptor = self._watched.pop(worker_id)
        self._selector.unregister(descriptor)
        os.close(descriptor)


def _orphans(holds: list[Hold], slots: list[Slot], worker_id: str) -> list[OrphanedMessage]:
    """Return who is to blame, by what the slots say had been started.

    A slot may show an earlier lease of a message: its handler went on under the newer one, or was to end
    before the newer one began. Nobody knows which, so that the message is a suspect.
    """
    started = {(slot.message_id, slot.mark) for slot in slots}
    ids = {slot.message_id for slot in slots}
    running = [hold for hold in holds if hold.id in ids]
    is_alone = len(running) == 1 and (running[0].id, mark_of(running[0].receipt)) in started
    verdict = "blamed" if is_alone else "suspect"
    return [
        OrphanedMessage(hold, verdict, f"daemon {worker_id} died while its handler ran")
        if hold.id in ids
        else OrphanedMessage(hold, "untouched", "")
        for hold in holds
    ]
