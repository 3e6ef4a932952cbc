"""What the run of a message printed that ended well: kept with the message where that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.safe_text import clean_text
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.session import Session

if TYPE_CHECKING:
    from smq_core.store.records import Hold

__all__ = ["OUTPUT_LIMIT", "Outputs"]

OUTPUT_LIMIT: Final = 8 * 1024
"""Bytes kept of an output: its last ones."""
_KEEP = query("keep_output")


class Outputs(Session):
    """The part of the store that keeps outputs."""

    def keep_output(self, hold: Hold, output: str) -> None:
        """Keep the end of what a run printed that its holder is about to ack, in the ack's transaction.

        Nothing is kept where the ack will remove the message, and where the lease is lost.
        """
        kept = clean_text(output).encode()[-OUTPUT_LIMIT:].decode("utf-8", "ignore")
        self._write(lambda db: db.execute(_KEEP, (kept or None, *hold)))
