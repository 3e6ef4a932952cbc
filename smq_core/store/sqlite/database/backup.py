"""Copies a database while others use it, into a new file that is one too; it never overwrites anything."""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core.derived_file import Access
from smq_core.errors import StoreUnavailable
from smq_core.store.sqlite.driver.raw_connection import connect, translated
from smq_core.store.sqlite.location import resolved
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import apsw

__all__ = ["beside", "copy"]

_OBJECTS: Final = query("doors_objects")
_PAGES_A_STEP: Final = 500


def copy(
    source: apsw.Connection, path: str, target: str, check: Callable[[], None] = lambda: None
) -> Generator[tuple[int, int], None, None]:
    """Copy the database at `path` as it is at the first step, by a connection that serves this copy alone.

    Yields the bytes done, and in all. The target appears, flushed, once all is in it, readable by
    its owner only; given up half-way (an error, or a closed generator), it does not appear. `check` is called
    in between, and raises what keeps it from appearing.

    Raises:
        StoreUnavailable: the target exists, or cannot be written.
    """
    target = resolved(target)
    _refuse_existing(target)
    # named before it is there, so that an interrupt leaves none behind
    part = f"{target}.{secrets.token_hex(8)}.part"
    try:
        with translated(target):
            _make(part)
        with translated(path):
            yield from _fill(source, part)
            check()
        with translated(target):
            _flush(part)
            _publish(part, target)
    finally:
        try:  # noqa: SIM105 - before a `with`, as before a method of Path, an interrupt may come
            os.unlink(part)  # noqa: PTH108 - see above
        except (FileNotFoundError, NotADirectoryError):
            pass


def beside(path: str, what: str, now_ms: int) -> str:
    """Copy a database next to itself, under a name with what it was and the time, and return that name."""
    moment = datetime.datetime.fromtimestamp(now_ms / 1000, datetime.UTC)
    first = f"{path}.{what}-{moment:%Y%m%dT%H%M%SZ}.backup"
    target = next(name for name in _numbered(first) if not os.path.lexists(name))
    with translated(path), closing(connect(path)) as source:
        for _ in copy(source, path, target):
            pass
    _give_to_owner(target, Access.beside(path))
    return target


def _give_to_owner(target: str, access: Access) -> None:
    """Give what root creates next to a user's database to that user; its mode stays its owner's alone."""
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            os.chown(target, access.uid, access.gid, follow_symlinks=False)


def _numbered(first: str) -> Iterator[str]:
    yield first
    number = 2
    while True:
        yield f"{first}-{number}"
        number += 1


def _refuse_existing(target: str) -> None:
    """Refuse a target that is there, or beside which a companion lies that SQLite would mix into it."""
    for suffix in ("", "-wal", "-journal"):
        if os.path.lexists(target + suffix):
            raise StoreUnavailable(
                f"{target}{suffix} already exists: a backup must be a new file; choose another name"
            )


def _make(part: str) -> None:
    # nobody has this file open yet, so that closing it drops nobody's locks
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _fill(source: apsw.Connection, part: str) -> Iterator[tuple[int, int]]:
    with closing(connect(part)) as target:
        # flushed once, at the end; no journal, since a half-written part is thrown away
        target.execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF").fetchall()
        # a read transaction: the copy would start over with each commit of another process
        source.execute("BEGIN")
        try:
            source.execute(_OBJECTS).fetchall()
            page_bytes: int = source.execute("PRAGMA page_size").get
            with target.backup("main", source, "main") as steps:
                while not steps.done:
                    steps.step(_PAGES_A_STEP)
                    yield (steps.page_count - steps.remaining) * page_bytes, steps.page_count * page_bytes
        finally:
            source.execute("ROLLBACK")


def _flush(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(part: str, target: str) -> None:
    try:
        # unlike a rename, a link does not replace what came meanwhile
        os.link(part, target)
    except FileExistsError as error:
        raise StoreUnavailable(f"{target} was created during the backup: choose another file name") from error
    except OSError:
        # no hard links on this file system
        _refuse_existing(target)
        Path(part).rename(target)
    else:
        # before anybody waits for the disk: a file with a second name is refused as a queue
        Path(part).unlink()
    _flush(str(Path(target).parent))
