"""The `smq` program itself, in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SMQ = [sys.executable, "-c", "from smq_core.cli.main import main; main()"]
LOADED = (
    "import json, sys; from smq_core.cli.main import run; code = run(sys.argv[1:]);"
    "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
)


def environment(location: str) -> dict[str, str]:
    return {**os.environ, "SIMPLE_MQ_DB": location}


def test_a_message_goes_through_the_program(location: str) -> None:
    for arguments in (["send", "mail", "hello"], ["topics"]):
        done = subprocess.run([*SMQ, *arguments], env=environment(location), capture_output=True, check=True)
    assert b"mail" in done.stdout


@pytest.mark.parametrize("arguments", [["send", "mail", "x"], ["topics"], ["import", "-"], ["export"]])
def test_a_command_loads_nothing_that_only_a_terminal_needs(location: str, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env=environment(location),
        input=b"x\n",
        capture_output=True,
        check=True,
    )
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert not loaded & {"rich", "textual", "psutil", "watchfiles", "smq_tui"}


def test_a_reader_that_goes_away_is_no_error(location: str) -> None:
    lines = b"x" * 5_000 + b"\n"
    subprocess.run(
        [*SMQ, "import", "-"], env=environment(location), input=lines * 2_000, check=True, capture_output=True
    )
    with subprocess.Popen(
        [*SMQ, "export"], env=environment(location), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as export:
        assert export.stdout is not None
        assert export.stderr is not None
        export.stdout.readline()
        export.stdout.close()
        said = export.stderr.read()
    assert (export.returncode, said) == (128 + signal.SIGPIPE, b"")


def test_ctrl_c_ends_an_import_between_two_lines(location: str) -> None:
    with subprocess.Popen(
        [*SMQ, "import", "-", "--resume", "feed"],
        env=environment(location),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as feed:
        assert feed.stdin is not None
        assert feed.stderr is not None
        assert feed.stderr.readline().startswith(b"using ")
        feed.stdin.write(b"1\n2\n")
        feed.stdin.flush()
        feed.send_signal(signal.SIGINT)
        said = feed.stderr.read()
    assert (feed.returncode, said.splitlines()[-1]) == (130, b"smq: stopped")
    again = subprocess.run(
        [*SMQ, "import", "-", "--resume", "feed"],
        env=environment(location),
        input=b"1\n2\n3\n",
        capture_output=True,
        check=True,
    )
    assert again.returncode == 0
    topics = subprocess.run(
        [*SMQ, "topics", "--json"], env=environment(location), capture_output=True, check=True
    )
    assert json.loads(topics.stdout)[0]["ready"] == 3


def test_without_click_it_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError('click')\n")
    done = subprocess.run(
        SMQ, env={**os.environ, "PYTHONPATH": f"{tmp_path}:."}, capture_output=True, check=False, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == "smq: the command needs click: install it with `pip install 'simple-local-mq[cli]'`\n"
    )


def test_topics_are_completed(location: str) -> None:
    subprocess.run(
        [*SMQ, "send", "mail.out", "x"], env=environment(location), capture_output=True, check=True
    )
    done = subprocess.run(
        SMQ,
        env={
            **environment(location),
            "COMP_WORDS": "smq peek ma",
            "COMP_CWORD": "2",
            "_SMQ_COMPLETE": "bash_complete",
        },
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == "plain,mail.out\n"
