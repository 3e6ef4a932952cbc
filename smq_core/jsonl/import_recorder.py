"""Books what an import did: messages into the store with the progress, rejects into their file before that.

A dry run has a recorder of its own, which books nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from smq_core.safe_text import clean_text
from smq_core.states import FINISHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.errors import InvalidLine
    from smq_core.jsonl.rejects import Rejects
    from smq_core.store.base import Store
    from smq_core.store.records import ImportProgress, NewMessage

__all__ = ["DryRunRecorder", "ImportPosition", "ImportRecorder", "StoreRecorder"]


class ImportPosition(NamedTuple):
    """How far reading has come, and what it saw."""

    position: int
    digest: str
    line: int
    taken: int
    """Messages of this run."""
    rejected: int
    """Rejects of this run."""


class ImportRecorder(Protocol):
    """What an import tells as it goes."""

    def begin(self, position: ImportPosition, now_ms: int) -> None:
        """Book that the import begins, before any reject is written."""
        ...

    def reject(self, reject: InvalidLine, pieces: Iterator[bytes]) -> None:
        """Keep a line that cannot be taken."""
        ...

    def add(
        self, messages: Sequence[NewMessage], position: ImportPosition, now_ms: int, *, skips_held: bool
    ) -> list[int]:
        """Add a block's messages; return the positions of those whose key is held.

        With `skips_held` the others are added all the same, else nothing is written as long as there is one.
        """
        ...

    def leave(self) -> None:
        """Stop in the middle of a line: keep what was booked, durably, and book nothing of that line."""
        ...

    def end(self, position: ImportPosition, now_ms: int, *, is_complete: bool) -> None:
        """Book the end (or that the import was stopped), durably with all that came before."""
        ...


class StoreRecorder:
    """Books for real."""

    def __init__(
        self, store: Store, rejects: Rejects, earlier: ImportProgress, *, actor: str, is_recorded: bool
    ) -> None:
        """Keep an earlier run's record, or a new import's blank one; a nameless pipe is not recorded.

        The activity log names `actor` at the end.
        """
        self._store = store
        self._actor = actor
        self._rejects = rejects
        self._earlier = earlier
        self._progress = earlier
        self._is_recorded = is_recorded

    def begin(self, position: ImportPosition, now_ms: int) -> None:
        """Record a new import, so that its rejects are cut back if it is killed before its first block."""
        if self._is_recorded and self._progress.id is None:
            self._write([], position, now_ms, skips_held=False)

    def reject(self, reject: InvalidLine, pieces: Iterator[bytes]) -> None:
        """Write a line to the rejects file, the first one once the import's record is on the disk."""
        if self._is_recorded and not self._rejects.is_used:
            # else a crash of the machine could leave some that no record counts, and that nobody cuts off
            with self._store.transaction(is_durable=True):
                pass
        self._rejects.add(reject, pieces)

    def add(
        self, messages: Sequence[NewMessage], position: ImportPosition, now_ms: int, *, skips_held: bool
    ) -> list[int]:
        """Add messages and progress in one transaction; the flush at the end is for all of them."""
        try:
            return self._write(messages, position, now_ms, skips_held=skips_held)
        except _KeysHeldError as error:
            return error.positions

    def leave(self) -> None:
        """Wait for the disk; the next run cuts off the rejects that no record counts."""
        with self._store.transaction(is_durable=True):
            pass

    def end(self, position: ImportPosition, now_ms: int, *, is_complete: bool) -> None:
        """Record the end in a commit that waits for the disk, and so for every commit before it."""
        with self._store.transaction(is_durable=True):
            after = self._after(position, finished_at=now_ms if is_complete else None)
            _, record = self._store.restore_many([], after if self._is_recorded else None, now_ms)
            self._progress = _written(after, record)
            self._note(position, now_ms, is_complete=is_complete)

    def _write(
        self, messages: Sequence[NewMessage], position: ImportPosition, now_ms: int, *, skips_held: bool
    ) -> list[int]:
        after = self._after(position)
        with self._store.transaction(is_durable=False):
            ids, record = self._store.restore_many(messages, after if self._is_recorded else None, now_ms)
            held = [index for index, message_id in enumerate(ids) if not message_id]
            if held and not skips_held:
                # only the insert knows for certain, and rejects have to be on the disk before its commit
                raise _KeysHeldError(held)
        self._progress = _written(after, record)
        return held

    def _after(self, position: ImportPosition, *, finished_at: int | None = None) -> ImportProgress:
        """Return the record as it has to be; the rejects that it counts are on the disk."""
        lengths = self._rejects.sync()
        return msgspec.structs.replace(
            self._progress,
            bytes_taken=position.position,
            content_hash=position.digest,
            lines_taken=position.line,
            taken=self._earlier.taken + position.taken,
            rejected=self._earlier.rejected + position.rejected,
            rejects_length=lengths.rejects,
            reasons_length=lengths.reasons,
            finished_at=finished_at,
        )

    def _note(self, position: ImportPosition, now_ms: int, *, is_complete: bool) -> None:
        """Record in the activity log what came in, of a file that has grown since its end what is new."""
        earlier = self._earlier
        goes_on = earlier.finished_at is None
        taken = position.taken + (earlier.taken if goes_on else 0)
        rejected = position.rejected + (earlier.rejected if goes_on else 0)
        if taken or rejected:
            where = (
                earlier.source if is_complete else f"{earlier.source}, stopped after line {position.line:,}"
            )
            self._store.note(
                "import",
                actor=self._actor,
                topic=None,
                changed=taken,
                detail=clean_text(f"{where}; {rejected:,} rejected"),
                now_ms=now_ms,
            )


class _KeysHeldError(Exception):
    """Ends a transaction in which messages could not be added."""

    def __init__(self, positions: list[int]) -> None:
        super().__init__()
        self.positions = positions


def _written(after: ImportProgress, record: int) -> ImportProgress:
    """Return an import's record as it stands in the database once it was committed."""
    return msgspec.structs.replace(after, id=record or None, bytes_before=after.bytes_taken)


class DryRunRecorder:
    """Books nothing, but reads what has to be read."""

    def __init__(self, store: Store | None) -> None:
        """Look keys up in a store, if there is one."""
        self._store = store
        self._seen: set[bytes] = set()
        """Digests of the keys that lines before would hold: eight bytes each, whatever a key's length."""

    def begin(self, position: ImportPosition, now_ms: int) -> None:
        """Do nothing."""

    def reject(self, reject: InvalidLine, pieces: Iterator[bytes]) -> None:  # noqa: ARG002 - the seam's
        """Read the line to its end."""
        for _ in pieces:
            pass

    def add(
        self,
        messages: Sequence[NewMessage],
        position: ImportPosition,  # noqa: ARG002 - the seam's
        now_ms: int,  # noqa: ARG002 - the seam's
        *,
        skips_held: bool,
    ) -> list[int]:
        """Add nothing; see which keys are held in the store, or would be by an earlier line."""
        keyed = [
            (index, message.topic, message.key)
            for index, message in enumerate(messages)
            if message.key is not None and message.state not in FINISHED
        ]
        taken = self._store.held_keys([(topic, key) for _, topic, key in keyed]) if self._store else set()
        held, mine = [], set[bytes]()
        for index, topic, key in keyed:
            digest = hashlib.blake2b(f"{topic}\0{key}".encode(), digest_size=8).digest()
            if (topic, key) in taken or digest in self._seen or digest in mine:
                held.append(index)
            mine.add(digest)
        if not held or skips_held:
            self._seen |= mine
        return held

    def leave(self) -> None:
        """Do nothing."""

    def end(self, position: ImportPosition, now_ms: int, *, is_complete: bool) -> None:
        """Do nothing."""
