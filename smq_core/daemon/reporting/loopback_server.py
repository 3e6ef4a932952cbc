"""An HTTP server for the loopback address, where any local user may connect: what clients take is bounded.

It knows nothing of what it serves.
"""

from __future__ import annotations

import contextlib
import errno
import http.server
import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from socketserver import BaseRequestHandler

__all__ = ["CONNECTIONS", "REQUEST_S", "BoundedServer", "QuietHandler"]

CONNECTIONS: Final = 16
"""Clients that are served at once; one more is turned away."""
REQUEST_S: Final = 10.0
"""How long a client may take to ask and to read, whatever it sends meanwhile."""
_SILENCE_S: Final = 5.0
_BUSY: Final = b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n"
_NO_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE)


class QuietHandler(http.server.BaseHTTPRequestHandler):
    """Handles one request of a client, and logs none: a scrape every few seconds is not news."""

    timeout = _SILENCE_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives
        """Write nothing."""


class BoundedServer(http.server.ThreadingHTTPServer):
    """Serves few clients at once and none for long; one that hangs up is nobody's error."""

    daemon_threads = True
    request_queue_size = CONNECTIONS

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseRequestHandler],
        *,
        failed: Callable[[BaseException], object],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Listen; `failed` is told of errors that are not a client's.

        Raises:
            OSError: when the port is taken.
        """
        super().__init__(address, handler)
        self._failed = failed
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._since: dict[socket.socket, float] = {}
        self._reserve: int | None = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        """Given up for a moment where there are no descriptors left, to turn a client away all the same."""

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a client."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                self._turn_away_by_reserve()
            raise

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]  # what is bound is a socket
        """Serve a client in its own thread, unless there are too many."""
        with self._lock:
            is_taken = len(self._since) < CONNECTIONS
            if is_taken:
                self._since[request] = self._monotonic()
        if is_taken:
            try:
                super().process_request(request, client_address)
            except RuntimeError as error:
                # no thread could be started
                self._failed(error)
                self.shutdown_request(request)
        else:
            with contextlib.suppress(OSError):
                request.setblocking(False)  # noqa: FBT003 - the socket's own signature
                request.send(_BUSY)
            self.shutdown_request(request)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]  # as above
        """Close a client's connection."""
        with self._lock:
            self._since.pop(request, None)
            super().shutdown_request(request)

    def service_actions(self) -> None:
        """Hang up on clients that take too long; called twice a second."""
        now = self._monotonic()
        with self._lock:
            for request, since in self._since.items():
                if now - since >= REQUEST_S:
                    # its thread closes it: a descriptor closed here could be another's by then
                    with contextlib.suppress(OSError):
                        request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the base's signature
        """Report an error that came up while a client was served, unless the client caused it."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self._failed(error)

    def server_close(self) -> None:
        """Stop listening."""
        super().server_close()
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None

    def _turn_away_by_reserve(self) -> None:
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None
        with contextlib.suppress(OSError):
            self.socket.accept()[0].close()
        with contextlib.suppress(OSError):
            self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
