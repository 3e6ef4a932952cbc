"""Lets each key be done before the next is begun.

Textual hands a key to whoever has the focus when it arrives, and acts on the keys before it later. Of what is
typed fast, or comes in one piece over a slow line, letters that are meant for the line or the dialog which a
key opens would reach the list below it, as commands.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import App
    from textual.dom import DOMNode
    from textual.events import Key
    from textual.screen import Screen
    from textual.timer import Timer

__all__ = ["KeysInTurn"]

_ROUNDS: Final = 3
"""How often a key's way is followed: Enter in a line becomes a message of the line, then one of its bar."""
_LONGEST_S: Final = 1.0
"""A key that nobody says is done, for who had it is gone, holds up the next no longer than this."""


class KeysInTurn:
    """The keys that wait for the one before."""

    def __init__(self, app: App[int], press: Callable[[Key], Awaitable[None]]) -> None:
        """Let `press` begin keys, on the thread of the application."""
        self._app = app
        self._press = press
        self._waiting: deque[Key] = deque()
        self._pressed = 0
        self._timer: Timer | None = None
        """Runs while a key is under way."""

    async def take(self, key: Key) -> None:
        """Press a key, now or when those before it are done."""
        if self._timer is not None:
            self._waiting.append(key)
            return
        self._pressed += 1
        number, screen = self._pressed, self._app.screen
        path: list[DOMNode] = [*(self._app.focused or screen).ancestors_with_self] * _ROUNDS
        self._timer = self._app.set_timer(_LONGEST_S, lambda: self._end(number))
        await self._press(key)
        self._follow(path, screen, number)

    def _follow(self, path: list[DOMNode], screen: Screen[object], number: int) -> None:
        """Go the way of a key: from who had the focus to the application, behind it in each queue."""
        while path:
            if path.pop(0).call_later(self._follow, path, screen, number):
                return
        if self._app.screen is screen:
            # What asked for the focus meanwhile waits in the application's queue.
            self._app.call_later(self._end, number)
        else:
            # What was opened takes the focus before it is first painted.
            self._app.screen.call_after_refresh(self._app.call_later, self._end, number)

    async def _end(self, number: int) -> None:
        if number != self._pressed or self._timer is None:
            return
        self._timer.stop()
        self._timer = None
        if self._waiting:
            await self.take(self._waiting.popleft())
