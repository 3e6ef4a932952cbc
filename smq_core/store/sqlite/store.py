"""The SQLite store: builds its parts around one session, and offers their methods as those of the seam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite.admin.tidy import FileUpkeep
from smq_core.store.sqlite.location import SqliteLocation
from smq_core.store.sqlite.operators.activity import Activity
from smq_core.store.sqlite.operators.browse import Browser
from smq_core.store.sqlite.operators.edit import Editor
from smq_core.store.sqlite.operators.freeze import Freezer
from smq_core.store.sqlite.operators.operate import Actions
from smq_core.store.sqlite.operators.purge import Purger
from smq_core.store.sqlite.operators.topic_settings import TopicSettings
from smq_core.store.sqlite.operators.undo import Undo
from smq_core.store.sqlite.operators.worker_rows import WorkerRows
from smq_core.store.sqlite.queue.change_watch import ChangeWatch
from smq_core.store.sqlite.queue.counters import Counters
from smq_core.store.sqlite.queue.enqueue import Enqueuer
from smq_core.store.sqlite.queue.imports import Imports
from smq_core.store.sqlite.queue.lease import Leases
from smq_core.store.sqlite.queue.prune import Pruner
from smq_core.store.sqlite.queue.recover import Recovery
from smq_core.store.sqlite.queue.settle import Settlement
from smq_core.store.sqlite.queue.survey import Survey

if TYPE_CHECKING:
    from smq_core.store.location import Location
    from smq_core.store.sqlite.session import Session

__all__ = ["SqliteStore"]


class SqliteStore:
    """A queue in one SQLite file; see `smq_core.store.base` for what each method promises.

    Its methods are those of its parts, bound once: a call of the store costs no more than one of the part.
    """

    def __init__(
        self, session: Session, location: Location | None = None, *, prunes_opportunistically: bool = False
    ) -> None:
        """Build the parts; `location` has the name that people gave it, if that is known.

        With `prunes_opportunistically` a write removes now and then a little of what is past its time.
        """
        self.session: Final = session
        self.location: Final[Location] = location or SqliteLocation.of(session.location)
        self._offer_session(session)
        self._offer_sending(Enqueuer(session), Imports(session))
        self._offer_taking(Leases(session), Settlement(session), Recovery(session))
        self._offer_survey(Survey(session), Counters(session), ChangeWatch(session))
        browser = Browser(session)
        freezer = Freezer(session, browser)
        self._offer_reading(browser, Activity(session))
        self._offer_changes(freezer, Actions(session, freezer), Purger(session, freezer))
        self._offer_edits(Editor(session), Undo(session))
        self._offer_topic_settings(TopicSettings(session))
        self._offer_worker_rows(WorkerRows(session))
        pruner = Pruner(session, is_opportunistic=prunes_opportunistically)
        self._offer_upkeep(pruner, FileUpkeep(session))

    def _offer_session(self, session: Session) -> None:
        self.transaction = session.transaction
        self.require_no_transaction = session.require_no_transaction
        self.execute = session.execute
        self.is_briefly_away = session.is_briefly_away
        self.close = session.close

    def _offer_sending(self, enqueuer: Enqueuer, imports: Imports) -> None:
        self.enqueue = enqueuer.enqueue
        self.enqueue_many = enqueuer.enqueue_many
        self.restore_many = imports.restore_many
        self.held_keys = imports.held_keys
        self.imports = imports.imports

    def _offer_taking(self, leases: Leases, settlement: Settlement, recovery: Recovery) -> None:
        self.lease = leases.lease
        self.next_due = leases.next_due
        self.ack = settlement.ack
        self.keep_output = settlement.keep_output
        self.requeue = settlement.requeue
        self.release = settlement.release
        self.bury = settlement.bury
        self.extend = settlement.extend
        self.recover = recovery.recover
        self.held_by = recovery.held_by

    def _offer_survey(self, survey: Survey, counters: Counters, watch: ChangeWatch) -> None:
        self.ready_topics = survey.ready_topics
        self.has_ready = survey.has_ready
        self.delays = survey.delays
        self.leased_topics = survey.leased_topics
        self.next_end = survey.next_end
        self.reclaim = survey.reclaim
        self.size = counters.size
        self.topics = counters.topics
        self.topic = counters.topic
        self.waiter = watch.waiter
        self.data_version = watch.data_version

    def _offer_reading(self, browser: Browser, activity: Activity) -> None:
        self.get = browser.get
        self.page = browser.page
        self.rows = browser.rows
        self.highest_id = browser.highest_id
        self.ids = browser.ids
        self.count = browser.count
        self.error_kinds = browser.error_kinds
        self.attempts = browser.attempts
        self.activity = activity.activity
        self.daemon_deaths = activity.daemon_deaths
        self.note = activity.note

    def _offer_changes(self, freezer: Freezer, actions: Actions, purger: Purger) -> None:
        self.freeze = freezer.freeze
        self.act = actions.act
        self.purge = purger.purge

    def _offer_edits(self, editor: Editor, undo: Undo) -> None:
        self.edit = editor.edit
        self.undo = undo.undo
        self.last_undoable = undo.last_undoable

    def _offer_topic_settings(self, settings: TopicSettings) -> None:
        self.topic_names = settings.topic_names
        self.policy = settings.policy
        self.set_policy = settings.set_policy
        self.pause = settings.pause
        self.resume = settings.resume
        self.drop = settings.drop

    def _offer_worker_rows(self, rows: WorkerRows) -> None:
        self.put_worker = rows.put_worker
        self.remove_worker = rows.remove_worker
        self.workers = rows.workers
        self.command_worker = rows.command_worker
        self.add_samples = rows.add_samples
        self.samples = rows.samples

    def _offer_upkeep(self, pruner: Pruner, upkeep: FileUpkeep) -> None:
        self.prune = pruner.prune
        self.tidy = upkeep.tidy
        self.optimize = upkeep.optimize
