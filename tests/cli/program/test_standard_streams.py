"""Each program, started with a standard stream that is closed or full, or that nobody reads or writes.

The story: a program of cron, of a service or of a script gets the streams that whoever started it has left.
It does its work, says what it can, and ends with the code that it has for that: never with a traceback.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from smq_core import Inspector, Queue
from smq_core.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS: Final = {
    "smq": ("-c", "from smq_core.cli.main import main; main()"),
    "smq-daemon": ("-P", "-m", "smq_daemon"),
    "smq-tui": ("-c", "from smq_tui.cli import main; main()"),
}
STATES: Final = ("closed", "full", "pipe")
STREAMS: Final = ("stdin", "stdout", "stderr")
CLOSING: Final = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}
LOST: Final = "what was printed is lost: standard output: "


class Job(NamedTuple):
    """What a program is asked to do."""

    program: str
    arguments: tuple[str, ...]
    code: int = 0
    """How it ends where the streams allow it."""
    prints: bool = True
    """Whether it has something for standard output."""
    said: str = ""
    """What it says on standard error."""
    lost: str = LOST
    """What it says where standard output does not take what it prints."""
    changes: bool = False
    """Whether it has changed something by then, which those whose pipe is closed are told too."""


JOBS: Final = {
    **{f"{name} --help": Job(name, ("--help",)) for name in PROGRAMS},
    **{f"{name} --version": Job(name, ("--version",)) for name in PROGRAMS},
    **{
        f"{name} --nosuch": Job(name, ("--nosuch",), code=2, prints=False, said="--nosuch")
        for name in PROGRAMS
    },
    "smq check": Job("smq", ("check", "--db", "queue.sqlite3")),
    "smq topics": Job("smq", ("topics", "--db", "queue.sqlite3")),
    "smq send": Job(
        "smq",
        ("send", "--db", "queue.sqlite3", "other", "x"),
        lost="was added, but its id could not be printed (standard output: ",
        changes=True,
    ),
    "smq-daemon --check": Job("smq-daemon", ("--db", "queue.sqlite3", "--exec", "mail=cat", "--check")),
    "smq-daemon --burst": Job(
        "smq-daemon", ("--db", "queue.sqlite3", "--exec", "mail=cat", "--burst"), prints=False, said="stopped"
    ),
    "smq-tui": Job("smq-tui", ("queue.sqlite3",), code=1, prints=False, said="smq-tui needs a terminal, and"),
}


class Ended(NamedTuple):
    """How a program ended, and what it could say."""

    code: int
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a queue that holds a message."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with Queue(tmp_path / "queue.sqlite3") as queue:
        queue.enqueue("mail", "x")
    return tmp_path


class Started:
    """A program with one stream in a state, or with several that are closed."""

    def __init__(self, folder: Path, job: Job, state: str, *names: str) -> None:
        command = [sys.executable, *PROGRAMS[job.program], *job.arguments]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        with ExitStack() as opened:
            if state == "closed":
                closing = " ".join(CLOSING[name] for name in names)
                command = ["/bin/sh", "-c", f'exec "$@" {closing}', "sh", *command]
            else:
                streams[names[0]] = descriptor(names[0], state)
                opened.callback(os.close, streams[names[0]])
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=streams["stdin"],
                stdout=streams["stdout"],
                stderr=streams["stderr"],
            )

    def end(self) -> Ended:
        """Wait for its end."""
        err = self._process.communicate()[1]
        return Ended(self._process.returncode, err or "")


def descriptor(name: str, state: str) -> int:
    """Open one that is full, or a pipe whose other end is closed."""
    if state == "full":
        return os.open("/dev/full", os.O_RDONLY if name == "stdin" else os.O_WRONLY)
    ends = os.pipe()
    os.close(ends[name == "stdin"])
    return ends[name != "stdin"]


def expected(job: Job, name: str, state: str) -> tuple[int, str]:
    """Return the exit code and what is said, with one stream in a state."""
    if name == "stderr":
        return job.code, ""
    if name == "stdout" and job.prints:
        return (141, "") if state == "pipe" and not job.changes else (74, job.lost)
    return job.code, job.said


def marked(name: str) -> object:
    return pytest.param(name, marks=() if JOBS[name].program == "smq" else pytest.mark.slow)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("job", [marked(name) for name in JOBS])
def test_a_program_ends_in_order_whatever_one_of_its_streams_is(folder: Path, job: str, state: str) -> None:
    """Started side by side, which takes a third of the time."""
    started = {name: Started(folder, JOBS[job], state, name) for name in STREAMS}

    ended = {name: one.end() for name, one in started.items()}

    for name, (code, err) in ended.items():
        wanted, said = expected(JOBS[job], name, state)
        assert code == wanted, (name, err)
        assert said in err, name
        assert "Traceback" not in err, name
        assert "Exception ignored" not in err, name


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
def test_a_program_ends_in_order_without_any_stream(folder: Path, job: str) -> None:
    ended = Started(folder, JOBS[job], "closed", *STREAMS).end()

    assert ended.code == expected(JOBS[job], "stdout", "closed")[0]
    with Inspector(folder / "queue.sqlite3", read_only=True) as view:
        assert [topic.topic for topic in view.topics()] == ["mail", *(["other"] if job == "smq send" else [])]


@pytest.mark.slow
@pytest.mark.parametrize(("state", "code"), [("closed", 74), ("full", 74), ("pipe", 141)])
def test_the_demonstration_ends_at_once_where_its_summary_cannot_be_printed(
    folder: Path, state: str, code: int
) -> None:
    ended = Started(folder, Job("smq-tui", ("--demo",)), state, "stdout").end()

    assert ended == (code, "" if code == 141 else ended.err)
    assert ("smq-tui: " + LOST in ended.err) == (code == 74)
    assert "Traceback" not in ended.err


@pytest.mark.slow
def test_a_daemon_without_standard_error_is_not_ended_by_a_signal_for_its_stacks() -> None:
    program = (
        "import signal, sys; import smq_core.daemon.main, smq_daemon; sys.stderr = None;"
        "smq_core.daemon.main.main = lambda arrived: signal.raise_signal(signal.SIGQUIT);"
        "smq_daemon.main()"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    "error",
    [OSError(24, "Too many open files"), BrokenPipeError(32, "Broken pipe")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_did_not_come_from_printing_is_not_told_as_lost_output(
    location: str, error: OSError, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    with Queue(location) as queue:
        queue.enqueue("mail", "x")
    monkeypatch.setattr("smq_core.cli.listing.output.table", fail)

    code = run(["topics", "--db", location])

    assert (code, capsys.readouterr().err) == (1, f"smq: {error.strerror}\n")
