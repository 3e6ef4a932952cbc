"""Every command, with standard streams that are closed or full, or whose reader has gone."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import click
import pytest

from smq_core import Inspector, Queue
from smq_core.cli.commands import smq as group
from smq_core.cli.main import run
from tests.cli.looking.test_checking import put_silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

DEAD: Final = "3"
ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "init": (),
    "send": ("mail", "x"),
    "import": ("{folder}/lines.jsonl",),
    "export": (),
    "topics": (),
    "peek": ("mail",),
    "show": ("1",),
    "activity": (),
    "workers": (),
    "top": (),
    "requeue": (DEAD,),
    "delete": (DEAD,),
    "bury": ("1",),
    "move": (DEAD, "--to", "letters"),
    "undo": (),
    "purge": ("mail", "--state", "dead", "--yes"),
    "edit": ("1", "--yes"),
    "pause": ("mail",),
    "resume": ("mail",),
    "policy": ("mail", "--keep", "1d"),
    "check": (),
    "wait": ("drained",),
    "backup": ("{folder}/copy.sqlite3",),
    "prune": (),
    "compact": (),
    "doctor": (),
}
"""For each command what makes it print something, on the queue of the tests."""
READING: Final = {"export", "topics", "peek", "show", "activity", "workers", "top", "check", "wait", "doctor"}
# the difference is printed before anything is written, and whoever cannot see it wants nothing to be
READING_UNTIL_PRINTED: Final = READING | {"edit"}
STATES: Final = ("closed", "full", "unread")


def takes_json(name: str) -> bool:
    command = group.get_command(click.Context(group), name)
    return command is not None and any("--json" in one.opts for one in command.params)


class Ended(NamedTuple):
    """How a command ended, and what it could say."""

    code: int
    err: str


@pytest.fixture
def folder(location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder beside a queue in which each command finds what it prints."""
    (tmp_path / "lines.jsonl").write_text('{"a": 1}\n')
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/"priority": 0/"priority": 7/\' "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    with Queue(location) as queue, Inspector(location) as view:
        queue.enqueue_many("mail", ["a", "b", "c"])
        queue.enqueue("drained", "x")
        queue.ack_many(queue.dequeue("drained"))
        view.bury([int(DEAD)])
    put_silent(location)
    return tmp_path


@contextmanager
def stream(state: str) -> Iterator[TextIO | None]:
    """Open a standard stream in a state; closing it flushes it, as the interpreter does at its end."""
    if state == "closed":
        yield None
        return
    if state == "full":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, descriptor = os.pipe()
        os.close(reader)
    opened = os.fdopen(descriptor, "w", encoding="utf-8")
    try:
        yield opened
    finally:
        # fails if it was not let go: the interpreter would end with code 120 and two lines of its own
        opened.close()


def arguments(location: str, name: str, folder: Path) -> list[str]:
    return [name, "--db", location, *(one.format(folder=folder) for one in ARGUMENTS[name])]


class RunBroken(Protocol):
    """Runs a command."""

    def __call__(self, line: list[str], name: str, state: str) -> Ended:
        """Return how it ended with one of its streams in a state."""
        ...


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunBroken:
    """Return what runs a command with a broken stream."""

    def call(line: list[str], name: str, state: str) -> Ended:
        with stream(state) as broken, monkeypatch.context() as patched:
            patched.setattr(sys, name, broken)
            code = run(line)
            standing_in = getattr(sys, name)
            if standing_in is not broken:
                standing_in.close()
        return Ended(code, capsys.readouterr().err)

    return call


def test_every_command_is_tried() -> None:
    assert sorted(ARGUMENTS) == sorted(group.list_commands(click.Context(group)))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_result_that_cannot_be_printed_is_told_with_what_was_done(
    location: str,
    folder: Path,
    name: str,
    state: str,
    ended: RunBroken,
) -> None:
    code, err = ended(arguments(location, name, folder), "stdout", state)

    if state == "unread" and name in READING_UNTIL_PRINTED:
        assert (code, err.count("smq:")) == (141, 0), "nobody wanted the rest: no error"
        return
    assert code == 74
    assert err.count("smq: ") == 1, err
    assert "standard output: " in err
    assert ("what was printed is lost" in err) == (name in READING_UNTIL_PRINTED)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", [name for name in ARGUMENTS if takes_json(name)])
def test_json_that_cannot_be_printed_is_told_with_what_was_done(
    location: str,
    folder: Path,
    name: str,
    state: str,
    ended: RunBroken,
) -> None:
    line = [*arguments(location, name, folder), "--json"]
    code, err = ended(line, "stdout", state)

    assert code == (141 if state == "unread" and name in READING else 74)
    assert ("what was printed is lost" in err) == (name in READING and code == 74)


@pytest.mark.parametrize("state", STATES)
def test_a_message_whose_id_could_not_be_printed_is_in(location: str, state: str, ended: RunBroken) -> None:
    code, err = ended(["send", "--db", location, "mail", "x"], "stdout", state)

    assert code == 74
    assert "smq: message 1 was added, but its id could not be printed (standard output: " in err
    with Inspector(location, read_only=True) as view:
        assert view.get(1).payload == "x"


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_written_after_a_difference_that_nobody_could_see(
    location: str,
    folder: Path,
    state: str,
    ended: RunBroken,
) -> None:
    ended(arguments(location, "edit", folder), "stdout", state)

    with Inspector(location, read_only=True) as view:
        assert view.get(1).priority == 0


def test_what_was_left_alone_is_told_even_if_the_result_cannot_be(
    location: str, folder: Path, ended: RunBroken
) -> None:
    del folder
    code, err = ended(["requeue", "--db", location, DEAD, "99"], "stdout", "full")

    assert code == 74
    assert "99: it no longer exists" in err
    assert "smq: 1 message requeued (operation 2): done, but the result could not be printed" in err


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_command_does_its_work_where_nobody_hears_its_notes(
    location: str,
    folder: Path,
    name: str,
    state: str,
    ended: RunBroken,
) -> None:
    assert ended(arguments(location, name, folder), "stderr", state).code == (name == "check")


@pytest.mark.parametrize("state", STATES)
def test_an_error_that_cannot_be_told_still_is_an_exit_code(
    tmp_path: Path, state: str, ended: RunBroken
) -> None:
    nowhere = str(tmp_path / "nothing" / "queue.sqlite3")
    assert ended(["topics", "--db", nowhere], "stderr", state).code == 1
    assert ended(["topics", "--nonsense"], "stderr", state).code == 2


@pytest.mark.parametrize("line", [["send", "mail"], ["send", "mail", "-"], ["import", "-"]])
def test_standard_input_that_is_closed_is_told(location: str, line: list[str], ended: RunBroken) -> None:
    code, err = ended([line[0], "--db", location, *line[1:]], "stdin", "closed")

    assert code == 1
    assert "smq: standard input cannot be read: " in err


HELP: Final = (["--help"], ["--version"], ["topics", "--help"], ["send", "-h"])


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("line", HELP)
def test_help_that_cannot_be_printed_is_told(line: list[str], state: str, ended: RunBroken) -> None:
    code, err = ended(line, "stdout", state)

    assert (code, err) == (141, "") if state == "unread" else (code, bool(err)) == (74, True)


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">&-", 74, "message 1 was added, but its id could not be printed"),
        (">/dev/full", 74, "message 1 was added, but its id could not be printed"),
        (">&- 2>&-", 74, ""),
        ("<&- >&- 2>&-", 74, ""),
        ("2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
        ("<&-", 0, "creating "),
    ],
)
def test_the_program_itself_bears_what_a_shell_closed(
    tmp_path: Path, redirection: str, code: int, said: str
) -> None:
    """In a process of its own: descriptors that are closed before the interpreter starts."""
    program = [sys.executable, "-c", "from smq_core.cli.main import main; main()"]
    database = tmp_path / "queue.sqlite3"
    command = f"{shlex.join([*program, 'send', '--db', str(database), 'mail', 'x'])} {redirection}"

    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False, text=True)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "ignored" not in done.stderr
    with Inspector(str(database), read_only=True) as view:
        assert [message.payload for message in view.browse("mail")] == ["x"]
