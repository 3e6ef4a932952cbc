"""The SQLite store: its parts put together. Each part is one file; this one adds nothing but the sum."""

from __future__ import annotations

from smq_core.store.sqlite.admin.online_copy import Copying
from smq_core.store.sqlite.admin.tidy import Housekeeping
from smq_core.store.sqlite.operators.browse import Browsing
from smq_core.store.sqlite.operators.edit import Editing
from smq_core.store.sqlite.operators.operate import Operating
from smq_core.store.sqlite.operators.topics import Governing
from smq_core.store.sqlite.operators.undo import Undoing
from smq_core.store.sqlite.operators.worker_rows import Workers
from smq_core.store.sqlite.queue.change_watch import Waiting
from smq_core.store.sqlite.queue.counts import Counting
from smq_core.store.sqlite.queue.enqueue import Producing
from smq_core.store.sqlite.queue.imports import Imports
from smq_core.store.sqlite.queue.kept_output import Outputs
from smq_core.store.sqlite.queue.lease import Leasing
from smq_core.store.sqlite.queue.prune import Pruning
from smq_core.store.sqlite.queue.recover import Recovering
from smq_core.store.sqlite.queue.settle import Settling
from smq_core.store.sqlite.queue.survey import Surveying

__all__ = ["SqliteStore"]


class SqliteStore(
    Producing,
    Leasing,
    Surveying,
    Settling,
    Outputs,
    Recovering,
    Counting,
    Imports,
    Operating,
    Editing,
    Undoing,
    Governing,
    Browsing,
    Workers,
    Pruning,
    Housekeeping,
    Copying,
    Waiting,
):
    """A queue in one SQLite file; see `smq_core.store.base` for what each method promises."""
