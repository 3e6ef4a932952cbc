"""`smq init` and `smq send`: what makes a database, and what puts a message into it."""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import click

from smq_core import validation
from smq_core.cli import output
from smq_core.cli.options import DURATION, TOPIC, announce, database, json_option, place_of
from smq_core.clock import SystemClock
from smq_core.errors import InvalidMessage, NotDurable, SmqError
from smq_core.payload import encode, encode_headers
from smq_core.states import State
from smq_core.store import administration, open_store
from smq_core.store.records import NewMessage
from smq_core.streams import OutputLostError, let_go
from smq_core.written import read_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.message import Kind

__all__ = ["init_", "send_"]

_STANDARD_INPUT: Final = "-"
_NO_JSON: Final = frozenset({b"NaN", b"Infinity", b"-Infinity"})
"""What some programs write where JSON has nothing."""


@click.command
@click.argument("topic", type=TOPIC)
@click.argument("payload", required=False)
@click.option(
    "--delay",
    type=DURATION,
    default=0.0,
    help="Delay before the message can be leased, such as 90, 5s or 2h.",
)
@click.option("--priority", type=int, default=0, help="Priority from -100 to 100; higher is leased first.")
@click.option(
    "--key",
    help="Key, unique among the topic's unfinished messages; a second send prints the id of the first.",
)
@click.option(
    "--header", "headers", metavar="NAME=VALUE", multiple=True, help="Header to add; may be repeated."
)
@click.option("--max-attempts", type=int, help="Override the topic's maximum number of attempts.")
@click.option("--text", "kind", flag_value="text", help="Store the payload as text, even if it is JSON.")
@click.option("--bytes", "kind", flag_value="bytes", help="Store the payload as bytes, unchanged.")
@database
@json_option
@click.pass_context
def send_(
    ctx: click.Context,
    *,
    topic: str,
    payload: str | None,
    delay: float,
    priority: int,
    key: str | None,
    headers: tuple[str, ...],
    max_attempts: int | None,
    kind: str | None,
    location: str | None,
    as_json: bool,
) -> None:
    """Add a message to TOPIC and print its id.

    PAYLOAD is stored as JSON, with every character kept, if it parses as JSON, otherwise as text. If it is
    missing or -, it is read from standard input, without the final line break of a text. If the message is
    stored but flushing it to the disk fails, the id is printed and the exit code is 1.
    """
    del location
    body, stored_kind = _payload(ctx, payload, kind)
    now_ms = SystemClock().now_ms()
    message = NewMessage(
        topic=validation.check_topic(topic),
        body=body,
        kind=stored_kind,
        available_at=validation.available_at_ms(now_ms, delay, None),
        priority=validation.check_priority(priority),
        key=validation.check_key(key),
        headers=encode_headers(_headers(headers)),
        max_attempts=validation.check_max_attempts(max_attempts),
    )
    with closing(open_store(announce(ctx))) as store:
        try:
            _say_id(store.enqueue(message, now_ms), as_json=as_json)
        except NotDurable as error:
            # it is in: who reads the id has it, and the exit code and the sentence tell of the flush
            for message_id in error.ids:
                with _told_anyway():
                    _say_id(message_id, as_json=as_json)
            raise


def _say_id(message_id: int, *, as_json: bool) -> None:
    done = f"message {message_id} was added, but its id could not be printed"
    if as_json:
        output.say_json({"id": message_id}, done=done)
    else:
        output.say_done(str(message_id), done=done)


@contextmanager
def _told_anyway() -> Iterator[None]:
    """Describe what could not be printed, and go on to what is worse."""
    try:
        yield
    except OutputLostError as lost:
        output.complain(str(lost))
        let_go(sys.stdout)


@click.command
@click.option("--into", metavar="FILE", help="Add the queue to this existing application database.")
@click.option(
    "--map",
    "mapped",
    metavar="WORD=STATE",
    multiple=True,
    help="Treat this status word of an older table as STATE; may be repeated.",
)
@database
@click.pass_context
def init_(ctx: click.Context, into: str | None, mapped: tuple[str, ...], location: str | None) -> None:
    """Create a queue, or migrate an older one.

    With --into, add the queue to an application's database, so that it can enqueue in its own transactions.
    """
    del location
    if into is not None:
        for done in administration(into).add_to_application():
            output.say_done(done)
        return
    place = place_of(ctx)
    existed = place.exists()
    administration(place).initialise(SystemClock().now_ms(), _words(mapped))
    output.say_done(f"{place.name} is ready to use" if existed else f"created {place.name}")


def _words(mapped: tuple[str, ...]) -> dict[str, State]:
    words = {}
    for one in mapped:
        word, separator, state = one.rpartition("=")
        if not separator or state not in set(State):
            raise click.BadParameter(
                f"{one!r} is not WORD=STATE, where STATE is one of {', '.join(State)}", param_hint="--map"
            )
        words[word] = State(state)
    return words


def _payload(ctx: click.Context, payload: str | None, kind: str | None) -> tuple[str | bytes, Kind]:
    written = _written(ctx, payload)
    if kind == "bytes":
        return encode(written)
    if payload in {None, _STANDARD_INPUT}:
        written = written.removesuffix(b"\n").removesuffix(b"\r")
    if kind == "text":
        return encode(_text(written))
    if written.strip() in _NO_JSON:
        raise InvalidMessage(
            f"{written.decode()} is not a JSON value: send null, or use --text to send it as text"
        )
    try:
        body, stored_kind, _shape = read_value(written, is_strict=True)
    except InvalidMessage as error:
        raise InvalidMessage(
            f"invalid payload: {error} (--text sends it as text, --bytes unchanged)"
        ) from error
    return body, stored_kind


def _written(ctx: click.Context, payload: str | None) -> bytes:
    if payload is not None and payload != _STANDARD_INPUT:
        return payload.encode()
    if payload is None and sys.stdin.isatty():
        raise click.UsageError("no payload is given; - reads it from standard input", ctx)
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise SmqError(f"standard input cannot be read: {error.strerror or error}") from error


def _text(written: bytes) -> str:
    try:
        return written.decode()
    except UnicodeDecodeError as error:
        raise InvalidMessage(
            f"the payload is not UTF-8 at byte {error.start + 1}: --bytes sends it unchanged"
        ) from error


def _headers(headers: tuple[str, ...]) -> dict[str, str]:
    named = {}
    for header in headers:
        name, separator, value = header.partition("=")
        if not separator:
            raise click.BadParameter(f"{header!r} is not NAME=VALUE", param_hint="--header")
        named[name] = value
    return named
