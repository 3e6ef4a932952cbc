"""Reads a message whole, with its payload and history, before it is edited or copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_tui.requests import Detail, DetailOf

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_tui.screens.host import Host
    from smq_tui.screens.operations.undo import UndoHistory

__all__ = ["WholeMessage"]


class WholeMessage:
    """What is being read at the moment: of two that wait, the later."""

    def __init__(self, host: Host, history: UndoHistory) -> None:
        self._host = host
        self._history = history
        self._awaited: DetailOf | None = None

    def read(self, message_id: int, then: Callable[[Detail], None]) -> None:
        """Read a message, and continue with it."""
        self._awaited = wanted = DetailOf(message_id, is_to_act=True)

        def take(detail: Detail) -> None:
            if self._awaited is wanted:
                self._awaited = None
                then(detail)

        def fail(sentence: str) -> None:
            if self._awaited is wanted:
                self._awaited = None
                self._history.announce_failure(sentence)

        self._host.ask(wanted, Detail, take, failed=fail)
