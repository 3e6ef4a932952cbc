"""Files whose names smq derives are made and opened as what they are; no link in their place is followed."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from smq_core.cli.main import run
from smq_core.daemon.inbox.inbox_folder import InboxFolder, write_report
from smq_core.derived_file import Access, make_derived, open_derived, open_or_make_derived
from smq_core.errors import SmqError
from tests.unit.jsonl.jsonl_desk import take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smq_core.store.base import Store

PRECIOUS = b"precious"


def symbolic(path: Path, precious: Path) -> None:
    path.symlink_to(precious)


def hard(path: Path, precious: Path) -> None:
    path.hardlink_to(precious)


def relative(path: Path, precious: Path) -> None:
    path.symlink_to(os.path.relpath(precious, path.parent))


TRAPS = pytest.mark.parametrize("trap", [symbolic, hard, relative])


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """Give a file that must not be touched."""
    made = tmp_path / "precious"
    made.write_bytes(PRECIOUS)
    return made


@TRAPS
@pytest.mark.parametrize("opened", [open_derived, open_or_make_derived, make_derived])
def test_a_link_in_a_file_s_place_is_refused(
    trap: Callable[[Path, Path], None], opened: Callable[[Path], int], tmp_path: Path, precious: Path
) -> None:
    trap(tmp_path / "derived", precious)

    with pytest.raises(OSError, match=r"link|names|exists"):
        opened(tmp_path / "derived")

    assert precious.read_bytes() == PRECIOUS


@TRAPS
def test_rejects_beside_a_source_go_through_no_link(
    trap: Callable[[Path, Path], None], store: Store, tmp_path: Path, precious: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"\xff\n")
    trap(tmp_path / "in.jsonl.rejects", precious)

    with pytest.raises(SmqError, match="rejects cannot be written"):
        take(store, source)

    assert precious.read_bytes() == PRECIOUS


@TRAPS
def test_reasons_beside_rejects_go_through_no_link(
    trap: Callable[[Path, Path], None], store: Store, tmp_path: Path, precious: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"\xff\n")
    trap(tmp_path / "in.jsonl.rejects.reasons.jsonl", precious)

    with pytest.raises(SmqError, match="rejects cannot be written"):
        take(store, source)

    assert precious.read_bytes() == PRECIOUS


def test_rejects_that_a_person_named_may_be_a_link(store: Store, tmp_path: Path) -> None:
    source, named, target = tmp_path / "in.jsonl", tmp_path / "named", tmp_path / "target"
    source.write_bytes(b"\xff\n")
    named.symlink_to(target)

    take(store, source, rejects=named, is_rejects_typed=True)

    assert target.read_bytes() == b"\xff\n"


@TRAPS
def test_a_report_in_the_inbox_goes_through_no_link(
    trap: Callable[[Path, Path], None], tmp_path: Path, precious: Path
) -> None:
    folder = InboxFolder(str(tmp_path / "inbox"))
    (folder.path / "a.jsonl").write_bytes(b"1\n")
    claim = folder.claim(folder.path / "a.jsonl", "1")
    assert claim is not None
    trap(folder.done / "1-a.jsonl.report.json", precious)

    done = claim.finish(is_refused=False)
    assert done is not None
    with pytest.raises(OSError, match=r"link|names"):
        write_report(done, b"{}")

    assert precious.read_bytes() == PRECIOUS


@TRAPS
def test_the_unfinished_file_of_an_export_goes_through_no_link(
    trap: Callable[[Path, Path], None], location: str, store: Store, tmp_path: Path, precious: Path
) -> None:
    store.highest_id()
    trap(tmp_path / ".out.jsonl.part", precious)

    assert run(["export", "--db", location, "-o", str(tmp_path / "out.jsonl")]) == 0

    assert precious.read_bytes() == PRECIOUS
    assert (tmp_path / "out.jsonl").read_bytes() == b""


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_is_refused_without_waiting(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "derived"
    path.mkdir() if kind == "folder" else os.mkfifo(path)

    with pytest.raises(OSError, match="not a file"):
        open_or_make_derived(path)


def test_a_new_file_is_its_owner_s_alone_unless_it_is_shared_as_the_database_is(tmp_path: Path) -> None:
    os.close(make_derived(tmp_path / "private"))
    os.close(make_derived(tmp_path / "shared", Access(0o664, os.getuid(), os.getgid())))

    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o664
