"""Imports the files that are dropped into a folder, each exactly once, in its own thread."""

from __future__ import annotations

import datetime
import secrets
import threading
import traceback
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from smq_core.daemon.inbox.blocked_files import BlockedFiles, with_advice
from smq_core.daemon.inbox.inbox_folder import write_report
from smq_core.daemon.inbox.inbox_names import shown
from smq_core.daemon.inbox.inbox_report import ImportedFile
from smq_core.daemon.inbox.uncompressed_size import holds_more_than
from smq_core.daemon.system.folder_watch import FolderWatch
from smq_core.errors import SmqError, StoreError
from smq_core.format import size
from smq_core.jsonl import ImportOptions, Source, import_lines
from smq_core.safe_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smq_core.clock import Clock
    from smq_core.daemon.inbox.inbox_folder import Claim, InboxFolder
    from smq_core.daemon.log import Journal
    from smq_core.jsonl import ImportStatus
    from smq_core.store.base import Store
    from smq_core.store.records import ImportProgress

__all__ = ["DEBOUNCE_MS", "LOOK_MS", "Inbox", "InboxRules"]

LOOK_MS: Final = 500
"""How often to look whether a file has come to rest; a new one is noticed at once."""
DEBOUNCE_MS: Final = 100
"""How long changes that follow one another are collected."""


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

    name = "inbox"

    def __init__(
        self, folder: InboxFolder, store: Store, clock: Clock, journal: Journal, rules: InboxRules
    ) -> None:
        """Watch by some rules."""
        self._rules = rules
        self._folder = folder
        self._store = store
        self._clock = clock
        self._journal = journal
        self._blocked = BlockedFiles(clock, journal)
        self._watch = FolderWatch("the inbox", journal, recursive=False, takes=lambda _change, _path: True)
        # names of claims are this daemon's own, also beside another one's of the same millisecond
        self._token = secrets.token_hex(2)
        self._claimed = 0
        self._stopping = threading.Event()

    def follow(self, rules: InboxRules) -> None:
        """Go by other rules from now on; any thread may call it."""
        self._rules = rules

    def run(self) -> None:
        """Take the files that are there, then those that come, until it is asked to stop."""
        while not self._stopping.is_set():
            self._step_or_tell()
            self._watch_folder(self._folder.identity())

    def stop(self) -> None:
        """Ask to end; an import that is under way stops where it is and goes on at the next start."""
        self._stopping.set()

    def step(self) -> int:
        """Take what may be taken now; return how many files were. What is wrong with one stops no other.

        Raises:
            OSError: when the folder cannot be used.
        """
        self._folder.prepare()
        seen: set[Path] = set()
        taken = 0
        for leftover in self._folder.leftovers():
            seen.add(leftover.path)
            taken += self._attempt(leftover.path, partial(self._take_or_wait, leftover))
        for dropped in self._folder.dropped():
            seen.add(dropped.path)
            if dropped.obstacle:
                self._blocked.note(dropped.path, dropped.obstacle)
            elif dropped.is_resting(self._clock.now_ms() / 1000, self._rules.rest_s):
                claims: list[Claim] = []
                self._attempt(dropped.path, partial(self._claim, dropped.path, claims))
                for claim in claims:
                    seen.add(claim.path)
                    taken += self._attempt(claim.path, partial(self._take_or_wait, claim))
        self._blocked.keep(seen)
        return taken

    def _watch_folder(self, identity: tuple[int, int] | None) -> None:
        """Take steps as files come, until there is another folder of that name, or none."""
        try:
            for _ in self._watch.changes(
                [self._folder.path], self._stopping, debounce_ms=DEBOUNCE_MS, at_least_every_ms=LOOK_MS
            ):
                if self._folder.identity() != identity:
                    return
                self._step_or_tell()
        except OSError:
            # it is gone, which the next step tells
            self._stopping.wait(LOOK_MS / 1000)

    def _step_or_tell(self) -> None:
        try:
            self.step()
        except OSError as error:
            self._journal.begin(
                "inbox_failed",
                f"{self._folder.path}: {error.strerror}; importing resumes when the folder is usable",
            )
        else:
            self._journal.end("inbox_failed", f"{self._folder.path} works again")

    def _attempt(self, path: Path, action: Callable[[], int]) -> int:
        """Do something with one file unless it has to wait; what goes wrong concerns it alone."""
        if self._stopping.is_set() or not self._blocked.may_try(path):
            return 0
        try:
            taken = action()
        except OSError as error:
            self._blocked.note(path, f"cannot be imported: {with_advice(error)}")
        except SmqError as error:
            self._blocked.note(path, f"{error}; it will be retried")
        except Exception as error:  # noqa: BLE001 - one file must not stop the others, whatever is wrong with it: it is told of, and waits
            self._blocked.note(path, f"{error!r}; it will be retried\n{traceback.format_exc()}")
        else:
            self._blocked.clear(path)
            return taken
        return 0

    def _claim(self, path: Path, claims: list[Claim]) -> int:
        claim = self._folder.claim(path, self._stamp())
        if claim is not None:
            claims.append(claim)
            if not claim.path.name.endswith(f"-{path.name}"):
                self._journal.info("inbox_renamed", f"{shown(path.name)} is imported as {claim.path.name}")
        return 0

    def _take_or_wait(self, claim: Claim) -> int:
        """Take one file; what the database, or another daemon that is at it, makes wait stays claimed.

        Raises:
            OSError, SmqError: when the system keeps it from being read or moved away: it stays claimed too.
        """
        if not claim.exists():
            return 0
        if not claim.is_regular():
            self._refuse(claim, "it is not a regular file")
            return 0
        try:
            taken = self._import(claim)
        except StoreError as error:
            self._journal.debug("inbox_waiting", f"{claim.path.name}: {error}")
            return 0
        except SmqError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno is not None:
                # not the file's fault: a full disk, a missing permission
                raise
            self._refuse(claim, str(error))
            return 0
        if not taken.is_complete:
            return 0
        self._finish(claim, taken)
        return 1

    def _import(self, claim: Claim) -> ImportedFile:
        """Import a claimed file, as long as somebody adds to it."""
        taken = self._run_import(claim)
        while taken.is_complete and claim.is_growing():
            if self._stopping.wait(self._rules.rest_s):
                break
            taken = self._run_import(claim)
        return taken

    def _run_import(self, claim: Claim) -> ImportedFile:
        with Source(claim.path) as source:
            self._check_length(source)
            # a known one goes on where it was; another file's content is taken once more
            is_known = self._record(source) is not None
            options = ImportOptions(
                topic=self._rules.topic,
                is_strict=True,
                again=not is_known,
                rejects=claim.rejects,
                actor="inbox",
            )
            report = import_lines(self._store, source, options, clock=self._clock, progress=self._goes_on)
            return ImportedFile(report, self._record(source), claim.rejects)

    def _record(self, source: Source) -> ImportProgress | None:
        """Return what was recorded of a claimed file by this run or earlier ones.

        The name of a claim is its own, so it is not of a file whose inode this one inherited.
        """
        device, inode = source.identity or (None, None)
        runs = self._store.imports(device=device, inode=inode)
        return next((run for run in runs if run.source == source.stored_name), None)

    def _check_length(self, source: Source) -> None:
        limit, unpacked = self._rules.limit, " when unpacked" if source.is_compressed else ""
        if limit and holds_more_than(source, limit, lambda: not self._stopping.is_set()):
            raise SmqError(f"it has more than {size(limit)}{unpacked} (inbox_limit): none of it was imported")

    def _finish(self, claim: Claim, taken: ImportedFile) -> None:
        target = claim.finish(is_refused=False)
        if target is None:
            return
        self._report(target, taken.encoded())
        self._journal.info("inbox_taken", f"{target.name}: {taken.sentence()}", file=str(target))

    def _refuse(self, claim: Claim, why: str) -> None:
        target = claim.finish(is_refused=True)
        if target is not None:
            self._report(target, msgspec.json.encode({"error": clean_text(why)}))
            self._journal.warning("inbox_refused", f"{target.name}: {why}", file=str(target))

    def _report(self, target: Path, content: bytes) -> None:
        """Write a report; the file was moved away all the same when that fails."""
        try:
            write_report(target, content)
        except OSError as error:
            self._journal.warning(
                "inbox_unreported", f"{target.name}: its report cannot be written: {error.strerror}"
            )

    def _goes_on(self, _status: ImportStatus) -> bool:
        return not self._stopping.is_set()

    def _stamp(self) -> str:
        self._claimed += 1
        moment = datetime.datetime.fromtimestamp(self._clock.now_ms() / 1000, datetime.UTC)
        milliseconds = self._clock.now_ms() % 1000
        return f"{moment:%Y%m%dT%H%M%S}.{milliseconds:03}-{self._token}.{self._claimed}"
