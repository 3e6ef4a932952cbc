"""Clients of the metrics port, who may be any local user, take little of the daemon and end nothing."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.reporting.loopback_server import CONNECTIONS, REQUEST_S, BoundedServer, QuietHandler
from smq_core.testing import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_S = 10.0


class Handler(QuietHandler):
    """Handles all but one path."""

    body = b"fine"

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        """Reply."""
        if self.path == "/broken":
            raise ValueError("broken")
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        self.wfile.write(self.body)


class Site:
    """A server and its clients."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.errors: list[BaseException] = []
        self.has_failed = threading.Event()
        self.server = BoundedServer(
            ("127.0.0.1", 0), Handler, failed=self._fail, monotonic=self.clock.monotonic
        )
        self.port = int(self.server.server_address[1])
        self.thread = threading.Thread(target=lambda: self.server.serve_forever(0.01))
        self.thread.start()
        self.clients: list[socket.socket] = []

    def _fail(self, error: BaseException) -> None:
        self.errors.append(error)
        self.has_failed.set()

    def connect(self) -> socket.socket:
        """Connect and send nothing."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_S)
        self.clients.append(client)
        return client

    def get(self, path: str = "/") -> int:
        """Ask as Prometheus does; return the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status

    def close(self) -> None:
        """End all."""
        for client in self.clients:
            client.close()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def fill(site: Site) -> list[socket.socket]:
    """Take all places with clients that send nothing; return them once the server has them."""
    silent = [site.connect() for _ in range(CONNECTIONS)]
    # one more is turned away only when all others were let in
    assert b"503" in site.connect().recv(100)
    return silent


def test_one_client_too_many_is_turned_away_and_the_others_go_on(site: Site) -> None:
    silent = fill(site)

    silent[0].sendall(b"GET / HTTP/1.0\r\n\r\n")

    assert silent[0].recv(1000).startswith(b"HTTP/1.0 200")


def test_who_sends_nothing_or_little_is_hung_up_on_after_a_while(site: Site) -> None:
    silent = fill(site)
    silent[0].sendall(b"GET / HT")

    site.clock.advance(REQUEST_S)

    assert [client.recv(1000) for client in silent] == [b""] * CONNECTIONS
    while site.get() != HTTPStatus.OK:
        pass  # their threads are about to let go of the last places
    assert site.errors == []


def test_who_does_not_read_is_hung_up_on_after_a_while(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "body", bytes(50_000_000))
    client = site.connect()
    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert client.recv(10).startswith(b"HTTP/1.0")

    site.clock.advance(REQUEST_S)

    with contextlib.suppress(ConnectionResetError):
        while client.recv(1_000_000):
            pass
    assert site.errors == []


def test_who_hangs_up_is_nobody_s_error(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(50):
        client = socket.create_connection(("127.0.0.1", site.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(b"GET / HTTP/1.1\r\n\r\n" * 40)
        client.close()

    while site.get() != HTTPStatus.OK:
        pass  # the last of them may still have a place
    assert site.errors == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\xff" * 1000 + b"\r\n\r\n",
        b"GET /" + b"x" * 70_000,
        b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    ],
)
def test_absurd_requests_are_answered_or_hung_up_on(
    site: Site, request_bytes: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    client = site.connect()
    client.sendall(request_bytes)

    with contextlib.suppress(ConnectionResetError):
        assert b" 4" in client.recv(1000)
    assert site.get() == HTTPStatus.OK
    assert capfd.readouterr() == ("", "")


def test_an_error_of_ours_is_told_once_and_without_a_traceback(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        site.get("/broken")

    assert site.has_failed.wait(ANSWER_S)
    assert [str(error) for error in site.errors] == ["broken"]
    assert capfd.readouterr() == ("", "")


def test_without_descriptors_clients_are_turned_away_instead_of_the_loop_turning_for_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = socket.socket.accept
    failures = iter([OSError(24, "Too many open files")])

    def fail_once(listening: socket.socket) -> tuple[socket.socket, object]:
        if (failure := next(failures, None)) is not None:
            raise failure
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", fail_once)

    assert site.connect().recv(10) == b""
    assert site.get() == HTTPStatus.OK
