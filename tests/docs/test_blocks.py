"""Every block of code on a page runs as it is, each in its own folder.

Those that cannot are listed with the reason.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from smq_core import Queue
from smq_tui.keys.actions import ACTIONS
from smq_tui.settings.config import read_config
from tests.docs.markdown import PAGES, Block, blocks

if TYPE_CHECKING:
    from collections.abc import Mapping

TERMINAL: Final = "needs a terminal; tests/tui starts it in one"
WHOLE: Final = "runs the project's own tests or tools"
NOT_RUN: Final[Mapping[tuple[str, str], str]] = {
    (
        "CONTRIBUTING.md",
        ".venv/bin/pytest -q tests/unit/values/test_policy.py             # one file",
    ): WHOLE,
    ("CONTRIBUTING.md", ".venv/bin/python -m tests.guards --only its_name --record"): WHOLE,
    (
        "README.md",
        "make run       # a demonstration: producers, a daemon and the dashboard on a temporary queue",
    ): WHOLE,
    (
        "README.md",
        "pip install 'simple-local-mq[all]'    # the library, smq, smq-daemon, smq-tui",
    ): "installs",
    ("docs/dashboard.md", "pip install 'simple-local-mq[tui]'"): f"installs, and {TERMINAL}",
    (
        "docs/daemon.md",
        "chgrp queue /srv/queue && chmod 2770 /srv/queue          # new files in it belong to the group",
    ): "needs a group and a folder of the machine",
    (
        "docs/operating.md",
        "chgrp queue /srv/queue && chmod 2770 /srv/queue          # new files in it belong to the group",
    ): "needs a group and a folder of the machine",
    ("docs/benchmarks.md", "1,000,000 messages in 3 s"): "what a benchmark printed",
    ("docs/states.md", "              ┌────────────── promote, when due ──────────────┐"): "a diagram",
    ("docs/python.md", "SmqError                          1"): "a drawing, generated",
}
"""Blocks by page and first line, and why they are not run."""

HANDLER: Final = "def send(message: object) -> None:\n    print(message)\n"
SHELL: Final = "#!/bin/sh\ncat >/dev/null\n"
GIVEN: Final[Mapping[str, Mapping[str, str]]] = {
    "README.md": {"thumbnail.sh": SHELL},
    "docs/daemon.md": {
        "app/mail.py": HANDLER,
        "count.sh": SHELL,
        "smq.toml": 'db = "queue.sqlite3"\n\n[[handler]]\ntopic = "mail"\nrun = "app.mail:send"\n',
    },
}
"""Files that a page takes for granted, beside those that it shows (`# NAME.py` in their first line)."""

BEFORE: Final[Mapping[str, str]] = {
    "README.md": """smq send mail '{"to": "ann@example.org"}' &&
python -c "import sqlite3; sqlite3.connect('app.sqlite3').execute('CREATE TABLE orders(article)')" &&
smq init --into app.sqlite3""",
    "docs/daemon.md": "smq send mail hello && smq send words hello",
    "docs/operating.md": "smq send mail hello && smq backup backup.sqlite3",
}
"""What was done before a block of a page runs."""

PRINTED: Final[Mapping[tuple[str, str], str]] = {
    (
        "README.md",
        "smq-daemon --db queue.sqlite3 --handler mail=handlers:mail --threads 4",
    ): "mail to ann@example.org",
    (
        "docs/operating.md",
        "mkdir before-restore",
    ): "integrity: SQLite found no error in any page, index or constraint",
    ("docs/operating.md", 'smq check || echo "the queue needs attention"'): "ok: 1 topic, 1 message ready",
}
"""What a block of commands has to print, beside ending with 0."""

ALL: Final = [block for page in PAGES for block in blocks(page)]
PYTHON: Final = [block for block in ALL if block.language == "python"]
COMMANDS: Final = [
    block for block in ALL if block.language == "sh" and (block.page, block.first_line) not in NOT_RUN
]


def outputs() -> dict[Block, str]:
    """Return what Python blocks print: the text block that follows one."""
    return {
        block: after.text
        for block, after in pairwise(ALL)
        if (block.page, block.language, after.page, after.language)
        == (after.page, "python", block.page, "text")
        and (after.page, after.first_line) not in NOT_RUN
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an empty folder, beside which a `smq-daemon` ends when nothing is left to do."""
    programs = tmp_path / "bin"
    programs.mkdir()
    daemon = programs / "smq-daemon"
    daemon.write_text(f'#!/bin/sh\nexec {_venv()}/smq-daemon "$@" --burst\n', encoding="utf-8")
    daemon.chmod(0o755)
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_runs_and_prints_what_the_page_says(block: Block, folder: Path) -> None:
    prepare(block, folder)

    ran = run([sys.executable, "-W", "error::DeprecationWarning", "-c", block.text], folder)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == outputs().get(block, ran.stdout)


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_commands_run_and_end_well(block: Block, folder: Path) -> None:
    prepare(block, folder)

    ran = run(["bash", "-euo", "pipefail", "-c", block.text], folder)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert PRINTED.get((block.page, block.first_line), "") in ran.stdout + ran.stderr


@pytest.mark.parametrize("block", [one for one in ALL if one.language == "sql"], ids=str)
def test_sql_runs_on_a_queue(block: Block, tmp_path: Path) -> None:
    with Queue(tmp_path / "queue.sqlite3") as queue:
        queue.enqueue("other", 1)
    database = sqlite3.connect(tmp_path / "queue.sqlite3")

    database.executescript(block.text)

    database.close()


@pytest.mark.parametrize("block", [one for one in ALL if one.language in ("json", "toml")], ids=str)
def test_data_is_what_its_reader_takes(block: Block, tmp_path: Path) -> None:
    if block.language == "json":
        assert json.loads(block.text)
        return
    assert tomllib.loads(block.text)
    (tmp_path / "dashboard.toml").write_text(block.text, encoding="utf-8")
    assert read_config(tmp_path / "dashboard.toml", {spec.id for spec in ACTIONS}).databases


def test_every_block_is_run_or_listed_with_a_reason() -> None:
    run_here = {*PYTHON, *COMMANDS, *(one for one in ALL if one.language in ("sql", "json", "toml"))}
    shown = {after for block, after in pairwise(ALL) if block in outputs()}
    listed = {one for one in ALL if (one.page, one.first_line) in NOT_RUN}

    assert [str(one) for one in ALL if one not in run_here | shown | listed] == []


def test_nothing_is_listed_that_no_page_has() -> None:
    there = {(one.page, one.first_line) for one in ALL}

    assert set(NOT_RUN) | set(PRINTED) <= there


@pytest.mark.slow
@pytest.mark.parametrize(
    ("checker", "options"), [("mypy", ["--strict"]), ("basedpyright", ["--level", "error"])]
)
def test_the_python_of_the_pages_has_right_types(checker: str, options: list[str], tmp_path: Path) -> None:
    pytest.importorskip(checker, reason="a tool of development")
    for number, block in enumerate(PYTHON):
        (tmp_path / f"block_{number}.py").write_text(f"# {block}\n{block.text}", encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}', encoding="utf-8")

    ran = run([sys.executable, "-m", checker, *options, "."], tmp_path)

    assert ran.returncode == 0, ran.stdout


def prepare(block: Block, folder: Path) -> None:
    """Put into a folder what the block's page takes for granted, and what it shows as files."""
    shown = {one.first_line[2:]: one.text for one in PYTHON if one.first_line.startswith("# ")}
    for name, text in {**GIVEN.get(block.page, {}), **shown}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    before = run(["bash", "-euo", "pipefail", "-c", BEFORE.get(block.page, ":")], folder)
    assert before.returncode == 0, before.stderr


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with the programs of this environment and no database named."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIMPLE_MQ", "SMQ_"))}
    path = f"{folder.parent / 'bin'}:{_venv()}:{kept.get('PATH', '')}"
    return subprocess.run(
        command,
        cwd=folder,
        env={**kept, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


def _venv() -> Path:
    return Path(sys.executable).parent
