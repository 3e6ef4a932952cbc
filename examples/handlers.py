"""Handlers for smq-daemon: a plain function for each kind of message.

Run it in this folder:

    smq send mail.welcome '{"to": "ann@example.org"}'
    smq-daemon --handler 'mail.*=handlers:send_mail' --handler thumbnails=handlers:make_thumbnails
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core import Bury, Retry

if TYPE_CHECKING:
    from smq_core import HandlerMessage

RETRY_AFTER_S = 60.0


def send_mail(message: HandlerMessage) -> None:
    """Send one mail: returning means that the message was processed and can be removed."""
    recipient = message.payload.get("to") if isinstance(message.payload, dict) else None
    if not isinstance(recipient, str) or "@" not in recipient:
        # retrying cannot fix the address: straight to the dead letters, with the reason
        raise Bury(f"no address: {recipient!r}")
    if recipient.endswith("@busy.example.org") and message.attempts == 1:
        # not now, and without the topic's back-off: this server asks for a minute
        raise Retry(delay=RETRY_AFTER_S, why="the mail server is busy")
    # any other exception puts the message back after the topic's back-off, and stores the traceback
    print(f"mail to {recipient} (attempt {message.attempts})")


def make_thumbnails(message: HandlerMessage) -> None:
    """Do something long in steps: ask for more time after each, and return early when the daemon stops."""
    names = message.payload if isinstance(message.payload, list) else []
    for name in names:
        if message.stopping.is_set():
            # the finished steps are safe to repeat; this attempt counts, so retry at once
            raise Retry(delay=0, why="the daemon stops")
        print(f"thumbnail of {name}")
        message.extend()
