"""What lies at the path of the -workers file is used only if it is such a file, else left as it is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.liveness import liveness_locks
from smq_core.daemon.liveness.workers_file import WorkersFile
from smq_core.daemon.liveness.workers_file_layout import FILE_SIZE, MAGIC, RecordHeader, record_at
from smq_core.derived_file import Access
from smq_core.ended import ended_daemons
from smq_core.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.matrix import Fault

HEADER = RecordHeader("one", 4711, "here")
EARLIER_SIZE = 64 * 64 * 1024
PRECIOUS = os.urandom(5_000)


def link(path: Path) -> None:
    path.with_name("precious").write_bytes(PRECIOUS)
    path.symlink_to("precious")


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def hard_link(path: Path) -> None:
    path.with_name("precious").write_bytes(PRECIOUS)
    path.hardlink_to(path.with_name("precious"))


def link_to_ours(path: Path) -> None:
    WorkersFile(str(path.with_name("another"))).close()
    path.symlink_to("another")


def folder(path: Path) -> None:
    path.mkdir()


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    if os.geteuid() == 0:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    else:
        path.symlink_to("/dev/null")


def other_content(path: Path) -> None:
    path.write_bytes(PRECIOUS)


def other_content_of_the_length(path: Path) -> None:
    path.write_bytes(PRECIOUS.ljust(FILE_SIZE, b"x"))


def other_content_of_the_earlier_length(path: Path) -> None:
    path.write_bytes(bytes(EARLIER_SIZE - 5) + b"x" * 5)


def a_later_layout(path: Path) -> None:
    path.write_bytes(MAGIC.replace(b"2", b"3").ljust(FILE_SIZE, b"\0"))


def a_database(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(8000))


STRANGE = [
    link,
    dangling_link,
    hard_link,
    link_to_ours,
    folder,
    fifo,
    device,
    other_content,
    other_content_of_the_length,
    other_content_of_the_earlier_length,
    a_later_layout,
    a_database,
]


def seen(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return what a folder holds: kinds and contents."""
    found = {}
    for one in folder.iterdir():
        kind = one.lstat().st_mode
        content = one.read_bytes() if stat.S_ISREG(kind) else b""
        if one.is_symlink():
            content = str(one.readlink()).encode()
        found[one.name] = kind, content
    return found


@pytest.mark.fault(
    row="something else in place of the -workers file",
    part="environment",
    promise="refused with an error, and what was there is left untouched",
    how="links (also to another -workers file), a hard link, a folder, a FIFO, a device, other files",
)
@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_workers_file_is_refused_and_left_as_it_is(
    strange: Callable[[Path], None], tmp_path: Path, fault: Fault
) -> None:
    location = tmp_path / "queue.sqlite3"
    path = tmp_path / "queue.sqlite3-workers"
    strange(path)
    before = seen(tmp_path)

    with pytest.raises(StoreUnavailable, match=r"queue.sqlite3-workers: .*(move it away|is left as it is)"):
        WorkersFile(str(path))
    assert ended_daemons(location) == frozenset()

    assert seen(tmp_path) == before
    fault.struck()
    fault.ran()


@pytest.mark.parametrize("content", [b"", MAGIC, MAGIC + b"\xff" * 100_000])
def test_an_empty_file_and_one_cut_short_are_made_whole(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_bytes(content)
    file = WorkersFile(str(path))

    file.claim().write(HEADER)

    assert HEADER in [header for _, header in file.headers()]
    assert (path.stat().st_size, path.read_bytes()[: len(MAGIC)]) == (FILE_SIZE, MAGIC)
    file.close()


def earlier(path: Path) -> int:
    """Make a file of the earlier layout with a dead daemon's record; return a descriptor."""
    body = b"\x94\xa3one\x7b\xa4here\x90"
    path.write_bytes((len(body).to_bytes(4, sys.byteorder) + body).ljust(EARLIER_SIZE, b"\0"))
    return os.open(path, os.O_RDWR)


def test_a_file_of_the_earlier_layout_is_renewed(tmp_path: Path) -> None:
    os.close(earlier(tmp_path / "w"))

    file = WorkersFile(str(tmp_path / "w"))

    assert list(file.headers()) == []
    assert os.pread(file.map_fd, len(MAGIC), 0) == MAGIC
    file.close()


@pytest.mark.skipif(not liveness_locks.CAN_ASK, reason="the system does not tell of locks")
def test_a_file_of_the_earlier_layout_that_a_daemon_uses_is_refused(tmp_path: Path) -> None:
    descriptor = earlier(tmp_path / "w")
    liveness_locks.lock(descriptor, 3 * 64 * 1024)
    before = (tmp_path / "w").read_bytes()

    with pytest.raises(StoreUnavailable, match="earlier version"):
        WorkersFile(str(tmp_path / "w"))

    assert (tmp_path / "w").read_bytes() == before
    os.close(descriptor)


def test_the_new_file_has_the_mode_of_the_database_whatever_the_umask(tmp_path: Path) -> None:
    database = tmp_path / "q"
    database.touch()
    database.chmod(0o664)
    before = os.umask(0o077)
    try:
        WorkersFile(str(tmp_path / "w"), Access.beside(database)).close()
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "w").stat().st_mode) == 0o664


AS_USER = "import os, sys; os.setgid(54321); os.setuid(54321); "


def as_user(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python as another user, with what this process may import."""
    # imported before the user changes: the interpreter may lie where only root looks
    imports = (
        "from smq_core.daemon.liveness.workers_file import WorkersFile; "
        "from smq_core.derived_file import Access; "
    )
    return subprocess.run(
        [sys.executable, "-c", imports + AS_USER + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def of_user(tmp_path: Path) -> Path:
    """Give a database that belongs to another user, in a folder of theirs."""
    if os.geteuid() != 0:
        pytest.skip("only root makes files for others")
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    database = tmp_path / "q"
    database.touch(mode=0o600)
    for one in (tmp_path, database):
        os.chown(one, 54321, 54321)
    return database


def test_what_root_makes_beside_somebody_s_database_is_theirs(of_user: Path) -> None:
    path = of_user.with_name("w")
    WorkersFile(str(path), Access.beside(of_user)).close()

    assert (path.stat().st_uid, path.stat().st_gid) == (54321, 54321)
    assert as_user("WorkersFile(sys.argv[1]).close()", path).stderr == ""


def test_a_file_that_root_made_is_given_to_the_database_s_owner_by_root_s_next_daemon(of_user: Path) -> None:
    path = of_user.with_name("w")
    WorkersFile(str(path)).close()
    assert path.stat().st_uid == 0

    WorkersFile(str(path), Access.beside(of_user)).close()

    assert path.stat().st_uid == 54321


def test_whose_file_is_in_the_way_is_said(of_user: Path) -> None:
    path = of_user.with_name("w")
    WorkersFile(str(path)).close()

    told = as_user("WorkersFile(sys.argv[1], Access.beside(sys.argv[2]))", path, of_user).stderr

    assert "it belongs to root (mode 600), the database to user 54321" in told
    assert "remove it while no daemon is running" in told


def test_a_file_of_somebody_who_may_not_write_the_database_is_refused(of_user: Path) -> None:
    path = of_user.with_name("w")
    WorkersFile(str(path)).close()
    os.chown(path, 999, 999)

    with pytest.raises(StoreUnavailable, match=r"it belongs to .*999, but only user 54321 may write"):
        WorkersFile(str(path), Access.beside(of_user))
    of_user.chmod(0o660)
    WorkersFile(str(path), Access.beside(of_user)).close()


def test_records_do_not_overlap_the_preamble() -> None:
    assert record_at(0) >= len(MAGIC)
