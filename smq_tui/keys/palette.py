"""What Ctrl+P lists before anything is typed: the actions in the order in which they are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.command import DiscoveryHit
from textual.system_commands import SystemCommandsProvider

if TYPE_CHECKING:
    from textual.command import Hits

__all__ = ["ActionCommands"]


class ActionCommands(SystemCommandsProvider):
    """The actions; what is typed finds them as Textual does."""

    async def discover(self) -> Hits:
        """Yield all of them, unsorted: the first are those of the screen that is shown."""
        for name, what, callback, _ in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(name, callback, help=what)
