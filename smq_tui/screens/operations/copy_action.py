"""Copies what the cursor's row holds to the clipboard: a topic's name, or something of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_tui.dialogs.choice import Choice
from smq_tui.screens.copy_formats import COPIES, copied
from smq_tui.screens.views.leases_view import LeasesView
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.terminal.clipboard import copy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.dom import DOMNode

    from smq_tui.requests import Detail
    from smq_tui.screens.host import ViewHost
    from smq_tui.screens.operations.whole_message import WholeMessage

__all__ = ["CopyAction"]


class CopyAction:
    """Copy, with the way to the clipboard."""

    def __init__(self, host: ViewHost, whole_message: WholeMessage, owner: DOMNode) -> None:
        """Copy in a thread of `owner`, as the clipboard's program may take its time."""
        self._host = host
        self._whole_message = whole_message
        self._owner = owner
        self.actions: Mapping[str, Callable[[], object]] = {"copy": self.copy}

    def copy(self) -> None:
        """Offer what can be copied of the cursor's row."""
        view = self._host.view
        reason = view.why_not("copy")
        message = view.message if isinstance(view, MessagesView | LeasesView) else None
        if self._host.current == "topics" and view.table.cursor_key is not None:
            self._put_on_clipboard(str(view.table.cursor_key).encode("utf-8", "surrogatepass"))
        elif reason is not None or message is None:
            self._host.say(reason or "there is nothing to copy here", "warning")
        else:
            self._whole_message.read(message.id, self._offer)

    def _offer(self, detail: Detail) -> None:
        def take(what: str | None) -> None:
            if what is not None:
                self._put_on_clipboard(copied(what, detail))

        self._host.open(Choice(f"Copy of message {detail.message.id}", COPIES), take)

    def _put_on_clipboard(self, data: bytes) -> None:
        app = self._owner.app

        def work() -> None:
            sentence = copy(data, lambda text: app.call_from_thread(self._write_to_terminal, text))
            app.call_from_thread(self._host.say, sentence)

        self._owner.run_worker(work, thread=True, exit_on_error=False)

    def _write_to_terminal(self, sequence: str) -> None:
        driver = self._owner.app._driver  # noqa: SLF001 - Textual copies only text; bytes go the same way
        if driver is not None:
            driver.write(sequence)
