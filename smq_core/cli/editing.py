"""`smq edit`: one message in the operator's editor, checked, shown as a difference, and only then written."""

from __future__ import annotations

import binascii
import difflib
import json
from typing import TYPE_CHECKING, Final

import click
import msgspec

from smq_core.cli import output
from smq_core.cli.options import ID, database, inspector
from smq_core.cli.outcomes import report
from smq_core.errors import InvalidMessage, SmqError
from smq_core.payload import decode
from smq_core.states import State

if TYPE_CHECKING:
    from smq_core.message import Message, Payload

__all__ = ["Draft", "draft_of", "edit_", "read_draft"]


class Draft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What may be edited of a message, in the order in which the editor shows it."""

    payload: msgspec.Raw
    """JSON; a JSON string is text, and bytes stand as `{"base64": …}`."""
    headers: dict[str, str]
    priority: int
    key: str | None
    max_attempts: int | None
    available_at: float
    """Seconds since the epoch."""


@click.command
@click.argument("message_id", metavar="ID", type=ID)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation before writing.")
@database
@click.pass_context
def edit_(ctx: click.Context, *, message_id: int, yes: bool, location: str | None) -> int:
    """Edit a message in $EDITOR.

    Its payload, headers, priority, key, max_attempts and available_at can be edited, unless it is running.
    """
    del location
    view = inspector(ctx)
    message = view.get(message_id)
    if message.state in {State.PROCESSING, State.DELETED}:
        raise SmqError(f"message {message_id} is {message.state.word} and cannot be edited now")
    if not yes and not output.is_terminal():
        raise click.UsageError("not running in a terminal: pass --yes to confirm", ctx)
    before = draft_of(message)
    after, draft = _edited(before)
    if after == before:
        output.note("nothing was changed")
        return 0
    difference = difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="")
    for line in difference:
        output.say(line)
    # before anything is written: who could not see the difference did not want it
    output.flush()
    if not yes:
        click.confirm(f"write these changes to message {message_id}?", abort=True, err=True)
    unset = msgspec.UNSET
    original = _as_draft(message)
    outcome = view.edit(
        message_id,
        seen=message.state,
        payload=unset if draft.payload == original.payload else _payload(draft, message),
        headers=unset if draft.headers == original.headers else draft.headers,
        priority=unset if draft.priority == original.priority else draft.priority,
        key=unset if draft.key == original.key else draft.key,
        max_attempts=unset if draft.max_attempts == original.max_attempts else draft.max_attempts,
        available_at=unset if draft.available_at == original.available_at else draft.available_at,
    )
    return report(outcome, "edited")


def draft_of(message: Message) -> str:
    """Write a message as the editor shows it."""
    return msgspec.json.format(msgspec.json.encode(_as_draft(message)), indent=2).decode() + "\n"


def read_draft(text: str) -> Draft:
    """Read what the editor left.

    Raises:
        InvalidMessage: when it is not JSON (with line and column), or a field is missing, unknown or invalid.
    """
    try:
        json.loads(text)
        return msgspec.json.decode(text, type=Draft)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"the edited message is not valid: {error}") from error


_BASE64: Final = "base64"


def _edited(before: str) -> tuple[str, Draft]:
    """Edit until it can be read; where nobody can be asked, once."""
    text = before
    while True:
        text = click.edit(text, extension=".json") or text
        try:
            return text, read_draft(text)
        except InvalidMessage as error:
            if not output.is_terminal():
                raise
            output.complain(str(error))
            click.confirm("edit again?", default=True, abort=True, err=True)


def _as_draft(message: Message) -> Draft:
    payload: object = message.payload
    if isinstance(message.payload, bytes):
        payload = {_BASE64: binascii.b2a_base64(message.payload, newline=False).decode()}
    return Draft(
        payload=msgspec.Raw(msgspec.json.encode(payload)),
        headers=message.headers,
        priority=message.priority,
        key=message.key,
        max_attempts=message.max_attempts,
        available_at=message.available_at,
    )


def _payload(draft: Draft, message: Message) -> Payload:
    """Return the payload; what was bytes stays bytes while it stands in base64."""
    payload = decode(bytes(draft.payload).decode(), "json")
    if message.kind == "bytes" and isinstance(payload, dict) and list(payload) == [_BASE64]:
        try:
            return binascii.a2b_base64(str(payload[_BASE64]), strict_mode=True)
        except ValueError as error:
            raise InvalidMessage(f"the payload is not base64: {error}") from error
    return payload
