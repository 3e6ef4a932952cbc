"""The story: somebody sends what a shell or a loader would obey. The daemon obeys its operator only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from smq_core.daemon.reporting.metrics import LOOPBACK

if TYPE_CHECKING:
    from tests.matrix import Fault

DAEMON = (sys.executable, "-c", "from smq_core.daemon.main import main; main()")
SHELL = (
    "; touch made",
    "$(touch made)",
    "`touch made`",
    "| touch made",
    "&& touch made",
    "\n touch made\n",
    "' ; touch made ; '",
    '" ; touch made ; "',
    "--help",
    "../made",
    "%s${IFS}touch${IFS}made",
)
SHOWN = """
import json, os, sys
facts = {name: value for name, value in os.environ.items() if name.startswith("SMQ_")}
with open("seen", "a") as seen:
    seen.write(json.dumps([sys.argv[1:], sys.stdin.read(), facts]) + "\\n")
"""


def drain(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a daemon in a folder until there is nothing left to do."""
    return subprocess.run(
        [*DAEMON, "--db", "queue.sqlite3", "--burst", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.fault(
    row="shell syntax in every field of a message for `--exec`",
    part="opening and access",
    promise="no shell is involved: the payload is passed on standard input only, and the metadata in "
    "environment variables of limited length without NUL",
    how="topics, payloads, keys and headers that contain substitutions, separators, quotes and NULs, or "
    "that are very long",
)
def test_a_command_gets_hostile_messages_as_data_only(tmp_path: Path, fault: Fault) -> None:
    (tmp_path / "show.py").write_text(SHOWN)
    with Queue(tmp_path / "queue.sqlite3") as queue:
        for number, text in enumerate(SHELL):
            topic = f"t{text}".replace("\n", " ").replace("=", "").strip()
            queue.enqueue(topic, text, key=text, headers={text: text, f"PATH{number}": "/made"})
        queue.enqueue("t", "\0a\0", key="\0k", headers={"\0": "\0", "big": "x" * 16_000})
    ended = drain(tmp_path, "--exec", f"t*={sys.executable} show.py fixed")
    seen = [json.loads(line) for line in (tmp_path / "seen").read_text().splitlines()]

    assert ended.returncode == 0, ended.stderr
    assert not list(tmp_path.rglob("made*"))
    assert len(seen) == len(SHELL) + 1
    assert all(arguments == ["fixed"] for arguments, _, _ in seen)
    assert sorted(payload for _, payload, _ in seen) == sorted([*SHELL, "\0a\0"])
    assert not any("\0" in value for _, _, facts in seen for value in facts.values())
    assert all(sum(map(len, facts.values())) < 32 * 1024 for _, _, facts in seen)
    fault.struck(len(seen))
    fault.ran(len(seen))


@pytest.mark.fault(
    row="a message, a topic or a folder that names a module as its handler",
    part="opening and access",
    promise="handlers are loaded only from modules named on the command line or in the configuration",
    how="messages and files that name a module whose import the test would notice",
)
def test_no_message_loads_a_handler(tmp_path: Path, fault: Fault) -> None:
    (tmp_path / "evil.py").write_text("open('made', 'w').close()\ndef run(message): pass\n")
    (tmp_path / "good.py").write_text("def run(message): pass\n")
    (tmp_path / "smq.toml").write_text('[[handler]]\ntopic = "mail"\nrun = "evil:run"\n')
    with Queue(tmp_path / "queue.sqlite3") as queue:
        for name in ("run", "handler", "__class__", "__reduce__"):
            queue.enqueue("mail", {name: "evil:run"}, headers={name: "evil:run"})
        queue.enqueue("evil:run", "x")
    ended = drain(tmp_path, "--handler", "mail=good:run")

    assert ended.returncode == 0, ended.stderr
    assert not (tmp_path / "made").exists()
    with Queue(tmp_path / "queue.sqlite3") as queue:
        assert (queue.size("mail"), queue.size("evil:run")) == (0, 1)
    fault.struck(5)
    fault.ran(5)


@pytest.mark.fault(
    row="a configuration with unknown keys",
    part="opening and access",
    promise="refused with an error that names the key; nothing is leased",
    how="misspelt keys at the top level and in each table",
)
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("shell = true", "shell"),
        ('[[handler]]\ntopic = "mail"\ncommand = "true"\nshell = true', "handler[0].shell"),
        ('[[alert]]\nname = "a"\noldest_over = "1m"\ncommand = "true"\nuser = "root"', "alert[0].user"),
        ('metrics_host = "0.0.0.0"', "metrics_host"),
    ],
)
def test_unknown_keys_are_refused_before_anything_is_leased(
    tmp_path: Path, text: str, key: str, fault: Fault
) -> None:
    (tmp_path / "smq.toml").write_text(text)
    with Queue(tmp_path / "queue.sqlite3") as queue:
        queue.enqueue("mail", "hello")
    ended = drain(tmp_path, "--config", "smq.toml", "--exec", "mail=true")

    assert ended.returncode != 0
    assert f"unknown key {key}" in ended.stderr
    with Queue(tmp_path / "queue.sqlite3") as queue:
        assert queue.size("mail") == 1
    fault.struck()
    fault.ran()


def test_metrics_are_served_on_loopback_only() -> None:
    """The configuration has no key for another address: see the test above."""
    assert LOOPBACK == "127.0.0.1"
