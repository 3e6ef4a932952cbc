"""The examples are run as their first lines say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from smq_core import Inspector, Queue
from smq_core.daemon.configuration.config import read_config
from tests.daemon.running import Daemon

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[3] / "examples"


def outputs(daemon: Daemon) -> list[str]:
    return sorted(str(line["text"]) for line in daemon.lines if line["action"] == "output")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a copy of the examples."""
    shutil.copytree(
        EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3*")
    )
    return tmp_path / "examples"


def test_the_python_handlers_do_what_they_say(folder: Path) -> None:
    with Queue(folder / "queue.sqlite3") as queue:
        queue.enqueue("mail.welcome", {"to": "ann@example.org"})
        nowhere = queue.enqueue("mail.welcome", {"to": "nowhere"})
        later = queue.enqueue("mail.welcome", {"to": "bob@busy.example.org"}, delay=0)
        queue.enqueue("thumbnails", ["a.png", "b.png"])

    handlers = ("--handler", "mail.*=handlers:send_mail", "--handler", "thumbnails=handlers:make_thumbnails")
    with Daemon(folder, *handlers) as daemon:
        daemon.wait_for_each(
            ("message_dead", "no address"), ("message_requeue", "busy"), ("output", "thumbnail of b.png")
        )
        assert daemon.stop() == 0

    printed = outputs(daemon)
    assert "mail to ann@example.org (attempt 1)" in printed
    assert {"thumbnail of a.png", "thumbnail of b.png"} <= set(printed)
    with Inspector(folder / "queue.sqlite3") as inspector:
        assert inspector.get(nowhere).state == "dead"
        assert inspector.get(later).state == "delayed"


def test_the_asynchronous_handler_runs(folder: Path) -> None:
    with Queue(folder / "queue.sqlite3") as queue:
        queue.enqueue("fetch", ["https://example.org/a", "https://example.org/b"])

    with Daemon(folder, "--handler", "fetch=async_handlers:fetch", "--threads", "300", "--burst") as daemon:
        assert daemon.end() == 0

    assert outputs(daemon) == ["message 1: 42 bytes of 2 pages"]


def test_the_shell_handler_runs(folder: Path) -> None:
    with Queue(folder / "queue.sqlite3") as queue:
        queue.enqueue("words", "to be or not to be")
        empty = queue.enqueue("words", "")

    with Daemon(folder, "--exec", "words=./shell_handler.sh", "--burst") as daemon:
        assert daemon.end() == 0

    with Inspector(folder / "queue.sqlite3") as inspector:
        message = inspector.get(empty)
        assert message.state == "dead"
        assert "is empty" in (message.last_error or "")
        assert inspector.topic("words").gone == 1


def test_the_configuration_is_accepted_and_names_every_key(folder: Path) -> None:
    config = read_config(folder / "smq.toml")
    text = (folder / "smq.toml").read_text()

    for table in (config, config.handler[0], config.alert[0]):
        for name in table.__struct_fields__:
            assert f"{name} =" in text or f"[[{name}]]" in text, name


def test_the_configuration_passes_its_check(folder: Path) -> None:
    with Queue(folder / "queue.sqlite3") as queue:
        queue.size("words")
    with Daemon(folder, "--config", "smq.toml", "--check") as daemon:
        assert daemon.end() == 0
