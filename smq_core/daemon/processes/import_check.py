"""Starts a worker process as the daemon does, only to see whether it can import its handlers.

It is given no message.
"""

from __future__ import annotations

import contextlib
import select
import tempfile
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.clock import SystemClock
from smq_core.daemon.processes.child_output import ChildOutput
from smq_core.daemon.processes.children import Children, kill_leftovers
from smq_core.daemon.processes.spawn import spawn, why_not_ready, with_output
from smq_core.daemon.wire.frames import FrameReader, pack
from smq_core.daemon.wire.protocol import Finish, ImportFailed, Importing, Ready, decode_from_process

if TYPE_CHECKING:
    import socket
    import subprocess

    from smq_core.daemon.processes.process import Program
    from smq_core.daemon.wire.protocol import FromProcess

__all__ = ["ImportCheck", "check_imports"]

_END_S: Final = 5.0
"""How long the process may take to end."""
_LOOK_S: Final = 0.01
_SIZE: Final = 4096


class ImportCheck(NamedTuple):
    """How it went."""

    target: str
    """The handler that was being imported at the end."""
    failure: str
    """Why that failed; empty: all handlers were imported."""


def check_imports(program: Program) -> ImportCheck:
    """Import a program's handlers in a worker process, and end it.

    Raises:
        OSError: when it cannot be started.
    """
    with tempfile.TemporaryFile() as memory:
        memory.truncate(_SIZE)
        sock, process = spawn(memory.fileno(), program.folder, Children())
    lines: list[str] = []
    with sock, process:
        output = ChildOutput(process.stdout, lines.append) if process.stdout else None
        try:
            # without threads: it is given nothing to run
            sock.sendall(pack(program.setup(slots_at=0, threads=0)))
            importing, refusal = _listen(sock)
            _end(sock, process)
        finally:
            process.kill()
            process.wait()
        printed = output.last_lines() if output else ""
    if refusal is None:
        refusal = why_not_ready(importing, process.returncode, program.import_limit_s)
    return ImportCheck(importing, with_output(refusal, printed) if refusal else "")


def _listen(sock: socket.socket) -> tuple[str, str | None]:
    """Return what was imported last, and what was said of it: a refusal, nothing, or "" that all is well."""
    reader: FrameReader[FromProcess] = FrameReader(sock, decode_from_process)
    importing = ""
    while not reader.is_at_end:
        select.select([sock], [], [])
        for message in reader.read():
            if isinstance(message, Importing):
                importing = message.target
            elif isinstance(message, ImportFailed):
                return importing, message.error
            elif isinstance(message, Ready):
                return importing, ""
    return importing, None


def _end(sock: socket.socket, process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        sock.sendall(pack(Finish()))
    clock = SystemClock()
    deadline = clock.monotonic() + _END_S
    while not kill_leftovers(process) and clock.monotonic() < deadline:
        select.select([], [], [], _LOOK_S)
