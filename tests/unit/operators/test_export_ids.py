"""An export writes what was counted, and tells what of it is gone."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue, Selection, State
from smq_core.transfer import Exported, export_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def queue(location: str) -> Iterator[Queue]:
    with Queue(location) as opened:
        opened.enqueue_many("mail", list(range(450)))
        yield opened


@pytest.fixture
def inspector(location: str) -> Iterator[Inspector]:
    with Inspector(location) as opened:
        yield opened


def payloads(path: Path) -> list[int]:
    return [json.loads(line)["payload"] for line in path.read_text().splitlines()]


def test_what_was_selected_is_written_wherever_it_is_by_then(
    queue: Queue, inspector: Inspector, location: str, tmp_path: Path
) -> None:
    selection = inspector.select("mail", "ready", limit=400)
    inspector.bury([1])
    inspector.move([2], "print")
    inspector.delete([3])
    queue.enqueue("mail", "later")
    written = export_file(location, tmp_path / "out", selection)
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]

    assert written == Exported(400, 0)
    assert payloads(tmp_path / "out") == list(range(400))
    assert [lines[0]["state"], lines[1]["topic"], lines[2]["state"]] == ["dead", "print", "deleted"]


@pytest.mark.parametrize("is_selected", [True, False])
def test_what_is_gone_is_counted(
    queue: Queue,
    inspector: Inspector,
    location: str,
    tmp_path: Path,
    is_selected: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    selection = inspector.select("mail", "ready")
    queue.ack_many(queue.dequeue("mail", limit=3))
    targets = selection if is_selected else selection.fixed.ids

    assert export_file(location, tmp_path / "out", targets) == Exported(447, 3)
    assert payloads(tmp_path / "out") == list(range(3, 450))


@pytest.mark.usefixtures("queue")
def test_a_selection_that_is_not_fixed_is_so_before_the_first_line(
    inspector: Inspector, location: str, tmp_path: Path
) -> None:
    """Messages leave the state while it is written."""

    def progress(_: int) -> bool:
        inspector.bury(range(300, 451))
        return True

    selection = Selection(topic="mail", state=State.READY)
    assert export_file(location, tmp_path / "out", selection, progress=progress) == Exported(450, 0)


@pytest.mark.usefixtures("queue")
def test_an_export_that_is_stopped_counts_nothing_as_gone(location: str, tmp_path: Path) -> None:
    written = export_file(location, tmp_path / "out", range(1, 451), progress=lambda _: False)

    assert written == Exported(200, 0)


@pytest.mark.usefixtures("queue")
def test_a_file_that_cannot_be_written_to_its_end_is_removed(location: str, tmp_path: Path) -> None:
    def progress(_: int) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        export_file(location, tmp_path / "out", [1, 2], progress=progress)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("queue")
def test_ids_are_written_once_each_in_their_order(location: str, tmp_path: Path) -> None:
    assert export_file(location, tmp_path / "out", [3, 1, 3, 2]) == Exported(3, 0)
    assert payloads(tmp_path / "out") == [0, 1, 2]


@pytest.mark.usefixtures("queue")
def test_a_file_of_that_name_stays_as_it_is(location: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(FileExistsError):
        export_file(location, tmp_path / "out", [1, 2])
    assert (tmp_path / "out").read_text() == "mine"
