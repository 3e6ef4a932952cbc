"""Signals that reach a daemon in its first moments.

The story: a deploy starts the daemon and sends it HUP, or a supervisor changes its mind and sends it TERM,
while it imports its own modules or reads its configuration. HUP's default is to end the process, and TERM's
is to end it as if it had failed.
"""

from __future__ import annotations

import os
import select
import signal
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.supervisor.signals import Signals
from tests.daemon.loading import said
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core import Queue
    from tests.matrix import Fault

HANDLER = "def handle(message): print('handled', message.id, flush=True)\n"
CONFIG = '[[handler]]\ntopic = "t"\nrun = "handlers:handle"\n'
HOLD = """
import os, sys
if "smq_daemon" in sys.orig_argv:
    class Hold:
        def find_spec(self, name, path=None, target=None):
            if name == os.environ["HELD_AT"]:
                sys.meta_path.remove(self)
                with open(2, "w", closefd=False) as log:
                    log.write("held\\n")
                with open(os.environ["HELD_UNTIL"]):
                    pass
    sys.meta_path.insert(0, Hold())
"""
"""Holds the daemon at the import of one module, until somebody opens a pipe for writing."""
IMPORTS = ("smq_core", "click", "smq_core.daemon.supervisor.loop")
PREFLIGHT = "apsw"
"""Imported when the database is opened."""
STOPS = (signal.SIGTERM, signal.SIGINT)


class Hold:
    """Holds daemons at the import of a module."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "hold").mkdir()
        (folder / "hold" / "sitecustomize.py").write_text(HOLD)
        self._until = folder / "until"
        os.mkfifo(self._until)
        self._monkeypatch = monkeypatch
        monkeypatch.syspath_prepend(folder / "hold")
        monkeypatch.setenv("HELD_UNTIL", str(self._until))

    def at(self, module: str) -> None:
        """Hold the daemons that are started from now on."""
        self._monkeypatch.setenv("HELD_AT", module)

    def signal(self, daemon: Daemon, number: signal.Signals) -> None:
        """Send a signal to a daemon once it is held, and let it go on."""
        daemon.wait_for("raw", "held")
        daemon.process.send_signal(number)
        self._until.write_text("")


@pytest.fixture
def hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Let daemons be held while they import a module."""
    return Hold(tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.fault(
    row="signals that arrive while the daemon starts",
    part="workers",
    promise="SIGHUP is remembered and causes a reload once the daemon is running; SIGTERM and SIGINT make "
    "it exit with status 0, without a traceback",
    how="real daemons are paused while they import handlers or read their configuration, and receive the "
    "signal at that point",
)
@pytest.mark.parametrize("moment", [*IMPORTS, PREFLIGHT])
def test_a_hangup_during_an_import_becomes_a_reload(
    tmp_path: Path, queue: Queue, hold: Hold, moment: str, fault: Fault
) -> None:
    hold.at(moment)
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code=HANDLER) as daemon:
        hold.signal(daemon, signal.SIGHUP)
        daemon.wait_for("reloading")
        daemon.wait_for("ready")
        queue.enqueue("t", 1)
        daemon.wait_for("output", "handled")
        assert daemon.stop() == 0
    fault.struck()
    fault.ran()


@pytest.mark.slow
@pytest.mark.parametrize("number", STOPS)
@pytest.mark.parametrize("moment", IMPORTS)
def test_a_stop_during_an_import_ends_the_daemon_before_it_begins(
    tmp_path: Path, hold: Hold, moment: str, number: signal.Signals
) -> None:
    hold.at(moment)
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code=HANDLER) as daemon:
        hold.signal(daemon, number)
        assert daemon.end() == 0
    assert [str(line["text"]).strip() for line in daemon.lines] == ["held", "stopped during startup"]
    assert not (tmp_path / "queue.sqlite3").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", STOPS)
def test_a_stop_while_the_database_is_opened_is_kept(
    tmp_path: Path, hold: Hold, number: signal.Signals
) -> None:
    hold.at(PREFLIGHT)
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code=HANDLER) as daemon:
        hold.signal(daemon, number)
        assert daemon.end() == 0
    assert said(daemon, "stopped") == 1
    assert said(daemon, "raw") == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", STOPS)
def test_a_check_is_ended_by_a_stop_during_an_import(
    tmp_path: Path, hold: Hold, number: signal.Signals
) -> None:
    """A check that was interrupted has not passed."""
    hold.at("click")
    with Daemon(tmp_path, "--handler", "t=handlers:handle", "--check", code=HANDLER) as daemon:
        hold.signal(daemon, number)
        assert daemon.end() == (1 if number == signal.SIGINT else -signal.SIGTERM)
    assert "Traceback" not in str(daemon.lines)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, *STOPS])
def test_a_signal_while_the_configuration_is_read_is_kept(
    tmp_path: Path, queue: Queue, number: signal.Signals
) -> None:
    """The configuration comes from a pipe, which the daemon waits for; the reload finds a file."""
    pipe = tmp_path / "smq.toml"
    os.mkfifo(pipe)
    with Daemon(tmp_path, "--config", "smq.toml", code=HANDLER) as daemon:
        # it is open once somebody reads it
        with pipe.open("w") as writer:
            daemon.process.send_signal(number)
            (tmp_path / "next").write_text(CONFIG)
            (tmp_path / "next").rename(pipe)
            writer.write(CONFIG)
        if number != signal.SIGHUP:
            assert daemon.end() == 0
        else:
            daemon.wait_for("reloading")
            daemon.wait_for("ready")
            queue.enqueue("t", 1)
            daemon.wait_for("output", "handled")
            assert daemon.stop() == 0
    assert said(daemon, "raw") == 0


def test_what_was_heard_before_comes_first_and_wakes_the_loop() -> None:
    earlier = [signal.SIGHUP]
    with Signals(earlier) as signals:
        assert select.select([signals], [], [], 0)[0]
        signal.raise_signal(signal.SIGTERM)
        assert signals.take() == [signal.SIGHUP, signal.SIGTERM]
        assert not select.select([signals], [], [], 0)[0]


def test_what_is_heard_between_two_hearers_is_kept() -> None:
    """A list that grows until the signals themselves are heard."""
    earlier: list[int] = []
    signals = Signals(earlier)
    earlier.append(signal.SIGTERM)
    with signals:
        assert signals.take() == [signal.SIGTERM]
