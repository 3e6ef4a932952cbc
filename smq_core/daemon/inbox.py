"""Imports the files that are dropped into a folder, each exactly once, in a thread of its own."""

from __future__ import annotations

import datetime
import errno
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import watchfiles

from smq_core.daemon.unpacked import holds_more_than
from smq_core.errors import SmqError, StoreError
from smq_core.format import count, size
from smq_core.jsonl import ImportOptions, Source, import_lines

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.daemon.dropped import Claim, InboxFolder
    from smq_core.daemon.journal import Journal
    from smq_core.jsonl import ImportReport, ImportStatus
    from smq_core.store.base import Store

__all__ = ["LOOK_MS", "Inbox", "InboxRules"]

LOOK_MS: Final = 500
"""How often to look whether a file has come to rest; a new one is noticed at once."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class InboxRules(NamedTuple):
    """What is taken, and as what."""

    topic: str
    """The topic of lines that name none."""
    rest_s: float
    """How long a file has to be left alone."""
    limit: int = 0
    """Bytes that a file may hold, unpacked; 0: any number."""


class Inbox:
    """Watches one folder."""

    def __init__(
        self, folder: InboxFolder, store: Store, clock: Clock, journal: Journal, rules: InboxRules
    ) -> None:
        """Watch by some rules, which may be replaced while it runs."""
        self.rules = rules
        self._folder = folder
        self._store = store
        self._clock = clock
        self._journal = journal
        self._claimed = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def start(self) -> None:
        """Begin: with what lies there, then with what comes."""
        self._thread.start()

    def stop(self) -> None:
        """End; an import that is under way stops where it is and goes on at the next start."""
        self._stopping.set()
        self._thread.join()

    def step(self) -> int:
        """Take what may be taken now; answers how many files were."""
        taken = 0
        for leftover in self._folder.leftovers():
            taken += self._take_or_wait(leftover)
        for path in self._folder.resting(self._clock.now_ms() / 1000, self.rules.rest_s):
            if not self._stopping.is_set() and (claim := self._folder.claim(path, self._stamp())) is not None:
                taken += self._take_or_wait(claim)
        return taken

    def _run(self) -> None:
        self._step_or_tell()
        for _ in watchfiles.watch(
            self._folder.path,
            recursive=False,
            stop_event=self._stopping,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            self._step_or_tell()

    def _step_or_tell(self) -> None:
        try:
            self.step()
        except OSError as error:
            self._journal.begin("inbox_failed", f"{self._folder.path}: {error}; trying again")
        else:
            self._journal.end("inbox_failed", f"{self._folder.path} works again")

    def _take_or_wait(self, claim: Claim) -> int:
        """Take one file; what the database, or another daemon that is at it, makes wait stays claimed."""
        if self._stopping.is_set() or not claim.exists():
            return 0
        if not claim.is_regular():
            self._refuse(claim, "it is no regular file")
            return 0
        try:
            report = self._import(claim)
        except StoreError as error:
            self._journal.debug("inbox_waiting", f"{claim.path.name}: {error}")
            return 0
        except SmqError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL:
                # no fault of the file's: what could not be put aside stays claimed until there is room again
                raise error.__cause__ from error
            self._refuse(claim, str(error))
            return 0
        if report is not None and not report.is_complete:
            return 0
        self._finish(claim, report)
        return 1

    def _import(self, claim: Claim) -> ImportReport | None:
        """Import a claimed file; None when that was done before a kill kept it from being moved away."""
        report = self._run_import(claim)
        while (report is None or report.is_complete) and claim.is_growing():
            if self._stopping.wait(self.rules.rest_s):
                break
            report = self._run_import(claim) or report
        return report

    def _run_import(self, claim: Claim) -> ImportReport | None:
        with Source(claim.path) as source:
            self._check_length(source)
            device, inode = source.identity or (None, None)
            # the claim's name is its own, so this is a run of this file, and not of one whose inode it
            # inherited
            is_known = any(
                run.source == str(claim.path) for run in self._store.imports(device=device, inode=inode)
            )
            # a known one goes on where it was; of another file's content the same is taken anew
            options = ImportOptions(
                topic=self.rules.topic,
                is_strict=True,
                again=not is_known,
                rejects=claim.rejects,
                actor="inbox",
            )
            report = import_lines(self._store, source, options, clock=self._clock, progress=self._goes_on)
        return None if report.has_nothing_new else report

    def _check_length(self, source: Source) -> None:
        limit, unpacked = self.rules.limit, "unpacked, " if source.is_compressed else ""
        if limit and holds_more_than(source, limit, lambda: not self._stopping.is_set()):
            raise SmqError(
                f"it holds, {unpacked}more than {size(limit)} (inbox_limit): nothing of it is taken"
            )

    def _finish(self, claim: Claim, report: ImportReport | None) -> None:
        target = claim.finish(_encoded(report), is_refused=False)
        if target is None:
            return
        what = "had been taken already"
        if report is not None:
            what = f"{count(report.taken)} messages added, {count(report.rejected)} lines rejected"
        self._journal.info("inbox_taken", f"{target.name}: {what}", file=str(target))

    def _refuse(self, claim: Claim, why: str) -> None:
        target = claim.finish(msgspec.json.encode({"error": why}), is_refused=True)
        if target is not None:
            self._journal.warning("inbox_refused", f"{target.name}: {why}", file=str(target))

    def _goes_on(self, _status: ImportStatus) -> bool:
        return not self._stopping.is_set()

    def _stamp(self) -> str:
        self._claimed += 1
        moment = datetime.datetime.fromtimestamp(self._clock.now_ms() / 1000, datetime.UTC)
        return f"{moment:%Y%m%dT%H%M%S}.{self._clock.now_ms() % 1000:03}-{self._claimed}"


def _encoded(report: ImportReport | None) -> bytes:
    if report is None:
        return msgspec.json.encode({"taken": 0, "why": "all of it had been taken already"})
    return msgspec.json.encode(
        {
            "taken": report.taken,
            "rejected": report.rejected,
            "held": report.held,
            "topics": report.topics,
            "first_rejects": [str(reject) for reject in report.rejects],
            "rejects_file": report.rejects_path,
            "last_line": report.last_line,
            "seconds": round(report.elapsed_s, 3),
        }
    )
