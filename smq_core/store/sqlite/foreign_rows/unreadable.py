"""Messages that another program left unreadable or uncountable: text that is not UTF-8, counts at their end.

It is asked when reading such a row has failed, never before, and changes none but those it buries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.foreign_rows.constraint_violations import without_checks
from smq_core.store.sqlite.foreign_rows.dead_messages import dead_messages
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

    from smq_core.store.failed_message import FailedMessage

__all__ = ["bury_unleasable"]

_KINDS: Final = frozenset(("json", "text", "bytes", "auto"))
"""The kinds of payloads that a row may be of."""

_TEXTS = query("texts_of_ready")
_BURY = query("bury_unleasable")
_LAST_COUNT: Final = 2**63 - 1


class _Texts(NamedTuple):
    """The columns of texts_of_ready."""

    id: int
    payload: bytes | None
    headers: bytes | None
    key: bytes | None
    last_error: bytes | None
    kind: bytes | None
    attempts: int
    deliveries: int

    def complaint(self) -> str | None:
        """Explain why no lease can carry the message; None: one can."""
        for name in ("payload", "headers", "key", "last_error"):
            text: bytes | None = getattr(self, name)
            try:
                _ = text is not None and text.decode()
            except UnicodeDecodeError as error:
                return f"its {name.replace('_', ' ')} is not UTF-8: {error.reason} at byte {error.start:,}"
        kind = (self.kind or b"").decode(errors="backslashreplace")
        if kind not in _KINDS:
            return f"its kind {kind[:80]!r} is unknown"
        if _LAST_COUNT in (self.attempts, self.deliveries):
            return "its count of attempts or deliveries has reached the maximum"
        return None


def bury_unleasable(db: apsw.Connection, ids: Iterable[int], now_ms: int) -> list[FailedMessage]:
    """Send those of the ready messages to the dead letters that no lease can carry, and return them."""
    texts = map(_Texts._make, db.execute(_TEXTS, (id_array(ids),)))
    found = {one.id: why for one in texts if (why := one.complaint())}
    with without_checks(db):
        for one, why in found.items():
            db.execute(_BURY, {"id": one, "now": now_ms, "error": why})
    return dead_messages(db, found)
