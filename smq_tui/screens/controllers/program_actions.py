"""What is done to the program: its help, its theme, its database, its lock, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_tui.dialogs.choice import Choice
from smq_tui.dialogs.help import Help
from smq_tui.keys.actions import ACTIONS, action
from smq_tui.keys.key_help import all_keys
from smq_tui.messages import DatabaseChosen, QuitWanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.dom import DOMNode

    from smq_tui.screens.host import ViewHost

__all__ = ["ProgramActions"]


class ProgramActions:
    """The keys that the configuration remaps, and the databases that it names."""

    def __init__(
        self,
        host: ViewHost,
        *,
        owner: DOMNode,
        keymap: Mapping[str, str],
        databases: Sequence[tuple[str, str]],
        do: Callable[[str], None],
    ) -> None:
        """Act on the application of `owner`.

        `databases` are offered by key and label, `do` does what is chosen in the help.
        """
        self._host = host
        self._owner = owner
        self._keymap = keymap
        self._databases = tuple(databases)
        self._do = do
        self.actions: Mapping[str, Callable[[], object]] = {
            "database": self.choose_database,
            "theme": self.choose_theme,
            "help": self.show_help,
            "suspend": self.suspend,
            "quit": lambda: self._host.post_message(QuitWanted()),
            "lock": self.toggle_lock,
        }
        self.clicks: Mapping[str, Callable[[], object]] = {"palette": self.open_palette}
        """What clicks do beside these: the palette's key is the application's."""

    def show_help(self) -> None:
        """Show the keys; what is chosen there is done."""

        def take(chosen: str | None) -> None:
            # Keys of lists and the palette's are shown there too, but they are no actions of the screen.
            if chosen is not None and chosen in {spec.id for spec in ACTIONS}:
                self._do(chosen)

        host = self._host
        self._host.open(Help(all_keys(self._keymap), action(host.current).label, host.view.HINTS), take)

    def open_palette(self) -> None:
        """Open the list of all actions."""
        self._owner.app.action_command_palette()

    def choose_theme(self) -> None:
        """Ask for a theme."""
        app = self._owner.app
        names = sorted(app.available_themes)

        def take(chosen: str | None) -> None:
            if chosen is not None:
                app.theme = chosen

        self._host.open(Choice("Theme", [(name, name) for name in names], app.theme), take)

    def choose_database(self) -> None:
        """Ask for another database of the configuration."""
        if len(self._databases) <= 1:
            self._host.say(
                "the configuration names no other database (docs/dashboard.md); :database FILE opens one",
                "warning",
            )
            return

        def take(chosen: str | None) -> None:
            if chosen is not None:
                self._host.post_message(DatabaseChosen(chosen))

        self._host.open(Choice("Database", self._databases, self._host.session.key), take)

    def suspend(self) -> None:
        """Go back to the shell until it brings the program to the foreground."""
        self._owner.app.action_suspend_process()

    def toggle_lock(self) -> None:
        """Keep every key from changing the queue, or let them again."""
        session = self._host.session
        session.is_locked = not session.is_locked
        self._host.say("locked: nothing can be changed" if session.is_locked else "unlocked")
        self._host.show_lines()
