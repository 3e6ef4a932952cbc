"""What stands before a public error in its traceback is its cause, or nothing: no step of smq's own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core import Inspector, Queue, SmqError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CAUSES = (apsw.Error, OSError, UnicodeError, SmqError, ValueError, TypeError)
"""What a user may read as the reason: of the driver, of the system, of what was given."""


def foreign(path: Path) -> None:
    execute(path, "CREATE TABLE mine (a)")


def too_new(path: Path) -> None:
    a_queue(path)
    execute(path, "UPDATE smq_schema SET version = 999")


def contradicting(path: Path) -> None:
    a_queue(path)
    execute(path, "DELETE FROM smq_schema")


def a_queue(path: Path) -> None:
    with Queue(path) as queue:
        queue.enqueue("mail", "hello")


def execute(path: Path, sql: str) -> None:
    # in a process of its own: this one has smq's SQLite
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit(); c.close()"
    )
    subprocess.run([sys.executable, "-c", script, str(path), sql], check=True)


def listening(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(str(path))


def torn(path: Path) -> None:
    a_queue(path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 2_000 + content[2_100:])


def in_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("")


THERE: dict[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "a socket": listening,
    "a pipe": os.mkfifo,
    "text": lambda path: path.write_text("dear diary\n" * 99),
    "a few bytes": lambda path: path.write_bytes(b"SQL"),
    "a foreign database": foreign,
    "a newer queue": too_new,
    "a queue without a version": contradicting,
    "a damaged queue": torn,
    "a -wal alone": lambda path: path.with_name(f"{path.name}-wal").write_bytes(bytes(99)),
    "a link in a circle": lambda path: path.symlink_to(path),
    "nothing, in no folder": lambda path: path.parent.rmdir(),
    "nothing, in a file": in_a_file,
}


@pytest.mark.parametrize("opened", [Queue, Inspector])
@pytest.mark.parametrize("there", THERE)
def test_an_error_of_opening_has_its_cause_before_it_and_nothing_else(
    tmp_path: Path, there: str, opened: type[Queue | Inspector]
) -> None:
    path = tmp_path / "folder" / "q.sqlite3"
    path.parent.mkdir()
    THERE[there](path)
    with opened(path) as tried, pytest.raises(SmqError) as caught:
        _ = tried.size("mail") if isinstance(tried, Queue) else tried.topics()

    require_causes(caught.value)


def test_an_inspector_of_nothing_is_told_that_alone(tmp_path: Path) -> None:
    with Inspector(tmp_path / "q.sqlite3") as inspector, pytest.raises(SmqError) as caught:
        inspector.topics()

    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def ack_twice(queue: Queue, _: Inspector) -> None:
    (lease,) = queue.dequeue("mail")
    queue.ack(lease)
    queue.ack(lease)


def extend_late(queue: Queue, _: Inspector) -> None:
    (lease,) = queue.dequeue("mail")
    queue.ack(lease)
    queue.extend(lease)


WRONG: dict[str, Callable[[Queue, Inspector], object]] = {
    "a topic": lambda queue, _: queue.enqueue("a=b", 1),
    "a payload": lambda queue, _: queue.enqueue("mail", {1, 2}),  # type: ignore[arg-type]  # the mistake
    "a time": lambda queue, _: queue.enqueue("mail", 1, at="noon"),  # type: ignore[arg-type]  # the mistake
    "a state": lambda _, inspector: inspector.browse("mail", "lost"),
    "an id": lambda _, inspector: inspector.get(99),
    "ids": lambda _, inspector: inspector.delete(5),  # type: ignore[arg-type]  # the mistake
    "an operation": lambda _, inspector: inspector.undo(99),
    "no operation of ones own": lambda _, inspector: inspector.undo("last"),
    "a lease": ack_twice,
    "a late extend": extend_late,
    "a statement": lambda queue, _: queue._store.execute("SELECT nothing FROM nowhere"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_error_of_a_call_has_its_cause_before_it_and_nothing_else(
    queue: Queue, inspector: Inspector, wrong: str
) -> None:
    queue.enqueue("mail", "hello")
    with pytest.raises(SmqError) as caught:
        WRONG[wrong](queue, inspector)

    require_causes(caught.value)


def test_whoever_is_told_busy_is_told_that_alone(location: str) -> None:
    with Queue(location) as holder, Queue(location, timeout=0.01) as hasty:
        hasty.size("mail")
        caught: list[SmqError] = []

        def send() -> None:
            try:
                hasty.enqueue("mail", "hello")
            except SmqError as error:
                caught.append(error)

        with holder.transaction():
            sender = threading.Thread(target=send)
            sender.start()
            sender.join()
        (error,) = caught

    require_causes(error)


def require_causes(error: BaseException) -> None:
    """Require that each exception before an error is its cause, and one that users can make something of."""
    before: BaseException | None = error
    while before is not None:
        assert before.__context__ is before.__cause__, repr(before.__context__)
        before = before.__cause__
        assert before is None or isinstance(before, CAUSES), repr(before)
