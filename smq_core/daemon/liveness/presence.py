"""This daemon's place in the -workers file, which it keeps while others cut, remove or replace the file."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import msgspec

from smq_core.daemon.liveness.workers_file import WorkersFile
from smq_core.daemon.wire.slots import SlotsInFile
from smq_core.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.daemon.liveness.workers_file import DaemonRecord
    from smq_core.daemon.liveness.workers_file_layout import RecordHeader, SlotRange
    from smq_core.daemon.log import Journal
    from smq_core.derived_file import Access

__all__ = ["Presence"]


class Presence:
    """The file that is used now, and the record in it."""

    def __init__(self, path: str, access: Access | None, header: RecordHeader, journal: Journal) -> None:
        """Claim a record and write who has it.

        Raises:
            StoreUnavailable: when the file cannot be used, or has no free record.
        """
        self._path = path
        self._access = access
        self._header = header
        self._journal = journal
        self.file, self.record = self._settle()

    @property
    def worker_id(self) -> str:
        """The daemon that is present."""
        return self._header.worker_id

    @property
    def machine(self) -> str:
        """What names the system and process ids that the daemon's pid is of."""
        return self._header.machine

    def slots(self, wanted: SlotRange) -> SlotsInFile:
        """Look at slots in the file that is used now; the view stays good when another file is used."""
        return SlotsInFile(os.dup(self.file.map_fd), self.record.slots_at(wanted.first), wanted.count)

    def note_processes(self, ranges: Iterable[SlotRange]) -> None:
        """Write which worker process has which slots."""
        self._header = msgspec.structs.replace(self._header, processes=list(ranges))
        self.record.write(self._header)

    def look(self) -> None:
        """Repair the file where somebody spoiled it, and claim a record in a new one where it is gone.

        Worker processes that run keep their slots in the file that they have open.
        """
        self.mend()
        if self.file.is_in_place:
            self._journal.end("workers_file_lost", f"this daemon uses {self._path} again")
            return
        try:
            file, record = self._settle()
        except StoreUnavailable as error:
            self._journal.begin(
                "workers_file_lost",
                f"{self._path} is no longer the file that this daemon has open ({error}): until this is "
                "repaired, this daemon and the others cannot see each other",
            )
            return
        self.record.withdraw()
        self.file.close()
        self.file, self.record = file, record
        if not self._journal.end("workers_file_lost", f"{self._path} is back"):
            self._journal.warning(
                "workers_file_renewed", f"{self._path} was removed or replaced, and has been recreated"
            )

    def mend(self) -> int:
        """Repair the file where somebody cut it or wrote over it; return how often it was found cut short."""
        cuts = self.file.cuts
        self.file.restore()
        if self.file.cuts != cuts:
            self._journal.warning(
                "workers_file_cut", f"{self._path} was truncated, and has been restored to its length"
            )
        self.record.restore()
        return self.file.cuts

    def leave(self, *, is_told: bool) -> None:
        """Give the record up; `is_told` leaves in it what this daemon could not write to the database."""
        if is_told:
            self.record.unlock()
        else:
            self.record.leave()
        self.file.close()

    def _settle(self) -> tuple[WorkersFile, DaemonRecord]:
        file = WorkersFile(self._path, self._access)
        with contextlib.ExitStack() as unless_done:
            unless_done.callback(file.close)
            record = file.claim()
            unless_done.pop_all()
        record.write(self._header)
        return file, record
