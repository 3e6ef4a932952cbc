"""The SQLite store: its parts put together. Each part is one file; this one adds nothing but the sum."""

from __future__ import annotations

from smq_core.store.sqlite.browsing import Browsing
from smq_core.store.sqlite.copying import Copying
from smq_core.store.sqlite.counting import Counting
from smq_core.store.sqlite.editing import Editing
from smq_core.store.sqlite.governing import Governing
from smq_core.store.sqlite.housekeeping import Housekeeping
from smq_core.store.sqlite.imports import Imports
from smq_core.store.sqlite.leasing import Leasing
from smq_core.store.sqlite.operating import Operating
from smq_core.store.sqlite.outputs import Outputs
from smq_core.store.sqlite.producing import Producing
from smq_core.store.sqlite.pruning import Pruning
from smq_core.store.sqlite.recovering import Recovering
from smq_core.store.sqlite.settling import Settling
from smq_core.store.sqlite.surveying import Surveying
from smq_core.store.sqlite.undoing import Undoing
from smq_core.store.sqlite.waiting import Waiting
from smq_core.store.sqlite.workers import Workers

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
