"""Reports to systemd how the daemon is, where it was started by it.

READY, STOPPING, STATUS, WATCHDOG over a datagram socket.
"""

from __future__ import annotations

import contextlib
import os
import socket

__all__ = ["notify"]


def notify(*assignments: str) -> None:
    """Send assignments such as `READY=1`; nothing happens where nobody asked for them."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
    ):
        sock.sendto("\n".join(assignments).encode(), address)
