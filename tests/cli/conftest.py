"""Runs `smq` in this process, on the queue of the test."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from smq_core import Queue
from smq_core.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class Smq(Protocol):
    """Runs a command."""

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Return how it ended."""
        ...


@pytest.fixture
def smq(location: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Smq:
    """Return what runs a command on the test's queue."""

    def call(*arguments: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run([arguments[0], "--db", location, *arguments[1:]])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return call


@pytest.fixture
def messages(location: str) -> Iterator[Queue]:
    """Return a queue on the machine's clock, as the commands are."""
    with Queue(location, worker="tester") as queue:
        yield queue


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands think that a person is there."""
    monkeypatch.setattr("smq_core.cli.output.is_terminal", lambda: True)
