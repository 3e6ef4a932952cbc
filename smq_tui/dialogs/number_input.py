"""A field that takes the digits of a number, and shows when anything else was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.message import Message
from textual.widgets import Input

if TYPE_CHECKING:
    from textual import events

__all__ = ["NumberInput"]

_TAKEN: Final = "0123456789,"


class NumberInput(Input):
    """A field for a number."""

    class Refused(Message):
        """Something was typed that no number has."""

    def __init__(self, *, id: str, placeholder: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, placeholder=placeholder, restrict=f"[{_TAKEN}]*")

    def on_key(self, event: events.Key) -> None:
        """Report what is not taken."""
        if event.is_printable and event.character is not None and event.character not in _TAKEN:
            self.post_message(self.Refused())
