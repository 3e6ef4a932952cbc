"""What daemons record: their rows and samples. It touches no message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.store.records import Sample, WorkerRow
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder
from smq_core.store.sqlite.operators import operation_log
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from smq_core.store.sqlite.session import Session

__all__ = ["WorkerRows"]

_READ_COMMAND = query("read_command")
_WRITE_WORKER = query("write_worker")
_DELETE_WORKER = query("delete_worker")
_READ_WORKERS = query("read_workers")
_WRITE_COMMAND = query("write_command")
_WRITE_SAMPLE = query("write_sample")
_DROP_SAMPLES = query("drop_samples")
_READ_SAMPLES = query("read_samples")


class WorkerRows:
    """Keeps the rows and samples of daemons."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put_worker(self, worker: WorkerRow) -> str | None:
        """Write a daemon's row (its heartbeat); return and clear the command that was left for it."""

        def work(db: apsw.Connection) -> str | None:
            command = db.execute(_READ_COMMAND, (worker.id,)).get
            db.execute(_WRITE_WORKER, msgspec.structs.asdict(worker))
            return None if command is None else str(command)

        return self._session.write(work)

    def remove_worker(self, worker_id: str) -> None:
        """Remove a daemon's row; harmless when there is none."""
        self._session.write(lambda db: db.execute(_DELETE_WORKER, (worker_id,)))

    def workers(self) -> list[WorkerRow]:
        """Return every daemon's row."""
        return [_worker(row) for row in self._session.read(lambda db: db.execute(_READ_WORKERS).fetchall())]

    def command_worker(self, worker_id: str, command: str, *, actor: str, now_ms: int) -> bool:
        """Leave a command for a daemon, recorded in the activity log; False when there is no such row."""

        def work(db: apsw.Connection) -> bool:
            db.execute(_WRITE_COMMAND, {"id": worker_id, "command": command})
            if not db.changes():
                return False
            operation = operation_log.begin(
                db, f"worker {command}", actor=actor, now_ms=now_ms, detail=worker_id
            )
            operation_log.count(db, operation, 1)
            return True

        return self._session.write(work, is_durable=True)

    def add_samples(self, samples: Sequence[Sample], step_ms: int, keep_after: int) -> None:
        """Write one round of samples and drop those of the same step before `keep_after`."""

        def work(db: apsw.Connection) -> None:
            for sample in samples:
                at, topic, *figures = sample
                db.execute(_WRITE_SAMPLE, (step_ms, at, topic, *map(_storable, figures)))
            db.execute(_DROP_SAMPLES, {"step_ms": step_ms, "before": keep_after})

        self._session.write(work)

    def samples(self, step_ms: int, since: int, topic: str | None = None) -> list[Sample]:
        """Return samples, oldest first."""
        wanted = {"step_ms": step_ms, "since": since, "topic": topic}
        return [
            _sample(row)
            for row in self._session.read(lambda db: db.execute(_READ_SAMPLES, wanted).fetchall())
        ]


def _storable(figure: int) -> int:
    """Bound what is computed from counters, which another program may have set to anything."""
    return max(-_LARGEST, min(_LARGEST, figure))


_LARGEST: Final = 2**62
_worker = RecordDecoder(WorkerRow)
_sample = RecordDecoder(Sample)
