"""Collects outcomes in a worker process and sends them in batches.

At once when nothing is left to do, else within two milliseconds.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, TypeVar

from smq_core.daemon.wire.frames import pack
from smq_core.daemon.wire.protocol import Extend, Failed, Handled, Printed

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    import msgspec

    from smq_core.daemon.execution.own_process import OwnProcess

__all__ = ["AT_END_S", "BATCH", "LATENCY_S", "BatchingOutbox"]

BATCH: Final = 128
LATENCY_S: Final = 0.002
AT_END_S: Final = 0.2
_NEVER: Final = threading.Event()

T = TypeVar("T")


class BatchingOutbox:
    """The sending side of a worker process; handler threads share it."""

    def __init__(self, sock: socket.socket, is_idle: Callable[[], bool], process: OwnProcess) -> None:
        """Send on a blocking socket; `is_idle` says that no message waits for a thread.

        Where that fails, it is `process` that ends.
        """
        # bound now: a handler may replace methods of the class
        self._send_all = sock.sendall
        self._process = process
        self._is_idle = is_idle
        # deques, not lists that are swapped: a thread may append between the swap and the sending
        self._done: deque[int] = deque()
        self._failed: deque[Failed] = deque()
        self._printed: deque[Printed] = deque()
        self._busy_s = 0.0
        self._sending = threading.Lock()
        self._something = threading.Event()
        threading.Thread(target=self._flush_late, name="outbox", daemon=True).start()

    def done(self, tag: int, took_s: float) -> None:
        """Note that a delivery was processed."""
        # threads may overwrite each other's addition: an estimate is all that it is for
        self._busy_s += took_s
        self._done.append(tag)
        self._noted()

    def printed(self, outcome: Printed, took_s: float) -> None:
        """Note that a command processed a message."""
        self._busy_s += took_s
        self._printed.append(outcome)
        self._noted()

    def failed(self, outcome: Failed, took_s: float) -> None:
        """Note that a message was not processed."""
        self._busy_s += took_s
        self._failed.append(outcome)
        self._noted()

    def extend(self, tag: int, seconds: float | None) -> None:
        """Ask for a longer lease, now."""
        self.send(Extend(tag, seconds))

    def send(self, message: msgspec.Struct) -> None:
        """Send one frame; to a supervisor that is gone nothing is sent."""
        with self._sending:
            self._send(message)

    def flush_at_end(self) -> None:
        """Send what was noted if nobody is stuck in sending; the process ends after that."""
        if self._sending.acquire(timeout=AT_END_S):
            self._sending.release()
            self.flush()

    def flush(self) -> None:
        """Send all outcomes that were noted."""
        with self._sending:
            done, failed, printed = _taken(self._done), _taken(self._failed), _taken(self._printed)
            if done or failed or printed:
                busy_s, self._busy_s = self._busy_s, 0.0
                self._send(Handled(done, failed, busy_s, printed))

    def _noted(self) -> None:
        if self._is_idle() or len(self._done) >= BATCH:
            self.flush()
        elif not self._something.is_set():
            self._something.set()

    def _flush_late(self) -> None:
        # the message behind may run for an hour: what is done does not wait for it
        with self._process.vital("its outcomes cannot be sent"):
            while True:
                self._something.wait()
                self._something.clear()
                _NEVER.wait(LATENCY_S)
                self.flush()

    def _send(self, message: msgspec.Struct) -> None:
        self._process.check()
        try:
            self._send_all(pack(message))
        except OSError as error:
            # where the supervisor is gone, whoever reads from it ends the process
            if self._process.has_supervisor():
                self._process.give_up(f"nothing can be sent to the daemon: {error.strerror}")


def _taken(queue: deque[T]) -> list[T]:
    taken: list[T] = []
    with contextlib.suppress(IndexError):
        while True:
            taken.append(queue.popleft())
    return taken
