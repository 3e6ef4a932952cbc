"""The application: it owns the gateway and the session.

Carries questions and answers between screens and gateway.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import App, SystemCommand

from smq_tui.actions import ACTIONS
from smq_tui.ascii import AsciiFilter
from smq_tui.gateway import Gateway
from smq_tui.key_help import all_keys, shown_key
from smq_tui.messages import Asked, DatabaseChosen, LookWanted, PaceChanged, QuitWanted, Withdrawn
from smq_tui.palette import ActionCommands
from smq_tui.screens.main_screen import MainScreen
from smq_tui.screens.remembering import recall, remember
from smq_tui.session import Session
from smq_tui.theme import DEFAULT_THEME, THEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.binding import BindingType
    from textual.command import Provider
    from textual.filter import LineFilter
    from textual.screen import Screen

    from smq_tui.config import Config
    from smq_tui.preferences import Preferences
    from smq_tui.values import Clock

__all__ = ["Dashboard"]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
_SIGNAL_EXIT: Final = 128
_TIDY_EVERY_S: Final = 30.0


class Dashboard(App[int]):
    """The dashboard of one database at a time."""

    TITLE = "smq"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = []
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {ActionCommands}
    CSS = """
    #masthead.-red { background: darkred; }
    #masthead.-orange { background: #9a5200; }
    #masthead.-green { background: darkgreen; }
    #masthead.-blue { background: darkblue; }
    #masthead.-purple { background: purple; }
    """

    def __init__(
        self,
        session: Session,
        clock: Clock,
        config: Config,
        preferences: Preferences,
        *,
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        """Show a session; `tidy` is called when the first screen was painted, and at times after that."""
        super().__init__()
        self._tidy = tidy
        self.session = session
        self.preferences = preferences
        self._clock = clock
        self._config = config
        self._is_ascii = config.is_ascii
        self._gateway: Gateway | None = None
        self.main: MainScreen
        for theme in THEMES:
            self.register_theme(theme)
        wanted = config.theme or preferences.theme or DEFAULT_THEME
        self.theme = wanted if wanted in self.available_themes else DEFAULT_THEME

    def get_default_screen(self) -> Screen[object]:
        """Begin with the main screen."""
        keys = {help_.id: help_.keys.split(" ")[0] for help_ in all_keys(self._config.keys)}
        self.main = MainScreen(
            self.session,
            self._clock,
            keys,
            keymap=self._config.keys,
            databases={name: database.path for name, database in self._config.databases.items()},
        )
        return self.main  # type: ignore[return-value]  # its result is None, as is that of every screen which is never dismissed

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Write plain ASCII where that is wanted."""
        filters = super().get_line_filters()
        return [*filters, AsciiFilter()] if self._is_ascii else filters

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action by its name, those first that are of most use on this screen."""
        if isinstance(screen, MainScreen):
            here = screen.view.HINTS
            places = {action_id: place for place, action_id in enumerate(here)}
            for spec in sorted(ACTIONS, key=lambda spec: places.get(spec.id, len(here))):
                yield SystemCommand(
                    spec.label, f"{spec.sentence} ({shown_key(spec.first_key)})", self._doing(spec.id)
                )

    def on_mount(self) -> None:
        """Begin to look, and see to signals."""
        self.set_keymap(self._config.keys)
        recall(self.main, self.preferences)
        self._open()
        self.call_after_refresh(self._tidy)
        self.set_interval(_TIDY_EVERY_S, self._tidy)
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.leave, _SIGNAL_EXIT + number)

    async def action_quit(self) -> None:
        """Leave, whatever is open."""
        self.leave()

    def leave(self, code: int = 0) -> None:
        """Remember how things are, and end with an exit code."""
        remember(self.main, self.preferences, self.theme)
        self.exit(return_code=code)

    def on_unmount(self) -> None:
        """End the threads."""
        if self._gateway is not None:
            self._gateway.close()

    def on_app_blur(self) -> None:
        """Look less often while nobody looks."""
        self._pace(max(5.0, self.session.interval))

    def on_app_focus(self) -> None:
        """Look as often as before."""
        self._pace(self.session.interval)

    def _open(self) -> None:
        self._gateway = Gateway(self.session.location, self._clock, read_only=self.session.read_only)
        self._gateway.watch(self.main.post_message)
        self._pace(self.session.interval)
        if self.session.colour:
            self.main.masthead.add_class(f"-{self.session.colour}")

    def _doing(self, action_id: str) -> Callable[[], None]:
        return lambda: self.main.action_do(action_id)

    def _pace(self, interval: float) -> None:
        if self._gateway is not None:
            self._gateway.pace(interval, is_frozen=self.session.is_frozen)

    @on(Asked)
    def _carry_question(self, event: Asked) -> None:
        if self._gateway is not None:
            self._gateway.take(event.asker, event.request)

    @on(Withdrawn)
    def _carry_withdrawal(self, event: Withdrawn) -> None:
        if self._gateway is not None:
            self._gateway.withdraw(event.asker)

    @on(PaceChanged)
    def _change_pace(self, event: PaceChanged) -> None:
        self._pace(event.interval)

    @on(LookWanted)
    def _look_now(self) -> None:
        if self._gateway is not None:
            self._gateway.look_now()

    @on(QuitWanted)
    def _quit(self) -> None:
        self.leave()

    @on(DatabaseChosen)
    def _change_database(self, event: DatabaseChosen) -> None:
        database = self._config.databases[event.name]
        if self._gateway is not None:
            self._gateway.close()
        self.session = Session(
            location=database.path,
            name=event.name,
            colour=database.colour,
            read_only=self.session.read_only or database.read_only,
            interval=self.session.interval,
        )
        self.switch_screen(self.get_default_screen())
        self.call_after_refresh(self._open)
