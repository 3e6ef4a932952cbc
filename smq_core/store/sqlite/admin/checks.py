"""The single examinations of a queue's content, each through a connection that only reads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from smq_core.serving import STALE_MS
from smq_core.store.records import Finding
from smq_core.store.sqlite.admin.lost_daemons import lost_daemons
from smq_core.store.sqlite.admin.pages import pages_of
from smq_core.store.sqlite.database import migrate
from smq_core.store.sqlite.driver import id_range
from smq_core.store.sqlite.foreign_rows import anomalies
from smq_core.store.sqlite.foreign_rows.decoding import legible
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue.lease import HORIZON_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import apsw

    from smq_core.store.records import Severity
    from smq_core.store.sqlite.admin.lost_daemons import LostDaemon

    Check = Callable[[apsw.Connection, int], Iterator[Finding]]
    """Examines through a connection, at a time in milliseconds."""

__all__ = ["RESTORE", "all_checks", "is_counting_stopped", "leases_to_take_back", "wrong_counters"]

_VERSION: Final = query("doors_schema_version")
_COUNTERS: Final = query("doctor_counters")
_COUNTED: Final = query("doctor_counted")
_CLOCK: Final = query("doctor_clock")
_LEASES: Final = query("doctor_leases")

_FUTURE_MS: Final = 5 * 60_000
"""How far ahead of this clock another machine's or program's may be."""
_MUCH_FREE: Final = 16 * 1024 * 1024
_SHOWN: Final = 5
_REPAIR: Final = anomalies.REPAIR
RESTORE: Final = (
    "stop all programs that use it, replace it with a backup (*.backup, or one that `smq backup` wrote) and "
    "remove its -wal and -shm files; if there is no backup, `smq export --salvage -o FILE` saves what can be "
    "read, and `smq import FILE` adds that to a new queue"
)
"""What to do about a damaged database."""


def all_checks(ended: Collection[str]) -> list[tuple[str, Check]]:
    """Return what is examined, the quick ones first; `ended` has the daemons proven to have ended."""
    return [
        ("schema", _schema),
        ("journal", _settings),
        ("leases", partial(_leases, ended=ended)),
        ("clock", _clock),
        ("ids", _ids),
        ("free pages", _free_pages),
        ("counters", _counters),
        ("rows", _rows),
        ("integrity", _integrity),
    ]


def wrong_counters(connection: apsw.Connection) -> list[str]:
    """Return the topics whose counters differ from what is there."""
    return legible(lambda db: [str(topic) for (topic,) in db.execute(_COUNTERS)])(connection)


def is_counting_stopped(connection: apsw.Connection) -> bool:
    """Return whether a row was left that keeps messages from being counted."""
    return connection.execute(_COUNTED).get is not None


def leases_to_take_back(connection: apsw.Connection, now_ms: int, ended: Collection[str]) -> int:
    """Return how many leases are over, end so far ahead that a clock was wrong, or are a dead daemon's."""
    (_, expired), (_, absurd) = _lease_counts(connection, now_ms), _clock_counts(connection, now_ms)
    lost = lost_daemons(connection, now_ms, ended)
    return expired + absurd + sum(one.held for one in lost if one.has_lapsed(now_ms))


def _schema(connection: apsw.Connection, _now_ms: int) -> Iterator[Finding]:
    version = connection.execute(_VERSION).get
    if version != migrate.newest_version():
        sentence = f"version {version}, older than this smq's {migrate.newest_version()}"
        yield Finding(
            "schema", "notice", sentence, "the next command that writes migrates it, after a backup"
        )
        return
    there, expected = migrate.definitions(connection), migrate.made_by(migrate.newest_version())
    missing = sorted(expected.keys() - there.keys())
    changed = sorted(name for name in expected.keys() & there.keys() if expected[name] != there[name])
    strange = sorted(there.keys() - expected.keys())
    if missing:
        yield Finding("schema", "error", f"missing: {', '.join(missing)}", RESTORE)
    if changed:
        yield Finding(
            "schema",
            "warning",
            f"changed since smq created them: {', '.join(changed)}",
            "revert the change by hand",
        )
    if strange:
        yield Finding(
            "schema",
            "warning",
            f"using smq's names, but not created by smq: {', '.join(strange)}",
            "rename them",
        )
    if not (missing or changed or strange):
        yield Finding("schema", "ok", f"version {version}, complete")


def _settings(connection: apsw.Connection, _now_ms: int) -> Iterator[Finding]:
    # an immutable view, where the folder may not be written, does not know the mode
    mode = connection.execute("PRAGMA journal_mode").get
    if mode != "wal" and not connection.readonly("main"):
        advice = "the next command that writes switches it back to WAL"
        yield Finding("journal", "warning", f"journal mode {mode} instead of WAL", advice)


def _leases(connection: apsw.Connection, now_ms: int, *, ended: Collection[str]) -> Iterator[Finding]:
    leased, expired = _lease_counts(connection, now_ms)
    sentence = f"running: {leased:,}, of which expired: {expired:,}"
    if expired:
        yield Finding("leases", "notice", sentence, f"the next dequeue returns them, or {_REPAIR}")
    else:
        yield Finding("leases", "ok", sentence)
    for daemon in lost_daemons(connection, now_ms, ended):
        yield _silence(daemon, now_ms)


def _silence(daemon: LostDaemon, now_ms: int) -> Finding:
    seconds = (now_ms - daemon.heartbeat_at) // 1000
    whose = f"daemon {daemon.id} (process {daemon.pid} on {daemon.host})"
    held = f"has been lost for {seconds:,} s; messages held: {daemon.held:,}"
    severity: Severity = "warning" if daemon.held else "notice"
    if daemon.has_ended:
        when = "" if daemon.has_lapsed(now_ms) else f" once it has been lost for {STALE_MS // 1000} s"
        advice = f"start a daemon, which takes them over, or {_REPAIR}{when}"
        advice = advice if daemon.held else "a daemon removes its row"
        return Finding("workers", severity, f"{whose} has exited and {held}", advice)
    return Finding(
        "workers",
        severity,
        f"{whose} {held}",
        "if it has exited, another daemon takes its messages over, or their leases expire",
    )


def _clock(connection: apsw.Connection, now_ms: int) -> Iterator[Finding]:
    future, absurd = _clock_counts(connection, now_ms)
    if absurd:
        yield Finding(
            "clock",
            "warning",
            f"leases with implausibly late end times, because of a wrong clock: {absurd:,}",
            _REPAIR,
        )
    if future:
        sentence = f"messages with creation times in the future: {future:,}"
        yield Finding(
            "clock",
            "warning",
            sentence,
            "correct the clocks of all machines and containers that write to the queue",
        )
    if not (absurd or future):
        yield Finding("clock", "ok", "no time in the queue is ahead of this machine's clock")


def _ids(connection: apsw.Connection, _now_ms: int) -> Iterator[Finding]:
    absurd = id_range.absurd(connection)
    if id_range.are_used_up(connection):
        yield Finding("ids", "error", "none are left: no more messages can be added", _REPAIR)
    elif absurd or id_range.are_near_their_end(connection):
        sentence = f"messages whose id another program set far too low or too high: {absurd:,}"
        yield Finding("ids", "warning", sentence, f"{_REPAIR} assigns new ids to them before the ids run out")
    else:
        yield Finding("ids", "ok", "plenty are left")


def _free_pages(connection: apsw.Connection, _now_ms: int) -> Iterator[Finding]:
    size, total, free = pages_of(connection)
    sentence = f"{free * size:,} of {total * size:,} bytes are free for new messages"
    if free * size > _MUCH_FREE and free * 2 > total:
        yield Finding("free pages", "notice", sentence, "`smq compact` returns them to the disk")
    else:
        yield Finding("free pages", "ok", sentence)


def _counters(connection: apsw.Connection, _now_ms: int) -> Iterator[Finding]:
    if is_counting_stopped(connection):
        yield Finding("counters", "error", "a row in smq_counted keeps messages from being counted", _REPAIR)
    elif wrong := wrong_counters(connection):
        shown = ", ".join(repr(topic) for topic in wrong[:_SHOWN]) + (" …" if len(wrong) > _SHOWN else "")
        yield Finding("counters", "error", f"topics with wrong counters: {len(wrong):,} ({shown})", _REPAIR)
    else:
        yield Finding("counters", "ok", "they match the table")


def _rows(connection: apsw.Connection, now_ms: int) -> Iterator[Finding]:
    """Report what other programs stored that smq itself never writes."""
    found = [one for one in anomalies.look(connection, now_ms) if one.which]
    for one in found:
        shown = ", ".join(one.which[:_SHOWN]) + (" …" if len(one.which) > _SHOWN else "")
        yield Finding("rows", one.severity, f"{one.what}: {len(one.which):,} ({shown})", one.advice)
    if not found:
        yield Finding("rows", "ok", "every row has the form that smq writes")


def _integrity(connection: apsw.Connection, _now_ms: int) -> Iterator[Finding]:
    # quick first: it is enough for the worst, and the whole check may take minutes
    for check in ("quick_check", "integrity_check"):
        lines = [str(line) for (line,) in connection.execute(f"PRAGMA {check}(20)").fetchall()]
        if lines != ["ok"]:
            yield Finding("integrity", "error", "; ".join(" ".join(line.split()) for line in lines), RESTORE)
            return
    yield Finding("integrity", "ok", "SQLite found no error in any page, index or constraint")


def _lease_counts(connection: apsw.Connection, now_ms: int) -> tuple[int, int]:
    leased, expired = connection.execute(_LEASES, {"now": now_ms}).fetchall()[0]
    return int(leased), int(expired)  # type: ignore[arg-type]  # counts


def _clock_counts(connection: apsw.Connection, now_ms: int) -> tuple[int, int]:
    bounds = {"future": now_ms + _FUTURE_MS, "horizon": now_ms + HORIZON_MS}
    future, absurd = connection.execute(_CLOCK, bounds).fetchall()[0]
    return int(future), int(absurd)  # type: ignore[arg-type]  # counts
