"""Brings what the library logs (logger `smq_core`) into the daemon's journal."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from smq_core.store.failed_message import of_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.log import Journal

__all__ = ["JournalHandler", "written_to"]


class JournalHandler(logging.Handler):
    """Writes each record as a line of the journal, under the action `library` unless a message died."""

    def __init__(self, journal: Journal) -> None:
        """Keep the journal; it leaves out what is only of interest when debugging."""
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; records that are neither warnings nor errors are for the verbose."""
        if (message := of_record(record)) is not None:
            self._journal.failed(message)
        elif record.levelno >= logging.ERROR:
            self._journal.error("library", record.getMessage())
        elif record.levelno >= logging.WARNING:
            self._journal.warning("library", record.getMessage())
        else:
            self._journal.debug("library", record.getMessage())


@contextmanager
def written_to(journal: Journal) -> Iterator[None]:
    """Write what the library logs inside the `with` to a journal."""
    logger = logging.getLogger("smq_core")
    handler = JournalHandler(journal)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
