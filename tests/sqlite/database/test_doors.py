from __future__ import annotations

import logging
import multiprocessing
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.errors import StoreError, StoreUnavailable
from smq_core.store.sqlite.database import backup, file_system, identify, migrate, open_database
from smq_core.store.sqlite.database.identify import DatabaseKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW_MS = 1_700_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "q.sqlite3"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def prepare(path: Path, *, may_create: bool = True, may_write: bool = True) -> None:
    open_database.prepare(str(path), may_create=may_create, may_write=may_write, now_ms=NOW_MS)


def ask(path: Path, statement: str) -> object:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        row = connection.execute(statement).fetchone()
    return row[0] if row else None


def test_a_new_queue_is_in_wal_with_its_own_application_id_and_incremental_vacuum(path: Path) -> None:
    prepare(path)

    assert ask(path, "PRAGMA journal_mode") == "wal"
    assert ask(path, "PRAGMA application_id") == int.from_bytes(b"smq1")
    assert ask(path, "PRAGMA auto_vacuum") == 2
    assert ask(path, "PRAGMA user_version") == 0
    assert ask(path, "SELECT version FROM smq_schema") == migrate.newest_version()


def test_preparing_leaves_the_database_alone_in_its_folder(path: Path) -> None:
    prepare(path)
    prepare(path)

    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("open_umask")
def test_a_new_queue_and_its_companions_are_readable_by_the_owner_only(path: Path) -> None:
    prepare(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'x')")
        connection.commit()

        assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_a_stricter_umask_is_respected(path: Path) -> None:
    before = os.umask(0o277)
    try:
        open_database._make_file(str(path))
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o400


def test_an_empty_file_becomes_a_queue_and_keeps_its_mode(path: Path) -> None:
    path.touch()
    path.chmod(0o640)

    prepare(path)

    assert identify.look(str(path)).kind is DatabaseKind.QUEUE
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_database_without_tables_becomes_a_queue(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        connection.execute("DROP TABLE t")

    prepare(path)

    assert identify.look(str(path)).kind is DatabaseKind.QUEUE


def test_a_path_with_signs_that_mean_something_in_a_uri(tmp_path: Path) -> None:
    path = tmp_path / "50% off? #1 & ünï;:'\"\n.db"

    prepare(path)

    assert list(tmp_path.iterdir()) == [path]


def test_a_link_leads_to_its_target(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere" / "q.sqlite3")

    prepare(link)

    assert (tmp_path / "elsewhere" / "q.sqlite3").exists()
    assert link.is_symlink()


def test_a_queue_that_a_browser_took_out_of_wal_is_put_back(path: Path) -> None:
    prepare(path)
    ask(path, "PRAGMA journal_mode = delete")

    prepare(path, may_create=False, may_write=False)
    assert ask(path, "PRAGMA journal_mode") == "delete"

    prepare(path)
    assert ask(path, "PRAGMA journal_mode") == "wal"


def _prepare_at(barrier: Callable[[], object], path: str, failures: Callable[[str], object]) -> None:
    barrier()
    try:
        open_database.prepare(path, may_create=True, may_write=True, now_ms=NOW_MS)
    except StoreError as error:
        failures(str(error))


def test_eight_processes_that_create_at_once_all_succeed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for round_number in range(5):
        path = tmp_path / f"{round_number}.sqlite3"
        barrier, failures = context.Barrier(8), context.SimpleQueue()
        workers = [
            context.Process(target=_prepare_at, args=(barrier.wait, str(path), failures.put))
            for _ in range(8)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert failures.empty(), failures.get()
        assert identify.look(str(path)).kind is DatabaseKind.QUEUE
        assert ask(path, "SELECT count(*) FROM smq_schema") == 1


def test_an_older_schema_is_migrated_after_a_backup(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    prepare(path)
    ask(path, "INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'kept')")
    newer = migrate.newest_version() + 1
    steps = (*migrate.scripts(), (newer, "ALTER TABLE smq_workers ADD COLUMN extra TEXT"))

    with caplog.at_level(logging.WARNING):
        migrate.upgrade(str(path), NOW_MS, steps)

    kept = path.parent / f"q.sqlite3.schema-{newer - 1}-20231114T221320Z.backup"
    assert ask(path, "SELECT version FROM smq_schema") == newer
    assert ask(kept, "SELECT version FROM smq_schema") == newer - 1
    assert ask(kept, "SELECT payload FROM smq_messages") == "kept"
    assert str(kept) in caplog.text


def test_who_migrates_second_finds_it_done(path: Path) -> None:
    prepare(path)

    migrate.upgrade(str(path), NOW_MS)

    assert list(path.parent.iterdir()) == [path]


def test_a_migration_that_fails_leaves_the_older_schema(path: Path) -> None:
    prepare(path)
    newer = migrate.newest_version() + 1
    script = "ALTER TABLE smq_workers ADD COLUMN extra TEXT; ALTER TABLE missing ADD COLUMN extra TEXT"

    with pytest.raises(StoreError, match="missing"):
        migrate.upgrade(str(path), NOW_MS, (*migrate.scripts(), (newer, script)))

    assert ask(path, "SELECT version FROM smq_schema") == newer - 1
    assert ask(path, "SELECT count(*) FROM pragma_table_info('smq_workers') WHERE name = 'extra'") == 0


def test_a_backup_into_a_missing_folder_says_so(path: Path) -> None:
    prepare(path)

    with closing(apsw.Connection(str(path))) as source, pytest.raises(StoreUnavailable, match="No such file"):
        list(backup.copy(source, str(path), str(path.parent / "missing" / "copy")))


@pytest.mark.parametrize(
    ("magic", "name"), [(0x6969, "NFS"), (0x01021994, "tmpfs"), (0x1234, "of kind 0x1234"), (None, "unknown")]
)
def test_file_systems_have_names(magic: int | None, name: str) -> None:
    assert file_system.name_of(magic) == name


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux tells")
def test_the_kernel_tells_the_kind_of_a_file_system() -> None:
    assert file_system.magic_of("/proc/self") == 0x9FA0
