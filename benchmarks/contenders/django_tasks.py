"""django-tasks-db on SQLite, set up as its README and a new Django project have it."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from benchmarks.contender import Contender, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["DjangoTasks", "work"]


class _Worker(Protocol):
    def run(self) -> None: ...


HANDLERS: Final[list[Callable[[object], object]]] = []


def work(payload: object) -> None:
    """Hand the payload to whoever listens; Django finds this function by its path."""
    for handler in HANDLERS:
        handler(payload)


class DjangoTasks(Contender):
    """Its rollback journal flushes four times a commit; the mode normal is WAL with synchronous NORMAL."""

    fill_mode: Mode = "default"

    def __init__(self, folder: str, mode: Mode) -> None:
        """Set Django up and make its tables."""
        self._mode = mode
        self._path = f"{folder}/django.sqlite3"
        self._taken: list[object] = []
        settings = import_module("django.conf").settings
        if not settings.configured:
            settings.configure(
                INSTALLED_APPS=["django_tasks_db"],
                DATABASES={"default": self._database()},
                TASKS={"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}},
                USE_TZ=True,
            )
            import_module("django").setup()
            # the decorated name is what Django looks up by its path, in this module
            globals()["work"] = import_module("django.tasks").task(work)
        HANDLERS[:] = [self._taken.append]
        if not Path(self._path).exists():
            import_module("django.core.management").call_command("migrate", verbosity=0)

    def prepare(self, payload: str) -> object:
        """Read the JSON."""
        value: object = json.loads(payload)
        return value

    def put(self, payload: object) -> object:
        """Enqueue the task."""
        return globals()["work"].enqueue(payload)

    def put_many(self, payloads: Sequence[object]) -> object:
        """Enqueue tasks in one transaction."""
        with import_module("django.db").transaction.atomic():
            return [self.put(payload) for payload in payloads]

    def take(self) -> object | None:
        """Let its worker run one task, which takes and finishes it."""
        before = len(self._taken)
        self._worker(batch=True, max_tasks=1).run()
        return self._taken.pop() if len(self._taken) > before else None

    def finish(self, taken: object) -> None:
        """Do nothing: the worker has finished it."""

    def payload(self, taken: object) -> object:
        """Return the payload."""
        return taken

    def serve(self, handler: Callable[[object], object]) -> None:
        """Run its worker at its defaults."""
        HANDLERS[:] = [handler]
        self._worker(batch=False, max_tasks=None, interval=1.0).run()

    def depth(self) -> int:
        """Count what is ready."""
        return int(import_module("django_tasks_db.models").DBTaskResult.objects.ready().count())

    def settings(self) -> dict[str, str]:
        """Return the modes of its connection."""
        with import_module("django.db").connection.cursor() as cursor:
            return {
                name: str(cursor.execute(f"PRAGMA {pragma}").fetchone()[0])
                for name, pragma in (("journal", "journal_mode"), ("synchronous", "synchronous"))
            }

    def close(self) -> None:
        """Close its connection."""
        import_module("django.db").connections.close_all()

    def _database(self) -> dict[str, object]:
        database: dict[str, object] = {"ENGINE": "django.db.backends.sqlite3", "NAME": self._path}
        if self._mode == "default":
            return database
        synchronous = self._mode.upper()
        command = f"PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}"
        return {**database, "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": command}}

    @staticmethod
    def _worker(*, batch: bool, max_tasks: int | None, interval: float = 0.0) -> _Worker:
        module = import_module("django_tasks_db.management.commands.db_worker")
        worker: _Worker = module.Worker(
            queue_names=["default"],
            interval=interval,
            batch=batch,
            backend_name="default",
            startup_delay=False,
            max_tasks=max_tasks,
            worker_id="bench",
            excluded_queue_names=[],
        )
        return worker
