"""The values that cross the Store seam: what a store is given and what it answers, in stored form.

Times are integer milliseconds since the epoch, payloads are encoded, headers are JSON text. `rows` turns them
into public values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar

import msgspec

from smq_core.message import Kind, Receipt, Seen
from smq_core.states import State
from smq_core.store.frozen import Frozen

__all__ = [
    "LEASE_BYTES",
    "AttemptRow",
    "Batch",
    "Edit",
    "Escaped",
    "Failure",
    "Filter",
    "Finding",
    "Hold",
    "ImportProgress",
    "LeaseRequest",
    "LeasedRow",
    "MessageRow",
    "NewMessage",
    "Purpose",
    "Requeued",
    "Sample",
    "Selection",
    "Severity",
    "Targets",
    "Tidied",
    "WorkerRow",
    "all_made",
    "bytes_of",
]

Row = TypeVar("Row", bound=tuple[object, ...])
if TYPE_CHECKING:
    Body = str | bytes
else:
    # msgspec, which checks the rows that have one, takes no union of the two: that is for who has it check
    Body = object

LEASE_BYTES: Final = 8 * 1024 * 1024
"""Bytes of payloads and headers after which one call leases no more: who leases writes all of them, with the
write lock in hand, and all other writers wait."""


class Escaped(str):
    r"""Stored text that cannot be decoded, its odd bytes as escapes (`\xff`)."""

    __slots__ = ("raw",)
    raw: bytes
    """What is stored."""

    @classmethod
    def of(cls, raw: bytes, encoding: str = "utf-8") -> Escaped:
        """Return the text of stored bytes."""
        escaped = cls(raw.decode(encoding, errors="backslashreplace"))
        escaped.raw = raw
        return escaped


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message to be added, checked and encoded.

    The fields from `state` on are what an import restores.
    """

    topic: str
    body: str | bytes
    kind: Kind
    available_at: int
    priority: int = 0
    key: str | None = None
    headers: str | None = None
    max_attempts: int | None = None
    state: State = State.READY
    attempts: int = 0
    created_at: int | None = None
    """None: now."""
    last_error: str | None = None
    finished_at: int | None = None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of one call that differ in payload and key only, so that they can be written by array."""

    topic: str
    bodies: Sequence[str | bytes]
    kinds: Sequence[Kind]
    """One for each body."""
    available_at: int
    keys: Sequence[str | None] | None = None
    priority: int = 0
    headers: str | None = None
    max_attempts: int | None = None


class Hold(NamedTuple):
    """What proves a lease."""

    id: int
    receipt: Receipt


class LeaseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a dequeue asks for."""

    topics: Sequence[str]
    limit: int
    max_bytes: int = LEASE_BYTES
    """Of payloads and headers together; the first message is leased whatever its size."""
    receipt: Receipt
    """Fresh and random; all messages of the call get it."""
    visibility_ms: int | None = None
    """None: each topic's policy."""
    worker: str | None = None
    order: Literal["topics", "oldest"] = "topics"


class LeasedRow(NamedTuple):
    """A message just leased, in the order of the columns of `lease_page`."""

    id: int
    topic: str
    body: Body
    kind: Literal["json", "text", "bytes", "auto"]
    headers: str | None
    priority: int
    key: str | None
    attempts: int
    deliveries: int
    max_attempts: int | None
    created_at: int
    available_at: int
    last_error: str | None
    is_suspect: int
    locked_until: int

    @property
    def size(self) -> int:
        """Bytes of payload and headers in the database."""
        # asked of every message on its way through a daemon
        body, headers = self.body, self.headers
        size = len(body) if body.isascii() else bytes_of(body)
        return size if headers is None else size + bytes_of(headers)


class MessageRow(NamedTuple):
    """A whole message; `body` is None where a list left it out, and cut where a preview was asked for."""

    id: int
    topic: str
    status: State
    kind: Literal["json", "text", "bytes", "auto"]
    priority: int
    created_at: int
    available_at: int
    locked_until: int | None
    worker: str | None
    attempts: int
    deliveries: int
    max_attempts: int | None
    headers: str | None
    key: str | None
    last_error: str | None
    error_kind: str | None
    finished_at: int | None
    crashes: int
    is_suspect: int
    operation: int | None
    """The operator's action that changed it last."""
    output: str | None
    """What the run that ended well printed; None in lists, which leave it out."""
    body_size: int
    """Bytes of the whole payload."""
    body: str | bytes | None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a holder gives a message back."""

    error: str = ""
    delay_ms: int | None = None
    """None: the topic's back-off."""
    jitter: float = 0.0
    """A random number in [0, 1), for the back-off."""


class Requeued(NamedTuple):
    """Where a requeued message went."""

    state: State
    available_at: int


class AttemptRow(NamedTuple):
    """One failed attempt."""

    message_id: int
    attempt: int
    failed_at: int
    outcome: str
    error: str
    worker: str | None


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator searches for in addition to topic and state; every given part must match."""

    worker: str | None = None
    key: str | None = None
    error: str | None = None
    """Part of the last error, ignoring case."""
    error_kind: str | None = None
    """The whole first line of the last error."""
    error_groups: tuple[tuple[str, str], ...] | None = None
    """Any of these groups of `Inspector.error_kinds`: topic and whole first line of the last error."""
    text: str | None = None
    """Part of the payload's or the headers' text, or of the key, ignoring case."""
    min_age_ms: int | None = None
    """Minimum age, in milliseconds since it was created."""
    min_attempts: int | None = None
    only_expired: bool = False
    """Expired leases only."""
    without_trash: bool = False
    """If no state is named: any state except `deleted`."""


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator wants a selection for: what that leaves as it is does not belong to it."""

    verb: str
    """requeue, delete, bury, move or purge."""
    to: str | None = None
    """The topic that messages are moved to."""
    force: bool = False
    """True for live leases, too."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that matches.

    `Inspector.select` freezes which messages these are; otherwise, they are those that match when the action
    begins.
    """

    topic: str | None = None
    state: State | None = None
    where: Filter = Filter()
    max_id: int | None = None
    """The highest id to include; None: the highest that exists when the action begins."""
    as_of_ms: int | None = None
    """The moment to which ages refer; None: when the action begins."""
    frozen: Frozen | None = None
    """The messages that matched, each as it was seen: only these are selected, and only as long as they are
    unchanged."""

    @property
    def fixed(self) -> Frozen:
        """The messages captured by `Inspector.select`.

        Raises:
            ValueError: when it is not frozen.
        """
        if self.frozen is None:
            raise ValueError("this selection is not frozen: freeze it with Inspector.select")
        return self.frozen


Targets = Mapping[int, "Seen | State | None"] | Selection
"""What an operator's action is aimed at: ids with how each was seen or the state it was in (None: whatever it
is), or a selection."""


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """New values for one message; a field that is UNSET stays as it is."""

    body: str | bytes | msgspec.UnsetType = msgspec.UNSET
    kind: Kind | msgspec.UnsetType = msgspec.UNSET
    priority: int | msgspec.UnsetType = msgspec.UNSET
    available_at: int | msgspec.UnsetType = msgspec.UNSET
    headers: str | msgspec.UnsetType | None = msgspec.UNSET
    key: str | msgspec.UnsetType | None = msgspec.UNSET
    max_attempts: int | msgspec.UnsetType | None = msgspec.UNSET


class ImportProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import has come; committed together with the rows it added."""

    id: int | None = None
    """None: a new one."""
    source: str
    name: str | None = None
    device: int | None = None
    inode: int | None = None
    bytes_taken: int = 0
    bytes_before: int = 0
    """What `bytes_taken` was when this run last read or wrote it: another run that moved on meanwhile is
    noticed."""
    newest_known: int = 0
    """For a new one, the newest record of this name or file when it began: another that began is noticed."""
    lines_taken: int = 0
    content_hash: str = ""
    taken: int = 0
    rejected: int = 0
    rejects_length: int = 0
    reasons_length: int = 0
    started_at: int
    finished_at: int | None = None


class WorkerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One daemon's row."""

    id: str
    host: str
    pid: int
    version: str
    state: Literal["running", "quiet", "stopping"]
    command: Literal["quiet", "resume", "stop"] | None = None
    started_at: int
    heartbeat_at: int
    detail: str = "{}"
    """JSON: topics, processes, threads, what each runs and since when, processed, failed, memory."""


class Sample(NamedTuple):
    """One topic at one moment, for rates and sparklines."""

    at: int
    topic: str
    entered: int
    processed: int
    """The column's name is `finished`."""
    depth: int


Severity = Literal["ok", "notice", "warning", "error"]
"""`ok`: as it should be. `notice`: worth knowing. `warning`: will become a problem. `error`: is one."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that an examination looked at."""

    name: str
    severity: Severity
    sentence: str
    advice: str = ""
    """What to do; empty where nothing has to be done."""


class Tidied(NamedTuple):
    """What housekeeping found and left."""

    wal_bytes: int
    freed_pages: int
    readers: str
    """Who holds a long -wal back, as far as the system reveals."""


def bytes_of(text: str | bytes) -> int:
    """Count the bytes that text has in the database."""
    return len(text) if text.isascii() or isinstance(text, bytes) else len(text.encode())


def all_made(kind: type[Row], rows: Iterable[tuple[object, ...]]) -> list[Row]:
    """Make a named tuple of each row, as its `_make` does, for half the price (measured)."""
    return [*map(tuple.__new__, repeat(kind), rows)]
