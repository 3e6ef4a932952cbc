"""Handles requests that change nothing, each by one or a few short reads."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from smq_core import Filter, MessageNotFound, Selection, SmqError, State
from smq_core.format import payload_preview
from smq_core.transfer import export_file, preview_file
from smq_tui.gateway.excerpts import around
from smq_tui.requests import ActionTarget, Detail, Held, Order

if TYPE_CHECKING:
    from smq_core import Inspector, Message, Payload
    from smq_core.transfer import Exported, ImportReport
    from smq_tui.gateway.progress import Progress
    from smq_tui.requests import DetailOf, Export, Freeze, LeasesOf, OrderOf, PreviewImport, RowsOf

__all__ = ["detail", "export", "freeze", "leases", "order", "preview_import", "rows"]

_PREVIEW: Final = 240
"""Characters of a payload that a list holds."""
_SEARCHED: Final = 16_384
"""Characters of a payload in which a list looks for the place that was filtered by."""
_AT_ONCE: Final = 1_000
"""Ids that are read in one go."""
_SLICE: Final = 20_000
"""Ids between two looks at whether a search is still wanted."""
_LONGEST_SLICE: Final = 500_000
_FEW: Final = 8
_LEASES_LIMIT: Final = 2_000
_MOST: Final = 1_000_000
"""Messages that one action is for at most."""
_CHEAP: Final = (Filter(), Filter(without_trash=True))
"""What is found by an index, without a look at each message."""
_VERBS: Final[dict[str, Literal["requeue", "delete", "bury", "purge"]]] = {
    "requeue": "requeue",
    "delete": "delete",
    "bury": "bury",
    "purge": "purge",
}
_SAMPLES: Final = 3
_TRIES: Final = 3


def order(inspector: Inspector, request: OrderOf, progress: Progress) -> Order:
    """Return the first ids of a selection, and whether there are more.

    Many are read in slices, so that the screen's thread has its turn between two of them, and so is what is
    filtered, for it may lie anywhere in millions; `progress` stops either by False.
    """
    selection, limit = request.selection, request.limit
    is_filtered = selection.where not in _CHEAP and selection.state is not State.PROCESSING
    if not is_filtered and limit <= _AT_ONCE:
        ids = inspector.ids(selection, limit=limit + 1, newest=request.is_newest_first)
        return Order(ids[:limit], len(ids) > limit)
    found = array("q")
    newest = inspector.ids(Selection(), limit=1, newest=True)
    highest, looked_at, width = newest[0] if newest else 0, 0, _SLICE
    while looked_at < highest and len(found) <= limit:
        width = min(width, highest - looked_at)
        low = highest - looked_at - width if request.is_newest_first else looked_at
        part = Selection(
            topic=selection.topic,
            state=selection.state,
            where=selection.where,
            max_id=low + width,
            as_of_ms=selection.as_of_ms,
        )
        ids = inspector.ids(part, limit=width, after=low)
        found.extend(reversed(ids) if request.is_newest_first else ids)
        looked_at += width
        if is_filtered and not progress(looked_at, highest, len(found)):
            break
        if not is_filtered:
            # Where few ids are left of many, a slice costs next to nothing.
            width = _SLICE if len(ids) > _SLICE // _FEW else min(_LONGEST_SLICE, width * 2)
    return Order(found[:limit], len(found) > limit)


def rows(inspector: Inspector, request: RowsOf) -> dict[int, Message | None]:
    """Return messages by id; None for those that are gone."""
    by_id: dict[int, Message | None] = dict.fromkeys(request.ids)
    reach = _SEARCHED if request.words else _PREVIEW
    for message in inspector.messages(sorted(request.ids), preview=reach):
        by_id[message.id] = around(message, request.words, _PREVIEW) if request.words else message
    return by_id


def detail(inspector: Inspector, request: DetailOf) -> Detail:
    """Return a whole message with its history.

    JSON takes two reads, one of its value and one of its characters: edited in between, it is read once more.
    """
    for _ in range(_TRIES):
        message = inspector.get(request.id)
        stored = _stored(inspector, message)
        if stored is not None:
            limit = inspector.policy(message.topic).max_attempts
            return Detail(message, tuple(inspector.attempts(request.id)), stored, limit)
    raise SmqError(f"message {request.id} keeps changing: press ^R to read it again")


def _stored(inspector: Inspector, message: Message) -> str | bytes | None:
    """Return a payload as it stands in the database, None when that is another by now.

    A preview that leaves nothing out is just that.
    """
    if isinstance(message.payload, str | bytes) and message.kind != "json":
        return message.payload
    for found in inspector.messages([message.id], preview=max(1, message.size)):
        body = found.payload
        if isinstance(body, str | bytes):
            return body if found.size == message.size and _is_text_of(message.payload, body) else None
    raise MessageNotFound(message.id)


def _is_text_of(payload: Payload, text: str | bytes) -> bool:
    """Return whether JSON text has a value; what could not be decoded is its own text."""
    try:
        return bool(payload == text or msgspec.json.decode(text) == payload)
    except msgspec.MsgspecError:
        return False


def leases(inspector: Inspector, request: LeasesOf) -> Held:
    """Return what is running, and how long a lease of each topic lasts."""
    held = inspector.browse(
        request.topic, State.PROCESSING, where=request.where, limit=_LEASES_LIMIT, preview=_PREVIEW
    )
    topics = {message.topic for message in held}
    return Held(held, {topic: inspector.policy(topic).visibility_timeout for topic in topics})


def freeze(inspector: Inspector, request: Freeze, progress: Progress) -> ActionTarget:
    """Fix everything that matches now, count it, and show a few of it.

    Raises:
        SmqError: when `progress` stopped it: an action is for all of it or none.
    """
    was_stopped = False

    def tell(found: int) -> bool:
        nonlocal was_stopped
        was_stopped = not progress(found, None, None)
        return not was_stopped

    wanted = request.selection
    selection = inspector.select(
        wanted.topic,
        wanted.state,
        wanted.where,
        verb=_VERBS.get(request.purpose),
        force=True,
        limit=None if request.purpose == "export" else _MOST,
        progress=tell,
    )
    if was_stopped:
        raise SmqError("the search for the messages was stopped: nothing was done")
    ids = inspector.ids(selection)
    first = inspector.messages(ids[:_SAMPLES], preview=_PREVIEW)
    return ActionTarget(
        targets=selection,
        count=len(ids),
        are_all=request.purpose == "export" or len(ids) < _MOST,
        topics=(selection.topic,) if selection.topic else (),
        held=selection.fixed.held() if request.purpose in _VERBS else frozenset(),
        samples=tuple(f"{message.id} {payload_preview(message.payload, 60)}" for message in first),
        oldest_at=first[0].created_at if first else None,
        description=request.description,
    )


def preview_import(inspector: Inspector, request: PreviewImport, progress: Progress) -> ImportReport:
    """Return what an import would do."""
    return preview_file(
        inspector.location,
        request.path,
        topic=request.topic,
        again=request.again,
        progress=lambda status: progress(status.bytes_read, status.size, status),
    )


def export(inspector: Inspector, request: Export, progress: Progress) -> Exported:
    """Write just what was counted to a new file.

    Raises:
        SmqError: when `progress` stopped it: a file has all of it or is not there.
    """
    total = request.target.count

    def tell(written: int) -> bool:
        if not progress(written, total, None):
            raise SmqError("the export was stopped: no file was written")
        return True

    return export_file(inspector.location, request.path, request.target.targets, progress=tell)
