"""What other programs stored that smq itself never writes: the doctor names it, its repair cures what it can.

Nothing of it ends a command or a daemon: a message that no lease can carry goes to the dead letters when its
turn comes, and the rest is shown as well as it can be. A topic with a name that none may have can be neither
asked for nor leased, so that only a repair helps its messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from smq_core.errors import InvalidMessage
from smq_core.store.records import Escaped, WorkerRow
from smq_core.store.sqlite.foreign_rows import constraint_violations
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder, legible
from smq_core.store.sqlite.queries import query
from smq_core.validation import TOPIC_LIMIT, check_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

    from smq_core.store.records import Severity

__all__ = [
    "REPAIR",
    "Anomaly",
    "are_curable",
    "cure",
    "forget_odd_workers",
    "illegal_topics",
    "look",
    "odd_workers",
    "unreadable_messages",
]

REPAIR: Final = "`smq doctor --repair`"
"""The command that cures."""
_UNREADABLE: Final = (
    "waiting ones go to the dead letters when their turn comes; `smq export` writes their bytes"
)
_NAME_SHOWN: Final = 40

_TEXTS: Final = query("texts_of_messages")
_TOPICS: Final = query("names_in_use")
_WORKERS: Final = query("read_workers")
_RENAME: Final = (query("rename_topic"), query("rename_topic_keyless"))
_FORGET: Final = (query("forget_topic"), query("forget_pause"), query("forget_policy"))
_FORGET_WORKER: Final = query("forget_worker")
_STATES: Final = frozenset(("running", "quiet", "stopping"))
_COMMANDS: Final = frozenset((None, "quiet", "resume", "stop"))
_AHEAD_MS: Final = 5 * 60_000
"""How far ahead of this clock the heartbeat of a daemon on another machine may be."""


class Anomaly(NamedTuple):
    """One kind of what other programs stored."""

    what: str
    which: list[str]
    """Named for people; empty where there is none."""
    severity: Severity
    advice: str


def look(db: apsw.Connection, now_ms: int) -> Iterator[Anomaly]:
    """Look for every kind; the last one reads all text that there is."""
    beside = [f"{one.id}: {one.columns}" for one in constraint_violations.flawed_messages(db)]
    yield Anomaly("messages that violate the table's constraints", beside, "error", REPAIR)
    yield Anomaly(
        "policies that violate the table's constraints",
        _shown(constraint_violations.flawed_policies(db)),
        "error",
        REPAIR,
    )
    yield Anomaly(
        "topics with counters out of range",
        _shown(constraint_violations.flawed_topics(db)),
        "error",
        REPAIR,
    )
    names = _shown(illegal_topics(db))
    yield Anomaly("topics with invalid names", names, "error", f"{REPAIR} renames them")
    rows = _shown(odd_workers(db, now_ms))
    yield Anomaly("rows of daemons not written by a daemon", rows, "warning", f"{REPAIR} removes them")
    unreadable = [str(one) for one in unreadable_messages(db)]
    yield Anomaly("messages with text that is not UTF-8", unreadable, "warning", _UNREADABLE)


def are_curable(db: apsw.Connection, now_ms: int) -> bool:
    """Check whether there is anything for `cure` to do."""
    return bool(
        constraint_violations.flawed_messages(db)
        or constraint_violations.flawed_topics(db)
        or constraint_violations.flawed_policies(db)
        or illegal_topics(db)
        or odd_workers(db, now_ms)
    )


def unreadable_messages(db: apsw.Connection) -> list[int]:
    """Return the ids of messages with text that is not UTF-8; it reads all that there is."""
    try:
        for _ in db.execute(_TEXTS):
            pass
    except UnicodeDecodeError:
        return legible(
            lambda reading: [int(str(row[0])) for row in reading.execute(_TEXTS) if Escaped in map(type, row)]
        )(db)
    return []


def illegal_topics(db: apsw.Connection) -> list[str]:
    """Return the names of topics that smq refuses."""
    names = legible(lambda reading: [_name(row[0]) for row in reading.execute(_TOPICS)])(db)
    return [name for name in names if isinstance(name, Escaped) or not _is_legal(name)]


def odd_workers(db: apsw.Connection, now_ms: int) -> list[str]:
    """Return the ids of rows of daemons that no daemon can have written."""
    rows = legible(lambda reading: [tuple(row) for row in reading.execute(_WORKERS)])(db)
    return [_name(row[0]) for row in rows if Escaped in map(type, row) or _is_odd(_worker(row), now_ms)]


def cure(db: apsw.Connection, now_ms: int) -> Iterator[str]:
    """Repair what can be repaired inside a transaction, saying what was done."""
    mended = constraint_violations.mend(db, now_ms).rows + constraint_violations.mend_policies(db)
    yield f"invalid rows repaired: {mended:,}"
    for name in illegal_topics(db):
        to, raw = _legal(name), _raw(name)
        for sql in _RENAME:
            db.execute(sql, {"to": to, "raw": raw})
        for sql in _FORGET:
            db.execute(sql, {"raw": raw})
        yield f"topic {name[:TOPIC_LIMIT]!a} was renamed to {to!r}"


def forget_odd_workers(db: apsw.Connection, now_ms: int) -> int:
    """Remove the rows that no daemon can have written, inside a transaction; return how many there were."""
    odd = odd_workers(db, now_ms)
    for name in odd:
        db.execute(_FORGET_WORKER, {"raw": _raw(name)})
    return len(odd)


def _is_odd(row: WorkerRow, now_ms: int) -> bool:
    if row.pid <= 0 or row.heartbeat_at > now_ms + _AHEAD_MS:
        return True
    if row.state not in _STATES or row.command not in _COMMANDS:
        return True
    try:
        msgspec.json.decode(row.detail, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        return True
    return False


def _is_legal(name: str) -> bool:
    try:
        check_topic(name)
    except InvalidMessage:
        return False
    return True


def _legal(name: str) -> str:
    """Return a name that is legal, and as near to another as can be."""
    shown = "".join("_" if one in "=*," or not one.isprintable() else one for one in name).strip()
    cut = shown.encode()[:TOPIC_LIMIT].decode(errors="ignore").strip()
    return cut or "nameless"


def _shown(names: list[str]) -> list[str]:
    return [f"{name[:_NAME_SHOWN]!a}" for name in names]


def _raw(name: str) -> str | bytes:
    """Return what a name is bound by: what is not UTF-8, by its bytes."""
    return name.raw if isinstance(name, Escaped) else name


def _name(value: object) -> str:
    return value if isinstance(value, str) else str(value)


_worker = RecordDecoder(WorkerRow)
